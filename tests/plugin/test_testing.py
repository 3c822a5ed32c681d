"""The harness with which authors of plugins test them."""

from collections.abc import Sequence

import httpx2
import pytest
from fastapi import APIRouter
from pydantic import BaseModel, Field, ValidationError

from bunga_cli.errors import NotFound
from bunga_cli.plugin import (
    Account,
    AdminOnly,
    Channel,
    Health,
    HealthCheck,
    Member,
    PluginContext,
    PluginSettings,
    RoomEvent,
    Service,
    ServiceProvider,
    Verdict,
    hookimpl,
)
from bunga_cli.plugin.providers import ActionRequest
from bunga_cli.plugin.testing import PluginHarness


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
        async def members(channel_id: str, account: Member) -> list[str]:
            return [channel_id, account.id]

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
        with pytest.raises(ValidationError):
            await harness.context.save_site_settings(greeting="far too long")
        with pytest.raises(NotFound):
            await harness.context.save_channel_settings("nowhere", to="ann")


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
            assert (await client.get("/api/a%2Fb/members")).status_code == 401
            harness.is_admin, harness.account = True, Account("ann")
            assert (await client.get("/api/admins/")).json() == "an admin"
            assert (await client.get("/api/a%2Fb/members")).json() == ["a/b", "ann"]


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
