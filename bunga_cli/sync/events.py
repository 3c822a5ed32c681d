"""What a room says. The wire formats are projections of these (see `bunga_cli.protocol`)."""

from dataclasses import dataclass, field

from bunga_cli.sync.commands import CallAction
from bunga_cli.sync.moves import Cause, PlayState
from bunga_cli.sync.timeline import Timeline
from bunga_cli.sync.values import HowReady, Projection, User


@dataclass(frozen=True, slots=True)
class HereAre:
    """Who is in the room, told to a joiner."""

    watchers: tuple[User, ...]
    buffering: tuple[str, ...]
    talking: tuple[str, ...]
    journal: str | None = None
    """The name of the room's journal, if one is kept."""
    is_replayed: bool = False
    """All that the joiner missed follows."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Someone became a watcher, or goes by another name or colour now."""

    user: User


@dataclass(frozen=True, slots=True)
class Left:
    """Someone is no longer a watcher."""

    user: User


@dataclass(frozen=True, slots=True)
class NowPlaying:
    """What is projected, for one who asked."""

    projection: Projection


@dataclass(frozen=True, slots=True)
class Projected:
    """A record is on, at `position_us`. `sender` is the server when it was on already."""

    projection: Projection
    position_us: int
    sender: User


@dataclass(frozen=True, slots=True)
class Status:
    """The truth as 1.5 knows it. `play_status` is `paused`, `pending` or `playing`."""

    watcher_ids: tuple[str, ...]
    ready_ids: tuple[str, ...]
    waiting_for: tuple[str, ...]
    excused_ids: tuple[str, ...]
    position_us: int
    play_status: str


@dataclass(frozen=True, slots=True)
class PlayAt:
    """The truth as 1.4 knows it."""

    is_play: bool
    position_us: int


@dataclass(frozen=True, slots=True)
class WaitedFor:
    """A watcher whom the room waits for, since when by the server's monotonic clock."""

    id: str
    since_us: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A watcher and how it stands; two are equal whatever their drifts."""

    user: User
    state: HowReady
    drift_us: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class State:
    """The whole truth, as v2 knows it; two are equal if nothing happened between them.

    `parked_us` is where the one who is told should rest, because it cannot keep up; all others are
    told None.
    """

    play_state: PlayState
    timeline: Timeline
    waiting_for: tuple[WaitedFor, ...]
    excused_ids: tuple[str, ...]
    watchers: tuple[Standing, ...]
    cause: tuple[Cause, User | None] | None
    record_id: str | None
    parked_us: int | None = None
    is_held: bool = False
    """The room would play but waits for somebody."""
    revision: int = field(default=0, compare=False)
    seq: int = field(default=0, compare=False)
    """The number of the last event before this."""


@dataclass(frozen=True, slots=True)
class ReadinessChanged:
    """A watcher began or ceased buffering."""

    user: User
    is_buffering: bool


@dataclass(frozen=True, slots=True)
class Played:
    """Someone asked to play."""

    user: User


@dataclass(frozen=True, slots=True)
class Paused:
    """Someone paused; the room rests at `position_us`."""

    user: User
    position_us: int


@dataclass(frozen=True, slots=True)
class Sought:
    """Someone sought to `position_us`."""

    user: User
    position_us: int


@dataclass(frozen=True, slots=True)
class Said:
    """Something for the eyes of all: the wire's code and fields, as they came."""

    user: User
    code: str
    fields: tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class Talked:
    """Someone began or ceased to talk."""

    user: User
    talking: bool


@dataclass(frozen=True, slots=True)
class CallSaid:
    """How a voice call stands."""

    action: CallAction


@dataclass(frozen=True, slots=True)
class WhoAreYou:
    """Told to a socket that acts without being a watcher's."""


@dataclass(frozen=True, slots=True)
class WasReset:
    """An admin reset the room."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A command had no effect. `reason` is a word for programs, `detail` a sentence for people.

    `ref` says which one it was: by its code, or as its sender called it.
    """

    reason: str
    detail: str
    ref: str | int | None


Event = (
    HereAre
    | Joined
    | Left
    | NowPlaying
    | Projected
    | Status
    | PlayAt
    | State
    | ReadinessChanged
    | Played
    | Paused
    | Sought
    | Said
    | Talked
    | CallSaid
    | WhoAreYou
    | WasReset
    | Refused
)

UP_TO_1_5: frozenset[type] = frozenset({Status, PlayAt})
"""What only sockets of 1.4 and 1.5 are told."""

FROM_2: frozenset[type] = frozenset({State})
"""What only sockets of v2 are told."""
