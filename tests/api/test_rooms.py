"""`/api/v1/rooms`: an admin's hand in a room, and the streams of what happens."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from bunga_cli.api.context import AppContext
from bunga_cli.api.v1 import room_streams
from bunga_cli.api.v1.room_models import Room
from bunga_cli.api.v1.rooms import room_now
from bunga_cli.server.feed import Happening, Noted
from bunga_cli.sync.commands import Pause, Play, Project, Say, Seek
from bunga_cli.sync.timeline import Timeline
from bunga_cli.sync.values import MAX_POSITION_US, User
from bunga_cli.sync.views import CauseView, RoomView, WatcherView
from tests.api.site import Site

ANN = User("ann", "Ann", 120)
ROOM = "/api/v1/rooms/demo"


def room(**facts: Any) -> RoomView:
    values = {
        "channel_id": "demo",
        "play_state": "paused",
        "position_us": 60_000_000,
        "projection": None,
        "watchers": (),
        "waiting_for": (),
        "talking": (),
        "call_pending": False,
        "connections": 1,
    }
    return RoomView(**{**values, **facts})


@pytest.fixture
def live(site: Site) -> Site:
    """A site in which the room of `demo` is alive, at one minute."""
    site.hub.live["demo"] = room()
    return site


@pytest.mark.parametrize(
    ("deed", "body", "command"),
    [
        ("play", None, Play()),
        ("pause", None, Pause()),
        ("seek", {"position_us": 5}, Seek(5)),
        ("seek", {"offset_us": 30_000_000}, Seek(90_000_000)),
        ("seek", {"offset_us": -90_000_000}, Seek(0)),
        ("seek", {"offset_us": MAX_POSITION_US}, Seek(MAX_POSITION_US)),
        ("say", {"text": " hello "}, Say("danmaku", (("message", "hello"),))),
    ],
)
async def test_a_room_is_commanded_in_the_name_of_the_admin(
    live: Site, admin: httpx2.AsyncClient, deed: str, body: object, command: object
) -> None:
    answer = await admin.post(f"{ROOM}/{deed}", json=body)

    assert (answer.status_code, answer.json()["channel_id"]) == (200, "demo")
    assert live.hub.commanded == [("demo", User("admin", "admin", 0), command)]


async def test_the_watchers_see_the_name_of_who_commands(live: Site) -> None:
    async with live.client(await live.token_of("mia", is_admin=True)) as mia:
        await mia.post(f"{ROOM}/play")
    async with live.client(is_local=True) as owner:
        await owner.post(f"{ROOM}/play")

    assert [actor for _, actor, _ in live.hub.commanded] == [
        User("admin", "mia", 0),
        User("admin", "admin", 0),
    ]


@pytest.mark.parametrize(
    ("url", "title", "shown"),
    [
        ("https://example.org/films/Sintel%20HD.mp4?x=1", None, "Sintel HD.mp4"),
        ("http://example.org", None, "example.org"),
        ("http://example.org/a/b/", None, "b"),
        ("http://example.org/1.mp4", "The film", "The film"),
    ],
)
async def test_an_address_becomes_a_record_that_players_can_open(
    live: Site, admin: httpx2.AsyncClient, url: str, title: str | None, shown: str
) -> None:
    body = {"url": url, "position_us": 7} | ({"title": title} if title else {})

    assert (await admin.post(f"{ROOM}/project", json=body)).status_code == 200

    [(_, _, command)] = live.hub.commanded
    assert isinstance(command, Project)
    record = command.record
    assert (record.source, record.path, record.title) == ("link", url, shown)
    assert (record.thumb_url, command.position_us) == (None, 7)
    assert record.record_id.startswith("link-")


async def test_one_address_is_always_the_same_record(live: Site, admin: httpx2.AsyncClient) -> None:
    for url in ("http://a.test/1", "http://a.test/1", "http://a.test/2"):
        await admin.post(f"{ROOM}/project", json={"url": url})

    ids = [c.record.record_id for *_, c in live.hub.commanded if isinstance(c, Project)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("deed", "body"),
    [
        ("seek", {}),
        ("seek", {"position_us": 1, "offset_us": 1}),
        ("seek", {"position_us": -1}),
        ("seek", {"position_us": MAX_POSITION_US + 1}),
        ("seek", {"position_us": "5"}),
        ("project", {"url": "ftp://a/b"}),
        ("project", {"url": "film.mp4"}),
        ("project", {"url": "http://"}),
        ("project", {"url": "http://a/b c"}),
        ("project", {"url": "http://a/\x1b"}),
        ("project", {"url": "http://a/b", "title": " "}),
        ("say", {"text": " "}),
        ("say", {"text": "x" * 2001}),
    ],
)
async def test_what_no_player_would_send_is_refused(
    live: Site, admin: httpx2.AsyncClient, deed: str, body: object
) -> None:
    answer = await admin.post(f"{ROOM}/{deed}", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert live.hub.commanded == []


async def test_a_command_in_vain_is_a_conflict(site: Site, admin: httpx2.AsyncClient) -> None:
    answer = await admin.post(f"{ROOM}/play")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")


@pytest.mark.parametrize("deed", ["play", "pause", "seek", "project", "say", "events", "watch"])
async def test_a_channel_that_does_not_exist_has_no_room(
    admin: httpx2.AsyncClient, deed: str
) -> None:
    body = {"seek": {"position_us": 1}, "project": {"url": "http://a/b"}, "say": {"text": "x"}}
    method = "GET" if deed in ("events", "watch") else "POST"

    answer = await admin.request(method, f"/api/v1/rooms/nope/{deed}", json=body.get(deed))

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_a_room_shows_causes_round_trips_and_events(
    live: Site, admin: httpx2.AsyncClient
) -> None:
    watcher = WatcherView(ANN, "ready", 1, since_us=3, generation="1.5", rtt_us=23_000)
    live.hub.live["demo"] = room(watchers=(watcher,), rate=1, cause=CauseView("play", ANN))
    live.hub.happened = [Happening(1_500_000, "demo", "played", ANN, 42)]

    shown = (await admin.get(ROOM)).json()

    assert (shown["rate"], shown["cause"]) == (
        1,
        {"what": "play", "who": {"id": "ann", "name": "Ann"}},
    )
    [seen] = shown["watchers"]
    assert (seen["generation"], seen["since_us"]) == ("1.5", 3)
    assert (seen["rtt_us"], seen["drift_us"]) == (23_000, None)
    assert shown["events"] == [
        {
            "channel_id": "demo",
            "at": "1970-01-01T00:00:01.500000Z",
            "kind": "played",
            "who": {"id": "ann", "name": "Ann"},
            "position_us": 42,
            "text": None,
            "cause": None,
        }
    ]


# -- streams --------------------------------------------------------------------------------------


class Reading:
    """A stream that is being read until the server ends it."""

    def __init__(self, site: Site, client: httpx2.AsyncClient, path: str, **headers: str) -> None:
        self.site = site
        self._answer = asyncio.create_task(client.get(path, headers=headers))

    async def begun(self) -> "Reading":
        while not self.site.hub.feed.is_heard:  # noqa: ASYNC110  the fake hub tells nobody
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        return self

    async def ended(self) -> httpx2.Response:
        self.site.hub.feed.end()
        return await asyncio.wait_for(self._answer, 60)


async def a_while() -> None:
    """Let every timer of 10 ms come to its turn several times, also on a machine that stalls."""
    for _ in range(20):
        await asyncio.sleep(0.01)


def happen(site: Site, kind: str, channel_id: str = "demo") -> None:
    raw = (2_000_000, Noted(kind, ANN), Timeline(7), 0)
    site.hub.feed.publish(channel_id, raw)


async def test_events_are_lines_of_json_the_past_first(
    live: Site, admin: httpx2.AsyncClient
) -> None:
    live.hub.happened = [Happening(n, "demo", "joined", ANN, 0) for n in (1, 2)]
    reading = await Reading(live, admin, f"{ROOM}/events?last=1").begun()
    happen(live, "left")
    happen(live, "left", "other")

    answer = await reading.ended()

    assert answer.headers["content-type"] == "application/x-ndjson"
    events = [json.loads(line) for line in answer.text.splitlines()]
    assert [event["kind"] for event in events] == ["joined", "left"]
    assert (events[1]["at"], events[1]["position_us"]) == ("1970-01-01T00:00:02Z", 7)


async def test_events_are_server_sent_for_who_asks_for_that(
    live: Site, admin: httpx2.AsyncClient
) -> None:
    reading = await Reading(live, admin, f"{ROOM}/events", Accept="text/event-stream").begun()
    happen(live, "left")

    answer = await reading.ended()

    assert answer.headers["content-type"].startswith("text/event-stream")
    [data] = answer.text.split("\n\n")[:-1]
    assert json.loads(data.removeprefix("data: "))["kind"] == "left"


async def test_the_events_of_all_rooms_are_one_stream(
    live: Site, admin: httpx2.AsyncClient
) -> None:
    reading = await Reading(live, admin, "/api/v1/events").begun()
    happen(live, "left")
    happen(live, "left", "other")

    lines = (await reading.ended()).text.splitlines()

    assert [json.loads(line)["channel_id"] for line in lines] == ["demo", "other"]


async def test_who_reads_too_slowly_is_told_how_much_is_missing(
    live: Site, admin: httpx2.AsyncClient
) -> None:
    reading = await Reading(live, admin, f"{ROOM}/events").begun()
    for _ in range(503):
        happen(live, "left")

    first, *rest = (await reading.ended()).text.splitlines()

    assert json.loads(first) | {"at": ""} == {
        "channel_id": None,
        "at": "",
        "kind": "lost",
        "who": None,
        "position_us": None,
        "text": "3",
        "cause": None,
    }
    assert len(rest) == 500


@pytest.mark.parametrize(("accept", "sign"), [("*/*", "\n"), ("text/event-stream", ":\n\n")])
async def test_a_quiet_stream_gives_signs_of_life(
    live: Site, admin: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, accept: str, sign: str
) -> None:
    monkeypatch.setattr(room_streams, "KEEPALIVE_S", 0.01)
    reading = await Reading(live, admin, f"{ROOM}/events", Accept=accept).begun()
    await a_while()

    answer = await reading.ended()

    assert answer.text.startswith(sign * 2)


async def test_a_look_at_a_room_shows_it_at_once_and_when_it_changes(
    live: Site, admin: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_streams, "_LEAST_GAP_S", 0)
    reading = await Reading(live, admin, f"{ROOM}/watch").begun()
    for view in (room(), room(connections=2), room(watchers=(WatcherView(ANN, "ready", 1),))):
        live.hub.live["demo"] = view
        live.hub.feed.touch("demo")
        await a_while()

    lines = [json.loads(line) for line in (await reading.ended()).text.splitlines()]

    assert [(shown["connections"], len(shown["watchers"])) for shown in lines] == [
        (1, 0),
        (2, 0),
        (1, 1),
    ]


async def test_a_room_that_plays_is_shown_again_and_again(
    live: Site, admin: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_streams, "_TICK_S", 0.01)
    monkeypatch.setattr(room_streams, "_LEAST_GAP_S", 0)
    live.hub.live["demo"] = room(play_state="playing", rate=1)
    reading = await Reading(live, admin, f"{ROOM}/watch").begun()
    await a_while()

    assert len((await reading.ended()).text.splitlines()) > 2


async def test_a_room_that_rests_only_gives_signs_of_life(
    live: Site, admin: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_streams, "KEEPALIVE_S", 0.01)
    monkeypatch.setattr(room_streams, "_LEAST_GAP_S", 0)
    reading = await Reading(live, admin, f"{ROOM}/watch").begun()
    await a_while()

    first, *rest = (await reading.ended()).text.splitlines()

    assert json.loads(first)["channel_id"] == "demo"
    assert rest
    assert set(rest) == {""}


async def test_who_stops_reading_listens_no_more(live: Site, admin: httpx2.AsyncClient) -> None:
    reading = await Reading(live, admin, f"{ROOM}/events").begun()

    reading._answer.cancel()
    await asyncio.wait([reading._answer])

    assert not live.hub.feed.is_heard


async def test_all_who_look_at_a_room_share_one_rendering(
    live: Site, admin: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_streams, "_LEAST_GAP_S", 0)
    rendered: list[int] = []

    def counted(channel_id: str, context: AppContext) -> Room:
        shown = room_now(channel_id, context)
        rendered.append(shown.connections)
        return shown

    monkeypatch.setattr(room_streams, "room_now", counted)
    readings = [await Reading(live, admin, f"{ROOM}/watch").begun() for _ in range(20)]
    await until(live, 20)
    rendered.clear()
    live.hub.live["demo"] = room(connections=2)
    live.hub.feed.touch("demo")
    await a_while()

    answers = [await reading.ended() for reading in readings]

    assert rendered.count(2) <= 2, rendered
    for answer in answers:
        assert json.loads(answer.text.splitlines()[-1])["connections"] == 2


@pytest.mark.parametrize("path", ["/api/v1/events", f"{ROOM}/events", f"{ROOM}/watch"])
async def test_streams_have_a_limit_and_give_their_place_back(
    live: Site, admin: httpx2.AsyncClient, path: str
) -> None:
    await live.context.live_settings.set({"limits.max_streams": 1})
    reading = await Reading(live, admin, f"{ROOM}/events").begun()
    await until(live, 1)

    refused = await admin.get(path)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    assert refused.json()["error"]["code"] == "service_unavailable"
    assert "limits.max_streams" in refused.json()["error"]["message"]

    reading._answer.cancel()
    await asyncio.wait([reading._answer])
    assert live.context.streams.count == 0
    live.hub.feed.end()
    assert (await admin.get(path)).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/events", f"{ROOM}/events", f"{ROOM}/watch"])
@pytest.mark.parametrize("because", ["revoked", "banned"])
async def test_a_stream_in_which_nothing_happens_ends_for_who_may_not_read_it_any_more(
    live: Site, monkeypatch: pytest.MonkeyPatch, path: str, because: str
) -> None:
    monkeypatch.setattr(room_streams, "_RECHECK_S", 0.01)
    token = await live.token_of("boss", is_admin=True)
    account_id = live.context.tokens.read(token).account_id
    async with live.client(token) as boss:
        reading = await Reading(live, boss, path).begun()
        await a_while()
        goes_on = not reading._answer.done()
        if because == "banned":
            await live.context.store.exclusions.add(account_id, None, None)
        else:
            await live.context.store.tokens.revoke_all(account_id)

        answer = await asyncio.wait_for(reading._answer, 60)

    assert goes_on
    assert answer.status_code == 200
    assert (await live.client(token).get(path)).status_code in (401, 403)


async def until(site: Site, streams: int) -> None:
    while site.context.streams.count < streams:  # noqa: ASYNC110  nobody tells
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
