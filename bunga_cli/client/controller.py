"""Keeps a player beside a target, in episodes.

Measure at the plain rate, then play a little faster or slower for exactly as long as it takes, then
measure what came of it. A media clock may be moved by a change of its rate as such, and what starts
or seeks lands late; by how much is learned. `web/static/watch/controller.js` is the same for
browsers, and both go through the cases in `tests/data/controller`.

Nothing here touches a player, and the time comes with each call. All of it is in microseconds.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import Final, Literal

READINGS: Final = 9
"""How many readings, about 25 ms apart, make a measurement: their median counts."""
CLOSE_US: Final = 4_000
"""What is left alone once it was better than that."""
GOOD_US: Final = 2_000
"""What is aimed at after a start, a seek or an episode: two players that are each 4 ms off may be
8 ms apart."""
TRIES: Final = 3
"""A player that cannot do better after so many episodes is left alone."""
FAR_US: Final = 1_000_000
HOPELESS_US: Final = 150_000
"""Farther off than that after an episode that has not halved it, only a seek helps."""
SETTLE_US: Final = 300_000
SLOWEST: Final = 0.002
FASTEST: Final = 0.05
USUAL_US: Final = 1_000_000
"""So long an episode lasts, unless it is about much; shorter ones land less exactly."""
SHORTEST_US: Final = 200_000
ODD_US: Final = 60_000
"""No change of the rate moves a clock so far: something else did."""
SEEKS: Final = 3
SEEKS_WITHIN_US: Final = 10_000_000

About = Literal["displacement", "seek", "resume", "afterSeek"]
"""What a player has to be known for: how far one episode moves it beside what was meant, and by
how much a seek, a start, and a start after a seek land late."""

MOST_US: Final[Mapping[About, int]] = {
    "displacement": 100_000,
    "seek": 1_500_000,
    "resume": 500_000,
    "afterSeek": 500_000,
}
LESSONS: Final = 5


class Learned:
    """What a player was found to do, in microseconds; `lessons` can be kept for the next time.

    The median of the last lessons counts, so that a disturbed one is outvoted by the next two.
    """

    def __init__(self, lessons: Mapping[About, Sequence[float]] | None = None) -> None:
        self.lessons: dict[About, list[float]] = {
            about: list(found) for about, found in (lessons or {}).items()
        }

    def get(self, about: About) -> float:
        """Return what is known; 0 if nothing is."""
        found = self.lessons.get(about)
        return median(found) if found else 0

    def adjust(self, about: About, by_us: float) -> None:
        """Take a lesson in: what was reckoned with was off by so much."""
        most_us = MOST_US[about]
        found_us = max(-most_us, min(most_us, self.get(about) + by_us))
        self.lessons[about] = [*self.lessons.get(about, ()), found_us][-LESSONS:]


@dataclass(frozen=True, slots=True)
class SetRate:
    """Play at this rate from now on."""

    rate: float


@dataclass(frozen=True, slots=True)
class SeekAhead:
    """Seek to where the target is, and so much farther, for a seek takes that long."""

    by_us: float


class _Phase(Enum):
    MEASURING = 1
    EPISODE = 2
    SETTLING = 3


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What the next median teaches about, and what it should be."""

    about: About
    expected_us: float


class Controller:
    """Decide what brings a player nearer, from readings of how far it is ahead."""

    def __init__(self, learned: Learned | None = None) -> None:
        self.learned = learned or Learned()
        self.corrections = 0
        self.seeks = 0
        self.last_error_us: float | None = None
        """The last median: how far the player was ahead of the target."""
        self._phase = _Phase.MEASURING
        self._until_us = 0.0
        self._change = 0.0
        self._readings: list[float] = []
        self._lesson: _Lesson | None = None
        self._is_good = False
        self._tries = 0
        self._before_us: float | None = None
        self._sought_us: deque[int] = deque(maxlen=SEEKS)

    def reset(self) -> None:
        """Forget a series of readings that something has broken."""
        self._phase, self._readings, self._lesson = _Phase.MEASURING, [], None
        self._is_good, self._tries, self._before_us = False, 0, None

    def interrupted(self, now_us: int) -> None:
        """Take note that the player loads or seeks: what a seek teaches is seen only later."""
        lesson = self._lesson
        self._settle(now_us)
        self._lesson = lesson if lesson and lesson.about == "seek" else None

    def started(self, now_us: int, about: About, expected_us: float) -> None:
        """Take note that it was told to play, which should lead to the error `expected_us`."""
        self._settle(now_us)
        self._lesson = _Lesson(about, expected_us)

    def observe(self, now_us: int, error_us: float) -> SetRate | SeekAhead | None:
        """Take a reading of how far the player is ahead; return what to do, if anything."""
        if self._phase is _Phase.EPISODE:
            return self._end_of_episode(now_us)
        if self._phase is _Phase.SETTLING:
            if now_us < self._until_us:
                return None
            self._phase = _Phase.MEASURING
        self._readings.append(error_us)
        if len(self._readings) < READINGS:
            return None
        return self._decide(now_us, median(self._readings))

    def _decide(self, now_us: int, error_us: float) -> SetRate | SeekAhead | None:
        self._readings = []
        self.last_error_us = error_us
        self._learn(error_us)
        if self._is_fine(abs(error_us)):
            return None
        if self._is_beyond_rates(abs(error_us)):
            return self._seek(now_us)
        return self._correct(now_us, error_us)

    def _is_fine(self, distance_us: float) -> bool:
        is_best = distance_us <= CLOSE_US and self._tries >= TRIES
        if distance_us <= GOOD_US or is_best:
            self._is_good, self._tries, self._before_us = True, 0, None
        return self._is_good and distance_us <= CLOSE_US

    def _is_beyond_rates(self, distance_us: float) -> bool:
        if distance_us > FAR_US:
            return True
        before_us = self._before_us
        return before_us is not None and distance_us > max(HOPELESS_US, before_us / 2)

    def _correct(self, now_us: int, error_us: float) -> SetRate:
        self._is_good, self._before_us = False, abs(error_us)
        self._tries += 1
        need_us = -error_us - self.learned.get("displacement")
        change = min(FASTEST, max(SLOWEST, abs(need_us) / USUAL_US))
        self._phase = _Phase.EPISODE
        self._change = change if need_us > 0 else -change
        self._until_us = now_us + max(SHORTEST_US, abs(need_us) / change)
        self.corrections += 1
        return SetRate(1 + self._change)

    def _end_of_episode(self, now_us: int) -> SetRate | None:
        if now_us < self._until_us:
            return None
        # It is not this player's way if the end came late, but our own doing.
        self._lesson = _Lesson("displacement", self._change * (now_us - self._until_us))
        self._settle(now_us)
        return SetRate(1)

    def _seek(self, now_us: int) -> SeekAhead | None:
        recent = [at_us for at_us in self._sought_us if now_us - at_us < SEEKS_WITHIN_US]
        if len(recent) >= SEEKS:
            return None
        self._sought_us.append(now_us)
        self._before_us = None
        self.seeks += 1
        self._settle(now_us)
        self._lesson = _Lesson("seek", 0)
        return SeekAhead(self.learned.get("seek"))

    def _settle(self, now_us: int) -> None:
        self._phase, self._until_us, self._readings = _Phase.SETTLING, now_us + SETTLE_US, []

    def _learn(self, error_us: float) -> None:
        """Learn what is left over; what starts late has to be done so much earlier."""
        lesson, self._lesson = self._lesson, None
        if lesson is None or abs(error_us) > FAR_US:
            return
        left_us = error_us - lesson.expected_us
        if lesson.about != "displacement":
            self.learned.adjust(lesson.about, -left_us)
        elif abs(left_us) <= ODD_US:
            self.learned.adjust("displacement", left_us)
