"""Who is there, who is ready, and how long anybody may keep the others waiting.

A watcher is *present* while one of its joined sockets lives, and *away* after that, until it comes
back or its grace is over. It is *ready* when all its joined sockets are. It *gates* the room while
it is present, not ready and not excused.

Waiting is charged to a watcher only while somebody else is ready, that is, while it really keeps
someone waiting; a room in which nobody is ready waits for all of them as long as it takes.
"""

from collections import deque
from dataclasses import dataclass, field

from bunga_cli.sync.values import ConnId, User


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

        Old spans leave the window while the open one grows. So walk over the moments at which
        that changes, and stop at the first stretch in which the budget runs out.
        """
        if self._open_since_us is None:
            return None
        now_us = self._open_since_us
        marks = sorted(
            mark + self.window_us
            for span in self._spans
            for mark in span
            if mark + self.window_us > now_us
        )
        for mark_us in marks:
            left_us = self.budget_us - self.spent_us(now_us)
            grows = self.spent_us(mark_us) - self.spent_us(now_us) == mark_us - now_us
            if left_us <= 0 or (grows and now_us + left_us <= mark_us):
                return now_us + max(0, left_us)
            now_us = mark_us
        return now_us + max(0, self.budget_us - self.spent_us(now_us))


@dataclass(slots=True, eq=False)
class Socket:
    """What the room knows of one open socket."""

    conn: ConnId
    account: str
    opened_us: int
    heard_us: int
    joined: bool = False
    ready: bool | None = None
    """None until it has reported."""
    speaks: bool = False
    """It sends heartbeats (1.5), so its silence means something."""
    lapsed: bool = False
    """It was joined and fell silent; speaking again brings it back."""
    welcome_back: bool = False
    """It came back within grace; its next join-in is no news to the others."""
    stranger_since_us: int | None = None
    bye_us: int | None = None


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
    """It sends heartbeats (1.5)."""
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

    def take(self, socket: Socket, *, ready: bool | None) -> None:
        """Make `socket` one of this watcher's."""
        socket.joined, socket.ready, socket.lapsed = True, ready, False
        socket.stranger_since_us = socket.bye_us = None
        self.sockets[socket.conn] = socket
        self.away_since_us = None
        self._weigh()

    def hear(self, socket: Socket, ready: bool) -> None:
        """Take note of what one of its sockets reports."""
        socket.ready = ready
        self._weigh()

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
