"""`bunga rooms`: who watches what, and where; and a hand on it."""

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from bunga_cli.cli import facts, local_api, output, room_live
from bunga_cli.cli.completion import complete_channels
from bunga_cli.cli.options import DataOption, JsonOption, find_data
from bunga_cli.cli.room_words import (
    because,
    clock,
    known_as,
    milliseconds,
    name,
    seconds,
    shielded,
    sought,
)
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import NotFound

app = typer.Typer(help="See the rooms as they are, and take a hand in them.", no_args_is_help=True)

ChannelId = Annotated[
    str,
    typer.Argument(metavar="ID", help="The room's channel.", autocompletion=complete_channels),
]


class _SignedCommand(TyperCommand):
    """A command whose arguments may begin with a minus."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Take `-1m` for an argument: no option of ours begins with a digit."""
        return super().parse_args(ctx, shielded(args))


@app.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List all rooms."""
    rooms = facts.read(find_data(data), "rooms")["rooms"]
    if as_json:
        output.document(rooms)
        return
    headings = ("CHANNEL", "STATE", "POSITION", "VIDEO", "WATCHERS", "HELD BY")
    output.table(headings, (_row(room) for room in rooms), empty="No room is open.")


@app.command()
def show(channel_id: ChannelId, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show one room: its video, its watchers, and whom it waits for."""
    room = facts.read(find_data(data), "rooms", channel_id)
    if as_json:
        output.document(room)
        return
    output.fields(_facts(room))
    if room["watchers"]:
        headings = ("WATCHER", "NAME", "STATE", "FOR", "PLAYER", "ROUND TRIP", "DRIFT")
        output.line("")
        output.table(headings, (_watcher(watcher) for watcher in room["watchers"]))


app.command()(room_live.watch)
app.command()(room_live.events)


@app.command()
def play(channel_id: ChannelId, data: DataOption = None) -> None:
    """Let a room play, as soon as everybody is ready."""
    _do(find_data(data), channel_id, "play")


@app.command()
def pause(channel_id: ChannelId, data: DataOption = None) -> None:
    """Pause a room where it is."""
    _do(find_data(data), channel_id, "pause")


@app.command(cls=_SignedCommand)
def seek(
    channel_id: ChannelId,
    position: Annotated[
        str, typer.Argument(metavar="POS", help="1:23:45, 90 or 1m30s; or by so much: +30s, -1m.")
    ],
    data: DataOption = None,
) -> None:
    """Go to another place in the video."""
    _do(find_data(data), channel_id, "seek", sought(position))


@app.command()
def project(
    channel_id: ChannelId,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="An address of a video that players can open.")
    ],
    title: Annotated[
        str | None, typer.Option(help="What people see; else the file's name.")
    ] = None,
    data: DataOption = None,
) -> None:
    """Show a room another video, from where the channel stopped it."""
    body = {"url": url} if title is None else {"url": url, "title": title}
    _do(find_data(data), channel_id, "project", body)


@app.command()
def say(
    channel_id: ChannelId,
    text: Annotated[
        list[str], typer.Argument(metavar="TEXT...", help="What flies over everybody's video.")
    ],
    data: DataOption = None,
) -> None:
    """Say something to everybody in a room."""
    body = {"text": " ".join(text)}
    local_api.call(find_data(data), "POST", "rooms", channel_id, "say", body=body)
    output.note(f"The room {channel_id} sees it.")


@app.command()
def kick(
    channel_id: ChannelId,
    watcher: Annotated[
        str, typer.Argument(metavar="WATCHER", help="Who has to go: an id, or a name.")
    ],
    data: DataOption = None,
) -> None:
    """Send a watcher out of a room, for 10 minutes."""
    folder = find_data(data)
    room = local_api.call(folder, "GET", "rooms", channel_id)
    account = _account(room, watcher)
    body = {"channel_id": channel_id}
    local_api.call(folder, "POST", "accounts", account, "kick", body=body)
    who = known_as(account, room)
    output.note(f"{who} has left the room {channel_id} and cannot come back for 10 minutes.")


@app.command()
def reset(channel_id: ChannelId, data: DataOption = None) -> None:
    """Empty a room; its players go back to their welcome screen."""
    local_api.call(find_data(data), "POST", "rooms", channel_id, "reset")
    output.note(f"The room {channel_id} is reset.")


def _do(folder: DataFolder, channel_id: str, deed: str, body: dict[str, Any] | None = None) -> None:
    """Ask the server for a deed, and tell what the room is after it."""
    room = local_api.call(folder, "POST", "rooms", channel_id, deed, body=body)
    waiting = _held_by(room)
    held_up = f"; it waits for {waiting}" if waiting else ""
    where = f"{room['play_state']} at {clock(room['position_us'])}"
    output.note(f"The room {channel_id} is {where}{held_up}.")


def _account(room: dict[str, Any], wanted: str) -> str:
    """Return the id of the watcher that is meant. Raises NotFound, or Invalid for two of a name."""
    from bunga_cli.auth import namesakes

    ids = [watcher["id"] for watcher in room["watchers"]]
    if wanted in ids:
        return wanted
    named = [w["id"] for w in room["watchers"] if w["name"].casefold() == wanted.casefold()]
    if len(named) > 1:
        raise namesakes.several(wanted, named)
    if not named:
        there = ", ".join(known_as(one, room) for one in ids)
        here = f"; there are {there}" if ids else ", and nobody else either"
        raise NotFound(f"No {wanted} is in the room {room['channel_id']}{here}.")
    return str(named[0])


def _row(room: dict[str, Any]) -> tuple[object, ...]:
    return (
        room["channel_id"],
        room["play_state"],
        clock(room["position_us"]),
        _title(room),
        len(room["watchers"]),
        _held_by(room),
    )


def _held_by(room: dict[str, Any]) -> str:
    return ", ".join(known_as(waited["id"], room) for waited in room["waiting_for"])


def _facts(room: dict[str, Any]) -> dict[str, object]:
    waiting_for = (
        f"{known_as(w['id'], room)} ({seconds(w['for_us'])})" for w in room["waiting_for"]
    )
    return {
        "channel": room["channel_id"],
        "state": room["play_state"],
        "because": room["cause"] and because(room["cause"], room["play_state"]),
        "position": clock(room["position_us"]),
        "video": _title(room),
        "shared by": name(room["sharer"]),
        "waiting for": ", ".join(waiting_for),
        "talking": ", ".join(known_as(one, room) for one in room["talking"]),
        "call pending": room["call_pending"],
        "connections": room["connections"],
    }


def _watcher(watcher: dict[str, Any]) -> tuple[object, ...]:
    return (
        watcher["id"],
        watcher["name"],
        watcher["state"],
        seconds(watcher["since_us"]),
        watcher["generation"],
        milliseconds(watcher["rtt_us"]),
        milliseconds(watcher["drift_us"]),
    )


def _title(room: dict[str, Any]) -> object:
    return room["record"] and room["record"]["title"]
