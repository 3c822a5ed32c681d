"""Position as a function of time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeline:
    """The position is `position_us` at server time `at_us`, and moves with `rate` from then on.

    `at_us` may lie in the future: until then the position moves with `rate_before`, towards
    `position_us`. A rate is 0 (rests) or 1 (moves).
    """

    position_us: int = 0
    rate: int = 0
    at_us: int = 0
    rate_before: int = 0

    def rate_at(self, now_us: int) -> int:
        """Return the rate at server time `now_us`."""
        return self.rate if now_us >= self.at_us else self.rate_before

    def position_at(self, now_us: int) -> int:
        """Return the position in the media at server time `now_us`, in microseconds."""
        elapsed_us = now_us - self.at_us
        rate = self.rate if elapsed_us >= 0 else self.rate_before
        return max(0, self.position_us + elapsed_us * rate)

    def settled_at(self, now_us: int) -> int:
        """Return the position at `now_us`, or where it comes to rest if it is about to."""
        return self.position_at(now_us) if self.rate else self.position_us

    def moved_to(self, position_us: int, now_us: int) -> "Timeline":
        """Return this timeline with the position set to `position_us` now, at the same rate."""
        return Timeline(position_us, self.rate, now_us, self.rate)

    def with_rate(self, rate: int, now_us: int, at_us: int) -> "Timeline":
        """Return a timeline that goes on as this one does now until `at_us`, then with `rate`.

        One that has that rate, or will have it, is left as it is.
        """
        if rate == self.rate:
            return self
        until_then = self.rate_at(now_us)
        there_us = self.position_at(now_us) + (at_us - now_us) * until_then
        return Timeline(there_us, rate, at_us, until_then)
