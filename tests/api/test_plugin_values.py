"""What plugins hand over, as those meet it who ask the server: one bad value is no other's harm."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel, Field, field_validator

from bunga_cli.api.register import Registration
from bunga_cli.api.services import EXPECTED
from bunga_cli.errors import Conflict, NotFound
from bunga_cli.plugin import (
    Health,
    HttpFailure,
    Invalid,
    MediaUrl,
    PluginFailure,
    PluginSettings,
    Service,
    hookimpl,
    site_settings,
)
from bunga_cli.plugin.manager import Plugins
from bunga_cli.plugin.provided import RESERVED_KEYS
from tests.api.site import Site
from tests.plugin import zoo
from tests.plugin.kit import MemoryPort, found, running_plugins

FORM = {"username": "ben", "password": "x"}
REGISTER = "/api/channels/demo/register/"
RECORD = {"record_id": "r", "source": "x", "path": "/a"}


class Says:
    """Hands over what the test wants."""

    def __init__(self) -> None:
        self.issued: dict[str, Any] = dict.fromkeys((*EXPECTED, "other"))
        self.health: Any = Health("ok", "")
        self.resolved: Any = None

    @hookimpl
    def bunga_services(self) -> list[Any]:
        return [SimpleNamespace(key=key, issue=self._issuing(key)) for key in self.issued]

    def _issuing(self, key: str) -> Any:
        async def issue(_channel: object, _account: object) -> Any:
            return self.issued[key]

        return issue

    @hookimpl
    def bunga_health_checks(self) -> list[Any]:
        async def check() -> Any:
            return self.health

        return [SimpleNamespace(name="a check", check=check)]

    @hookimpl
    def bunga_media_resolvers(self) -> list[Any]:
        async def resolve(_channel: object, _record: object) -> Any:
            if isinstance(self.resolved, Exception):
                raise self.resolved
            return self.resolved

        return [SimpleNamespace(resolve=resolve)]


class Odd(BaseModel):
    anything: Any = Field(None, description="Whatever you like.")
    limit: float = Field(1.0, description="A number.")
    slow: str = Field("", description="Looks for long.")

    @field_validator("slow")
    @classmethod
    def _look_for_long(cls, slow: str) -> str:
        if slow:
            zoo.released.wait(60)
        return slow


def setting() -> Any:
    return zoo.named("bunga_settings", lambda: PluginSettings(Odd, Odd))


@pytest.fixture
def says() -> Says:
    return Says()


@pytest.fixture
async def plugins(port: MemoryPort, says: Says) -> AsyncIterator[Plugins]:
    port.channel_ids = ("demo",)
    working, odd = found("works", zoo.Working()), found("odd", setting())
    async with running_plugins(port, found("says", says), working, odd) as plugins:
        yield plugins


async def register(client: httpx2.AsyncClient) -> dict[str, Any]:
    answer = await client.post(REGISTER, data=FORM)
    assert answer.status_code in (200, 201)
    body: dict[str, Any] = answer.json()
    return body


# -- services ---------------------------------------------------------------------------------


def test_no_service_can_take_the_place_of_what_the_server_answers() -> None:
    assert {*Registration.model_fields} - {*EXPECTED} == RESERVED_KEYS


@pytest.mark.parametrize("key", EXPECTED)
@pytest.mark.parametrize(
    "value", [{}, {"a": [{"b": None}]}, {"": {}}, {"token": 5, "channel": True}, {"a": 2**63 - 1}]
)
async def test_a_service_may_be_any_json(
    site: Site, stranger: httpx2.AsyncClient, says: Says, key: str, value: dict[str, object]
) -> None:
    says.issued[key] = Service(value)
    assert (await register(stranger))[key] == value


@pytest.mark.parametrize(
    "value",
    [{1: 2}, {"a": "\ud800"}, {"\ud800": 1}, {"a": float("nan")}, {"a": [{()}]}, [1], "text", None],
)
async def test_whoever_registers_gets_the_rest_if_one_service_is_no_json(
    site: Site, stranger: httpx2.AsyncClient, says: Says, plugins: Plugins, value: Any
) -> None:
    says.issued |= {"voice_call": Service(value), "other": Service({"a": 1})}
    answer = await register(stranger)
    assert (answer["voice_call"], answer["other"]) == (None, {"a": 1})
    assert answer["works"] == {"channel": "demo", "account": "ben"}
    assert "service voice_call: What it issued is no JSON" in plugins.status("says").reason


async def test_a_channel_that_is_deleted_takes_its_credentials_along(
    site: Site, stranger: httpx2.AsyncClient, admin: httpx2.AsyncClient, says: Says
) -> None:
    says.issued["alist"] = Service({"token": "old"}, per_account=False)
    assert (await register(stranger))["alist"] == {"token": "old"}
    says.issued["alist"] = None
    assert (await register(stranger))["alist"] == {"token": "old"}
    assert (await admin.delete("/api/v1/channels/demo")).status_code == 204
    await site.context.store.channels.create("demo", "Another one")
    assert (await register(stranger))["alist"] is None


# -- health -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "health",
    [
        None,
        5,
        Health("purple", ""),  # type: ignore[arg-type]
        Health("ok", 5),  # type: ignore[arg-type]
        Health("ok", "", {"a": 5}),  # type: ignore[dict-item]
        Health("ok", "", 5),  # type: ignore[arg-type]
    ],
)
async def test_a_check_that_says_nonsense_is_a_row_among_others(
    admin: httpx2.AsyncClient, says: Says, health: Any
) -> None:
    says.health = health
    rows = (await admin.get("/api/v1/plugins")).json()["plugins"]
    states = {row["name"]: [check["state"] for check in row["checks"]] for row in rows}
    assert states == {"says": ["failure"], "works": ["ok"], "odd": []}


@pytest.mark.parametrize("text", ["\ud800", "a\n\x1b[31mb", "x" * 5000])
async def test_what_a_check_says_can_be_shown(
    admin: httpx2.AsyncClient, says: Says, text: str
) -> None:
    says.health = Health("ok", text, {text: text})
    [check] = (await admin.post("/api/v1/plugins/says/check")).json()["checks"]
    assert check["state"] == "ok"
    assert all(map(str.isprintable, [check["text"], *check["details"], *check["details"].values()]))


# -- resolving --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (NotFound("There is no film 'a'."), 404),
        (PluginFailure("'a' is no place on the shelf."), 400),
        (Invalid("'a' is no place on the shelf."), 400),
        (HttpFailure("example.org does not answer."), 400),
        (Conflict("It is being moved."), 400),
    ],
)
async def test_who_asks_for_an_address_is_told_why_there_is_none(
    member: httpx2.AsyncClient, says: Says, plugins: Plugins, refusal: Exception, status: int
) -> None:
    says.resolved = refusal
    answer = await member.post("/api/channels/demo/resolve", json=RECORD)
    assert (answer.status_code, answer.json()) == (status, {"detail": str(refusal)})
    assert plugins.status("says").reason == ""


@pytest.mark.parametrize(
    "wrong",
    [
        RuntimeError("no luck"),
        ["http://a"],
        [MediaUrl(5)],  # type: ignore[arg-type]
        [MediaUrl("/", {"a": 1})],  # type: ignore[dict-item]
        [MediaUrl("\ud800")],
    ],
)
async def test_a_resolver_that_fails_is_a_reason_of_its_plugin(
    member: httpx2.AsyncClient, says: Says, plugins: Plugins, wrong: Any
) -> None:
    says.resolved = wrong
    answer = await member.post("/api/channels/demo/resolve", json=RECORD)
    assert (answer.status_code, answer.json()) == (200, {"urls": []})
    assert plugins.status("says").reason.startswith("bunga_media_resolvers: ")


# -- settings ---------------------------------------------------------------------------------

SETTINGS = ["/api/v1/plugins/odd/settings", "/api/v1/channels/demo/plugins/odd"]


@pytest.mark.parametrize("path", SETTINGS)
@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("[[null]]", "a null"),
        ('{"a": null}', "a null"),
        ("1" + "0" * 30, "a number of more than 64 bits"),
        ('"\\ud800"', "text that is no UTF-8"),
        ("NaN", "a number that is not finite"),
        ("[" * 40 + "]" * 40, "something that is nested more than 32 deep"),
    ],
)
async def test_what_cannot_be_kept_is_refused_and_nothing_is_written(
    site: Site, admin: httpx2.AsyncClient, port: MemoryPort, path: str, value: str, what: str
) -> None:
    before = (await admin.get(path)).json()
    headers = {"Content-Type": "application/json"}
    body = f'{{"anything": {value}, "limit": 2}}'
    answer = await admin.patch(path, content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].endswith(f"anything: cannot be kept: it holds {what}.")
    assert (port.tables, port.channel_tables) == ({}, {})
    assert (await admin.get(path)).json() == before


@pytest.mark.parametrize("path", SETTINGS)
async def test_what_cannot_be_shown_is_refused(
    site: Site, admin: httpx2.AsyncClient, port: MemoryPort, path: str
) -> None:
    answer = await admin.patch(path, json={"limit": "inf"})
    message = "The setting 'limit' cannot be shown: it holds a number that is not finite."
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)
    assert (port.tables, port.channel_tables) == ({}, {})


async def test_a_name_that_is_no_text_is_refused(site: Site, admin: httpx2.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    for path in SETTINGS:
        answer = await admin.patch(path, content=b'{"\\ud800": 1}', headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "settings_invalid")


@pytest.mark.parametrize("path", SETTINGS)
async def test_a_validator_that_takes_its_time_keeps_nobody_waiting(
    site: Site, admin: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    zoo.released.clear()
    monkeypatch.setattr(site_settings, "LIMIT_S", 0.3)
    try:
        changing = asyncio.create_task(admin.patch(path, json={"slow": "x"}))
        turns = 0
        while not changing.done():
            await asyncio.sleep(0)
            turns += 1
        answer = await changing
        again = await admin.patch(path, json={"limit": 2})
    finally:
        zoo.released.set()
    assert turns > 100  # the others had theirs meanwhile
    message = "plugins.odd: It did not return within 0.3 s."
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)
    assert (again.status_code, "try again later" in again.text) == (400, True)


@pytest.mark.parametrize(
    ("default", "why"),
    [
        (Field(default_factory=lambda: 1 // 0, description="x"), "ZeroDivisionError"),
        (Field(object(), description="x"), "Unable to serialize unknown type"),
        (Field({1: "\ud800"}, description="x"), "'x' cannot be shown: it holds text that is no"),
        (Field("", alias="y", description="x"), "The setting 'x' has an alias"),
    ],
)
async def test_settings_with_defaults_that_nobody_could_see_are_refused(
    port: MemoryPort, default: Any, why: str
) -> None:
    class Model(BaseModel):
        x: Any = default

    plugin = zoo.named("bunga_settings", lambda: PluginSettings(channel=Model))
    async with running_plugins(port, found("broken", plugin)) as plugins:
        assert plugins.status("broken").state == "failed"
        assert why in plugins.status("broken").reason
