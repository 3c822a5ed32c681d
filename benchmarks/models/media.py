"""A video in a player: where it is, how fast it runs, and how much of it is loaded."""

from dataclasses import dataclass

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Film:
    """How a video plays on one machine.

    `throughput` is how many seconds of it are loaded in a second, at most `reach_us` ahead. The
    clock that it plays by is wrong by `drift_ppm`. A seek takes `seek_latency_us`, during which the
    picture stands still.
    """

    duration_us: int = 7200 * SECOND_US
    throughput: float = 8.0
    reach_us: int = 30 * SECOND_US
    seek_latency_us: int = SECOND_US // 2
    resume_ahead_us: int = SECOND_US
    """So much has to be loaded until a picture that stalled goes on."""
    drift_ppm: float = 0.0


class Media:
    """A film that is open. Each method first lets it run until now.

    `throughput` may be changed. `rate_changes` and `seeks` are counted.
    """

    def __init__(self, film: Film, now_us: int, position_us: float = 0) -> None:
        self.film, self.throughput = film, film.throughput
        self.position_us = self._loaded_from_us = self._loaded_to_us = float(position_us)
        self.rate, self.is_playing, self.is_stalled = 1.0, False, False
        self.rate_changes = self.seeks = 0
        self._now_us = now_us
        self._seeking_until_us = now_us

    @property
    def ahead_us(self) -> float:
        """How much is loaded ahead of the picture."""
        return self._loaded_to_us - self.position_us

    @property
    def is_at_end(self) -> bool:
        """True when there is nothing more to show."""
        return self.position_us >= self.film.duration_us

    @property
    def is_loaded_to_end(self) -> bool:
        """True when there is nothing more to load."""
        return self._loaded_to_us >= self.film.duration_us

    @property
    def is_moving(self) -> bool:
        """True while the picture moves."""
        return self.is_playing and not self.is_stalled and self._now_us >= self._seeking_until_us

    def advance(self, now_us: int) -> None:
        """Let time pass: load, and play what is loaded."""
        since_us, self._now_us = self._now_us, now_us
        loaded_us = self._loaded_to_us + (now_us - since_us) * self.throughput
        most_us = min(self.position_us + self.film.reach_us, self.film.duration_us)
        self._loaded_to_us = max(self._loaded_to_us, min(loaded_us, most_us))
        enough_us = 0 if self.is_loaded_to_end else self.film.resume_ahead_us
        if self.is_stalled:
            self.is_stalled = self.ahead_us < enough_us
        elif self.is_moving:
            self._move(now_us - max(since_us, self._seeking_until_us))

    def play(self, now_us: int) -> None:
        """Let it run."""
        self.advance(now_us)
        self.is_playing = True

    def pause(self, now_us: int) -> None:
        """Let it rest."""
        self.advance(now_us)
        self.is_playing = False

    def set_rate(self, rate: float, now_us: int) -> None:
        """Let it run faster or slower."""
        self.advance(now_us)
        self.rate_changes += rate != self.rate
        self.rate = rate

    def seek(self, position_us: float, now_us: int) -> None:
        """Go to a place; what is loaded is kept if the place is in it."""
        self.advance(now_us)
        self.seeks += 1
        self.position_us = min(max(0.0, position_us), self.film.duration_us)
        if not self._loaded_from_us <= self.position_us <= self._loaded_to_us:
            self._loaded_from_us = self._loaded_to_us = self.position_us
            self.is_stalled = True
        self._seeking_until_us = now_us + self.film.seek_latency_us

    def slip(self, by_us: float, now_us: int) -> None:
        """Be somewhere else for no reason; a measurement begins with that."""
        self.advance(now_us)
        self.position_us += by_us
        self._loaded_from_us = min(self._loaded_from_us, self.position_us)
        self._loaded_to_us = max(self._loaded_to_us, self.position_us)

    def _move(self, elapsed_us: float) -> None:
        speed = self.rate * (1 + self.film.drift_ppm / 1e6)
        wanted_us = self.position_us + elapsed_us * speed
        self.position_us = min(wanted_us, self._loaded_to_us)
        self.is_stalled = wanted_us > self._loaded_to_us and not self.is_at_end
