"""`bunga channels`: what rooms there can be."""

from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args

import typer

from bunga_cli.cli import facts, local_api, output, prompts
from bunga_cli.cli.options import DataOption, JsonOption, OnJoin, find_data
from bunga_cli.cli.plugins import StdinOption, value_from
from bunga_cli.data_folder import DataFolder
from bunga_cli.listening import register_url

app = typer.Typer(help="Make, show, change and delete channels.", no_args_is_help=True)

ChannelId = Annotated[str, typer.Argument(metavar="ID", help="The channel's id.")]
Key = Literal["name", "allow_new_client", "on_join"]

_SWITCH = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


@app.command()
def create(
    channel_id: ChannelId,
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


@app.command("set")
def set_(
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
            help="A text; yes or no for allow_new_client; pause, continue or default for on_join.",
        ),
    ] = None,
    *,
    stdin: StdinOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change one thing about a channel; its room knows at once."""
    folder = find_data(data)
    text = value_from(value, stdin=stdin)
    if key.startswith("plugins."):
        _set_of_plugin(folder, channel_id, key, text)
        return
    body: dict[str, object] = {key: _value(_known(key), text)}
    _show(folder, local_api.call(folder, "PATCH", "channels", channel_id, body=body), as_json)


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
        local_api.call(folder, "GET", "channels", channel_id)  # No question about nothing.
        prompts.confirm(
            f"Delete the channel {channel_id} and all that belongs to it?",
            unasked="Not deleted: nobody to ask; use --yes.",
        )
    local_api.call(folder, "DELETE", "channels", channel_id)
    output.note(f"The channel {channel_id} is deleted.")


def _known(key: str) -> Key:
    keys: tuple[Key, ...] = get_args(Key)
    for known in keys:
        if key == known:
            return known
    close = get_close_matches(key, keys, n=1)
    hint = f"did you mean {close[0]}?" if close else f"it is one of {', '.join(keys)}, plugins.…"
    raise typer.BadParameter(f"{key!r} is unknown; {hint}", param_hint="KEY")


def _set_of_plugin(folder: DataFolder, channel_id: str, key: str, value: str) -> None:
    _, name, *fields = key.split(".", 2)
    if not name or not fields:
        raise typer.BadParameter(f"{key!r} is not plugins.NAME.FIELD.", param_hint="KEY")
    body = {fields[0]: value}
    local_api.call(folder, "PATCH", "channels", channel_id, "plugins", name, body=body)
    output.note(f"{key} is set in the channel {channel_id}.")


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
        server = folder.read_running()
        channel["register_url"] = server and register_url(server.url, channel["id"])
    if as_json:
        output.document(channel)
        return
    address = channel["register_url"] or "(known while the server runs)"
    output.fields({**_facts(channel), "for players": address})
