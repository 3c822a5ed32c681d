"""bunga_player 1.4: it follows `play-at`, which it hears at each change and not in between.

It toggles at once, seeks if it is off by more than 4 s (while the room rests: by anything), and
catches up with the rest at 0.95 or 1.05 until it is where it was told to be by then.
"""

from typing import ClassVar

from benchmarks.models.media import SECOND_US, Film
from benchmarks.models.player import Handlers, Message, Player

SEEKS_BEYOND_US = 4 * SECOND_US
SLOWER, FASTER = 0.95, 1.05
_RETRY_US = SECOND_US
_CAUGHT_UP_US = 2_000
"""What the difference changes by at most from one tick to the next."""


class Player14(Player):
    """1.4. It has no heartbeat, and says something of its buffer only when that changes."""

    def __init__(
        self, account: str, film: Film | None = None, share: Message | None = None
    ) -> None:
        super().__init__(account, film, share)
        self._told: tuple[int, int] | None = None
        """Where it is to be, and when it was told so, while it catches up."""
        self._was_buffering = False

    def connected(self, now_us: int) -> list[Message]:
        """Go on as if nothing had been: it does not join again."""
        self._retries = 0
        return super().connected(now_us)

    def _next_retry_us(self, now_us: int) -> int | None:
        return now_us + _RETRY_US if self._retries == 0 else None

    def tick(self, now_us: int) -> list[Message]:
        """Catch up, and tell of changes of the buffer."""
        said = super().tick(now_us)
        if self.media is None:
            return said
        self._catch_up(now_us)
        is_buffering = self.media.is_stalled
        if is_buffering is not self._was_buffering and self.is_connected:
            self._was_buffering = is_buffering
            said = [*said, {"code": "buffer-state-changed", "is_buffering": is_buffering}]
        return said

    def _catch_up(self, now_us: int) -> None:
        if self._told is None:
            return
        media, (position_us, told_us) = self._open_media(), self._told
        ahead_us = media.position_us - position_us - (now_us - told_us)
        is_past = ahead_us > 0 if media.rate == FASTER else ahead_us < 0
        if abs(ahead_us) <= _CAUGHT_UP_US or (media.rate != 1.0 and is_past):
            media.set_rate(1.0, now_us)
            self._told = None
        elif media.rate == 1.0:
            media.set_rate(SLOWER if ahead_us > 0 else FASTER, now_us)

    def _on_play_at(self, message: Message, now_us: int) -> list[Message]:
        media, position_us = self.media, message["position"]
        if media is None:
            return []
        off_us = abs(media.position_us - position_us)
        self._told = None
        media.set_rate(1.0, now_us)
        if message["is_play"]:
            media.play(now_us)
            self._told = position_us, now_us
        else:
            media.pause(now_us)
        if off_us > (SEEKS_BEYOND_US if message["is_play"] else 0):
            media.seek(position_us, now_us)
        return []

    handlers: ClassVar[Handlers] = {
        **Player.handlers,
        "play-at": _on_play_at,
    }
