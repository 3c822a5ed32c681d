"""How far videos were watched, from the original's Redis."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError

from bunga_cli.importing.failures import ImportFailure
from bunga_cli.importing.report import Kind, Report
from bunga_cli.units import SECOND

if TYPE_CHECKING:
    from redis import Redis

DATABASE = 1
"""The one that the original uses; an address may name another."""

_KEY = ":1:bunga:channel:{}:watch_progresses"
_TIMEOUT_S = 5.0
_AT_ONCE = 1_000

Positions = dict[tuple[str, str], int]
"""Microseconds, by channel and record."""


class _Progress(BaseModel):
    position: Annotated[float, Field(ge=0, lt=2**32, allow_inf_nan=False)]


def read_progress(
    url: str, channels: Collection[str], report: Report, on_progress: Callable[[float], None]
) -> Positions:
    """Return what the Redis at `url` knows of these channels. Raises ImportFailure."""
    found: Positions = {}
    with _opened(url) as redis:
        for number, channel in enumerate(channels):
            found |= _of_channel(redis, channel, report)
            on_progress((number + 1) / len(channels))
    return found


def count_progress(url: str) -> tuple[int, int]:
    """Return of how many channels the Redis at `url` knows progress, and of how many videos.

    Raises ImportFailure.
    """
    with _opened(url) as redis:
        keys = [*redis.scan_iter(match=_KEY.format("*"), count=_AT_ONCE)]
        return len(keys), sum(redis.hlen(key) for key in keys)


@contextmanager
def _opened(url: str) -> Iterator["Redis"]:
    """Lend the Redis at `url`. Whatever is wrong with it is an ImportFailure."""
    from redis import Redis, RedisError  # noqa: PLC0415  most imports come without

    try:
        database = {} if urlsplit(url).path.strip("/") else {"db": DATABASE}
        with Redis.from_url(
            url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, **database
        ) as redis:
            yield redis
    except ValueError as error:
        raise ImportFailure(f"That is no address of a Redis: {error}.") from error
    except RedisError as error:
        # The address may hold a password.
        where = urlsplit(url).hostname or "there"
        raise ImportFailure(
            f"The Redis on {where} cannot be read: {str(error).rstrip('.')}."
        ) from error


def _of_channel(redis: "Redis", channel: str, report: Report) -> Positions:
    return {
        (channel, record): position_us
        for field, value in redis.hscan_iter(_KEY.format(channel), count=_AT_ONCE)
        for record, position_us in _understood(channel, field, value, report)
    }


def _understood(
    channel: str, field: bytes, value: bytes, report: Report
) -> Iterator[tuple[str, int]]:
    try:
        position_s = _Progress.model_validate_json(value).position
        record = field.decode()
    except (ValidationError, ValueError):
        name = f"{channel} {field.decode(errors='replace')}"
        report.loss(Kind.PROGRESS, name, "what Redis has makes no sense.")
        return
    if position_s > 0:
        yield record, round(position_s * SECOND)
