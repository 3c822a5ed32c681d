"""`/api/v1`, as the command line uses it."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx2
import pytest

from bunga_cli.plugin.bodies import MAX_FIELDS_BYTES
from bunga_cli.sync.values import Projection, User, VideoRecord
from bunga_cli.sync.views import RoomView, Waiting, WatcherView
from tests.api.site import Site

CHANNELS = "/api/v1/channels"
FILM = {
    "record_id": "rec-1",
    "title": "A film",
    "thumb_url": None,
    "source": "http",
    "path": "http://a/b",
}


async def test_a_channel_is_shown_whole(site: Site, admin: httpx2.AsyncClient) -> None:
    await site.token_of("ann", "demo")
    channel = (await admin.get(f"{CHANNELS}/demo")).json()
    assert channel.pop("created_at").endswith("Z")
    assert channel == {
        "id": "demo",
        "name": "Demo room",
        "allow_new_client": True,
        "on_join": None,
        "members": 1,
        "records": 0,
        "subtitles": 0,
    }
    assert [c["id"] for c in (await admin.get(CHANNELS)).json()["channels"]] == ["demo"]


async def test_a_channel_is_made_changed_and_deleted(site: Site, admin: httpx2.AsyncClient) -> None:
    path = f"{CHANNELS}/{quote('a/b', safe='')}"
    new = {"id": "a/b", "name": "A", "allow_new_client": False, "on_join": "continue"}
    made = await admin.post(CHANNELS, json=new)
    changed = await admin.patch(path, json={"on_join": None, "name": " B "})
    deleted = await admin.delete(path)
    assert (made.status_code, made.json()["on_join"]) == (201, "continue")
    assert (changed.json()["name"], changed.json()["on_join"]) == ("B", None)
    assert changed.json()["allow_new_client"] is False
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert site.hub.told == [("changed", "a/b"), ("deleted", "a/b")]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", CHANNELS, {"id": "demo", "name": "x"}, 409, "conflict"),
        ("POST", CHANNELS, {"id": "x"}, 400, "invalid"),
        ("POST", CHANNELS, {"id": "x", "name": "x", "color": "red"}, 400, "invalid"),
        ("POST", CHANNELS, {"id": "x", "name": "x", "on_join": "stop"}, 400, "invalid"),
        ("POST", CHANNELS, {"id": "x", "name": 5}, 400, "invalid"),
        ("POST", CHANNELS, {"id": "..", "name": "x"}, 400, "invalid"),
        ("PATCH", f"{CHANNELS}/demo", {}, 400, "invalid"),
        ("PATCH", f"{CHANNELS}/demo", {"name": ""}, 400, "invalid"),
        ("PATCH", f"{CHANNELS}/demo", {"name": None}, 400, "invalid"),
        ("PATCH", f"{CHANNELS}/demo", {"allow_new_client": "yes"}, 400, "invalid"),
        ("PATCH", f"{CHANNELS}/nope", {"name": "x"}, 404, "not_found"),
        ("GET", f"{CHANNELS}/nope", None, 404, "not_found"),
        ("DELETE", f"{CHANNELS}/nope", None, 404, "not_found"),
        ("GET", "/api/v1/rooms/nope", None, 404, "not_found"),
        ("POST", "/api/v1/rooms/nope/reset", None, 404, "not_found"),
        ("GET", "/api/v1/nope", None, 404, "not_found"),
        ("PUT", CHANNELS, None, 405, "method_not_allowed"),
        ("POST", "/api/v1/admins", {"username": "admin", "password": "x" * 8}, 409, "conflict"),
        ("POST", "/api/v1/admins", {"username": "bob", "password": "short"}, 400, "invalid"),
    ],
)
async def test_a_refusal_has_a_code_and_a_sentence(
    admin: httpx2.AsyncClient, method: str, path: str, body: object, status: int, code: str
) -> None:
    answer = await admin.request(method, path, json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert error["message"]


async def test_a_body_that_is_no_json_is_refused(admin: httpx2.AsyncClient) -> None:
    answer = await admin.post(CHANNELS, content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


async def test_a_live_room_is_shown_whole(site: Site, admin: httpx2.AsyncClient) -> None:
    ann = User("ann", "Ann", 120)
    record = VideoRecord("rec-1", "A film", None, "http", "http://a/b")
    site.hub.live["demo"] = RoomView(
        channel_id="demo",
        play_state="waiting",
        position_us=1_500_000,
        projection=Projection(record, ann),
        watchers=(WatcherView(ann, "buffering", 2),),
        waiting_for=(Waiting("ann", 3_000_000),),
        talking=("ann",),
        call_pending=False,
        connections=3,
    )
    room = {
        "channel_id": "demo",
        "play_state": "waiting",
        "position_us": 1_500_000,
        "rate": 0,
        "cause": None,
        "record": FILM,
        "sharer": {"id": "ann", "name": "Ann", "color_hue": 120},
        "watchers": [
            {
                "id": "ann",
                "name": "Ann",
                "color_hue": 120,
                "state": "buffering",
                "since_us": 0,
                "connections": 2,
                "generation": "1.4",
                "rtt_us": None,
                "drift_us": None,
            }
        ],
        "waiting_for": [{"id": "ann", "for_us": 3_000_000}],
        "talking": ["ann"],
        "call_pending": False,
        "connections": 3,
        "events": [],
    }
    assert (await admin.get("/api/v1/rooms/demo")).json() == room
    assert (await admin.get("/api/v1/rooms")).json() == {"rooms": [room]}


async def test_a_room_that_is_not_alive_is_shown_empty(admin: httpx2.AsyncClient) -> None:
    room = (await admin.get("/api/v1/rooms/demo")).json()
    assert (room["play_state"], room["position_us"]) == ("paused", 0)
    assert (room["record"], room["watchers"], room["connections"]) == (None, [], 0)
    assert (await admin.get("/api/v1/rooms")).json() == {"rooms": []}


async def test_a_reset_answers_with_the_empty_room(site: Site, admin: httpx2.AsyncClient) -> None:
    answer = await admin.post("/api/v1/rooms/demo/reset")
    assert (answer.status_code, answer.json()["record"]) == (200, None)
    assert site.hub.told == [("reset", "demo")]


async def test_an_admin_that_was_made_can_log_in_and_administer(site: Site) -> None:
    login = {"username": "root", "password": "long enough"}
    async with site.client(is_local=True) as owner:
        made = await owner.post("/api/v1/admins", json=login)
        token = (await owner.post("/api/token/", data=login)).json()["access"]
    async with site.client(token) as root:
        admins = (await root.get("/api/v1/admins")).json()["admins"]
    assert made.status_code == 201
    assert admins == [made.json()]
    assert set(made.json()) == {"id", "username", "created_at"}


async def test_a_body_without_end_is_refused_before_it_is_read(site: Site) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * MAX_FIELDS_BYTES:
            sent += 8192
            yield b"[" * 8192

    async with site.client() as stranger:
        answer = await stranger.post(
            CHANNELS, content=endless(), headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 413
    assert answer.json()["error"]["message"] == "Request is too large."
    assert sent <= 2 * MAX_FIELDS_BYTES
