"""The only place that asks what time it is."""

import time
from datetime import UTC, datetime


def monotonic_us() -> int:
    """Return this process's monotonic clock, in microseconds: positions are computed from it."""
    return time.monotonic_ns() // 1000


def wall_us() -> int:
    """Return the wall time, in microseconds since 1970 in UTC: cheap, for what may be read."""
    return time.time_ns() // 1000


def utc_now() -> datetime:
    """Return the wall time in UTC, for people and databases."""
    return datetime.now(UTC)
