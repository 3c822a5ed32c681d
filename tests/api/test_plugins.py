"""Plugins over HTTP: their administration, their routes, and their services at register."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import quote

import httpx2
import pytest
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, SecretStr
from starlette.routing import Route, Router

from bunga_cli.plugin import (
    Account,
    AccountOnly,
    AdminOnly,
    HttpFailure,
    MediaUrl,
    MemberOnly,
    PluginSettings,
    hookimpl,
)
from bunga_cli.plugin.manager import Plugins
from bunga_cli.settings.secrets import MASKED
from tests.api.site import Site
from tests.plugin import zoo
from tests.plugin.kit import MemoryPort, found, running_plugins


class SiteModel(BaseModel):
    host: str = Field("", description="Where it is.")
    key: SecretStr = Field(SecretStr(""), description="Opens it.")


class ChannelModel(BaseModel):
    username: str = Field("", description="Who.")
    password: SecretStr = Field(SecretStr(""), description="Says that it is who.")


class Full(zoo.Working):
    """Has routes of every kind."""

    @hookimpl
    def bunga_settings(self) -> PluginSettings:
        return PluginSettings(SiteModel, ChannelModel)

    @hookimpl
    def bunga_routes(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/api/anybody", self.answer)
        router.add_api_route("/api/account", self.answer, dependencies=[AccountOnly])
        router.add_api_route("/api/admin", self.answer, dependencies=[AdminOnly])
        router.add_api_route("/api/{channel_id:id}/member", self.member)
        router.add_api_route("/api/fails", self.fail)
        router.add_api_route("/api/hangs", self.hang)
        router.add_api_route("/healthz", self.answer)
        inner, innermost = APIRouter(prefix="/inner"), APIRouter(prefix="/innermost")
        innermost.add_api_route("/hangs", self.hang)
        innermost.add_api_route("/needs", self.answer, dependencies=[Depends(self.hang)])
        inner.include_router(innermost)
        router.include_router(inner, prefix="/api")
        router.mount("/api/mounted", Router([Route("/hangs", self.hang)]))
        return router

    async def answer(self) -> str:
        return "the plugin"

    async def member(self, channel_id: str, account: Annotated[Account, MemberOnly]) -> list[str]:
        return [channel_id, account.id]

    async def fail(self) -> None:
        raise HttpFailure("The other server is down.")

    async def hang(self, request: Request) -> None:
        zoo.sleep_long()

    @hookimpl
    def bunga_media_resolvers(self) -> Any:
        return [self]

    async def resolve(self, channel: object, record: Any) -> list[MediaUrl] | None:
        if record.source != "works":
            return None
        return [
            MediaUrl(f"http://works{record.path}", {"Referer": "x"}, "video/mp4"),
            MediaUrl(f"/api/files{record.path}"),
        ]


@pytest.fixture
async def plugins(port: MemoryPort) -> AsyncIterator[Plugins]:
    port.channel_ids = ("demo",)
    broken = found("broken", zoo.named("bunga_routes", lambda: 5))
    async with running_plugins(port, found("full", Full()), broken) as plugins:
        yield plugins


RECORD = {"record_id": "r", "title": "A film", "thumb_url": None, "path": "/a.mp4"}


# -- administration ---------------------------------------------------------------------------


async def test_all_plugins_are_listed_with_their_health(admin: httpx2.AsyncClient) -> None:
    answer = (await admin.get("/api/v1/plugins")).json()["plugins"]
    assert [(p["name"], p["state"], p["reason"]) for p in answer] == [
        ("full", "active", ""),
        ("broken", "failed", "bunga_routes returned a value of type int, not APIRouter."),
    ]
    check = {"name": "all", "state": "ok", "text": "It works.", "details": {"version": "1"}}
    assert [p["checks"] for p in answer] == [[{**check, "picture": ""}], []]


async def test_one_plugin_is_shown_and_checked(admin: httpx2.AsyncClient) -> None:
    shown = (await admin.get("/api/v1/plugins/full")).json()
    assert (shown["name"], shown["version"], shown["source"]) == ("full", "1.0", "a test")
    assert "bunga_routes" in shown["hooks"]
    checks = (await admin.post("/api/v1/plugins/full/check")).json()["checks"]
    assert [check["state"] for check in checks] == ["ok"]


async def test_a_plugin_that_is_not_there_is_not_found(admin: httpx2.AsyncClient) -> None:
    for method, path in (("GET", ""), ("POST", "/enable"), ("GET", "/settings")):
        answer = await admin.request(method, f"/api/v1/plugins/ful{path}")
        assert answer.status_code == 404
        assert "did you mean full?" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/full"),
        ("POST", "/full/disable"),
        ("GET", "/full/settings"),
        ("PATCH", "/full/settings"),
    ],
)
async def test_only_admins_may(
    member: httpx2.AsyncClient, stranger: httpx2.AsyncClient, method: str, path: str
) -> None:
    assert (await member.request(method, f"/api/v1/plugins{path}")).status_code == 403
    assert (await stranger.request(method, f"/api/v1/plugins{path}")).status_code == 401


async def test_settings_are_shown_and_changed_but_secrets_are_not_told(
    admin: httpx2.AsyncClient,
) -> None:
    changes = {"host": "http://h", "key": "s3cret"}
    answer = await admin.patch("/api/v1/plugins/full/settings", json=changes)
    assert answer.status_code == 200
    assert "s3cret" not in answer.text
    assert answer.json() == (await admin.get("/api/v1/plugins/full/settings")).json()
    host, key = answer.json()["settings"]
    assert host == {
        "name": "host",
        "description": "Where it is.",
        "value": "http://h",
        "default": "",
        "is_secret": False,
    }
    assert (key["value"], key["is_secret"]) == ("**********", True)
    names = [field["name"] for field in answer.json()["channel_settings"]]
    assert names == ["username", "password"]


@pytest.mark.parametrize(
    ("path", "field"),
    [("plugins/full/settings", "key"), ("channels/demo/plugins/full", "password")],
)
async def test_a_secret_is_not_overwritten_by_what_was_shown_in_its_place(
    site: Site, admin: httpx2.AsyncClient, port: MemoryPort, path: str, field: str
) -> None:
    await admin.patch(f"/api/v1/{path}", json={field: "s3cret"})
    shown = (await admin.get(f"/api/v1/{path}")).json()["settings"]
    back = {row["name"]: row["value"] for row in shown if row["is_secret"]}
    answer = await admin.patch(f"/api/v1/{path}", json=back)
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        400,
        f"plugins.full.{field}: {MASKED}",
    )
    kept = {**port.tables.get("full", {}), **port.channel_tables.get(("demo", "full"), {})}
    assert kept[field] == "s3cret"


async def test_a_wrong_setting_is_refused(admin: httpx2.AsyncClient) -> None:
    answer = await admin.patch("/api/v1/plugins/full/settings", json={"hots": "h"})
    assert answer.status_code == 400
    message = "plugins.full.hots is unknown; did you mean plugins.full.host?"
    assert answer.json()["error"] == {"code": "settings_invalid", "message": message}


async def test_settings_of_a_channel_are_its_own(
    site: Site, admin: httpx2.AsyncClient, port: MemoryPort
) -> None:
    path = "/api/v1/channels/demo/plugins/full"
    answer = await admin.patch(path, json={"username": "ann"})
    assert [field["value"] for field in answer.json()["settings"]] == ["ann", ""]
    assert answer.json() == (await admin.get(path)).json()
    assert port.channel_tables == {("demo", "full"): {"username": "ann"}}
    for method in ("GET", "PATCH"):
        nowhere = await admin.request(method, path.replace("demo", "nowhere"), json={})
        assert nowhere.status_code == 404


# -- routes -----------------------------------------------------------------------------------


async def test_a_plugins_route_asks_who_calls_if_it_wants_to(
    site: Site,
    admin: httpx2.AsyncClient,
    member: httpx2.AsyncClient,
    stranger: httpx2.AsyncClient,
) -> None:
    paths = ["/api/anybody", "/api/account/", "/api/admin", "/api/demo/member"]
    statuses = {
        client: [(await client.get(path)).status_code for path in paths]
        for client in (stranger, member, admin)
    }
    assert statuses[stranger] == [200, 403, 403, 403]
    assert statuses[member] == [200, 200, 403, 200]
    assert statuses[admin] == [200, 200, 200, 200]
    async with site.client(is_local=True) as local:
        assert (await local.get("/api/admin")).status_code == 200


async def test_a_member_of_one_channel_is_none_of_another(
    site: Site, member: httpx2.AsyncClient
) -> None:
    await site.context.store.channels.create("a/b", "")
    assert (await member.get("/api/demo/member")).json() == ["demo", "ann"]
    assert (await member.get(f"/api/{quote('a/b', safe='')}/member")).status_code == 403


async def test_a_plugin_cannot_take_a_path_of_the_server(stranger: httpx2.AsyncClient) -> None:
    assert (await stranger.get("/healthz")).json() == {"status": "ok"}


async def test_a_failure_of_a_plugin_is_told_in_json(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/api/fails")
    assert (answer.status_code, answer.json()) == (502, {"detail": "The other server is down."})


@pytest.mark.parametrize(
    "path", ["hangs", "inner/innermost/hangs", "inner/innermost/needs", "mounted/hangs"]
)
async def test_a_route_that_hangs_is_interrupted(stranger: httpx2.AsyncClient, path: str) -> None:
    answer = await stranger.get(f"/api/{path}")
    assert (answer.status_code, answer.json()) == (500, {"detail": "Server error."})


async def test_routes_come_and_go_with_their_plugin(
    admin: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    assert "/api/anybody" in (await stranger.get("/api/openapi.json")).json()["paths"]
    assert (await admin.post("/api/v1/plugins/full/disable")).json()["state"] == "disabled"
    assert (await stranger.get("/api/anybody")).status_code == 404
    assert "/api/anybody" not in (await stranger.get("/api/openapi.json")).json()["paths"]
    assert (await admin.post("/api/v1/plugins/full/enable")).json()["state"] == "active"
    assert (await stranger.get("/api/anybody")).json() == "the plugin"


# -- what players get -------------------------------------------------------------------------


async def test_a_player_that_registers_gets_every_service(
    site: Site, stranger: httpx2.AsyncClient
) -> None:
    form = {"username": "ben", "password": "x"}
    answer = (await stranger.post("/api/channels/demo/register/", data=form)).json()
    assert answer["works"] == {"channel": "demo", "account": "ben"}
    assert (answer["voice_call"], answer["bilibili"], answer["alist"]) == (None, None, None)


async def test_a_record_is_resolved_for_members(
    site: Site, member: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    path = "/api/channels/demo/resolve"
    answer = await member.post(path, json={**RECORD, "source": "works"})
    assert answer.json()["urls"] == [
        {"url": "http://works/a.mp4", "headers": {"Referer": "x"}, "mime": "video/mp4"},
        {"url": "http://bunga.test/api/files/a.mp4", "headers": {}, "mime": None},
    ]
    unknown = await member.post(path, json={**RECORD, "source": "http"})
    assert unknown.json() == {"urls": []}
    assert (await stranger.post(path, json={**RECORD, "source": "works"})).status_code == 403
