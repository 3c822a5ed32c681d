"""How far videos were watched, from a real Redis."""

import json
import socket
from pathlib import Path

import pytest
from redis import Redis

from bunga_cli.data_folder import DataFolder
from bunga_cli.doctor import Case, Finding, examine
from bunga_cli.importing import ImportFailure, Kind
from bunga_cli.importing.progress import DATABASE
from bunga_cli.importing.redis_check import redis_check
from tests.importing.new_site import count, facts, imported, told
from tests.importing.old_site import OldSite

KEY = ":1:bunga:channel:{}:watch_progresses"


def watched(redis: Redis, channel: str, record: str, position_s: float) -> None:
    value = json.dumps({"position": position_s, "updated_at": 1_700_000_000})
    redis.hset(KEY.format(channel), record, value)


def positions(data: DataFolder) -> dict[tuple[str, str], int]:
    return {(row[1], row[2]): row[6] for row in facts(data).rows["records"]}


async def test_progress_of_records_known_and_unknown_comes_over(
    old: OldSite, data: DataFolder, redis: Redis, redis_url: str
) -> None:
    watched(redis, "lobby", "film-1", 90.25)
    watched(redis, "lobby", "never written down", 12)
    watched(redis, "film/night é", "映画", 3600.5)
    watched(redis, "film/night é", "not begun", 0)
    watched(redis, "gone", "film-1", 5)

    report = await imported(old, data, redis=redis_url)

    assert count(report, Kind.PROGRESS) == (3, 0, 0, 0)
    assert positions(data) == {
        ("lobby", "film-1"): 90_250_000,
        ("lobby", "never written down"): 12_000_000,
        ("film/night é", "映画"): 3_600_500_000,
    }


async def test_more_progress_than_fits_one_answer_comes_over(
    old: OldSite, data: DataFolder, redis: Redis, redis_url: str
) -> None:
    with redis.pipeline() as pipeline:
        for number in range(1, 5001):
            value = json.dumps({"position": number})
            pipeline.hset(KEY.format("lobby"), f"record {number}", value)
        pipeline.execute()

    report = await imported(old, data, redis=redis_url)

    assert count(report, Kind.PROGRESS)[0] == 5001
    assert positions(data)["lobby", "record 5000"] == 5_000_000_000


async def test_progress_that_was_forgotten_comes_with_a_second_run_and_only_once(
    old: OldSite, data: DataFolder, redis: Redis, redis_url: str
) -> None:
    old.change("UPDATE server_videorecord SET position = 0")
    await imported(old, data)
    watched(redis, "lobby", "film-1", 90)

    first = await imported(old, data, redis=redis_url)
    watched(redis, "lobby", "film-1", 120)
    second = await imported(old, data, redis=redis_url)

    assert count(first, Kind.PROGRESS) == (1, 0, 0, 0)
    assert count(second, Kind.PROGRESS) == (0, 1, 0, 0)
    assert positions(data)["lobby", "film-1"] == 90_000_000


async def test_what_redis_has_and_makes_no_sense_is_told(
    old: OldSite, data: DataFolder, redis: Redis, redis_url: str
) -> None:
    values: list[str | bytes] = [
        "",
        "{",
        "{}",
        '{"position": -1}',
        '{"position": "soon"}',
        '{"position": NaN}',
        b"\xff",
    ]
    for number, value in enumerate(values):
        redis.hset(KEY.format("lobby"), f"bad {number}", value)
    redis.hset(KEY.format("lobby"), b"\xff\xfe", '{"position": 3}')

    report = await imported(old, data, redis=redis_url)

    assert count(report, Kind.PROGRESS) == (1, 0, 0, 8)
    assert {name for _, name, _ in told(report, Kind.PROGRESS)} >= {"lobby bad 0", "lobby bad 6"}


async def test_another_database_can_be_named(
    old: OldSite, data: DataFolder, redis: Redis, redis_url: str
) -> None:
    with Redis.from_url(redis_url, db=3) as third:
        watched(third, "lobby", "elsewhere", 7)

    await imported(old, data, redis=f"{redis_url}/3")

    assert positions(data)["lobby", "elsewhere"] == 7_000_000


async def test_something_else_under_that_name_is_told(
    old: OldSite, data: DataFolder, redis: Redis, redis_url: str
) -> None:
    redis.set(KEY.format("lobby"), "a text")
    with pytest.raises(ImportFailure, match="cannot be read"):
        await imported(old, data, redis=redis_url)
    assert not data.path.exists()


async def test_a_redis_that_is_not_there_changes_nothing(old: OldSite, data: DataFolder) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"redis://:pass-word@127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ImportFailure, match=r"127\.0\.0\.1 cannot be read") as refused:
            await imported(old, data, redis=address)
    assert "pass-word" not in str(refused.value)
    assert not data.path.exists()


async def test_an_address_that_is_none_changes_nothing(old: OldSite, data: DataFolder) -> None:
    with pytest.raises(ImportFailure, match="no address of a Redis"):
        await imported(old, data, redis="localhost:6379")
    assert not data.path.exists()


# -- what the doctor says of it -------------------------------------------------------------------


def looked_at(url: str) -> Finding:
    [finding] = examine(Case.open(DataFolder(Path("nowhere"))), [redis_check(url)])
    return finding


def test_the_doctor_tells_what_a_redis_has(redis: Redis, redis_url: str) -> None:
    none = looked_at(redis_url)
    assert (none.check, none.state) == ("redis", "warning")
    assert "no watch progress" in none.text
    watched(redis, "lobby", "film-1", 90)
    one = looked_at(redis_url)
    assert (one.state, one.advice) == ("ok", "")
    assert one.text == "It answers, and has the watch progress of 1 video in 1 channel."
    watched(redis, "film/night é", "映画", 1)
    watched(redis, "lobby", "film-2", 1)
    redis.set("another", "one's")
    assert looked_at(f"{redis_url}/{DATABASE}").text.endswith("of 3 videos in 2 channels.")
    assert looked_at(f"{redis_url}/2").state == "warning"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("redis://:s3cret@127.0.0.1:1", "The Redis on 127.0.0.1 cannot be read: "),
        ("http://x", "That is no address of a Redis: "),
    ],
)
def test_the_doctor_tells_what_is_wrong_with_a_redis(url: str, text: str) -> None:
    finding = looked_at(url)
    assert (finding.state, finding.text.startswith(text)) == ("failure", True)
    assert "s3cret" not in f"{finding}"
    assert finding.advice
