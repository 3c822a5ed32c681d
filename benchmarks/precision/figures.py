"""From what browsers noted to how far apart they were; all times and positions are milliseconds.

Two pictures are never looked at in the same moment. So the position of each is interpolated on one
grid of moments, and left out where a browser was not looked at for too long.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

from benchmarks.report import percentile

STEP_MS = 20.0
GAP_MS = 150.0
"""What lies between two looks so far apart is not known."""


@dataclass(frozen=True, slots=True)
class Look:
    """Where a picture was at a moment of the true time."""

    at: float
    position: float
    rate: float
    is_paused: bool
    is_seeking: bool = False

    @property
    def is_moving(self) -> bool:
        return not (self.is_paused or self.is_seeking)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Where the room was, from a moment on; `at` is true time, too."""

    at: float
    position: float
    rate: float

    def position_at(self, moment: float) -> float:
        return self.position + max(0.0, moment - self.at) * self.rate


@dataclass(frozen=True, slots=True)
class Spread:
    """How large some distances are, without their signs."""

    count: int
    p50: float
    p95: float
    most: float

    @classmethod
    def of(cls, distances: Sequence[float]) -> "Spread":
        ordered = sorted(map(abs, distances))
        p50, p95 = percentile(ordered, 50), percentile(ordered, 95)
        return cls(len(ordered), p50, p95, ordered[-1] if ordered else float("nan"))


def moments(begin: float, end: float, step: float = STEP_MS) -> list[float]:
    """Return the moments of a grid, `end` left out."""
    return [begin + i * step for i in range(max(0, int((end - begin) // step)))]


def position_at(looks: Sequence[Look], moment: float) -> float | None:
    """Return where a moving picture was, None where that is not known. `looks` are in order."""
    after = bisect_right(looks, moment, key=lambda look: look.at)
    if not 0 < after < len(looks):
        return None
    left, right = looks[after - 1], looks[after]
    if right.at - left.at > GAP_MS or not (left.is_moving and right.is_moving):
        return None
    share = (moment - left.at) / (right.at - left.at)
    return left.position + share * (right.position - left.position)


def spreads(
    tracks: Sequence[Sequence[Look]], grid: Sequence[float]
) -> list[tuple[float, float | None]]:
    """Return how far the first and the last of the pictures are apart, at each moment.

    Of two pictures it has a sign: how far the second is ahead. None: one of them is not known.
    """
    found: list[tuple[float, float | None]] = []
    for moment in grid:
        known = [at for looks in tracks if (at := position_at(looks, moment)) is not None]
        complete = len(known) == len(tracks)
        apart = (
            known[1] - known[0]
            if len(known) == 2
            else max(known, default=0) - min(known, default=0)
        )
        found.append((moment, apart if complete else None))
    return found


def to_room(looks: Sequence[Look], room: Timeline, grid: Sequence[float]) -> list[float]:
    """Return how far a picture was ahead of the room at each moment at which it is known."""
    known = ((moment, position_at(looks, moment)) for moment in grid)
    return [at - room.position_at(moment) for moment, at in known if at is not None]


def episodes(looks: Sequence[Look], begin: float, end: float) -> int:
    """Count how often the rate left 1."""
    inside = [look for look in looks if begin <= look.at < end]
    return sum(a.rate == 1 != b.rate for a, b in pairwise(inside))


def seeks(looks: Sequence[Look], begin: float, end: float) -> int:
    """Count jumps: a picture that moved far from where its rate leads it."""
    inside = [look for look in looks if begin <= look.at < end and look.is_moving]
    return sum(
        abs(b.position - a.position - (b.at - a.at)) > max(200.0, 0.2 * (b.at - a.at))
        for a, b in pairwise(inside)
    )


def first_moving(looks: Sequence[Look], since: float = float("-inf")) -> float | None:
    """Return the moment at which a picture began to move."""
    later = [look for look in looks if look.at >= since]
    for a, b in pairwise(later):
        if a.is_moving and b.is_moving and b.position - a.position > 1:
            return a.at
    return None


def offset_of_first_frame(
    frames: Sequence[tuple[float, float]], other: Sequence[Look], began: float
) -> float | None:
    """Return how far the first frame that followed another one was ahead of another picture.

    A frame is where it belongs and when it is seen; at the beginning one is seen already.
    """
    resting = [position for at, position in frames if at <= began]
    for at, position in frames:
        if at > began and (not resting or position > resting[-1]):
            where = position_at(other, at)
            return None if where is None else position - where
    return None


@dataclass
class Start:
    """What came of one start of the film."""

    number: int
    steady: Spread
    after_200_ms: float | None
    begins: list[float | None]
    """When each picture began to move, after the moment that the room had named."""
    medians: list[float]
    """How far each picture was ahead of the room in steady state."""
    to_room: list[Spread] = field(repr=False)
    """How far each was from it, either way."""
    episodes: list[float]
    """Of each picture, a minute of steady state."""
    seeks: int
    line: list[tuple[float, float | None]] = field(repr=False, default_factory=list)
    late_ms: float | None = None
    """How long a latecomer took to play, from the opening of its socket."""
    late_offset: float | None = None
    """How far ahead of the others the latecomer's first frame was, when it was seen."""
    load: float = 0.0
    """The machine's load average at the end."""
    changes: int = 0
    """How many states of the room there were; each but the first is an interruption."""
    learned: list[Any] = field(repr=False, default_factory=list)


def measure(
    number: int,
    tracks: Sequence[Sequence[Look]],
    room: Timeline,
    window: range,
    others: Sequence[Sequence[Look]] = (),
) -> Start:
    """Return the figures of a start; `window` is steady state, in milliseconds after `room.at`.

    `tracks` are compared with each other and with the room, `others` with the room alone.
    """
    begin, end = room.at + window.start, room.at + window.stop
    grid = moments(begin, end)
    line = spreads(tracks, moments(room.at - 500, end))
    apart = [value for moment, value in line if value is not None and moment >= begin]
    minutes = (end - begin) / 60_000
    ahead = [to_room(looks, room, grid) for looks in [*tracks, *others]]
    [(_, early)] = spreads(tracks, [room.at + 200])
    return Start(
        number=number,
        steady=Spread.of(apart),
        after_200_ms=early,
        begins=[
            None if (at := first_moving(looks, room.at - 400)) is None else at - room.at
            for looks in tracks
        ],
        medians=[median(line or [float("nan")]) for line in ahead],
        to_room=[Spread.of(line) for line in ahead],
        episodes=[episodes(looks, begin, end) / minutes for looks in tracks],
        seeks=sum(seeks(looks, begin, end) for looks in tracks),
        line=[(moment - room.at, value) for moment, value in line],
    )
