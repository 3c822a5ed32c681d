"""What `bunga rooms watch` draws: one room, in as much space as there is."""

from typing import TYPE_CHECKING, Any

from bunga_cli.cli.output import printable
from bunga_cli.cli.room_words import (
    because,
    clock,
    known_as,
    milliseconds,
    name,
    seconds,
    sentence,
    time_of_day,
)
from bunga_cli.units import MINUTE

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

_STYLES = {
    "playing": "green",
    "waiting": "yellow",
    "seeking": "cyan",
    "paused": "bold",
    "ready": "green",
    "buffering": "yellow",
    "excused": "magenta",
    "away": "red",
}
_SCALES = [minutes * MINUTE for minutes in (10, 30, 60, 90, 120, 180, 240, 360)]
_FRAME_LINES = 8
"""The head, the headings, the gaps and the foot."""
_FEWEST_EVENTS = 5
_TOLD_ELSEWHERE = frozenset({"play", "pause", "seek", "new projection", "end of the video"})


def aged(room: dict[str, Any], elapsed_us: int) -> dict[str, Any]:
    """Return a room as it is so much later, if nothing happens in it."""
    watchers = [{**w, "since_us": w["since_us"] + elapsed_us} for w in room["watchers"]]
    waiting_for = [{**w, "for_us": w["for_us"] + elapsed_us} for w in room["waiting_for"]]
    position_us = room["position_us"] + elapsed_us * room["rate"]
    return {
        **room,
        "watchers": watchers,
        "waiting_for": waiting_for,
        "position_us": position_us,
    }


def picture(room: dict[str, Any], trouble: str, width: int, height: int) -> "RenderableType":
    """Return a room as it is drawn on so many columns and lines; `trouble` says what is wrong."""
    from rich.console import Group
    from rich.table import Table

    events = [event for event in room["events"] if not _is_told_elsewhere(event)]
    space = max(2, height - _FRAME_LINES)
    most = max(space // 2 + 1, space - min(len(events), _FEWEST_EVENTS))
    rows = max(1, min(len(room["watchers"]), most))
    shown_events = events[-max(0, space - rows) :] if space > rows else []
    body = Table.grid()
    body.add_row(
        Group(
            *_head(room, width),
            _line(""),
            _watchers(_urgent_first(room), rows),
            _line(""),
            *(_line(f"{time_of_day(event)}  {sentence(event)}") for event in shown_events),
        )
    )
    frame = Table.grid(expand=True)
    frame.add_row(body)
    used = _FRAME_LINES - 1 + rows + len(shown_events)
    for _ in range(height - 1 - used):
        frame.add_row("")
    frame.add_row(_foot(trouble))
    return frame


def _head(room: dict[str, Any], width: int) -> "list[Text]":
    first = _line(f"{room['channel_id']}  ", "bold")
    first.append(printable(room["play_state"]), _STYLES.get(room["play_state"]))
    title = room["record"]["title"] if room["record"] else "nothing is shared"
    first.append(f"  {printable(title)}")
    return [first, _bar(room["position_us"], width), _reason(room), _waiting(room)]


def _bar(position_us: int, width: int) -> "Text":
    """Return the timeline. Its right end is a round number: no player tells a video's length."""
    end_us = next((scale for scale in _SCALES if scale > position_us), position_us or 1)
    here, end = clock(position_us), clock(end_us)
    cells = max(1, width - len(here) - len(end) - 2)
    done = min(cells - 1, cells * position_us // end_us)
    bar = _line(f"{here} ", "bold")
    bar.append("━" * done, "cyan")
    bar.append("●", "bold cyan")
    bar.append("─" * (cells - done - 1), "dim")
    bar.append(f" {end}", "dim")
    return bar


def _reason(room: dict[str, Any]) -> "Text":
    parts = []
    if room["cause"]:
        parts.append(because(room["cause"], room["play_state"]))
    parts.append(_count(room["watchers"]))
    if room["sharer"]:
        parts.append(f"shared by {name(room['sharer'])}")
    if room["talking"] or room["call_pending"]:
        parts.append("in a voice call" if room["talking"] else "a call rings")
    return _line(" · ".join(parts), "dim")


def _count(watchers: list[dict[str, Any]]) -> str:
    away = sum(watcher["state"] == "away" for watcher in watchers)
    return f"{len(watchers)} watching" + (f" ({away} away)" if away else "")


def _urgent_first(room: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the watchers: who holds the room up, who is connected, who is away."""
    waited = {one["id"] for one in room["waiting_for"]}
    watchers = room["watchers"]
    return sorted(watchers, key=lambda w: (w["id"] not in waited, w["state"] == "away"))


def _waiting(room: dict[str, Any]) -> "Text":
    waited = (f"{known_as(w['id'], room)} ({seconds(w['for_us'])})" for w in room["waiting_for"])
    names = ", ".join(waited)
    return _line(f"waiting for {names}" if names else "", "yellow")


def _watchers(watchers: list[dict[str, Any]], rows: int) -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for heading in ("WATCHER", "NAME", "STATE", "FOR", "PLAYER", "ROUND TRIP", "DRIFT"):
        is_elastic = heading in ("WATCHER", "NAME")
        table.add_column(heading, no_wrap=True, min_width=8 if is_elastic else len(heading))
    if not watchers:
        table.add_row(_line("nobody", "dim"))
    is_cut = len(watchers) > rows
    for watcher in watchers[: rows - is_cut]:
        table.add_row(*_watcher(watcher))
    if is_cut:
        table.add_row(_line(f"and {len(watchers) - rows + 1} more", "dim"))
    return table


def _watcher(watcher: dict[str, Any]) -> "list[Text]":
    return [
        _line(watcher["id"]),
        _line(watcher["name"]),
        _line(watcher["state"], _STYLES.get(watcher["state"], "")),
        _line(seconds(watcher["since_us"])),
        _line(watcher["generation"]),
        _line(milliseconds(watcher["rtt_us"]) or "-"),
        _line(milliseconds(watcher["drift_us"]) or "-"),
    ]


def _foot(trouble: str) -> "Text":
    foot = _line("q ends", "dim")
    if trouble:
        foot.append("   ")
        foot.append(f" {printable(trouble)} ", "bold reverse red")
    return foot


def _is_told_elsewhere(event: dict[str, Any]) -> bool:
    """Tell whether an event of its own says the same: a play has led to playing."""
    return event["kind"] == "state" and event["cause"] in _TOLD_ELSEWHERE


def _line(text: str, style: str = "") -> "Text":
    from rich.text import Text

    return Text(printable(text), style, no_wrap=True, overflow="ellipsis")
