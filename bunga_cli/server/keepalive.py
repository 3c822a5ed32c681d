"""Pings for all connections from one timer, and an end for those that stay silent.

A ping tells how far away its peer is as well. So who is new is pinged more often.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

_SECOND_US = 1_000_000
_FIRST_PING_US = _SECOND_US
"""How soon after its start a connection is pinged first."""
_YOUNG_INTERVAL_US = 2 * _SECOND_US
_YOUNG_PINGS = 30
"""So many pings are sent at the shorter interval."""
_RESOLUTION_S = 0.05
_BATCH = 500
"""Pings per sweep: those who came all at once shall not be pinged all at once for ever."""


class Pingable(Protocol):
    """A connection as the keepalive sees it.

    `silent_since_us` is 0 once any byte came from the peer; `ping` sets it, if it is 0.
    """

    silent_since_us: int

    @property
    def is_open(self) -> bool:
        """Tell whether it is still worth a ping."""

    def ping(self, now_us: int) -> None:
        """Ask the peer for a sign of life."""

    def abort(self) -> None:
        """End the connection at once, without a word."""


_Queue = deque[tuple[int, Pingable, int]]
"""When it is due, who it is, and how many pings it had; the earliest first."""


class Keepalive:
    """Ping every connection soon, then at an interval; abort those that stay silent after a ping.

    The waits of a queue are all equal, so that connections are in it in the order in which they are
    due.
    """

    def __init__(self, interval_s: float, timeout_s: float, clock: Callable[[], int]) -> None:
        self._interval_us = round(interval_s * _SECOND_US)
        self._timeout_us = round(timeout_s * _SECOND_US)
        self._clock = clock
        self._first_us = min(_FIRST_PING_US, self._interval_us)
        self._young_us = min(_YOUNG_INTERVAL_US, self._interval_us)
        self._first_pings: _Queue = deque()
        self._young_pings: _Queue = deque()
        self._pings: _Queue = deque()
        self._verdicts: _Queue = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._expected_us = 0

    def watch(self, connection: Pingable) -> None:
        """Take care of a connection until it is no longer open."""
        self._first_pings.append((self._clock() + self._first_us, connection, 0))
        self._arm()

    def sweep(self, now_us: int) -> None:
        """Abort who has been silent for too long, ping who is due."""
        for connection, _ in _due(self._verdicts, now_us, len(self._verdicts)):
            since_us = connection.silent_since_us
            if connection.is_open and since_us and now_us - since_us >= self._timeout_us:
                connection.abort()
        for queue in (self._first_pings, self._young_pings, self._pings):
            for connection, had in _due(queue, now_us, _BATCH):
                if connection.is_open:
                    self._ping(connection, had + 1, now_us)

    def stop(self) -> None:
        """Forget every connection."""
        for queue in self._queues:
            queue.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    @property
    def _queues(self) -> tuple[_Queue, ...]:
        return self._first_pings, self._young_pings, self._pings, self._verdicts

    def _ping(self, connection: Pingable, count: int, now_us: int) -> None:
        connection.ping(now_us)
        self._verdicts.append((now_us + self._timeout_us, connection, count))
        if count < _YOUNG_PINGS:
            self._young_pings.append((now_us + self._young_us, connection, count))
        else:
            self._pings.append((now_us + self._interval_us, connection, count))

    def _arm(self) -> None:
        due_us = min((queue[0][0] for queue in self._queues if queue), default=None)
        if due_us is None or (self._timer and self._expected_us <= due_us):
            return
        if self._timer:
            self._timer.cancel()
        now_us = self._clock()
        delay_s = max(_RESOLUTION_S, (due_us - now_us) / _SECOND_US)
        self._expected_us = now_us + round(delay_s * _SECOND_US)
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        now_us = self._clock()
        # A timer that is this late means that the whole process stood still. What the peers sent
        # meanwhile has not been read yet: read it before judging them.
        if now_us - self._expected_us < self._timeout_us // 2:
            self.sweep(now_us)
        self._arm()


def _due(queue: _Queue, now_us: int, at_most: int) -> Iterator[tuple[Pingable, int]]:
    while queue and queue[0][0] <= now_us and at_most > 0:
        at_most -= 1
        yield queue.popleft()[1:]
