"""Signing in at services of plugins over HTTP, and the linkers of all plugins."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel, Field

from bunga_cli.plugin import (
    Channel,
    Health,
    LinkerInfo,
    PluginFailure,
    PluginSettings,
    SignInCode,
    SignInState,
    hookimpl,
)
from bunga_cli.plugin.manager import Plugins
from bunga_cli.plugin.pictures import as_data
from tests.plugin import zoo
from tests.plugin.kit import MemoryPort, found, running_plugins

DESK = "/api/v1/plugins/office/sign-ins/desk"
PICTURE = as_data(b"GIF89a and so on")


class Desk:
    name, title, per_channel = "desk", "The desk", True
    asked: tuple[Any, ...] = ()

    async def begin(self, channel: Channel | None) -> SignInCode:
        self.asked = ("begin", channel)
        return SignInCode("k/1 ü", "https://desk.test/scan", 180)

    async def poll(self, channel: Channel | None, key: str) -> SignInState:
        self.asked = ("poll", channel, key)
        return SignInState("scanned", "Confirm it.")

    async def sign_out(self, channel: Channel | None) -> None:
        raise PluginFailure("The desk is closed.")


class Shelf:
    answer: Any = ()

    def __init__(self, linker_id: str) -> None:
        self.info = LinkerInfo(linker_id, linker_id.title(), f"https://{linker_id}.test")

    async def search(self, _keyword: str) -> Any:
        return self.answer

    detail = search

    async def sources(self, _key: str, _episode: str) -> Any:
        return self.answer


class Office:
    """Has something of everything."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.shelves = [Shelf("new"), Shelf("old"), Shelf("odd")]

    @hookimpl
    def bunga_sign_ins(self) -> list[Any]:
        return [self.desk]

    @hookimpl
    def bunga_linkers(self) -> list[Any]:
        return self.shelves

    @hookimpl
    def bunga_health_checks(self) -> list[Any]:
        return [self]

    name = "office"

    async def check(self) -> Health:
        return Health("ok", "Open.", {}, PICTURE)


class GallerySettings(BaseModel):
    disabled_linkers: list[str] = Field(["OLD"], description="Which are not asked.")


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
async def plugins(port: MemoryPort, office: Office) -> AsyncIterator[Plugins]:
    shelf = Shelf("New")
    async with running_plugins(
        port,
        found("office", office),
        found("second", zoo.named("bunga_linkers", lambda: [shelf])),
        found("gallery", zoo.named("bunga_settings", lambda: PluginSettings(GallerySettings))),
    ) as plugins:
        yield plugins


# -- signing in -------------------------------------------------------------------------------


async def test_the_ways_to_sign_in_are_listed(admin: httpx2.AsyncClient) -> None:
    listed = (await admin.get("/api/v1/plugins/office/sign-ins")).json()
    desk = {"plugin": "office", "name": "desk", "title": "The desk", "per_channel": True}
    assert listed == {"sign_ins": [desk]}
    assert (await admin.get("/api/v1/plugins/second/sign-ins")).json() == {"sign_ins": []}
    assert (await admin.get("/api/v1/plugins/third/sign-ins")).status_code == 404


async def test_a_channel_signs_in_by_its_name_and_key(
    admin: httpx2.AsyncClient, office: Office
) -> None:
    begun = await admin.post(DESK, json={"channel": "demo"})
    code = {"key": "k/1 ü", "url": "https://desk.test/scan", "expires_s": 180.0}
    assert (begun.status_code, begun.json()) == (201, code)
    demo = Channel("demo", "Demo room")
    assert office.desk.asked == ("begin", demo)
    polled = await admin.post(f"{DESK}/poll", json={"channel": "demo", "key": code["key"]})
    assert polled.json() == {"state": "scanned", "text": "Confirm it."}
    assert office.desk.asked == ("poll", demo, "k/1 ü")


async def test_why_it_does_not_work_is_told(admin: httpx2.AsyncClient) -> None:
    refused = await admin.post(f"{DESK}/sign-out", json={"channel": "demo"})
    error = {"code": "plugin_failed", "message": "The desk is closed."}
    assert (refused.status_code, refused.json()) == (502, {"error": error})


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (DESK, {"channel": "nowhere"}, 404),
        (DESK.replace("desk", "disk"), {"channel": "demo"}, 404),
        (DESK.replace("office", "ofice"), {"channel": "demo"}, 404),
        (DESK, {}, 400),
        (DESK, {"channel": 5}, 400),
        (DESK, {"channel": "demo", "more": 1}, 400),
        (f"{DESK}/poll", {"channel": "demo"}, 400),
        (f"{DESK}/poll", {"channel": "demo", "key": ""}, 400),
        (f"{DESK}/poll", {"channel": "demo", "key": "x" * 501}, 400),
    ],
)
async def test_what_makes_no_sense_is_refused_and_no_plugin_is_asked(
    admin: httpx2.AsyncClient, office: Office, path: str, body: dict[str, object], status: int
) -> None:
    assert (await admin.post(path, json=body)).status_code == status
    assert office.desk.asked == ()


@pytest.mark.parametrize("path", [DESK, f"{DESK}/poll", f"{DESK}/sign-out"])
async def test_only_admins_sign_in(
    member: httpx2.AsyncClient, stranger: httpx2.AsyncClient, office: Office, path: str
) -> None:
    body = {"channel": "demo", "key": "k"}
    assert (await member.post(path, json=body)).status_code == 403
    assert (await stranger.post(path, json=body)).status_code == 401
    assert office.desk.asked == ()


# -- linkers and pictures ---------------------------------------------------------------------


async def test_linkers_are_listed_with_their_plugin_and_how_they_stand(
    admin: httpx2.AsyncClient, plugins: Plugins, office: Office
) -> None:
    office.shelves[2].answer = 5
    [*_, odd] = plugins.linkers()
    with pytest.raises(Exception, match="not a list"):
        await odd.search("film")
    listed = (await admin.get("/api/v1/linkers")).json()["linkers"]
    broken = "The linker odd returned a value of type int, not a list."
    in_vain = "It is not used; a linker with this id was there before."
    assert [(each["id"], each["plugin"], each["state"], each["reason"]) for each in listed] == [
        ("new", "office", "active", ""),
        ("old", "office", "disabled", ""),
        ("odd", "office", "failing", broken),
        ("New", "second", "unused", in_vain),
    ]
    assert (listed[0]["name"], listed[0]["url"]) == ("New", "https://new.test")


async def test_linkers_are_listed_without_a_gallery(
    admin: httpx2.AsyncClient, plugins: Plugins
) -> None:
    plugins._by_name.pop("gallery")
    listed = (await admin.get("/api/v1/linkers")).json()["linkers"]
    assert [each["state"] for each in listed] == ["active", "active", "active", "unused"]


async def test_only_admins_see_the_linkers(
    member: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    assert (await member.get("/api/v1/linkers")).status_code == 403
    assert (await stranger.get("/api/v1/linkers")).status_code == 401


async def test_a_check_brings_its_picture_along(admin: httpx2.AsyncClient) -> None:
    [check] = (await admin.post("/api/v1/plugins/office/check")).json()["checks"]
    assert (check["text"], check["picture"]) == ("Open.", PICTURE)
