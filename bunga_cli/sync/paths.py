"""How far away a socket is, by its last round trips.

A round trip is measured with the WebSocket's own ping, which every client's runtime answers by
itself. Half of the median is taken for one way; how much the way back differs from the way there
cannot be known.
"""

from array import array

WINDOW = 32
_MOST_US = 60_000_000
"""A longer round trip says no more than this one, and fits in four bytes."""


class Path:
    """The last 32 round trips of one socket and what follows from them, in microseconds.

    There are as many of these as sockets. So the window takes four bytes a round trip, and nothing
    is computed before it is asked for.
    """

    __slots__ = ("_at", "_jitter_us", "_late_us", "_median_us", "_round_trips")

    def __init__(self) -> None:
        self._round_trips = array("I")
        self._at = 0
        """Where in the full window the oldest round trip is."""
        self._median_us = -1
        self._late_us = self._jitter_us = 0

    def add(self, round_trip_us: int) -> None:
        """Take note of how long a ping and its answer took."""
        taken_us = min(max(0, round_trip_us), _MOST_US)
        if len(self._round_trips) < WINDOW:
            self._round_trips.append(taken_us)
        else:
            self._round_trips[self._at] = taken_us
            self._at = (self._at + 1) % WINDOW
        self._median_us = -1

    @property
    def is_known(self) -> bool:
        """True as soon as there was a round trip."""
        return len(self._round_trips) > 0

    @property
    def one_way_us(self) -> int:
        """Half of the median; 0 if nothing is known."""
        self._weigh()
        return self._median_us // 2

    @property
    def late_one_way_us(self) -> int:
        """Half of what 95 of 100 round trips do not exceed; 0 if nothing is known."""
        self._weigh()
        return self._late_us // 2

    @property
    def jitter_us(self) -> int:
        """Half of the way from the shortest to what 90 of 100 do not exceed; 0 if unknown."""
        self._weigh()
        return self._jitter_us

    def _weigh(self) -> None:
        if self._median_us >= 0:
            return
        trips = sorted(self._round_trips) or [0]
        self._median_us, self._late_us = _percentile(trips, 50), _percentile(trips, 95)
        self._jitter_us = (_percentile(trips, 90) - trips[0]) // 2


def _percentile(ascending: list[int], percent: int) -> int:
    """Return the smallest value that at least `percent` of 100 values do not exceed."""
    return ascending[-(-len(ascending) * percent // 100) - 1]
