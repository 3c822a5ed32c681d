"""What one peer may cost, in bytes, seconds and frames."""

from dataclasses import dataclass

_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of every connection of a server."""

    max_head_bytes: int = 64 * 1024
    """The largest request head: request line and headers together."""
    max_frame_bytes: int = 64 * 1024
    """The largest message, be it in one frame or in fragments."""
    max_buffer_bytes: int = 1024 * 1024
    """How much may wait for a peer that does not read."""
    max_blocked_s: float = 10.0
    """How long a peer may leave what waits for it unread."""
    handshake_timeout_s: float = 10.0
    """How long a request head may take, and then again its admission."""
    body_timeout_s: float = 120.0
    """How long the body of a request may take: 5 MiB at 350 kbit/s."""
    max_drained_bytes: int = 8 * 1024 * 1024
    """How much more is read of a body after its request was answered; it is thrown away."""
    close_timeout_s: float = 5.0
    """How long a peer may take to answer a close frame."""
    ping_interval_s: float = 20.0
    ping_timeout_s: float = 20.0
    frames_per_turn: int = 1000
    """How many frames of any kind, pings too, are read of one peer within a turn."""
    turn_s: float = 5.0
    """How long a turn lasts. Who stays within the limits of messages never has to wait for one."""


class TokenBucket:
    """Allow `burst` takes at once and `rate_per_s` in the long run, in whole microseconds.

    The bucket is one number, the time at which it will be full again (the generic cell rate
    algorithm), so that nothing has to be filled up as time goes by.
    """

    __slots__ = ("_cost_us", "_full_at_us", "_slack_us")

    def __init__(self, rate_per_s: int, burst: int) -> None:
        self._cost_us = _SECOND_US // rate_per_s if rate_per_s else 0
        self._slack_us = self._cost_us * (burst - 1)
        self._full_at_us = 0

    def is_full(self, now_us: int) -> bool:
        """Tell whether nothing was taken for so long that all of the burst may be taken again."""
        return now_us >= self._full_at_us

    def take(self, now_us: int) -> bool:
        """Take one token; return False, and take nothing, if there is none."""
        full_at_us = max(self._full_at_us, now_us)
        if full_at_us - now_us > self._slack_us:
            return False
        self._full_at_us = full_at_us + self._cost_us
        return True
