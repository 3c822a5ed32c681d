"""`bunga channels`: what rooms there can be."""

import shlex
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer

from bunga_cli.cli import facts, local_api, output, prompts
from bunga_cli.cli.completion import complete_channels
from bunga_cli.cli.options import (
    DataOption,
    DefaultOption,
    JsonOption,
    OnJoin,
    StdinOption,
    ValueCommand,
    find_data,
    value_from,
)
from bunga_cli.cli.qr_codes import qr_code
from bunga_cli.data_folder import DataFolder
from bunga_cli.listening import invitation_url, register_url

app = typer.Typer(help="Make, show, change and delete channels.", no_args_is_help=True)

ChannelId = Annotated[
    str,
    typer.Argument(metavar="ID", help="The channel's id.", autocompletion=complete_channels),
]
Key = Literal["name", "allow_new_client", "on_join"]

_SWITCH = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


@app.command()
def create(
    channel_id: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="The channel's id; else one that nobody guesses."),
    ] = None,
    *,
    name: Annotated[str | None, typer.Option(help="What people see; else the id.")] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Let no new client register.")] = False,
    on_join: Annotated[
        OnJoin, typer.Option(help="What a new watcher does to a playing room.")
    ] = "default",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a channel, and print the address that players need."""
    folder = find_data(data)
    if not (channel_id or name):
        raise typer.BadParameter("Give an id, or a --name.", param_hint="ID")
    body = {
        "id": channel_id,
        "name": name or channel_id,
        "allow_new_client": not closed,
        "on_join": _policy(on_join),
    }
    _show(folder, local_api.call(folder, "POST", "channels", body=body), as_json)


@app.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List all channels."""
    channels = facts.read(find_data(data), "channels")["channels"]
    if as_json:
        output.document(channels)
        return
    headings = ("ID", "NAME", "NEW CLIENTS", "ON JOIN", "MEMBERS", "CREATED")
    output.table(
        headings,
        (list(_facts(channel).values()) for channel in channels),
        empty="There is no channel: `bunga channels create` makes one.",
    )


@app.command()
def show(channel_id: ChannelId, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show one channel, and the address that players need."""
    folder = find_data(data)
    _show(folder, facts.read(folder, "channels", channel_id), as_json)


@app.command("set", cls=ValueCommand)
def set_(  # noqa: PLR0913  each of them is an option
    channel_id: ChannelId,
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY", help="name, allow_new_client, on_join or plugins.NAME.FIELD."
        ),
    ],
    value: Annotated[
        str | None,
        typer.Argument(
            metavar="VALUE",
            help="A text; yes or no for allow_new_client; pause, continue or default for on_join;"
            " of a list, the values with commas between.",
        ),
    ] = None,
    *,
    stdin: StdinOption = False,
    default: DefaultOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change one thing about a channel; its room knows at once."""
    folder = find_data(data)
    text = value_from(value, stdin=stdin, default=default)
    if key.startswith("plugins."):
        _set_of_plugin(folder, channel_id, key, text, as_json)
        return
    known = _known(key)
    body = {key: _default(known, channel_id) if text is None else _value(known, text)}
    _show(folder, local_api.call(folder, "PATCH", "channels", channel_id, body=body), as_json)


@app.command("open")
def open_(channel_id: ChannelId, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Let new clients register in a channel."""
    _set_open(channel_id, data, as_json, is_open=True)


@app.command()
def close(channel_id: ChannelId, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Let no new client register; members may come as before."""
    _set_open(channel_id, data, as_json, is_open=False)


@app.command()
def members(
    channel_id: ChannelId,
    *,
    add: Annotated[
        str | None, typer.Option(metavar="NAME", help="Make this account a member first.")
    ] = None,
    remove: Annotated[
        str | None, typer.Option(metavar="NAME", help="End this account's membership first.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the members of a channel; add or remove one."""
    folder = find_data(data)
    for method, name in (("PUT", add), ("DELETE", remove)):
        if name is not None:
            local_api.call(folder, method, "channels", channel_id, "members", name)
    found = facts.read(folder, "channels", channel_id, "members")["members"]
    if as_json:
        output.document(found)
        return
    headings = ("NAME", "SEEN AS", "JOINED", "ADMIN", "MAY COME IN", "CONNECTIONS")
    output.table(headings, (_member(one) for one in found), empty="The channel has no members.")


@app.command()
def invite(channel_id: ChannelId, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show how friends get in: a link with its QR code, and an address."""
    folder = find_data(data)
    channel = local_api.call(folder, "GET", "channels", channel_id)
    if not channel["allow_new_client"]:
        output.note(
            f"The channel {channel_id} is closed to new players;"
            f" `bunga{folder.option} channels open {shlex.quote(channel_id)}` opens it."
        )
    base = local_api.base_url(folder) or ""
    link = invitation_url(base, channel_id)
    register = register_url(base, channel_id)
    if as_json:
        output.document({"link": link, "register_url": register})
        return
    output.fields({"link": link, "for players": register})
    output.text("")
    output.text(qr_code(link))


@app.command()
def delete(
    channel_id: ChannelId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: DataOption = None,
) -> None:
    """Delete a channel and all that belongs to it.

    That is its room, records and subtitles; its watchers are sent away.
    """
    folder = find_data(data)
    if not yes:
        channel = local_api.call(folder, "GET", "channels", channel_id)
        parts = (_counted(channel[many], many) for many in ("members", "records", "subtitles"))
        prompts.confirm(
            f"Delete the channel {channel_id}, and with it {', '.join(parts)}?",
            unasked="Not deleted: nobody to ask; use --yes.",
        )
    local_api.call(folder, "DELETE", "channels", channel_id)
    output.note(f"The channel {channel_id} is deleted.")


def _set_open(channel_id: str, data: Path | None, as_json: bool, *, is_open: bool) -> None:
    folder, body = find_data(data), {"allow_new_client": is_open}
    _show(folder, local_api.call(folder, "PATCH", "channels", channel_id, body=body), as_json)


def _member(member: dict[str, Any]) -> tuple[object, ...]:
    until = member["until"] and output.moment(member["until"])
    may = {None: "yes", "ban": "banned", "kick": f"not before {until}"}[member["excluded"]]
    joined = output.moment(member["joined_at"])
    names = member["username"], member["seen_as"]
    return *names, joined, member["is_admin"], may, member["sockets"]


def _counted(count: int, many: str) -> str:
    return f"{count} {many if count != 1 else many.removesuffix('s')}"


def _known(key: str) -> Key:
    keys: tuple[Key, ...] = get_args(Key)
    for known in keys:
        if key == known:
            return known
    close = get_close_matches(key, keys, n=1)
    hint = f"did you mean {close[0]}?" if close else f"it is one of {', '.join(keys)}, plugins.…"
    raise typer.BadParameter(f"{key!r} is unknown; {hint}", param_hint="KEY")


def _set_of_plugin(
    folder: DataFolder, channel_id: str, key: str, value: str | None, as_json: bool
) -> None:
    _, name, *fields = key.split(".", 2)
    if not name or not any(fields):
        raise typer.BadParameter(f"{key!r} is not plugins.NAME.FIELD.", param_hint="KEY")
    body = {fields[0]: value}
    answer = local_api.call(folder, "PATCH", "channels", channel_id, "plugins", name, body=body)
    if as_json:
        output.document(answer["settings"])
        return
    is_what = "back to its default" if value is None else "set"
    output.note(f"{key} is {is_what} in the channel {channel_id}.")


def _default(key: Key, channel_id: str) -> str | bool | None:
    """Return what `create` makes of it when nothing is said."""
    defaults: dict[Key, str | bool | None] = {
        "name": channel_id,
        "allow_new_client": True,
        "on_join": None,
    }
    return defaults[key]


def _value(key: Key, text: str) -> str | bool | None:
    if key == "name":
        return text
    if key == "on_join" and text in ("pause", "continue", "default"):
        return _policy(text)
    if key == "allow_new_client" and text.lower() in _SWITCH:
        return _SWITCH[text.lower()]
    allowed = "pause, continue or default" if key == "on_join" else "yes or no"
    raise typer.BadParameter(f"{text!r} is not {allowed}.", param_hint="VALUE")


def _policy(on_join: str) -> str | None:
    return None if on_join == "default" else on_join


def _facts(channel: dict[str, Any]) -> dict[str, object]:
    return {
        "id": channel["id"],
        "name": channel["name"],
        "new clients": channel["allow_new_client"],
        "on join": channel["on_join"] or "default",
        "members": channel["members"],
        "created": output.moment(channel["created_at"]),
    }


def _show(folder: DataFolder, channel: dict[str, Any], as_json: bool) -> None:
    if "register_url" not in channel:  # A server answered: it does not know its own address.
        base = local_api.base_url(folder)
        channel["register_url"] = base and register_url(base, channel["id"])
    if as_json:
        output.document(channel)
        return
    address = channel["register_url"] or "(known while the server runs)"
    output.fields({**_facts(channel), "for players": address})
