"""What time it is at the server, from questions of four moments, and how far that can be wrong.

Of two clocks nothing is known but what the exchanges say. A question asked at `sent_us` is taken up
later than it was asked, and its answer arrives later than it was written. So of the offset, the
server's clock less ours, each exchange proves two things:

    offset(sent_us)      <=  t1_us - sent_us          for the way there took time
    offset(received_us)  >=  t2_us - received_us      and so did the way back

Neither needs the two ways to be alike. What is proven for one moment holds for another one if as
much is added as the clocks can drift apart meanwhile (`MAX_SKEW`). So the offset is certain to be
between the lowest upper and the highest lower limit. The quickest way there and the quickest way
back need not be of the same exchange; each comes near to the least delay as 1/n, not as 1/sqrt(n).

**The estimate** is the middle between both limits, which is right if the quickest ways there and
back take equally long; nothing could tell if they do not. What was seen earlier has moved by the
skew of the clocks times its age. That skew shows after `SETTLED_US`: it is the slope of the widest
straight strip between all upper and all lower limits (the fit of Moon, Skelly and Towsley, 1999,
for both ways at once).

**The bound** is the distance from the estimate to the farther end of what is certain by the `FRESH`
latest exchanges. What it promises:

- While neither clock steps, and they drift apart by no more than `MAX_SKEW`, however irregularly,
  the error is never larger than the bound, whatever the delays and however unlike the two ways.
- A step of a clock that contradicts what is known is noticed: the filter begins anew with the
  exchange that showed it, and from there on the first promise holds.
- A smaller step cannot be told from a path that has become another one. From the first exchange
  that began after it on, the error is at most the bound and the step together, and no more than the
  last round trip. When `FRESH` exchanges began after it, the first promise holds again; and when
  `HISTORY` did, the estimate is rid of it.

A clock is read to `grain_us`, which is part of the bound. `web/static/watch/clock.js` is the same
filter; both go through the same cases.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MAX_SKEW: Final = 250e-6
"""How much faster one clock may run than the other: each is right to 100 ppm, and some to spare."""
SETTLED_SKEW: Final = 20e-6
"""How far off the estimated skew is taken to be, where it is used to carry old limits forward."""
SETTLED_US: Final = 30_000_000
"""How long a history has to be for the skew to show."""
HISTORY: Final = 128
"""How many exchanges are remembered."""
FRESH: Final = 4
"""How many of them the bound relies on."""
GRAIN_US: Final = 2.0
"""Whole microseconds are read from either clock."""
_TURNS: Final = 16


@dataclass(frozen=True, slots=True)
class ClockExchange:
    """The four moments of a question for the time, in microseconds, as NTP has them (RFC 5905).

    `sent_us` and `received_us` are of this process's monotonic clock, the two between of the
    server's, which `epoch` names; it is None where no `state` has told it.
    """

    sent_us: int
    t1_us: int
    t2_us: int
    received_us: int
    epoch: str | None = None

    @property
    def round_trip_us(self) -> int:
        """Return how long it took, without the server's part."""
        return self.received_us - self.sent_us - (self.t2_us - self.t1_us)

    @property
    def offset_us(self) -> int:
        """Return how far the server's clock is ahead; wrong by half the round trip at most."""
        return (self.t1_us - self.sent_us + self.t2_us - self.received_us) // 2

    def server_us(self, local_us: int) -> int:
        """Return what the server's clock shows when ours shows `local_us`."""
        return local_us + self.offset_us


@dataclass(frozen=True, slots=True)
class _Limit:
    """A limit of the offset that an exchange proves for the moment `at_us`."""

    at_us: int
    offset_us: int

    def carried(self, slope: float, now_us: float) -> float:
        """Return what it amounts to at another moment, if the offset changes by `slope`."""
        return self.offset_us + slope * (now_us - self.at_us)


class ClockFilter:
    """The offset to a server's clock, and its bound, from the exchanges it is given.

    Moments are microseconds of the clock that `sent_us` is of. Nothing may be asked of a filter
    that knows nothing (`is_known`).
    """

    def __init__(self, grain_us: float = GRAIN_US) -> None:
        self.grain_us = grain_us
        self.skew = 0.0
        """How much faster the server's clock runs, as far as that shows: 1e-6 is 1 ppm."""
        self._margin = MAX_SKEW
        self._epoch: str | None = None
        self._round_trips: deque[int] = deque(maxlen=HISTORY)
        self._upper: deque[_Limit] = deque(maxlen=HISTORY)
        self._lower: deque[_Limit] = deque(maxlen=HISTORY)

    def add(self, exchange: ClockExchange) -> bool:
        """Take an exchange in; return whether what was known before is true no more.

        That is so when a clock has stepped, or the exchange is of another epoch. One that cannot
        be, because it ends before it begins, is left out.
        """
        if exchange.received_us < exchange.sent_us or exchange.t2_us < exchange.t1_us:
            return False
        upper = _Limit(exchange.sent_us, exchange.t1_us - exchange.sent_us)
        lower = _Limit(exchange.received_us, exchange.t2_us - exchange.received_us)
        is_another = self.is_known and (
            exchange.epoch != self._epoch or self._contradicts(upper, lower)
        )
        if is_another:
            self.clear()
        self._epoch = exchange.epoch
        self._round_trips.append(exchange.round_trip_us)
        self._upper.append(upper)
        self._lower.append(lower)
        self._weigh()
        return is_another

    def clear(self) -> None:
        """Forget everything."""
        for kept in (self._round_trips, self._upper, self._lower):
            kept.clear()

    @property
    def is_known(self) -> bool:
        """Return whether there was an exchange."""
        return bool(self._round_trips)

    @property
    def count(self) -> int:
        """Return how many exchanges are remembered."""
        return len(self._round_trips)

    @property
    def round_trip_us(self) -> int | None:
        """Return the shortest round trip that is remembered; None before the first."""
        return min(self._round_trips, default=None)

    def offset_us(self, now_us: float) -> float:
        """Return how far the server's clock is ahead at `now_us`."""
        upper_us = self._best_upper.carried(self.skew + self._margin, now_us)
        lower_us = self._best_lower.carried(self.skew - self._margin, now_us)
        lowest_us, highest_us = self._certain(now_us)
        return max(lowest_us, min(highest_us, (upper_us + lower_us) / 2))

    def bound_us(self, now_us: float) -> float:
        """Return the most that `offset_us` can be wrong by; see the head of this file."""
        lowest_us, highest_us = self._certain(now_us)
        offset_us = self.offset_us(now_us)
        return max(highest_us - offset_us, offset_us - lowest_us) + self.grain_us

    def server_us(self, now_us: int) -> int:
        """Return what the server's clock shows when ours shows `now_us`."""
        return now_us + round(self.offset_us(now_us))

    # -- what the exchanges say -------------------------------------------------------------------

    def _certain(self, now_us: float) -> tuple[float, float]:
        """Return between which offsets the true one is, at a moment before or after."""
        lower, upper = self._fresh_lower, self._fresh_upper
        lowest_us = lower.offset_us - MAX_SKEW * abs(now_us - lower.at_us)
        highest_us = upper.offset_us + MAX_SKEW * abs(now_us - upper.at_us)
        return lowest_us, max(lowest_us, highest_us)

    def _contradicts(self, upper: _Limit, lower: _Limit) -> bool:
        """Return whether no offset can be between these limits and all that are known."""
        now_us, slack_us = lower.at_us, 2 * self.grain_us
        known_upper_us = _lowest(self._upper, MAX_SKEW).carried(MAX_SKEW, now_us)
        known_lower_us = _highest(self._lower, -MAX_SKEW).carried(-MAX_SKEW, now_us)
        is_above = lower.offset_us > known_upper_us + slack_us
        return is_above or upper.carried(MAX_SKEW, now_us) < known_lower_us - slack_us

    def _weigh(self) -> None:
        """Find the limits that count until the next exchange."""
        upper, lower = [*self._upper], [*self._lower]
        self._fresh_upper = _lowest(upper[-FRESH:], MAX_SKEW)
        self._fresh_lower = _highest(lower[-FRESH:], -MAX_SKEW)
        self.skew, self._margin = 0.0, MAX_SKEW
        if lower[-1].at_us - lower[0].at_us >= SETTLED_US:
            self.skew, self._margin = _skew(upper, lower), SETTLED_SKEW
        self._best_upper = _lowest(upper, self.skew + self._margin)
        self._best_lower = _highest(lower, self.skew - self._margin)


def _lowest(limits: Iterable[_Limit], slope: float) -> _Limit:
    """Return the limit on which a line of this slope rests, from below."""
    return min(limits, key=lambda limit: limit.offset_us - slope * limit.at_us)


def _highest(limits: Iterable[_Limit], slope: float) -> _Limit:
    """Return the limit on which a line of this slope rests, from above."""
    return max(limits, key=lambda limit: limit.offset_us - slope * limit.at_us)


def _skew(upper: list[_Limit], lower: list[_Limit]) -> float:
    """Return the slope of the widest strip between the limits.

    The strip's width as a function of its slope is concave, and grows with the slope where the
    lower limit that it touches is later than the upper one.
    """
    least, most = -MAX_SKEW, MAX_SKEW
    for _ in range(_TURNS):
        slope = (least + most) / 2
        if _highest(lower, slope).at_us > _lowest(upper, slope).at_us:
            least = slope
        else:
            most = slope
    return (least + most) / 2
