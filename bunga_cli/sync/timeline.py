"""Position as a function of time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeline:
    """The position was `position_us` at server time `at_us` and moves with `rate` (0: rests)."""

    position_us: int = 0
    rate: int = 0
    at_us: int = 0

    def position_at(self, now_us: int) -> int:
        """Return the position in the media at server time `now_us`, in microseconds."""
        return self.position_us + max(0, now_us - self.at_us) * self.rate

    def moved_to(self, position_us: int, now_us: int) -> "Timeline":
        """Return this timeline with the position set to `position_us` now, at the same rate."""
        return Timeline(position_us, self.rate, now_us)

    def with_rate(self, rate: int, now_us: int) -> "Timeline":
        """Return a timeline that goes on from the position of now at another rate."""
        return self if rate == self.rate else Timeline(self.position_at(now_us), rate, now_us)
