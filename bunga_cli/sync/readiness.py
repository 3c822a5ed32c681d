"""Who is there, who is ready, and how long anybody may keep the others waiting.

A watcher is *present* while one of its joined sockets lives, and *away* after that, until it comes
back or its grace is over. It is *ready* when all its joined sockets are. It *gates* the room while
it is present, not ready and not excused.

Waiting is charged to a watcher only while somebody else is ready, that is, while it really keeps
someone waiting; a room in which nobody is ready waits for all of them as long as it takes.
"""

from collections import deque
from dataclasses import dataclass, field

from bunga_cli.sync.drift import Drift
from bunga_cli.sync.paths import Path
from bunga_cli.sync.squeeze import UNCOMPENSATED, DelayClass
from bunga_cli.sync.timeline import Timeline
from bunga_cli.sync.values import ConnId, HowReady, User


class WaitLedger:
    """How long one watcher made the room wait, in a rolling window."""

    __slots__ = ("_open_since_us", "_spans", "budget_us", "window_us")

    def __init__(self, budget_us: int, window_us: int) -> None:
        self.budget_us, self.window_us = budget_us, window_us
        self._spans: deque[tuple[int, int]] = deque()
        self._open_since_us: int | None = None

    def charge(self, charged: bool, now_us: int) -> None:
        """Begin or end charging."""
        if charged and self._open_since_us is None:
            self._open_since_us = now_us
        elif not charged and self._open_since_us is not None:
            if now_us > self._open_since_us:
                self._spans.append((self._open_since_us, now_us))
            self._open_since_us = None
        while self._spans and self._spans[0][1] <= now_us - self.window_us:
            self._spans.popleft()

    def spent_us(self, now_us: int) -> int:
        """Return what was spent in the window that ends now."""
        begin_us = now_us - self.window_us
        spans = [*self._spans]
        if self._open_since_us is not None:
            spans.append((self._open_since_us, now_us))
        return sum(end - max(start, begin_us) for start, end in spans if end > begin_us)

    def exhausted_at_us(self) -> int | None:
        """Return when the budget will be spent if charging goes on; None if it is not charging.

        Old spans leave the window while the open one grows: what is spent grows only in the pauses
        between them. One walk over the spans, because a player that flips its readiness at each
        frame has more than a thousand of them, and this is asked for after all that happens.
        """
        if self._open_since_us is None:
            return None
        at_us = self._open_since_us
        left_us = max(0, self.budget_us - self.spent_us(at_us))
        for start_us, end_us in self._spans:
            pause_us = max(0, start_us + self.window_us - at_us)
            if left_us <= pause_us:
                break
            left_us -= pause_us
            at_us = max(at_us, end_us + self.window_us)
        return at_us + left_us


@dataclass(slots=True, eq=False)
class Socket:
    """What the room knows of one open socket."""

    conn: ConnId
    account: str
    opened_us: int
    heard_us: int
    is_v2: bool = False
    """It speaks bunga.v2."""
    joined: bool = False
    ready: bool | None = None
    """None until it has reported."""
    speaks: bool = False
    """It sends heartbeats (1.5, v2), so its silence means something."""
    lapsed: bool = False
    """It was joined and fell silent; speaking again brings it back."""
    welcome_back: bool = False
    """It came back within grace; its next join-in is no news to the others."""
    stranger_since_us: int | None = None
    bye_us: int | None = None
    path: Path = field(default_factory=Path)
    """How far away it is."""
    delay: DelayClass = UNCOMPENSATED
    """The class in which it is told where the room is, if it does not speak v2."""
    ready_from: int = 0
    """The revision of the truth that it must have seen for its being ready to count (v2)."""
    start_latency_us: int | None = None
    """How long its player takes to get going, as it says itself (v2)."""
    is_caught_up: bool = False
    """It was told what it missed (v2)."""

    def has_seen(self, revision: int | None) -> bool:
        """Tell whether what it says as of `revision` counts; None is as of now."""
        return revision is None or revision >= self.ready_from

    @property
    def generation(self) -> str:
        """What its player speaks: `1.4`, `1.5` or `2`."""
        return _generation(self.is_v2, self.speaks)


@dataclass(slots=True, eq=False)
class Watcher:
    """An account that joined the room."""

    user: User
    ledger: WaitLedger
    joined_us: int
    sockets: dict[ConnId, Socket] = field(default_factory=dict)
    readiness: bool | None = None
    """True if all its sockets are ready, None if nothing speaks against it but a silence."""
    away_since_us: int | None = None
    last_ready: bool | None = None
    """Its readiness when its connection was lost."""
    speaks: bool = False
    """It sends heartbeats (1.5, v2)."""
    is_v2: bool = False
    """The last of its sockets speaks bunga.v2."""
    excused: bool = False
    arriving: bool = False
    """It joined a room that plays on (`on_join = "continue"`) and has not loaded yet."""
    left_at_us: int = 0
    """The position in the media at which it was excused."""
    parked_at_us: int | None = None
    park_lead_us: int = 0
    readiness_since_us: int = 0
    """Since when it is as ready as it is."""
    left_record_id: str | None = None
    """What was projected when its connection was lost."""
    drift: Drift | None = None
    """How far its picture was from the room's when it last said where that is."""
    ready_from: int = 0
    """What its v2 sockets must have seen, those that are yet to come as well."""

    @property
    def id(self) -> str:
        """The account's name."""
        return self.user.id

    @property
    def is_present(self) -> bool:
        """True while one of its sockets lives."""
        return self.away_since_us is None

    @property
    def presumption(self) -> bool | None:
        """What a further socket counts as until it reports: what the watcher is, or was when lost.

        Beside a socket that buffers it is unknown: it need not do so too.
        """
        return self.readiness or None if self.is_present else self.last_ready

    @property
    def is_ready(self) -> bool:
        """True if the room need not wait for it."""
        return self.readiness is True

    @property
    def standing(self) -> HowReady:
        """`ready`, `buffering`, `excused` (buffering, not waited for) or `away`."""
        if not self.is_present:
            return "away"
        if self.is_ready:
            return "ready"
        return "excused" if self.excused else "buffering"

    @property
    def generation(self) -> str:
        """What its player speaks: `1.4`, `1.5` or `2`."""
        return _generation(self.is_v2, self.speaks)

    def waited_for_since(self, held_since_us: int) -> int:
        """Return since when a room that is held up since `held_since_us` waits for it."""
        return max(held_since_us, self.joined_us, self.readiness_since_us)

    def drift_at(self, timeline: Timeline, now_us: int) -> int | None:
        """Return how far its picture is ahead of the room's, None if nobody knows."""
        drift = self.drift if self.is_present else None
        return drift.by_us if drift and drift.is_good(timeline, now_us) else None

    def take(self, socket: Socket, *, ready: bool | None) -> None:
        """Make `socket` one of this watcher's."""
        socket.joined, socket.ready, socket.lapsed = True, ready, False
        socket.stranger_since_us = socket.bye_us = None
        socket.ready_from = self.ready_from
        self.sockets[socket.conn] = socket
        self.away_since_us, self.is_v2 = None, socket.is_v2
        self._weigh()

    def hear(self, socket: Socket, ready: bool) -> None:
        """Take note of what one of its sockets reports."""
        socket.ready = ready
        self._weigh()

    def prepare(self, revision: int) -> None:
        """Ask its v2 sockets anew: they are ready when they say so as of `revision`.

        One that is away is asked when it comes back.
        """
        self.ready_from = revision
        for socket in self.sockets.values():
            if socket.is_v2:
                socket.ready, socket.ready_from = False, revision
        if self.sockets:
            self._weigh()
        elif self.is_v2:
            self.readiness = self.last_ready = False

    def lose(self, socket: Socket, now_us: int) -> None:
        """Take a socket away; the last one's readiness is kept for its return."""
        del self.sockets[socket.conn]
        socket.joined = False
        if self.sockets:
            self._weigh()
        else:
            self.last_ready, self.away_since_us = self.readiness, now_us

    def _weigh(self) -> None:
        reports = [socket.ready for socket in self.sockets.values()]
        self.readiness = False if False in reports else None if None in reports else True


def _generation(is_v2: bool, speaks: bool) -> str:
    return "2" if is_v2 else "1.5" if speaks else "1.4"
