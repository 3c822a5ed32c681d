"""How the players that cannot be changed are kept in step.

Neither 1.4 nor 1.5 has a clock: they take a position to hold at the moment at which it arrives. So
a socket is told the position that will hold one way later.

1.5 does nothing about its picture while it is within 400 ms of what it was told, and makes up for
more by playing 5 % faster or slower. Its dead zone is squeezed by telling it what is not quite so:
for some heartbeats that the room is ahead of where it is, so that a picture that is behind by more
than a width is made to hurry; for as many that the room is behind, so that one that is ahead by
more than another width is made to tarry. A picture within both is left alone. When all have had the
time to come into step, few heartbeats do that: nobody drifts far in a quarter of a minute, and a
message that is late by chance is seldom one of those.

Messages come late at times, but never early by much, and a late one makes a picture look as if it
were ahead. So more is tolerated of those who are ahead, the more so the more the delay varies: the
error is smaller for it at as many changes of rate (`benchmarks/squeezed.py`).

Sockets on ways of like length and steadiness make a class, so that a message is made once for all
of them.
"""

from typing import NamedTuple

from bunga_cli.sync.paths import Path

DEAD_ZONE_US = 400_000
"""How far from what it was told 1.5 tolerates its picture to be."""
STEADY_AFTER_US = 2_000_000
"""How long a room must have been playing since a start or a seek before anybody is squeezed."""

_STEP_US = 10_000
_KEPT_WITHIN_US = 8_000
"""A class is left by those who are further from it; half a step would let some come and go."""
_BEYOND_JITTER_US = 15_000
_LEAST_WIDTH_US, _MOST_WIDTH_US = 30_000, 80_000
"""A heartbeat moves a picture by 50 ms: a narrower zone would be crossed, and crossed back."""
_MOST_BEHIND_US = 60_000
"""However unsteady a way is: whoever may be 80 ms behind is so for long."""
_LESS_AHEAD_US = 20_000
PHASE_BEATS = 4
"""How many heartbeats are biased alike. One by one would do as well, with a change of rate each."""
SETTLED_AFTER_BEATS = 80
"""In so many, who is 2.5 s off comes into step."""
SELDOM_BEATS, SELDOM_EVERY = 2, 16
"""How many are biased in a settled room, and of how many."""


class DelayClass(NamedTuple):
    """Sockets that are told the same: how long one way takes, and how unsteady it is.

    Both are in microseconds. A width of the whole dead zone is no squeeze.
    """

    one_way_us: int
    width_us: int

    @property
    def is_squeezed(self) -> bool:
        """True if anything is known that they could be squeezed by."""
        return self.width_us < DEAD_ZONE_US

    @property
    def behind_us(self) -> int:
        """How far behind they may be."""
        return min(self.width_us, _MOST_BEHIND_US) if self.is_squeezed else DEAD_ZONE_US

    @property
    def ahead_us(self) -> int:
        """How far ahead they may be: further by about as much as messages come late."""
        return 2 * self.behind_us - _LESS_AHEAD_US if self.is_squeezed else DEAD_ZONE_US

    @property
    def usually_late_us(self) -> int:
        """How much later than most a message is, in the middle between the early and the late."""
        return max(0, self.width_us - _BEYOND_JITTER_US) // 3 if self.is_squeezed else 0


UNCOMPENSATED = DelayClass(0, DEAD_ZONE_US)
"""Those of whom nothing is known, or who are to be told the plain truth."""


def class_of(path: Path, before: DelayClass = UNCOMPENSATED) -> DelayClass:
    """Return the class of a path that was in the class `before`, and stays if it is near it."""
    if not path.is_known:
        return UNCOMPENSATED
    one_way_us = _stepped(path.one_way_us, before.one_way_us)
    width_us = _widened(_width_us(path.jitter_us), before.width_us)
    if (one_way_us, width_us) == before:
        return before
    return DelayClass(one_way_us, width_us)


def _width_us(jitter_us: int) -> int:
    """Return how unsteady a way is: a delay as usual shall seldom be so far from the others."""
    return min(max(_LEAST_WIDTH_US, _BEYOND_JITTER_US + jitter_us), _MOST_WIDTH_US)


def _stepped(value_us: int, before_us: int) -> int:
    if abs(value_us - before_us) <= _KEPT_WITHIN_US:
        return before_us
    return (value_us + _STEP_US // 2) // _STEP_US * _STEP_US


def _widened(value_us: int, before_us: int) -> int:
    """Return the next step that is not narrower; too narrow a width costs changes of rate."""
    if 0 <= before_us - value_us <= _KEPT_WITHIN_US + _STEP_US // 2:
        return before_us
    return -(-value_us // _STEP_US) * _STEP_US


def bias_us(delay_class: DelayClass, beat: int, *, is_settled: bool = False) -> int:
    """Return what is added to the position in the heartbeat number `beat` of a steady room.

    Beats are counted from the one at which the room became steady. The first ones hurry those who
    are behind, because that is what a player is after a start or a seek. In a settled room most
    heartbeats add nothing.
    """
    phase = beat // (SELDOM_EVERY if is_settled else PHASE_BEATS)
    if is_settled and beat % SELDOM_EVERY >= SELDOM_BEATS:
        return 0
    if phase % 2:
        return delay_class.ahead_us - DEAD_ZONE_US
    return DEAD_ZONE_US - delay_class.behind_us
