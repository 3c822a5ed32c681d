"""The sockets of 1.4 and 1.5, and when they are told what, so that it is true when it arrives.

They are told in classes of delay (see `squeeze`). A start that lies in the future is told to each
class just so early that the word arrives when it happens.
"""

from bunga_cli.sync.policy import SECOND_US
from bunga_cli.sync.readiness import Socket
from bunga_cli.sync.squeeze import (
    SETTLED_AFTER_BEATS,
    STEADY_AFTER_US,
    UNCOMPENSATED,
    DelayClass,
    bias_us,
    class_of,
)
from bunga_cli.sync.timeline import Timeline
from bunga_cli.sync.values import ConnId

_REMINDED_AFTER = 5
_REMINDED_EVERY = 60

Group = tuple[DelayClass, tuple[ConnId, ...] | None]
"""A class and its sockets; None: all there are."""


class Arrivals:
    """The old sockets of one room, and whom a start has yet to be told."""

    __slots__ = ("_classes", "_groups", "_measured", "_unannounced", "_unsettled_us", "is_on")

    def __init__(self) -> None:
        self.is_on = True
        self._classes: dict[DelayClass, set[ConnId]] = {}
        self._groups: list[Group] | None = None
        self._measured: dict[ConnId, Socket] = {}
        self._unannounced: set[DelayClass] = set()
        self._unsettled_us = 0

    def add(self, socket: Socket, timeline: Timeline, now_us: int) -> None:
        """Take in a socket that opens, perhaps shortly before the start of `timeline`."""
        if not socket.is_v2:
            self.unsettle(now_us)
            self._enter(socket, UNCOMPENSATED)
            if _is_early(UNCOMPENSATED, timeline, now_us):
                self._unannounced.add(UNCOMPENSATED)

    def remove(self, socket: Socket) -> None:
        """Account for a socket that is gone."""
        if not socket.is_v2:
            self._measured.pop(socket.conn, None)
            self._leave(socket)

    def measured(self, socket: Socket) -> None:
        """Learn that more is known of a socket's path; its class changes with the next beat."""
        if not socket.is_v2:
            self._measured[socket.conn] = socket

    def reclassify(self) -> None:
        """Put those who were measured where they belong, unless a start is being told."""
        if self._unannounced:
            return
        for socket in self._measured.values():
            delay = class_of(socket.path, socket.delay) if self.is_on else UNCOMPENSATED
            if delay != socket.delay:
                self._leave(socket)
                self._enter(socket, delay)
        self._measured.clear()

    @property
    def groups(self) -> list[Group]:
        """Return all classes that there are; with one alone, all are in it."""
        if self._groups is None:
            if len(self._classes) > 1:
                self._groups = [(delay, tuple(conns)) for delay, conns in self._classes.items()]
            else:
                self._groups = [(next(iter(self._classes), UNCOMPENSATED), None)]
        return self._groups

    # -- the squeeze ------------------------------------------------------------------------------

    def unsettle(self, now_us: int) -> None:
        """Look after everybody closely for a while: somebody may be far from where the room is."""
        self._unsettled_us = now_us

    def squeeze_us(self, timeline: Timeline, delay: DelayClass, now_us: int) -> int:
        """Return what a heartbeat at `now_us` adds to the position for a class.

        That is nothing unless the room plays steadily. The beats since it does are counted by the
        time, so that nobody has to count.
        """
        steady_us = now_us - timeline.at_us - STEADY_AFTER_US
        if not timeline.rate or steady_us < 0:
            return 0
        settled_us = min(steady_us, now_us - self._unsettled_us)
        is_settled = settled_us >= SETTLED_AFTER_BEATS * SECOND_US
        return bias_us(delay, steady_us // SECOND_US, is_settled=is_settled)

    # -- a start to come --------------------------------------------------------------------------

    def expect(self, timeline: Timeline, now_us: int) -> None:
        """Remember whom the start of `timeline` must be told later, because it is too early yet."""
        self._unannounced = {d for d in self._classes if _is_early(d, timeline, now_us)}

    def is_expecting(self, delay: DelayClass) -> bool:
        """Tell whether a start has yet to be told to a class."""
        return delay in self._unannounced

    def due_us(self, timeline: Timeline) -> int | None:
        """Return when the start of `timeline` is to be told next; None if nobody waits for it."""
        slowest_us = max((delay.one_way_us for delay in self._unannounced), default=None)
        return None if slowest_us is None else timeline.at_us - slowest_us

    def take_due(self, timeline: Timeline, now_us: int) -> list[Group]:
        """Return those who are to be told the start of `timeline` now."""
        due = {d for d in self._unannounced if now_us + d.one_way_us >= timeline.at_us}
        self._unannounced -= due
        return [group for group in self.groups if group[0] in due] if due else []

    # -- inside -----------------------------------------------------------------------------------

    def _enter(self, socket: Socket, delay: DelayClass) -> None:
        socket.delay = delay
        self._classes.setdefault(delay, set()).add(socket.conn)
        self._groups = None

    def _leave(self, socket: Socket) -> None:
        conns = self._classes[socket.delay]
        conns.discard(socket.conn)
        if not conns:
            del self._classes[socket.delay]
            self._unannounced.discard(socket.delay)
        self._groups = None


def _is_early(delay: DelayClass, timeline: Timeline, now_us: int) -> bool:
    """Tell whether a word said now would arrive before `timeline` starts."""
    starts = timeline.rate > timeline.rate_before
    return starts and now_us + delay.one_way_us < timeline.at_us


def is_reminder(timeline: Timeline, now_us: int) -> bool:
    """Tell whether 1.4 is told once more with the heartbeat at `now_us` where a room is that plays.

    It is told of changes alone, so that one late word would keep it out of step until the next one.
    """
    beats = (now_us - timeline.at_us) // SECOND_US
    return bool(timeline.rate) and beats % _REMINDED_EVERY == _REMINDED_AFTER
