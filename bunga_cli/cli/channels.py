"""`bunga channels`: what rooms there can be."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from bunga_cli.cli import facts, local_api, output, prompts
from bunga_cli.cli.channel_keys import DEFAULT, KEYS, find, policies
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

_LISTED = ("id", "name", "new clients", "on join", "members", "created")


@app.command()
def create(  # noqa: PLR0913  each of them is an option
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
    max_wait: Annotated[
        str, typer.Option(metavar="DURATION", help="How long one watcher may keep it waiting.")
    ] = DEFAULT,
    reconnect_grace: Annotated[
        str, typer.Option(metavar="DURATION", help="How long a lost watcher keeps its place.")
    ] = DEFAULT,
    shows_room: Annotated[
        bool, typer.Option("--shows-room", help="Let its invitation show who watches what.")
    ] = False,
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
        "on_join": KEYS["on_join"].read(on_join),
        "max_wait_us": KEYS["max_wait"].read(max_wait, "--max-wait"),
        "reconnect_grace_us": KEYS["reconnect_grace"].read(reconnect_grace, "--reconnect-grace"),
        "shows_room": shows_room,
    }
    _show(folder, local_api.call(folder, "POST", "channels", body=body), as_json)


@app.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List all channels."""
    channels = facts.read(find_data(data), "channels")["channels"]
    if as_json:
        output.document(channels)
        return
    output.table(
        [name.upper() for name in _LISTED],
        (_row(channel) for channel in channels),
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
        typer.Argument(metavar="KEY", help=f"{', '.join(KEYS)} or plugins.NAME.FIELD."),
    ],
    value: Annotated[
        str | None,
        typer.Argument(
            metavar="VALUE",
            help="A text; yes or no for allow_new_client, shows_room and legacy_compensation;"
            " pause or continue for on_join; a duration, such as 20s, for max_wait and"
            " reconnect_grace; for the last four also default, as the site's settings say; of a"
            " list, the values with commas between.",
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
    known = find(key)
    unset = channel_id if known.field == "name" else known.default
    body = {known.field: unset if text is None else known.read(text)}
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


def _row(channel: dict[str, Any]) -> tuple[object, ...]:
    """Return what a terminal of 80 columns has room for."""
    facts = _facts(channel)
    return tuple(facts[name] for name in _LISTED)


def _facts(channel: dict[str, Any]) -> dict[str, object]:
    return {
        "id": channel["id"],
        "name": channel["name"],
        "new clients": channel["allow_new_client"],
        **policies(channel),
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
