"""`bunga rooms`: who watches what, and where."""

from typing import Annotated, Any

import typer

from bunga_cli.cli import facts, local_api, output
from bunga_cli.cli.options import DataOption, JsonOption, find_data

app = typer.Typer(help="See and reset the rooms.", no_args_is_help=True)

ChannelId = Annotated[str, typer.Argument(metavar="ID", help="The room's channel.")]

_SECOND_US = 1_000_000


@app.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List all rooms."""
    rooms = facts.read(find_data(data), "rooms")["rooms"]
    if as_json:
        output.document(rooms)
        return
    headings = ("CHANNEL", "STATE", "POSITION", "VIDEO", "WATCHERS", "CONNECTIONS")
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
        headings = ("WATCHER", "NAME", "STATE", "CONNECTIONS")
        output.line("")
        output.table(headings, (_watcher(watcher) for watcher in room["watchers"]))


@app.command()
def reset(channel_id: ChannelId, data: DataOption = None) -> None:
    """Empty a room; its players go back to their welcome screen."""
    local_api.call(find_data(data), "POST", "rooms", channel_id, "reset")
    output.note(f"The room {channel_id} is reset.")


def _row(room: dict[str, Any]) -> tuple[object, ...]:
    return (
        room["channel_id"],
        room["play_state"],
        _clock(room["position_us"]),
        _title(room),
        len(room["watchers"]),
        room["connections"],
    )


def _facts(room: dict[str, Any]) -> dict[str, object]:
    waiting_for = (f"{w['id']} ({w['for_us'] // _SECOND_US} s)" for w in room["waiting_for"])
    return {
        "channel": room["channel_id"],
        "state": room["play_state"],
        "position": _clock(room["position_us"]),
        "video": _title(room),
        "shared by": room["sharer"] and room["sharer"]["name"],
        "waiting for": ", ".join(waiting_for),
        "talking": ", ".join(room["talking"]),
        "call pending": room["call_pending"],
        "connections": room["connections"],
    }


def _watcher(watcher: dict[str, Any]) -> tuple[object, ...]:
    return watcher["id"], watcher["name"], watcher["state"], watcher["connections"]


def _title(room: dict[str, Any]) -> object:
    return room["record"] and room["record"]["title"]


def _clock(position_us: int) -> str:
    minutes, seconds = divmod(position_us // _SECOND_US, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
