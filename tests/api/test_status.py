"""`/api/v1/status`: what there is to do, what is used, and how it went in the last minute."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import psutil
import pytest

from bunga_cli.api.status import Point, Sample, ServerStatus, StatusHistory
from bunga_cli.server.traffic import Load
from tests.api.site import FakeHub, Site

SECOND_US = 1_000_000
START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def sample(second: float, received: int = 0, sent: int = 0, cpu_us: int = 0) -> Sample:
    load = Load(rooms=1, watchers=2, connections=3, received=received, sent=sent)
    at = START + timedelta(seconds=second)
    return Sample(at, round(second * SECOND_US), load, cpu_us, 1_000)


def minute(per_second: int) -> StatusHistory:
    """Return a history of a minute in which so many messages came each second."""
    history = StatusHistory(sample(0))
    for second in range(1, 61):
        history.add(sample(second, received=per_second * second, cpu_us=100_000 * second))
    return history


def test_a_point_tells_what_happened_between_two_samples() -> None:
    point = Point.between(sample(0), sample(2, received=10, sent=50, cpu_us=500_000))
    assert (point.messages_in_per_s, point.messages_out_per_s) == (5, 25)
    assert (point.cpu_percent, point.since, point.at) == (25, START, START + timedelta(seconds=2))
    assert (point.load.watchers, point.memory_bytes) == (2, 1_000)


def test_a_moment_makes_no_rates_of_a_few_messages() -> None:
    assert Point.between(sample(0), sample(0.001, received=3)).messages_in_per_s == 3


def test_a_history_is_a_minute_long() -> None:
    history = minute(per_second=7)
    for second in range(61, 200):
        history.add(sample(second, received=7 * second))
    points = history.points()
    assert (len(points), points[-1].at - points[0].since) == (60, timedelta(minutes=1))
    assert {point.messages_in_per_s for point in points} == {7}


def test_now_is_an_average_of_the_last_ten_seconds() -> None:
    now = minute(per_second=7).now(sample(60.5, received=7 * 60 + 700, cpu_us=7_000_000))
    assert now.since == START + timedelta(seconds=51)
    assert now.messages_in_per_s == pytest.approx((7 * 9 + 700) / 9.5)
    assert now.cpu_percent == pytest.approx(100 * (7 - 5.1) / 9.5)


def test_a_process_that_stood_still_is_compared_with_what_there_is() -> None:
    assert minute(per_second=1).now(sample(90, received=90)).since == START + timedelta(minutes=1)


async def test_samples_are_taken_only_while_a_server_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bunga_cli.api.status._INTERVAL_S", 0)
    status = ServerStatus(FakeHub())
    with status.sampled():
        for _ in range(10):
            await asyncio.sleep(0)
    taken = len(status.history.points())
    assert taken > 0
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(status.history.points()) == taken


async def test_the_status_tells_what_there_is_to_do_and_what_is_used(
    site: Site, admin: httpx2.AsyncClient
) -> None:
    site.hub.there_is = Load(rooms=2, watchers=7, connections=9, received=20, sent=100)
    status: dict[str, Any] = (await admin.get("/api/v1/status")).json()
    assert [status[key] for key in ("rooms", "watchers", "connections")] == [2, 7, 9]
    assert (status["messages_in"], status["messages_out"]) == (20, 100)
    assert (status["messages_in_per_s"], status["messages_out_per_s"]) == (20, 100)
    used = psutil.Process().memory_info().rss
    assert 0.5 * used < status["memory_bytes"] < 2 * used
    assert 0 < status["open_files"] <= status["max_open_files"]
    assert status["cpu_percent"] >= 0
    assert status["uptime_s"] < 300
    assert {"version", "python", "started_at", "since", "at"} < set(status)


async def test_the_last_minute_is_there_second_by_second(
    site: Site, admin: httpx2.AsyncClient
) -> None:
    assert (await admin.get("/api/v1/status/history")).json() == {"moments": []}
    site.context.status.history.add(sample(1_000_000_000))
    [moment] = (await admin.get("/api/v1/status/history")).json()["moments"]
    assert (moment["watchers"], moment["memory_bytes"]) == (2, 1_000)


async def test_open_files_are_counted_every_ten_seconds_at_most() -> None:
    now_us = 0
    status = ServerStatus(FakeHub(), lambda: now_us)
    before = await status.open_files()
    with socket.socket():
        assert await status.open_files() == before
        now_us = 10 * SECOND_US
        assert (await status.open_files()).count > before.count
