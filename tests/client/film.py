"""A player of a film that is as slow as real ones are, in a time that a test makes pass."""


class Film:
    """Starts, seeks and loads late, and is moved by each change of its rate."""

    def __init__(
        self,
        *,
        start_us: int = 0,
        seek_us: int = 0,
        displacement_us: int = 0,
        load_us: int = 0,
    ) -> None:
        self.now_us = 0
        self.start_us, self.seek_us = start_us, seek_us
        self.displacement_us, self.load_us = displacement_us, load_us
        self.is_playing = False
        self.calls: list[tuple[str, float]] = []
        self._rate = 1.0
        self._at_us = 0
        self._position_us = 0.0
        self._moves_from_us = 0
        self._loads_until_us = 0

    @property
    def position_us(self) -> int:
        """Where it is now: it moves once it has got going."""
        if not self.is_playing:
            return round(self._position_us)
        moved_us = max(0, self.now_us - max(self._at_us, self._moves_from_us))
        return round(self._position_us + moved_us * self._rate)

    @property
    def is_ready(self) -> bool:
        return self.now_us >= self._loads_until_us

    @property
    def rate(self) -> float:
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self._keep()
        self._rate = rate
        if rate == 1:
            self._position_us += self.displacement_us
        self.calls.append(("rate", rate))

    def play(self) -> None:
        self._keep()
        self.is_playing = True
        self._moves_from_us = max(self._moves_from_us, self.now_us + self.start_us)
        self.calls.append(("play", self.position_us))

    def pause(self) -> None:
        self._keep()
        self.is_playing = False
        self.calls.append(("pause", self.position_us))

    def seek(self, position_us: int) -> None:
        self._position_us, self._at_us = position_us, self.now_us
        self._loads_until_us = self.now_us + self.load_us
        self._moves_from_us = max(self._loads_until_us, self.now_us + self.seek_us)
        self.calls.append(("seek", position_us))

    def stall(self, for_us: int) -> None:
        """Run dry for a while."""
        self._keep()
        self._loads_until_us = self._moves_from_us = self.now_us + for_us

    def _keep(self) -> None:
        self._position_us, self._at_us = self.position_us, self.now_us
