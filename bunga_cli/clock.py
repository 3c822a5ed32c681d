"""The only place that asks what time it is."""

import secrets
import time
from datetime import UTC, datetime
from typing import Final

EPOCH: Final = secrets.token_hex(8)
"""Names this process's monotonic clock: moments by two of them cannot be compared."""


def monotonic_us() -> int:
    """Return this process's monotonic clock, in microseconds: positions are computed from it."""
    return time.monotonic_ns() // 1000


def wall_us() -> int:
    """Return the wall time, in microseconds since 1970 in UTC: cheap, for what may be read."""
    return time.time_ns() // 1000


def utc_now() -> datetime:
    """Return the wall time in UTC, for people and databases."""
    return datetime.now(UTC)
