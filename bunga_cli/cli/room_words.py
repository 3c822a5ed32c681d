"""Rooms in words: positions, states and events, as people write and read them."""

import re
from datetime import datetime
from typing import Any

import typer

from bunga_cli.units import SECOND, parse_position

_MINUS = "\N{MINUS SIGN}"

_SENTENCES = {
    "joined": "{who} joined",
    "left": "{who} left",
    "kicked": "an admin sent {who} out",
    "away": "{who} lost the connection",
    "back": "{who} is back",
    "projected": "{who} shares {text}",
    "played": "{who} pressed play at {position}",
    "paused": "{who} paused at {position}",
    "sought": "{who} went to {position}",
    "finished": "the video ended",
    "waited": "waiting for {who}",
    "excused": "{who} is no longer waited for",
    "resumed": "{who} keeps up again",
    "message": "{who}: {text}",
    "reset": "an admin reset the room",
    "state": "now {text}: {cause}",
    "lost": "{text} events were missed here",
}

_CAUSES = {
    "play": "{who} pressed play",
    "pause": "{who} paused",
    "seek": "{who} went elsewhere",
    "cooldown over": "the seek is over",
    "new watcher": "{who} is new",
    "new projection": "{who} shared a video",
    "end of the video": "the video ended",
    "last watcher leaves": "everybody left",
}
_READINESS = "readiness changes"
_ADMIN = "admin"
"""By what id an admin appears in a room, and by what name where the server knows no other."""


def clock(position_us: int) -> str:
    """Return a position as `1:23:45`."""
    minutes, seconds = divmod(position_us // SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def seconds(duration_us: int) -> str:
    """Return a duration as `4 s`, or as `1:23:45` when it is a minute or more."""
    return f"{duration_us // SECOND} s" if duration_us < 60 * SECOND else clock(duration_us)


def milliseconds(duration_us: int | None) -> str | None:
    """Return a short duration as `23 ms`."""
    return None if duration_us is None else f"{round(duration_us / 1000)} ms"


def sought(text: str) -> dict[str, int]:
    """Return what `1:23:45`, `90`, `+30s` or `-1m` asks the server for.

    Raises typer.BadParameter.
    """
    sign, amount = text[:1], text[1:].strip()
    if sign == "+":
        return {"offset_us": _amount(amount, text)}
    if sign in ("-", _MINUS):
        return {"offset_us": -_amount(amount, text)}
    return {"position_us": _amount(text, text)}


def shielded(arguments: list[str]) -> list[str]:
    """Return `arguments`, in which what begins with `-1` is no longer taken for an option."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [re.sub(r"^-(?=\d)", _MINUS, argument) for argument in arguments[:end]] + arguments[end:]


def _amount(text: str, whole: str) -> int:
    try:
        return parse_position(text)
    except ValueError:
        shown = whole.replace(_MINUS, "-")
        problem = f"{shown!r} is no position, such as 1:23:45, 90, +30s or -1m."
        raise typer.BadParameter(problem, param_hint="POS") from None


def sentence(event: dict[str, Any]) -> str:
    """Return what happened."""
    is_kick = event["kind"] == "left" and event["text"] == "kicked"
    form = _SENTENCES.get("kicked" if is_kick else event["kind"])
    who = name(event["who"]) or "somebody"
    if form is None:
        return " ".join(filter(None, (event["kind"], name(event["who"]), event["text"])))
    facts = {
        "who": who,
        "text": event["text"] or "…",
        "cause": because({"what": event["cause"], "who": event["who"]}, event["text"]),
        "position": clock(event["position_us"] or 0),
    }
    return form.format_map(facts)


def because(cause: dict[str, Any], play_state: str | None) -> str:
    """Return what led to a play state."""
    who, what = name(cause["who"]) or "somebody", cause["what"]
    if what == _READINESS:
        return f"{who} is not ready" if play_state == "waiting" else "everybody is ready"
    return _CAUSES.get(what, str(what)).format(who=who)


def name(somebody: dict[str, Any] | None) -> str | None:
    """Return what somebody is called; who has no name has an id."""
    if somebody and somebody["id"] == somebody["name"] == _ADMIN:
        return "an admin"
    return (somebody["name"] or somebody["id"]) if somebody else None


def known_as(watcher_id: str, room: dict[str, Any]) -> str:
    """Return what a watcher is called, with its id where another one is called the same."""
    names = {watcher["id"]: name(watcher) for watcher in room["watchers"]}
    found = names.get(watcher_id)
    if found is None:
        return watcher_id
    is_only_one = [*names.values()].count(found) == 1
    return found if is_only_one else f"{found} ({watcher_id})"


def time_of_day(event: dict[str, Any]) -> str:
    """Return when it happened, in this machine's time zone."""
    return datetime.fromisoformat(event["at"]).astimezone().strftime("%H:%M:%S")
