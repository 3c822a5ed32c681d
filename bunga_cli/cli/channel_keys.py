"""What can be set of a channel: how people write it, and what the server is sent."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import typer

from bunga_cli.units import format_duration, parse_duration

DEFAULT = "default"
"""Written for what shall be as the site's settings say."""

Value = str | bool | int | None

_SWITCH = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


@dataclass(frozen=True, slots=True)
class ChannelKey:
    """One thing that can be set. `field` is the server's name for it.

    `parse` raises ValueError or KeyError for what is not `allowed`. `default` is what a new
    channel has; that of a name is its channel's id.
    """

    field: str
    allowed: str
    parse: Callable[[str], Value]
    default: Value = None

    def read(self, text: str, hint: str = "VALUE") -> Value:
        """Return what a person wrote as the server takes it. Raises BadParameter."""
        try:
            return self.parse(text)
        except (KeyError, ValueError) as error:
            raise typer.BadParameter(f"{text!r} is not {self.allowed}.", param_hint=hint) from error


def find(key: str) -> ChannelKey:
    """Return what `key` names. Raises BadParameter."""
    if key in KEYS:
        return KEYS[key]
    close = get_close_matches(key, KEYS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"it is one of {', '.join(KEYS)}, plugins.…"
    raise typer.BadParameter(f"{key!r} is unknown; {hint}", param_hint="KEY")


def policies(channel: dict[str, Any]) -> dict[str, object]:
    """Return how a channel is run, as people write it."""
    return {
        "on join": channel["on_join"] or DEFAULT,
        "max wait": _written(channel["max_wait_us"]),
        "reconnect grace": _written(channel["reconnect_grace_us"]),
        "shows room": channel["shows_room"],
        "legacy compensation": _chosen(channel["legacy_compensation"]),
    }


def _written(duration_us: int | None) -> str:
    return DEFAULT if duration_us is None else format_duration(duration_us)


def _chosen(is_on: bool | None) -> object:
    return DEFAULT if is_on is None else is_on


def _switch(text: str) -> bool:
    return _SWITCH[text.lower()]


def _on_join(text: str) -> str | None:
    return {"pause": "pause", "continue": "continue", DEFAULT: None}[text]


def _switch_or_default(text: str) -> bool | None:
    return None if text == DEFAULT else _switch(text)


def _duration(text: str) -> int | None:
    return None if text == DEFAULT else parse_duration(text)


_A_SWITCH = "yes or no"
_A_DURATION = "a duration, such as 20s or 1m30s, or default"

KEYS = {
    "name": ChannelKey("name", "a name", str),
    "allow_new_client": ChannelKey("allow_new_client", _A_SWITCH, _switch, default=True),
    "on_join": ChannelKey("on_join", "pause, continue or default", _on_join),
    "max_wait": ChannelKey("max_wait_us", _A_DURATION, _duration),
    "reconnect_grace": ChannelKey("reconnect_grace_us", _A_DURATION, _duration),
    "shows_room": ChannelKey("shows_room", _A_SWITCH, _switch, default=False),
    "legacy_compensation": ChannelKey(
        "legacy_compensation", "yes, no or default", _switch_or_default
    ),
}
