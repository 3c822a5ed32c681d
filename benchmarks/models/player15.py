"""bunga_player 1.5: it follows the heartbeat, `channel-status`.

It takes the position for that of the moment of arrival. Playing, it does nothing while its picture
is within 400 ms of it, runs 5 % faster or slower up to 3 s, pauses if it is ahead by 3 to 7 s, and
seeks at every heartbeat otherwise.
"""

from typing import ClassVar

from benchmarks.models.media import SECOND_US, Film
from benchmarks.models.player import Handlers, Message, Player

DEAD_ZONE_US = 400_000
SEEKS_BEYOND_US = 3 * SECOND_US
WAITS_UP_TO_US = 7 * SECOND_US
SLOWER, FASTER = 0.95, 1.05
PENDING_BELOW_US = SECOND_US
BEATS_EVERY_US = SECOND_US
DEAF_AFTER_US = 3 * SECOND_US
BLIND_AFTER_ANOTHERS_SEEK_US = 5 * SECOND_US
BLIND_AFTER_SLIDER_US = SECOND_US
STEP_US = 5 * SECOND_US
_FIRST_RETRY_US, _LAST_RETRY_US = SECOND_US, 10 * SECOND_US
_RETRY_AFTER_SILENCE_US = SECOND_US // 2


class Player15(Player):
    """1.5. It has no clock and never says where its picture is."""

    def __init__(
        self, account: str, film: Film | None = None, share: Message | None = None
    ) -> None:
        super().__init__(account, film, share)
        self._blind_until_us = 0
        self._beats_at_us: int | None = None
        self._heard_us = 0
        self._is_deaf = False

    # -- the connection ---------------------------------------------------------------------------

    def wants_socket(self, now_us: int) -> bool:
        """Return False as well when it has heard nothing for 3 s: it closes with 3000 then."""
        if self.is_connected and now_us - self._heard_us > DEAF_AFTER_US:
            self._is_deaf = True
            return False
        return super().wants_socket(now_us)

    def connected(self, now_us: int) -> list[Message]:
        """Join again, if it had joined."""
        self._heard_us, self._is_deaf = now_us, False
        said = super().connected(now_us)
        return [*said, self._join_in(None)] if self.has_joined else said

    def _next_retry_us(self, now_us: int) -> int:
        if self._is_deaf:
            return now_us + _RETRY_AFTER_SILENCE_US
        return now_us + min(_FIRST_RETRY_US << self._retries, _LAST_RETRY_US)

    # -- what happens -----------------------------------------------------------------------------

    def heard(self, message: Message, now_us: int) -> list[Message]:
        """Do what a message makes it do."""
        self._heard_us, self._retries = now_us, 0
        return super().heard(message, now_us)

    def tick(self, now_us: int) -> list[Message]:
        """Send the heartbeat each second."""
        said = super().tick(now_us)
        if not self.is_connected or (self._joins_at_us is None and not self.has_joined):
            return said
        if self._beats_at_us is None or now_us >= self._beats_at_us:
            self._beats_at_us = (self._beats_at_us or now_us) + BEATS_EVERY_US
            said = [*said, {"code": "client-status", "is_pending": self.is_pending}]
        return said

    @property
    def is_pending(self) -> bool:
        """True while less than a second is loaded ahead; with nothing open it says it is ready."""
        media = self.media
        if media is None or media.is_loaded_to_end:
            return False
        return media.ahead_us < PENDING_BELOW_US

    # -- what its person does ---------------------------------------------------------------------

    def slide(self, position_us: int, now_us: int) -> list[Message]:
        """Drag the slider; heartbeats are ignored for a second."""
        self._blind_until_us = now_us + BLIND_AFTER_SLIDER_US
        return super().slide(position_us, now_us)

    def step(self, steps: int, now_us: int) -> list[Message]:
        """Press the keys that seek by 5 s; heartbeats are not ignored after that."""
        position_us = round(max(0, self._open_media().position_us + steps * STEP_US))
        return super().slide(position_us, now_us)

    # -- messages ---------------------------------------------------------------------------------

    def _open_film(self, record_id: str, position_us: int, now_us: int) -> list[Message]:
        super()._open_film(record_id, position_us, now_us)
        return [{"code": "pause", "position": position_us}]

    def _on_status(self, message: Message, now_us: int) -> list[Message]:
        media = self.media
        if media is None or now_us < self._blind_until_us:
            return []
        position_us = message["position"]
        ahead_us = media.position_us - position_us
        if message["play_status"] == "playing":
            self._follow(position_us, ahead_us, now_us)
        else:
            media.pause(now_us)
            if abs(ahead_us) >= SEEKS_BEYOND_US:
                media.seek(position_us, now_us)
        return []

    def _follow(self, position_us: int, ahead_us: float, now_us: int) -> None:
        media = self._open_media()
        if SEEKS_BEYOND_US <= ahead_us < WAITS_UP_TO_US:
            media.pause(now_us)
            return
        media.play(now_us)
        if abs(ahead_us) < DEAD_ZONE_US:
            media.set_rate(1.0, now_us)
        elif abs(ahead_us) < SEEKS_BEYOND_US:
            media.set_rate(SLOWER if ahead_us > 0 else FASTER, now_us)
        else:
            media.seek(position_us, now_us)

    def _on_pause(self, message: Message, now_us: int) -> list[Message]:
        """Pause, and go to the place only if it is there already: an inverted test."""
        media = self.media
        if media is not None and message["sender"]["id"] != self.account:
            media.pause(now_us)
            if abs(media.position_us - message["position"]) <= DEAD_ZONE_US:
                media.seek(message["position"], now_us)
        return []

    def _on_seek(self, message: Message, now_us: int) -> list[Message]:
        if self.media is not None and message["sender"]["id"] != self.account:
            self.media.seek(message["position"], now_us)
            self._blind_until_us = now_us + BLIND_AFTER_ANOTHERS_SEEK_US
        return []

    def _on_who_are_you(self, _message: Message, _now_us: int) -> list[Message]:
        return [self._join_in(None)]

    handlers: ClassVar[Handlers] = {
        **Player.handlers,
        "who-are-you": _on_who_are_you,
        "channel-status": _on_status,
        "pause": _on_pause,
        "seek": _on_seek,
    }
