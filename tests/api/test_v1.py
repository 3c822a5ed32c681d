"""`/api/v1`, as the command line uses it."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx2
import pytest
from pydantic import ValidationError

from bunga_cli.api.v1.admins import NewPassword
from bunga_cli.errors import BungaError, DataFolderError, StorageError
from bunga_cli.plugin.bodies import MAX_FIELDS_BYTES
from bunga_cli.sync.values import Projection, User, VideoRecord
from bunga_cli.sync.views import RoomView, Waiting, WatcherView
from tests.api.site import Site

CHANNELS = "/api/v1/channels"
IDENTIFY = "bunga_cli.api.access.identify"
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
        "max_wait_us": None,
        "reconnect_grace_us": None,
        "shows_room": False,
        "legacy_compensation": None,
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


async def test_how_long_a_room_is_patient_is_set_and_taken_back(
    site: Site, admin: httpx2.AsyncClient
) -> None:
    new = {"id": "film", "name": "Film", "max_wait_us": 0, "shows_room": True}
    made = (await admin.post(CHANNELS, json=new)).json()
    patches = (
        {"max_wait_us": 2**53, "reconnect_grace_us": 30_000_000},
        {"max_wait_us": None, "shows_room": False},
        {"name": "Films"},
    )
    answers = [(await admin.patch(f"{CHANNELS}/film", json=patch)).json() for patch in patches]
    run = [
        (answer["max_wait_us"], answer["reconnect_grace_us"], answer["shows_room"])
        for answer in (made, *answers)
    ]
    assert run == [
        (0, None, True),
        (2**53, 30_000_000, True),
        (None, 30_000_000, False),
        (None, 30_000_000, False),
    ]
    assert site.hub.told == [("changed", "film")] * 3
    [shown] = [c for c in (await admin.get(CHANNELS)).json()["channels"] if c["id"] == "film"]
    assert (shown["reconnect_grace_us"], shown["shows_room"]) == (30_000_000, False)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", CHANNELS, {"id": "demo", "name": "x"}, 409, "conflict"),
        ("POST", CHANNELS, {"id": "x"}, 400, "invalid"),
        ("POST", CHANNELS, {"id": "x", "name": "x", "color": "red"}, 400, "invalid"),
        ("POST", CHANNELS, {"id": "x", "name": "x", "on_join": "stop"}, 400, "invalid"),
        ("POST", CHANNELS, {"id": "x", "name": 5}, 400, "invalid"),
        ("POST", CHANNELS, {"id": "x", "name": "x", "max_wait_us": -1}, 400, "invalid"),
        ("POST", CHANNELS, {"id": "x", "name": "x", "reconnect_grace_us": 0.5}, 400, "invalid"),
        ("PATCH", f"{CHANNELS}/demo", {"max_wait_us": 2**53 + 1}, 400, "invalid"),
        ("PATCH", f"{CHANNELS}/demo", {"reconnect_grace_us": "20s"}, 400, "invalid"),
        ("PATCH", f"{CHANNELS}/demo", {"shows_room": None}, 400, "invalid"),
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
        ("POST", "/api/v1/admins", {"username": "server", "password": "x" * 8}, 400, "invalid"),
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


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StorageError("The disk is full."), "database_unusable"),
        (DataFolderError("The disk is full."), "data_folder_unusable"),
    ],
)
@pytest.mark.parametrize("where", ["bunga_cli.store.channels.Channels.create", IDENTIFY])
async def test_a_full_disk_is_told(
    admin: httpx2.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    error: BungaError,
    code: str,
    where: str,
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(where, fail)
    answer = await admin.post(CHANNELS, json={"id": "film", "name": "Films"})
    assert answer.status_code == 507
    assert answer.json() == {"error": {"code": code, "message": "The disk is full."}}


async def test_a_full_disk_says_nothing_of_a_players_token(
    site: Site, member: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(IDENTIFY, fail)
    monkeypatch.setattr("bunga_cli.api.tokens.account_of", fail)
    form = {"refresh": "x", "token": "x"}
    answers = [
        await member.get("/api/site"),
        await member.post("/api/token/refresh/", data=form),
        await member.post("/api/token/verify/", data=form),
    ]
    told = {"detail": "The disk is full."}
    assert [(answer.status_code, answer.json()) for answer in answers] == [(507, told)] * 3


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
        again = await owner.post("/api/v1/admins", json=login)
        token = (await owner.post("/api/token/", data=login)).json()["access"]
    async with site.client(token) as root:
        admins = (await root.get("/api/v1/admins")).json()["admins"]
    assert (made.status_code, again.status_code) == (201, 409)
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


def test_no_password_of_a_body_is_in_an_error() -> None:
    with pytest.raises(ValidationError) as failure:
        NewPassword.model_validate({"password": 271828})
    assert "271828" not in str(failure.value)
    with pytest.raises(ValidationError) as failure:
        NewPassword.model_validate({"passwort": "hunter2-hunter2"})
    assert "hunter2" not in str(failure.value)
