"""Frames that are wrong, and peers that misbehave: the sender learns why, the others nothing.

Each wrong frame is followed by a right one on the same socket, so a socket that died, or a room
that did, shows at once.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bunga_cli.client import Client
from tests.end_to_end.kit import FILM, SECOND_US, clients, new_channel
from tests.servers import Site, running_site

USER = {"id": "ann", "name": "Ann", "color_hue": 10}
SHARE = {"code": "start-projection", "video_record": FILM, "position": 0}

RIGHT: dict[str, dict[str, Any]] = {
    "join-in": {"user": USER, "my_share": SHARE},
    "start-projection": {"video_record": FILM, "position": 0},
    "client-status": {"is_pending": False},
    "buffer-state-changed": {"is_buffering": False},
    "pause": {"position": 0},
    "seek": {"position": 0},
    "call": {"action": "call"},
    "talk-status": {"status": "start"},
    "popmoji": {"popmoji_code": "x"},
    "danmaku": {"message": "x"},
    "spark": {"emoji": "x", "fraction": [0.5, 0.5]},
    "share-sub": {"url": "http://example.org/a.srt", "title": "a"},
}
"""A right message of every code that has fields."""

OPTIONAL = {
    "my_share",
    "thumb_url",
    ("start-projection", "position"),
    ("my_share", "position"),
    ("pause", "position"),
}
WRONG_VALUES: list[Any] = [None, True, 5, -1, 1.5, "5", "", [], {}, 10**18, "x" * 9000]


def _wrong_messages() -> Iterator[dict[str, Any]]:
    for code, fields in RIGHT.items():
        for path in _paths(fields):
            if path[-1] not in OPTIONAL and (code, *path)[-2:] not in OPTIONAL:
                yield _without(code, path)
            for value in WRONG_VALUES:
                if not _is_right(code, path, value):
                    yield _with(code, path, value)


def _paths(fields: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in fields.items():
        if name != "code":
            yield (*above, name)
        if isinstance(value, dict):
            yield from _paths(value, (*above, name))


def _with(code: str, path: tuple[str, ...], value: Any) -> dict[str, Any]:
    message = json.loads(json.dumps({"code": code, **RIGHT[code]}))
    place = message
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return dict(message)


def _without(code: str, path: tuple[str, ...]) -> dict[str, Any]:
    message = _with(code, path, None)
    place = message
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return message


TEXTS = ("name", "title", "path", "source", "popmoji_code", "message", "emoji", "url")
ALLOWED: dict[str, list[Any]] = {
    "color_hue": [5],
    "position": [5],
    "is_pending": [True],
    "is_buffering": [True],
    "my_share": [None],
    "thumb_url": [None, "5", ""],
    "id": ["5"],
    "record_id": ["5"],
    **{name: ["5", ""] for name in TEXTS},
}
"""Which of the wrong values happen to be right, and where."""


def _is_right(code: str, path: tuple[str, ...], value: Any) -> bool:
    if code == "pause" and value is None:
        return True
    allowed = ALLOWED.get(path[-1], [])
    return any(type(value) is type(right) and value == right for right in allowed)


WRONG = [*_wrong_messages()]


@pytest.fixture
async def ann_and_bob(site: Site) -> AsyncIterator[tuple[Client, Client]]:
    """Two watchers of a film."""
    async with clients(site, new_channel(site), "ann", "bob") as (ann, bob):
        await ann.join(name="Ann", share=FILM)
        await bob.expect("start-projection")
        await bob.join(name="Bob")
        await bob.expect("start-projection")
        await ann.expect("aloha")
        yield ann, bob


async def _still_lives(client: Client) -> None:
    """A right message after a wrong one is answered."""
    await client.whats_on()
    await client.expect("now-playing")


def _social(client: Client, since: int) -> list[str]:
    heartbeat = ("channel-status",)
    codes = [frame.message["code"] for frame in client.received[since:]]
    return [code for code in codes if code not in heartbeat]


@pytest.mark.parametrize("code", RIGHT)
async def test_a_mistyped_message_is_refused_by_name_and_reaches_nobody(
    code: str, ann_and_bob: tuple[Client, Client]
) -> None:
    ann, bob = ann_and_bob
    heard = len(bob.received)
    for message in (wrong for wrong in WRONG if wrong["code"] == code):
        await ann.send(message)
        error = await ann.expect("error")

        assert (error["reason"], error["ref"]) == ("invalid", code), message
        assert error["sender"]["id"] == "server"
    await _still_lives(ann)
    assert _social(bob, heard) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "malformed"),
        ("nonsense", "malformed"),
        ("5", "malformed"),
        ('"play"', "malformed"),
        ("[]", "malformed"),
        ("null", "malformed"),
        ("{}", "malformed"),
        ('{"code":null}', "malformed"),
        ('{"code":["play"]}', "malformed"),
        ('{"code":"play"', "malformed"),
        ('{"code":"play"}x', "malformed"),
        ("[" * 30_000, "malformed"),
        ('{"code":"PLAY"}', "unknown-code"),
        ('{"code":"channel-status"}', "unknown-code"),
        ('{"code":"reset"}', "unknown-code"),
        ('{"code":"\\ud800"}', "malformed"),
    ],
)
async def test_a_frame_that_is_no_message_is_refused(
    text: str, reason: str, ann_and_bob: tuple[Client, Client]
) -> None:
    ann, bob = ann_and_bob
    heard = len(bob.received)
    await ann.send_text(text)

    assert (await ann.expect("error"))["reason"] == reason
    await _still_lives(ann)
    assert _social(bob, heard) == []


async def test_a_forged_sender_is_ignored(ann_and_bob: tuple[Client, Client]) -> None:
    ann, bob = ann_and_bob
    forged = {"id": "server", "name": "server", "color_hue": 0}
    await ann.send({"code": "danmaku", "message": "hello", "sender": forged})

    assert (await bob.expect("danmaku"))["sender"] == {"id": "ann", "name": "Ann", "color_hue": 0}


async def test_another_accounts_id_is_refused(ann_and_bob: tuple[Client, Client]) -> None:
    ann, bob = ann_and_bob
    heard = len(bob.received)
    for stranger in ("bob", "server", "nobody"):
        await ann.send({"code": "join-in", "user": {**USER, "id": stranger}})
        assert (await ann.expect("error"))["reason"] == "foreign-id"
    await _still_lives(ann)
    assert _social(bob, heard) == []


@pytest.mark.parametrize("code", sorted(RIGHT.keys() - {"join-in", "client-status"}))
async def test_acting_before_joining_is_asked_who_it_is(code: str, site: Site) -> None:
    async with clients(site, new_channel(site), "ann", "bob") as (ann, bob):
        await bob.join(name="Bob", share=FILM)
        await ann.expect("start-projection")
        await bob.expect("play-at")
        heard = len(bob.received)
        await ann.send({"code": code, **RIGHT[code]})

        await ann.expect("who-are-you")
        await _still_lives(ann)
        assert _social(bob, heard) == []


@pytest.mark.parametrize("position", [-1, 1.5, 10**30, "7", True, [7], 3_600_000_000_001])
@pytest.mark.parametrize("code", ["seek", "pause"])
async def test_an_impossible_position_moves_nobody(
    code: str, position: Any, ann_and_bob: tuple[Client, Client]
) -> None:
    ann, bob = ann_and_bob
    await ann.seek(7 * SECOND_US)
    await bob.expect("seek")
    await ann.send({"code": code, "position": position})

    assert (await ann.expect("error"))["reason"] == "invalid"
    assert (await bob.expect("channel-status"))["position"] == 7 * SECOND_US


async def test_a_burst_of_300_messages_arrives_whole_and_in_order(
    ann_and_bob: tuple[Client, Client],
) -> None:
    ann, bob = ann_and_bob
    for number in range(300):
        await ann.say(str(number))

    heard = [(await bob.expect("danmaku"))["message"] for _ in range(300)]
    assert heard == [str(number) for number in range(300)]


async def test_a_flood_is_refused_once_and_the_room_is_spared(
    ann_and_bob: tuple[Client, Client],
) -> None:
    ann, bob = ann_and_bob
    since = len(ann.received)
    for number in range(2000):
        await ann.say(str(number))
    error = await ann.expect("error")
    await bob.say("calm")
    while (await bob.expect("danmaku"))["message"] != "calm":
        pass

    assert error["reason"] == "rate-limited"
    errors = [f for f in ann.received[since:] if f.message["code"] == "error"]
    said = [f for f in bob.received if f.message["code"] == "danmaku"]
    assert len(said) < 2000
    assert len(errors) == 1


async def test_a_peer_that_never_reads_is_sent_away_and_the_others_play_on(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data = tmp_path_factory.mktemp("deaf") / "data"
    with running_site(data, LIMITS__MAX_BUFFER="256KiB", LIMITS__FRAME_BURST="20000") as site:
        token = site.register("lobby", "deaf")["token"]["access"]
        async with clients(site, "lobby", "ann", "bob") as (ann, bob):
            await ann.join(name="Ann", share=FILM)
            await bob.expect("start-projection")
            await bob.join(name="Bob")
            deaf = await connect(site.chat_url(token, "lobby"), max_queue=1, compression=None)
            deaf.transport.pause_reading()
            line = "x" * 1900
            for _ in range(60):
                for _ in range(100):
                    await ann.say(line)
                await ann.say("and on")
                await bob.expect("danmaku", where=lambda m: m["message"] == "and on")

            deaf.transport.resume_reading()
            with pytest.raises(ConnectionClosed) as closed:
                await _read_to_the_end(deaf)
            assert closed.value.rcvd is None or closed.value.rcvd.code == 1013


async def _read_to_the_end(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


async def test_a_token_of_another_site_is_no_token(site: Site) -> None:
    token = site.register("lobby", "token-owner")["token"]["access"]
    claims = jwt.decode(token, options={"verify_signature": False})
    foreign = jwt.encode(claims, "the-secret-of-another-site-of-this-length")

    assert await _close_code(site.chat_url(foreign, "lobby")) == 4001
    bearer = {"Authorization": f"Bearer {foreign}"}
    answer = httpx2.get(f"{site.url}/api/site", headers=bearer)
    assert (answer.status_code, answer.json()) == (403, {"code": "token_invalid"})


@pytest.mark.parametrize(
    "user_id", ["", "0", "-1", "999999", "1e3", "٣", "9" * 40, "1 OR 1=1", "\N{SUPERSCRIPT TWO}"]
)
async def test_a_token_of_no_account_is_refused(user_id: str, site: Site) -> None:
    token = site.register("lobby", "token-owner")["token"]["access"]
    claims = jwt.decode(token, options={"verify_signature": False})
    forged = jwt.encode({**claims, "user_id": user_id}, site.secret)

    assert await _close_code(site.chat_url(forged, "lobby")) == 4001


async def test_a_token_of_a_removed_account_is_refused(tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as site:
        token = site.register("lobby", "gone")["token"]["access"]
        assert "code" in json.loads(await _first_frame(site.chat_url(token, "lobby")))
        with closing(sqlite3.connect(site.data / "bunga.db")) as database:
            database.execute("DELETE FROM accounts WHERE username = 'gone'")
            database.commit()

        assert await _close_code(site.chat_url(token, "lobby")) == 4001
        bearer = {"Authorization": f"Bearer {token}"}
        answer = httpx2.get(f"{site.url}/api/site", headers=bearer)
        assert answer.json()["code"] == "user_not_found"


async def _first_frame(url: str) -> str:
    async with connect(url, compression=None) as socket:
        return str(await socket.recv())


async def _close_code(url: str) -> int:
    async with connect(url, compression=None) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


async def test_one_socket_too_many_of_an_account_takes_the_place_of_its_oldest(
    site: Site,
) -> None:
    channel = new_channel(site)
    token = site.register(channel, "crowd")["token"]["access"]
    url = site.chat_url(token, channel)
    sockets = []
    for _ in range(10):
        sockets.append(await connect(url, compression=None))
        await sockets[-1].recv()  # it is admitted
    newest = await connect(url, compression=None)

    await newest.recv()
    with pytest.raises(ConnectionClosed) as closed:
        await _read_to_the_end(sockets[0])
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013
    await sockets[1].recv()
    await asyncio.gather(*(socket.close() for socket in [*sockets, newest]))
