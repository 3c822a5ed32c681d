"""The harness with which authors of plugins test them."""

from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from bunga_cli.errors import NotFound, SettingsError
from bunga_cli.plugin import (
    Account,
    AdminOnly,
    Channel,
    Health,
    HealthCheck,
    Invalid,
    LinkerInfo,
    MemberOnly,
    PluginContext,
    PluginFailure,
    PluginSettings,
    RoomEvent,
    Service,
    ServiceProvider,
    SignInCode,
    SignInState,
    Verdict,
    hookimpl,
)
from bunga_cli.plugin.providers import ActionRequest
from bunga_cli.plugin.testing import PluginHarness
from tests.plugin import zoo


class SiteModel(BaseModel):
    greeting: str = Field("hello", max_length=10, description="What is said.")


class ChannelModel(BaseModel):
    to: str = Field("all", description="To whom.")


class Greeter:
    """A plugin with one hook of each kind."""

    key = "greeting"
    name = "greeting"
    heard: list[RoomEvent]
    is_running = False

    @hookimpl
    def bunga_settings(self) -> PluginSettings:
        return PluginSettings(SiteModel, ChannelModel)

    @hookimpl
    def bunga_start(self, context: PluginContext[SiteModel, ChannelModel]) -> None:
        self.context, self.heard, self.is_running = context, [], True

    @hookimpl
    def bunga_stop(self) -> None:
        self.is_running = False

    @hookimpl
    def bunga_services(self) -> Sequence[ServiceProvider]:
        return [self]

    async def issue(self, channel: Channel, account: Account) -> Service:
        to = (await self.context.channel_settings(channel.id)).to
        return Service({"text": f"{self.context.site_settings().greeting} {to} {account.id}"})

    @hookimpl
    def bunga_health_checks(self) -> Sequence[HealthCheck]:
        return [self]

    async def check(self) -> Health:
        return Health("ok", self.context.site_settings().greeting)

    @hookimpl
    def bunga_routes(self) -> APIRouter:
        router = APIRouter()

        @router.get("/api/admins", dependencies=[AdminOnly])
        async def admins() -> str:
            return "an admin"

        @router.get("/api/{channel_id:id}/members")
        async def members(channel_id: str, account: Annotated[Account, MemberOnly]) -> list[str]:
            return [channel_id, account.id]

        @router.get("/api/fails")
        @router.get("/api/v1/fails")
        async def fails(times: int) -> None:
            raise PluginFailure(f"It failed {times} times.")

        @router.get("/api/mumbles")
        async def mumbles() -> None:
            raise PluginFailure("\ud800, it said.")

        return router

    @hookimpl
    def bunga_authorise(self, request: ActionRequest) -> Verdict | None:
        return Verdict(False, "quiet") if request.action == "say" else None

    @hookimpl
    def bunga_room_event(self, event: RoomEvent) -> None:
        self.heard.append(event)


async def test_a_plugin_runs_as_long_as_the_harness() -> None:
    plugin = Greeter()
    async with PluginHarness(plugin) as harness:
        assert plugin.is_running
        assert harness.context.data.is_dir()
    assert not plugin.is_running


async def test_services_and_checks_see_the_settings() -> None:
    channels = {"hall": {"to": "you"}}
    async with PluginHarness(Greeter(), site={"greeting": "hi"}, channels=channels) as harness:
        assert await harness.services("hall", "ben") == {"greeting": {"text": "hi you ben"}}
        assert await harness.health() == {"greeting": Health("ok", "hi")}


async def test_settings_can_be_saved_and_are_checked() -> None:
    async with PluginHarness(Greeter()) as harness:
        await harness.context.save_site_settings(greeting="hey")
        await harness.context.save_channel_settings("lobby", to="ann")
        assert await harness.services() == {"greeting": {"text": "hey ann ann"}}
        with pytest.raises(SettingsError, match="greeting: must have at most 10"):
            await harness.context.save_site_settings(greeting="far too long")
        with pytest.raises(NotFound):
            await harness.context.save_channel_settings("nowhere", to="ann")


async def test_settings_that_somebody_else_set_meanwhile_are_not_replaced() -> None:
    async with PluginHarness(Greeter()) as harness:
        context = harness.context
        old = await context.channel_settings("lobby")
        assert await context.replace_channel_settings("lobby", old, to="ann")
        assert not await context.replace_channel_settings("lobby", old, to="ben")
        assert await harness.services() == {"greeting": {"text": "hello ann ann"}}


async def test_rooms_can_be_played() -> None:
    plugin = Greeter()
    async with PluginHarness(plugin) as harness:
        assert harness.authorise("say") == Verdict(False, "quiet")
        assert harness.authorise("play") is None
        harness.event("joined", account="ben")
        assert [(event.kind, event.account) for event in plugin.heard] == [("joined", "ben")]


async def test_routes_are_served_as_the_server_does() -> None:
    async with PluginHarness(Greeter()) as harness:
        transport = httpx2.ASGITransport(harness.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            assert (await client.get("/api/admins")).status_code == 403
            assert (await client.get("/api/a%2Fb/members")).status_code == 403
            harness.is_admin, harness.account = True, Account("ann")
            assert (await client.get("/api/admins/")).json() == "an admin"
            assert (await client.get("/api/a%2Fb/members")).json() == ["a/b", "ann"]


@pytest.mark.parametrize(
    ("path", "status", "answer"),
    [
        ("/api/fails?times=2", 502, {"detail": "It failed 2 times."}),
        (
            "/api/v1/fails?times=2",
            502,
            {"error": {"code": "plugin_failed", "message": "It failed 2 times."}},
        ),
        ("/api/fails", 400, {"detail": "times: is missing."}),
        ("/api/mumbles", 502, {"detail": "?, it said."}),
        ("/api/nowhere", 404, {"detail": "Not found."}),
    ],
)
async def test_failures_are_answered_as_the_server_does(
    path: str, status: int, answer: dict[str, object]
) -> None:
    async with PluginHarness(Greeter()) as harness:
        transport = httpx2.ASGITransport(harness.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            failed = await client.get(path)
    assert (failed.status_code, failed.json()) == (status, answer)


async def test_sign_ins_are_had_by_name_and_checked() -> None:
    class Desk:
        name, title, per_channel = "desk", "The desk", False

        async def begin(self, _channel: Channel | None) -> SignInCode:
            return SignInCode("k", "https://desk.test/k", 60)

        async def poll(self, _channel: Channel | None, _key: str) -> SignInState:
            return SignInState("gone")  # type: ignore[arg-type]

        async def sign_out(self, _channel: Channel | None) -> None:
            """Do nothing."""

    async with PluginHarness(plugin_with(bunga_sign_ins=lambda: [Desk()])) as harness:
        desk = harness.sign_ins["desk"]
        assert (await desk.begin(None)).url == "https://desk.test/k"
        with pytest.raises(PluginFailure, match="none of waiting, scanned, done, expired"):
            await desk.poll(None, "k")


# -- what a server would not take -------------------------------------------------------------


def plugin_with(**hooks: Callable[..., Any]) -> object:
    return SimpleNamespace(**{name: named(name, hook) for name, hook in hooks.items()})


def named(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    function.__name__ = name
    return hookimpl(function)


class Undescribed(BaseModel):
    host: str = ""


@pytest.mark.parametrize(
    ("plugin", "why"),
    [
        (Greeter, "It is a class"),
        (object(), "It implements no hook"),
        (plugin_with(bunga_strat=lambda: None), r"did you mean bunga_start\?"),
        (plugin_with(bunga_settings=lambda: PluginSettings(Undescribed)), "no description"),
        (plugin_with(bunga_settings=lambda: 5), "bunga_settings returned a value of type int"),
    ],
)
def test_a_plugin_that_a_server_would_not_load_is_refused(plugin: object, why: str) -> None:
    with pytest.raises(PluginFailure, match=why):
        PluginHarness(plugin)


@pytest.mark.parametrize(
    "hook",
    zoo.LISTS,
)
@pytest.mark.parametrize("value", [None, 5, [object()]])
async def test_providers_that_a_server_would_not_take_are_refused(hook: str, value: object) -> None:
    stopped: list[bool] = []
    plugin = plugin_with(**{hook: lambda: value, "bunga_stop": lambda: stopped.append(True)})
    with pytest.raises(PluginFailure, match=hook):
        await PluginHarness(plugin).__aenter__()
    assert stopped == [True]


async def test_routes_that_are_none_are_refused() -> None:
    with pytest.raises(PluginFailure, match="bunga_routes returned a value of type int"):
        await PluginHarness(plugin_with(bunga_routes=lambda: 5)).__aenter__()


@pytest.mark.parametrize(
    "settings",
    [{"site": {"greting": "hi"}}, {"site": {"greeting": 5}}, {"channels": {"lobby": {"two": "x"}}}],
)
def test_settings_that_a_server_would_not_take_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"plugins\.test\."):
        PluginHarness(Greeter(), **settings)


async def test_values_that_a_server_would_not_take_are_refused() -> None:
    class Odd(Greeter):
        async def issue(self, _channel: Channel, _account: Account) -> Service:
            return Service({"text": float("nan")})

        async def check(self) -> Health:
            return Health("fine", "")  # type: ignore[arg-type]

        @hookimpl
        def bunga_authorise(self, request: ActionRequest) -> Verdict | None:
            return request.action == "play"  # type: ignore[return-value]

    async with PluginHarness(Odd()) as harness:
        with pytest.raises(PluginFailure, match="a number that is not finite"):
            await harness.services()
        with pytest.raises(PluginFailure, match="none of ok, warning, failure, off"):
            await harness.health()
        with pytest.raises(PluginFailure, match="a value of type bool, not Verdict"):
            harness.authorise("play")


async def test_a_channel_that_is_not_there_is_not_found() -> None:
    async with PluginHarness(Greeter(), channels={"hall": {}}) as harness:
        assert await harness.services("hall") == {"greeting": {"text": "hello all ann"}}
        with pytest.raises(NotFound, match="lobby"):
            await harness.services()
        with pytest.raises(NotFound, match="lobby"):
            harness.authorise("play")
        with pytest.raises(NotFound, match="lobby"):
            harness.event("joined")


async def test_a_hook_that_there_is_not_cannot_be_called() -> None:
    async with PluginHarness(Greeter()) as harness:
        with pytest.raises(Invalid, match="bunga_strat is no hook"):
            harness.hook("bunga_strat")


def test_a_plugin_that_does_not_run_provides_nothing() -> None:
    with pytest.raises(Invalid, match="async with"):
        _ = PluginHarness(Greeter()).linkers


# -- what else it takes -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plugin", "other"])
async def test_the_module_of_a_plugin_of_one_file_is_a_plugin(name: str) -> None:
    module = ModuleType("greeter")
    vars(module)[name] = Greeter()
    vars(module)["bunga_health_checks"] = named("bunga_health_checks", lambda: ())
    async with PluginHarness(module) as harness:
        assert [*await harness.health()] == (["greeting"] if name == "plugin" else [])


async def test_a_plugin_meets_the_linkers_and_the_address_of_the_site() -> None:
    class Shelf:
        info = LinkerInfo("shelf", "The shelf", "")

    linkers: list[Any] = [Shelf()]
    plugin = Greeter()
    scope = {"type": "http", "scheme": "http", "server": ("a", 1), "path": "/", "headers": []}
    async with PluginHarness(plugin, linkers=linkers, public_url="https://films.test"):
        assert plugin.context.linkers() == linkers
        assert plugin.context.absolute_url(Request(scope), "/x") == "https://films.test/x"


async def test_what_is_to_be_issued_anew_is_noted() -> None:
    plugin = Greeter()
    async with PluginHarness(plugin) as harness:
        plugin.context.invalidate("greeting")
        plugin.context.invalidate("greeting", "lobby")
        assert harness.invalidated == [("greeting", None), ("greeting", "lobby")]


async def test_hooks_that_are_not_there_do_nothing() -> None:
    class Nothing:
        @hookimpl
        def bunga_stop(self) -> None:
            """Have one hook."""

    async with PluginHarness(Nothing()) as harness:
        assert await harness.services() == {}
        assert await harness.health() == {}
        assert (harness.linkers, harness.resolvers) == ((), ())
        assert harness.authorise("play") is None
        transport = httpx2.ASGITransport(harness.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            assert (await client.get("/api/admins")).status_code == 404
