"""What the outside may ask of a room.

Who asks is not part of a command: the socket decides that, and `Room.handle` is given it apart.
Commands are frozen, so one decoded command may serve for many equal frames. Each has the `code`
by which clients know it, so that a refusal can name what it refuses.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bunga_cli.sync.values import User, VideoRecord


class CallAction(StrEnum):
    """What can be said about a voice call."""

    CALL = "call"
    ACCEPT = "accept"
    REJECT = "reject"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class WhatsOn:
    """Ask what is projected."""

    code: ClassVar[str] = "whats-on"


@dataclass(frozen=True, slots=True)
class Project:
    """Share a video, from `position_us` on unless the channel remembers how far it got."""

    code: ClassVar[str] = "start-projection"

    record: VideoRecord
    position_us: int = 0


@dataclass(frozen=True, slots=True)
class Join:
    """Become a watcher, bringing a video along or not."""

    code: ClassVar[str] = "join-in"

    user: User
    share: Project | None = None
    journal: str | None = None
    seq: int = 0
    """What it was told last, by the journal of that name (v2)."""


@dataclass(frozen=True, slots=True)
class Bye:
    """Leave the watchers; the socket stays open."""

    code: ClassVar[str] = "bye"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """1.5: ready or not, once a second.

    Some players say as well where their picture was, and at which moment of the server's monotonic
    clock; how long their player takes to get going, all in microseconds; and which revision of the
    truth they go by.
    """

    code: ClassVar[str] = "client-status"

    is_pending: bool
    position_us: int | None = None
    at_us: int | None = None
    revision: int | None = None
    start_latency_us: int | None = None


@dataclass(frozen=True, slots=True)
class Buffering:
    """1.4: ready or not, told only when it changes."""

    code: ClassVar[str] = "buffer-state-changed"

    is_buffering: bool


@dataclass(frozen=True, slots=True)
class Play:
    """Ask to play."""

    code: ClassVar[str] = "play"


@dataclass(frozen=True, slots=True)
class Pause:
    """Paused locally at `position_us`; None where the player did not know."""

    code: ClassVar[str] = "pause"

    position_us: int | None = None


@dataclass(frozen=True, slots=True)
class Seek:
    """Sought locally to `position_us`."""

    code: ClassVar[str] = "seek"

    position_us: int


@dataclass(frozen=True, slots=True)
class Finish:
    """Reached the end of the video."""

    code: ClassVar[str] = "play-finished"


@dataclass(frozen=True, slots=True)
class Call:
    """Voice call signalling."""

    code: ClassVar[str] = "call"

    action: CallAction


@dataclass(frozen=True, slots=True)
class Talk:
    """Started or stopped talking in the voice call."""

    code: ClassVar[str] = "talk-status"

    talking: bool


@dataclass(frozen=True, slots=True)
class Say:
    """Something for the others' eyes, passed on as it is: danmaku, popmoji, spark, shared subtitle.

    `fields` are the wire's; the core does not look into them.
    """

    code: str
    fields: tuple[tuple[str, object], ...] = ()


Order = Play | Pause | Seek | Project | Say
"""What somebody may ask who is not in the room, such as an admin."""

Command = (
    WhatsOn
    | Project
    | Join
    | Bye
    | Heartbeat
    | Buffering
    | Play
    | Pause
    | Seek
    | Finish
    | Call
    | Talk
    | Say
)
