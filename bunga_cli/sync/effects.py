"""What a room asks of the outside."""

from dataclasses import dataclass

from bunga_cli.sync.events import Event
from bunga_cli.sync.values import ConnId


@dataclass(frozen=True, slots=True)
class Tell:
    """Send `event` to one socket, or (`to` is None) to every open one except those in `but`.

    Every one means: those of the generations that are told such events (see `events`), or those
    `among` them. `seq` numbers what the whole room is told, for v2; 0 if it has no number.
    """

    event: Event
    to: ConnId | None = None
    but: tuple[ConnId, ...] = ()
    among: tuple[ConnId, ...] | None = None
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Send `event` to one socket, as the answer to the request that it calls `ref`."""

    event: Event
    to: ConnId
    ref: str | int


@dataclass(frozen=True, slots=True)
class SaveProgress:
    """Remember how far the channel got in a record; 0 forgets it."""

    record_id: str
    position_us: int


@dataclass(frozen=True, slots=True)
class PutAway:
    """Nobody has been here for long: the room may be forgotten, its progress is saved."""


@dataclass(frozen=True, slots=True)
class Declined:
    """Tell the outsider who commanded that it had no effect, and why, in a sentence."""

    detail: str


Effect = Tell | Answer | SaveProgress | PutAway | Declined
