"""When to ask a server for the time."""

from dataclasses import dataclass

BURST = 10
BURST_US = 150_000
PLAYING_US = 1_000_000
PAUSED_US = 5_000_000
VAGUE_US = 50_000
"""A bound over this is worth a burst, unless the path is so long that no question could help."""
BURSTS_APART_US = 10_000_000


@dataclass(slots=True)
class Asking:
    """Ask ten times at first, then as often as clocks need it.

    Pure: what time it is, and what is known, comes with the question.
    """

    left: int = BURST
    _burst_us: int | None = None

    def burst(self) -> None:
        """Ask many times from now on: the connection or the clock at its end is another one."""
        self.left, self._burst_us = BURST, None

    def rest_us(
        self, now_us: int, *, is_playing: bool, bound_us: float, round_trip_us: int | None
    ) -> int:
        """Return how long to wait, having asked at `now_us`, before asking again.

        A burst begins by itself when less is known than `VAGUE_US`, and than a question tells.
        """
        if self._burst_us is None:
            self._burst_us = now_us
        self.left = max(0, self.left - 1)
        is_vague = bound_us > max(VAGUE_US, round_trip_us or 0)
        if not self.left and is_vague and now_us - self._burst_us >= BURSTS_APART_US:
            self.left, self._burst_us = BURST, now_us
        if self.left:
            return BURST_US
        return PLAYING_US if is_playing else PAUSED_US
