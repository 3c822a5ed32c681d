"""What gets into the audit log, and what never does."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, SecretStr

from bunga_cli.api import channels, client_logs, monitor, site, v1
from bunga_cli.api.audit import SIGN_IN_FAILED, Actor, AuditLog, action_of
from bunga_cli.api.deeds import DEEDS, NO_DEEDS, name_of
from bunga_cli.api.noting import READING, NotedRoute
from bunga_cli.api.throttle import MINUTE_US
from bunga_cli.auth.token_office import Order
from bunga_cli.errors import DatabaseError
from bunga_cli.plugin import AccountOnly, AdminOnly, PluginSettings, hookimpl
from bunga_cli.plugin.manager import Plugins
from bunga_cli.store import Store
from bunga_cli.sync.views import RoomView
from tests.api.site import PASSWORD, Site
from tests.plugin import zoo
from tests.plugin.kit import MemoryPort, found, running_plugins

SECRET = "hunter2-hunter2"
ANN = Actor("ann", "console", "192.0.2.7")


class Secretive(BaseModel):
    host: str = Field("", description="Where it is.")
    key: SecretStr = Field(SecretStr(""), description="Opens it.")


class Plugin(zoo.Working):
    """Has a secret, for the site and for channels, and routes for admins and for others."""

    @hookimpl
    def bunga_settings(self) -> PluginSettings:
        return PluginSettings(Secretive, Secretive)

    @hookimpl
    def bunga_routes(self) -> APIRouter:
        router = APIRouter(prefix="/api/told")
        methods = ["GET", "POST", "DELETE"]
        router.add_api_route("/admin", self.answer, methods=methods, dependencies=[AdminOnly])
        router.add_api_route("/account", self.answer, methods=methods, dependencies=[AccountOnly])
        return router

    async def answer(self) -> str:
        return SECRET


@pytest.fixture
async def plugins(port: MemoryPort) -> AsyncIterator[Plugins]:
    port.channel_ids = ("demo",)
    async with running_plugins(port, found("told", Plugin())) as plugins:
        yield plugins


async def noted(client: httpx2.AsyncClient, **query: str | int) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/audit", params=query)
    return list(answer.json()["entries"])


def changing() -> Iterator[APIRoute]:
    """Yield every route by which admins change something."""
    ours = [router for router, _ in v1.ROUTERS]
    for router in (*ours, channels.router, site.router, monitor.router, client_logs.router):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            if not set(route.methods or ()) <= READING:
                yield route


def test_every_route_that_changes_something_is_noted_by_a_name_of_its_own() -> None:
    names = {name_of(route.endpoint) for route in changing()}
    assert names == {*DEEDS, *NO_DEEDS}
    assert [r.path for r in changing() if not isinstance(r, NotedRoute)] == []
    assert all(deed.action.count(".") == 1 for deed in DEEDS.values())
    assert action_of(v1.channels.create_channel) == "channels.create"


V1 = "/api/v1"
Case = tuple[str, str, object, str, str, dict[str, str]]
CASES: list[Case] = [
    (
        "POST",
        f"{V1}/channels",
        {"id": "film", "name": " Films ", "allow_new_client": False},
        "channels.create",
        "film",
        {"name": "Films", "allow_new_client": "no", "shows_room": "no"},
    ),
    (
        "PATCH",
        f"{V1}/channels/demo",
        {"name": "New", "on_join": None},
        "channels.set",
        "demo",
        {"name": "New", "on_join": "default"},
    ),
    ("DELETE", f"{V1}/channels/demo", None, "channels.delete", "demo", {}),
    ("PUT", f"{V1}/channels/demo/members/bob", None, "members.add", "bob", {"channel_id": "demo"}),
    (
        "DELETE",
        f"{V1}/channels/demo/members/ann",
        None,
        "members.remove",
        "ann",
        {"channel_id": "demo"},
    ),
    ("POST", f"{V1}/rooms/demo/play", None, "rooms.play", "demo", {}),
    ("POST", f"{V1}/rooms/demo/pause", None, "rooms.pause", "demo", {}),
    (
        "POST",
        f"{V1}/rooms/demo/seek",
        {"offset_us": -5},
        "rooms.seek",
        "demo",
        {"offset_us": "-5"},
    ),
    (
        "POST",
        f"{V1}/rooms/demo/project",
        {"url": f"https://me:{SECRET}@films.example/1.mp4?sign={SECRET}#{SECRET}", "title": "A"},
        "rooms.project",
        "demo",
        {"title": "A", "url": "https://films.example/1.mp4"},
    ),
    ("POST", f"{V1}/rooms/demo/say", {"text": "Tea?"}, "rooms.say", "demo", {"text": "Tea?"}),
    ("POST", f"{V1}/rooms/demo/reset", None, "rooms.reset", "demo", {}),
    ("DELETE", f"{V1}/accounts/ann", None, "accounts.delete", "ann", {}),
    (
        "POST",
        f"{V1}/accounts/ann/ban",
        {"channel_id": "demo", "reason": "spam"},
        "accounts.ban",
        "ann",
        {"channel_id": "demo", "reason": "spam"},
    ),
    ("POST", f"{V1}/accounts/ann/ban", {}, "accounts.ban", "ann", {}),
    (
        "POST",
        f"{V1}/accounts/ann/kick",
        {"channel_id": "demo"},
        "accounts.kick",
        "ann",
        {"channel_id": "demo"},
    ),
    (
        "POST",
        f"{V1}/accounts/ann/reset-password",
        {"password": SECRET},
        "accounts.reset_password",
        "ann",
        {},
    ),
    ("POST", f"{V1}/accounts/ann/reset-password", {}, "accounts.reset_password", "ann", {}),
    ("POST", f"{V1}/admins", {"username": "eve", "password": SECRET}, "admins.create", "eve", {}),
    ("POST", f"{V1}/admins/boss/passwd", {"password": SECRET}, "admins.passwd", "boss", {}),
    ("DELETE", f"{V1}/admins/boss", None, "admins.delete", "boss", {}),
    (
        "POST",
        f"{V1}/tokens/revoke",
        {"account": "ann"},
        "tokens.revoke",
        "ann",
        {"of": "an account"},
    ),
    ("POST", f"{V1}/tokens/revoke", {"all": True}, "tokens.revoke", "", {"of": "all"}),
    ("POST", f"{V1}/secret/rotate", {"overlap_us": 0}, "secret.rotate", "", {}),
    ("POST", f"{V1}/plugins/told/disable", None, "plugins.disable", "told", {}),
    ("POST", f"{V1}/plugins/told/enable", None, "plugins.enable", "told", {}),
    (
        "PATCH",
        f"{V1}/plugins/told/settings",
        {"host": "a.example", "key": SECRET},
        "plugins.set",
        "told",
        {"host": "a.example", "key": "**********"},
    ),
    (
        "PATCH",
        f"{V1}/channels/demo/plugins/told",
        {"host": None, "key": SECRET},
        "plugins.set",
        "told",
        {"channel_id": "demo", "host": "default", "key": "**********"},
    ),
    (
        "PATCH",
        f"{V1}/settings",
        {"sync.max_wait": "10s", "site.name": None},
        "settings.set",
        "sync.max_wait, site.name",
        {"sync.max_wait": "10s", "site.name": "default"},
    ),
    (
        "PATCH",
        f"{V1}/settings",
        {"plugins.told.key": SECRET},
        "settings.set",
        "plugins.told.key",
        {"plugins.told.key": "**********"},
    ),
    (
        "POST",
        "/api/channels/",
        {"channel_id": "film", "name": "Films"},
        "channels.create",
        "film",
        {"name": "Films", "allow_new_client": "yes"},
    ),
    (
        "PATCH",
        "/api/channels/demo/",
        {"allow_new_client": False},
        "channels.set",
        "demo",
        {"name": "Demo room", "allow_new_client": "no"},
    ),
    ("DELETE", "/api/channels/demo/", None, "channels.delete", "demo", {}),
    ("PUT", "/api/site/", {"name": "Mine"}, "settings.set", "site.name", {"site.name": "Mine"}),
    ("POST", "/api/monitor/demo/reset/", None, "rooms.reset", "demo", {}),
    ("DELETE", "/api/client-logs/1/", None, "client_logs.delete", "1", {}),
    (
        "DELETE",
        "/api/told/admin",
        None,
        "plugins.request",
        "told",
        {"request": "DELETE /api/told/admin"},
    ),
]


@pytest.fixture
async def busy(site: Site, admin: httpx2.AsyncClient, member: httpx2.AsyncClient) -> Site:
    """A site in which there is something of everything that can be changed."""
    await site.token_of("bob")
    await site.token_of("boss", is_admin=True)
    await member.post("/api/client-logs/", files={"file": b"x"}, data={"channel_id": "demo"})
    view = RoomView("demo", "paused", 10, None, (), (), (), call_pending=False, connections=1)
    site.hub.live["demo"] = view
    return site


@pytest.mark.parametrize("case", CASES, ids=[f"{case[3]}-{case[0]} {case[1]}" for case in CASES])
async def test_a_change_is_noted(busy: Site, admin: httpx2.AsyncClient, case: Case) -> None:
    """A case is a request, and the action, subject and details that are noted of it."""
    method, path, body, *told = case
    answer = await admin.request(method, path, json=body)
    assert answer.is_success, answer.text
    [entry] = await noted_by_owner(busy)
    assert (entry["actor"], entry["via"], entry["address"]) == ("admin", "api", "127.0.0.1")
    assert [entry["action"], entry["subject"], entry["details"]] == told


async def noted_by_owner(site: Site) -> list[dict[str, Any]]:
    """Return the entries as the data folder's owner sees them: no token has to be good for it."""
    async with site.client(is_local=True) as owner:
        return await noted(owner)


async def test_what_got_an_id_by_itself_is_found_by_it(
    site: Site, admin: httpx2.AsyncClient
) -> None:
    channel = (await admin.post("/api/v1/channels", json={"name": "X"})).json()["id"]
    new = {"kind": "api", "scopes": ["rooms:read", "rooms:control"], "name": "bot"}
    token = (await admin.post("/api/v1/tokens", json=new)).json()
    issued, created = await noted(admin)
    assert (created["subject"], issued["subject"]) == (channel, token["id"])
    scopes = "rooms:read, rooms:control"
    assert issued["details"] == {"kind": "api", "scopes": scopes, "name": "bot"}


async def test_no_secret_is_ever_in_the_database(busy: Site, tmp_path: Path) -> None:
    async with busy.client(is_local=True) as owner:
        for method, path, body, *_ in CASES:
            if method != "DELETE":
                await owner.request(method, path, json=body)
        new = {"kind": "api", "scopes": ["admin"]}
        issued = (await owner.post("/api/v1/tokens", json=new)).json()
    with closing(sqlite3.connect(tmp_path / "bunga.db")) as database:
        rows = [str(row) for row in database.execute("SELECT * FROM audit")]
    assert len(rows) > len(CASES) // 2
    assert [row for row in rows if SECRET in row or issued["token"] in row] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{V1}/channels", None),
        ("POST", f"{V1}/channels", {"id": "demo", "name": "There is one"}),
        ("POST", f"{V1}/channels", {"name": ""}),
        ("DELETE", f"{V1}/channels/nowhere", None),
        ("PATCH", f"{V1}/settings", {"sync.max_wait": "soon"}),
        ("POST", f"{V1}/tokens/inspect", {"token": "x"}),
        ("POST", f"{V1}/plugins/told/check", None),
        ("POST", "/api/channels/", {"channel_id": "demo", "name": "There is one"}),
        ("GET", "/api/told/admin", None),
        ("PUT", "/api/told/admin", None),
        ("POST", "/api/told/account", None),
    ],
)
async def test_what_was_refused_or_only_asked_is_not_noted(
    site: Site, admin: httpx2.AsyncClient, method: str, path: str, body: object
) -> None:
    await admin.request(method, path, json=body)
    assert await noted(admin) == []


async def test_who_may_not_change_anything_is_not_noted(
    site: Site, member: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    for client in (member, stranger):
        await client.delete("/api/v1/channels/demo")
        await client.post("/api/told/admin")
    assert await noted_by_owner(site) == []


async def test_the_way_tells_the_owner_of_the_folder_from_who_comes_from_afar(site: Site) -> None:
    order = Order("api", scopes=("channels:write",), name="film bot")
    _, token = await site.context.token_office.issue(order)
    async with site.client(is_local=True) as owner, site.client(token) as bot:
        await owner.patch("/api/v1/channels/demo", json={"name": "1"})
        await bot.patch("/api/v1/channels/demo", json={"name": "2"})
        last, first = await noted(owner)
    assert (first["actor"], first["via"]) == ("admin", "socket")
    assert (last["actor"], last["via"]) == ("token film bot", "api")


async def test_a_plugins_request_that_is_repeated_is_noted_once(
    site: Site, admin: httpx2.AsyncClient
) -> None:
    for _ in range(3):
        await admin.post("/api/told/admin")
    await admin.delete("/api/told/admin")
    assert [entry["details"]["request"] for entry in await noted(admin)] == [
        "DELETE /api/told/admin",
        "POST /api/told/admin",
    ]


@pytest.mark.parametrize("path", [f"{V1}/rooms/demo/reset", "/api/monitor/demo/reset/"])
async def test_a_reset_of_a_room_that_is_not_alive_is_not_noted(
    site: Site, admin: httpx2.AsyncClient, path: str
) -> None:
    assert (await admin.post(path)).is_success
    assert await noted(admin) == []


async def test_the_log_is_searched_narrowed_and_read_on(
    busy: Site, admin: httpx2.AsyncClient
) -> None:
    for name in ("1", "2", "3"):
        await admin.patch("/api/v1/channels/demo", json={"name": f"Name {name}"})
    await admin.post("/api/v1/rooms/demo/reset")
    newest, *others = await noted(admin)
    assert newest["action"] == "rooms.reset"
    assert [entry["details"]["name"] for entry in others] == ["Name 3", "Name 2", "Name 1"]
    assert await noted(admin, search="name 2") == [others[1]]
    assert await noted(admin, action="rooms.") == [newest]
    assert await noted(admin, limit=1, before=others[0]["id"]) == [others[1]]


@pytest.mark.parametrize("scope", ["rooms:read", "rooms:control", "channels:write"])
async def test_only_admins_read_it(site: Site, scope: Any) -> None:
    _, token = await site.context.token_office.issue(Order("api", scopes=(scope,)))
    async with site.client(token) as bot:
        assert (await bot.get("/api/v1/audit")).status_code == 403


# -- signing in -----------------------------------------------------------------------------------


async def test_a_sign_in_that_failed_is_noted_with_its_account(
    site: Site, member: httpx2.AsyncClient, admin: httpx2.AsyncClient
) -> None:
    credentials = {"username": "ann", "password": SECRET}
    await member.post("/api/token/", data=credentials)
    await member.post("/api/channels/demo/register/", data=credentials)
    await member.post("/api/token/", data={"username": "ann", "password": PASSWORD})
    entries = await noted(admin)
    assert [(entry["action"], entry["subject"]) for entry in entries] == [
        (SIGN_IN_FAILED, "ann")
    ] * 2
    assert (entries[0]["actor"], entries[0]["via"]) == ("ann", "api")
    assert SECRET not in str(entries)


async def test_a_name_that_nobody_has_is_not_told_as_it_may_be_a_password(
    site: Site, stranger: httpx2.AsyncClient, admin: httpx2.AsyncClient
) -> None:
    await stranger.post("/api/token/", data={"username": SECRET, "password": "x"})
    [entry] = await noted(admin)
    assert (entry["actor"], entry["details"]) == ("", {"account": "unknown"})


class Guesser:
    """Fails to sign in, from as many addresses as it likes, at a time that it sets."""

    def __init__(self, store: Store) -> None:
        self.now_us = MINUTE_US
        self.log = AuditLog(store, lambda: self.now_us)

    async def fail(self, times: int, *addresses: str) -> None:
        for _ in range(times):
            for address in addresses:
                await self.log.sign_in_failed("", address)

    async def told(self) -> list[str]:
        """Return, the last first, from where each was, or how many an entry stands for."""
        rows = await self.log.list(limit=2_000)
        return [row.details.get("more") or row.address for row in rows]


async def test_of_one_address_ten_a_minute_are_told_and_the_others_counted(store: Store) -> None:
    guesser = Guesser(store)
    await guesser.fail(15, "a")
    await guesser.fail(1, "b")
    assert await guesser.told() == ["b", "5", *["a"] * 10]
    guesser.now_us += MINUTE_US
    await guesser.fail(1, "a")
    assert (await guesser.told())[0] == "a"


async def test_of_all_addresses_a_thousand_an_hour_are_told(store: Store) -> None:
    guesser = Guesser(store)
    await guesser.fail(10, *(f"address {number}" for number in range(101)))
    told = await guesser.told()
    assert (len(told), told[0], told[1]) == (1_001, "10", "address 90")
    guesser.now_us += 59 * MINUTE_US
    await guesser.fail(3, "late")
    guesser.now_us += 2 * MINUTE_US
    await guesser.fail(1, "later")
    assert (await guesser.told())[:2] == ["later", "3"]


async def test_what_was_only_counted_is_written_down_at_the_end(store: Store) -> None:
    guesser = Guesser(store)
    await guesser.fail(12, "a")
    await guesser.log.close()
    await guesser.log.close()
    rows = await store.audit.list()
    assert [row.details for row in rows if "more" in row.details] == [{"more": "2"}]


# -- the log itself -------------------------------------------------------------------------------


async def test_texts_are_kept_short_and_harmless(store: Store) -> None:
    log = AuditLog(store)
    many = {f"field {number}": "x" for number in range(60)}
    await log.note(
        ANN, "channels.set", "a\x1b[31m\nb" + "x" * 500, {"name": "\ud800" * 500, **many}
    )
    [row] = await log.list()
    assert row.subject.startswith("a\N{REPLACEMENT CHARACTER}[31m b")
    assert (len(row.subject), len(row.details["name"]), len(row.details)) == (200, 200, 50)
    assert (row.actor, row.via, row.address) == ("ann", "console", "192.0.2.7")


async def test_a_change_stays_made_when_it_cannot_be_noted(
    site: Site,
    admin: httpx2.AsyncClient,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(_entry: object) -> None:
        raise DatabaseError("The disk is full.")

    monkeypatch.setattr(store.audit, "add", fail)
    answer = await admin.patch("/api/v1/channels/demo", json={"name": "New"})
    assert (answer.status_code, answer.json()["name"]) == (200, "New")
    assert "channels.set by admin is not in the audit log." in caplog.text


async def test_a_long_run_forgets_the_oldest(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bunga_cli.api.audit._PURGE_EVERY", 3)
    kept = []

    async def purge() -> None:
        kept.append(len(await store.audit.list()))

    monkeypatch.setattr(store.audit, "purge", purge)
    log = AuditLog(store)
    for _ in range(7):
        await log.note(ANN, "rooms.reset", "lobby")
    assert kept == [3, 6]
