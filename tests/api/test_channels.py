"""What the recordings do not show of `/api/channels/`, `/api/site` and `/api/monitor/`."""

from urllib.parse import quote

import httpx2
import pytest

from bunga_cli.sync.values import Projection, User, VideoRecord
from bunga_cli.sync.views import RoomView, WatcherView
from tests.api.site import Site

ANN = User("ann", "Ann", 120)
FILM = VideoRecord("rec-1", "A film", None, "http", "http://a/b")


def _room(play_state: str = "playing") -> RoomView:
    return RoomView(
        channel_id="demo",
        play_state=play_state,
        position_us=1_500_000,
        projection=Projection(FILM, ANN),
        watchers=(WatcherView(ANN, "ready", 1), WatcherView(User("bob", "Bob", 7), "away", 0)),
        waiting_for=(),
        talking=("ann",),
        call_pending=True,
        connections=1,
    )


async def test_an_id_with_a_slash_can_be_administered(admin: httpx2.AsyncClient) -> None:
    await admin.post("/api/channels/", json={"channel_id": "a/b", "name": "x"})
    path = f"/api/channels/{quote('a/b', safe='')}/"
    assert (await admin.get(path)).json()["channel_id"] == "a/b"
    assert (await admin.delete(path)).status_code == 204


@pytest.mark.parametrize("channel_id", [".", "..", "a\nb", "x" * 201])
async def test_an_id_that_no_address_can_hold_is_refused(
    admin: httpx2.AsyncClient, channel_id: str
) -> None:
    body = {"channel_id": channel_id, "name": "x"}
    answer = await admin.post("/api/channels/", json=body)
    assert answer.status_code == 400
    assert list(answer.json()) == ["channel_id"]


@pytest.mark.parametrize("value", ["perhaps", 7, [], None])
async def test_openness_must_be_a_truth_value(admin: httpx2.AsyncClient, value: object) -> None:
    answer = await admin.patch("/api/channels/demo/", json={"allow_new_client": value})
    assert answer.status_code == 400
    assert list(answer.json()) == ["allow_new_client"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_change_reaches_the_live_room(
    site: Site, admin: httpx2.AsyncClient, method: str
) -> None:
    body = {"channel_id": "demo", "name": "New"}
    answer = await admin.request(method, "/api/channels/demo/", json=body)
    assert answer.json() == {"channel_id": "demo", "name": "New", "allow_new_client": True}
    assert site.hub.told == [("changed", "demo")]


async def test_deleting_a_channel_closes_its_connections(
    site: Site, admin: httpx2.AsyncClient
) -> None:
    await admin.delete("/api/channels/demo/")
    assert site.hub.told == [("deleted", "demo")]


async def test_the_monitor_shows_a_live_room(site: Site, admin: httpx2.AsyncClient) -> None:
    site.hub.live["demo"] = _room()
    assert (await admin.get("/api/monitor/demo/cache")).json() == {
        "channel_id": "demo",
        "channel_status": "PLAYING",
        "current_projection": {
            "record_id": "rec-1",
            "title": "A film",
            "source": "http",
            "sharer_id": "ann",
            "sharer_name": "Ann",
        },
        "watcher_list": [
            {"id": "ann", "name": "Ann", "color_hue": 120},
            {"id": "bob", "name": "Bob", "color_hue": 7},
        ],
        "watcher_count": 2,
        "ready_watchers": ["ann"],
        "talking_watchers": ["ann"],
        "has_pending_call": True,
        "play_status": {"playing": True, "position_seconds": 1.5},
    }


@pytest.mark.parametrize(
    ("play_state", "shown"),
    [("paused", "PAUSED"), ("waiting", "WAITING"), ("seeking", "SEEKING_DURING_PLAYBACK")],
)
async def test_the_monitor_names_states_as_the_original(
    site: Site, admin: httpx2.AsyncClient, play_state: str, shown: str
) -> None:
    site.hub.live["demo"] = _room(play_state)
    room = (await admin.get("/api/monitor/demo/cache")).json()
    assert (room["channel_status"], room["play_status"]["playing"]) == (shown, False)


async def test_patching_the_site_without_a_name_changes_nothing(
    admin: httpx2.AsyncClient,
) -> None:
    assert (await admin.patch("/api/site", json={})).json() == {"id": 1, "name": "My Bunga Server"}
    assert (await admin.put("/api/site", json={})).status_code == 400
