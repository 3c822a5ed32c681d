"""What a player has to be able to do to be kept in step."""

from collections.abc import Callable
from typing import Protocol

from bunga_cli.clock import monotonic_us


class MediaPlayer(Protocol):
    """A player of one film. Positions are microseconds from its beginning.

    Nothing here may block: whoever has to wait for a decoder or another process says so in
    `is_ready`. No call has to take effect at once; how late `play` and `seek` land is learned.
    """

    rate: float
    """How fast it plays when it plays: near to 1, and set now and then for a second or so."""

    @property
    def position_us(self) -> int:
        """Return where it is now, as exactly as can be known: it is asked 40 times a second."""

    @property
    def is_ready(self) -> bool:
        """Return whether it could go on from where it is: false while it seeks or loads."""

    def play(self) -> None:
        """Run from where it is."""

    def pause(self) -> None:
        """Rest where it is."""

    def seek(self, position_us: int) -> None:
        """Go there, and run or rest as before."""


class Stopwatch:
    """A player without a picture, for bots and tests: it is always ready and always on time."""

    def __init__(self, now: Callable[[], int] = monotonic_us) -> None:
        self.is_running = False
        self._now = now
        self._rate = 1.0
        self._position_us = 0.0
        self._at_us = now()

    @property
    def position_us(self) -> int:
        """Return where it is now."""
        moved_us = (self._now() - self._at_us) * self._rate if self.is_running else 0
        return round(self._position_us + moved_us)

    @property
    def is_ready(self) -> bool:
        """Return that it has all of the film."""
        return True

    @property
    def rate(self) -> float:
        """Return how fast it runs."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self.seek(self.position_us)
        self._rate = rate

    def play(self) -> None:
        """Run from where it is."""
        self.seek(self.position_us)
        self.is_running = True

    def pause(self) -> None:
        """Rest where it is."""
        self.seek(self.position_us)
        self.is_running = False

    def seek(self, position_us: int) -> None:
        """Be there at once."""
        self._position_us, self._at_us = position_us, self._now()
