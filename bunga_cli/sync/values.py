"""The values a room is made of. All are frozen: a change is a new value."""

from dataclasses import dataclass
from typing import Literal, NewType

ConnId = NewType("ConnId", int)
"""One WebSocket, numbered by the server for as long as the process lives."""

HowReady = Literal["ready", "buffering", "excused", "away"]
"""How a watcher stands: `excused` is buffering, and no longer waited for."""

MAX_POSITION_US = 3_600_000_000 * 1000
"""The largest position a client may name: 1,000 hours, in microseconds."""


@dataclass(frozen=True, slots=True)
class User:
    """A person as the others see them. `id` is the account's name; `color_hue` is 0 to 359."""

    id: str
    name: str
    color_hue: int


SERVER = User(id="server", name="server", color_hue=0)
"""The sender of everything that no watcher said."""


@dataclass(frozen=True, slots=True)
class VideoRecord:
    """A video's identity. Only `record_id` means something to the core."""

    record_id: str
    title: str
    thumb_url: str | None
    source: str
    path: str


@dataclass(frozen=True, slots=True)
class Projection:
    """The record being watched, and who shared it."""

    record: VideoRecord
    sharer: User
