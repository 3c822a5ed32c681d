"""Plugins as a whole: switched on and off, set up, and found."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, SecretStr

from bunga_cli.errors import Forbidden, Invalid, NotFound, SettingsError
from bunga_cli.plugin import (
    ActionRequest,
    PluginContext,
    PluginSettings,
    Verdict,
    hookimpl,
)
from bunga_cli.plugin.discovery import discover
from bunga_cli.plugin.manager import Plugins
from bunga_cli.plugin.site_settings import views
from bunga_cli.settings.secrets import MASK
from tests.plugin import zoo
from tests.plugin.kit import ANN, LOBBY, MemoryPort, found, running_plugins


class SiteModel(BaseModel):
    host: str = Field("", description="Where it is.")
    retries: int = Field(3, ge=0, description="How often.")
    folders: list[str] = Field([], description="What to look at.")
    key: SecretStr = Field(SecretStr(""), description="Opens it.")


class ChannelModel(BaseModel):
    username: str = Field("", description="Who.")
    tags: list[str] = Field([], description="What about.")
    password: SecretStr = Field(SecretStr(""), description="With what.")


class Configurable:
    started = 0
    context: PluginContext[SiteModel, ChannelModel]

    @hookimpl
    def bunga_settings(self) -> PluginSettings:
        return PluginSettings(SiteModel, ChannelModel)

    @hookimpl
    def bunga_start(self, context: PluginContext[SiteModel, ChannelModel]) -> None:
        self.context = context
        self.started += 1


@pytest.fixture
def port(tmp_path: Path) -> MemoryPort:
    return MemoryPort(tmp_path)


@pytest.fixture
def plugin() -> Configurable:
    return Configurable()


@pytest.fixture
async def plugins(port: MemoryPort, plugin: Configurable) -> AsyncIterator[Plugins]:
    async with running_plugins(
        port, found("box", plugin), found("works", zoo.Working())
    ) as running:
        yield running


# -- switching --------------------------------------------------------------------------------


async def test_a_disabled_plugin_has_no_part_in_anything(port: MemoryPort) -> None:
    plugin, mounted = zoo.Working(), dict[str, APIRouter | None]()
    async with running_plugins(port, found("works", plugin)) as plugins:
        plugins.set_mount(mounted.__setitem__)
        assert mounted["works"] is not None
        assert (await plugins.disable("works")).state == "disabled"
        assert plugin.stopped
        assert plugins.rooms.is_silent
        assert mounted == {"works": None}
        assert await plugins.services.values(LOBBY, ANN) == {}
        assert await plugins.check("works") == []
    assert port.tables == {"works": {"enabled": False}}


async def test_a_plugin_that_is_enabled_again_is_back(port: MemoryPort) -> None:
    port.tables = {"works": {"enabled": False}}
    mounted = dict[str, APIRouter | None]()
    async with running_plugins(port, found("works", zoo.Working())) as plugins:
        plugins.set_mount(mounted.__setitem__)
        assert plugins.status("works").state == "disabled"
        assert plugins.status("works").hooks == ()
        assert (await plugins.enable("works")).state == "active"
        assert mounted["works"] is not None
        assert not plugins.rooms.is_silent
        assert len(await plugins.services.values(LOBBY, ANN)) == 1
    assert port.tables == {"works": {}}


async def test_enabling_twice_starts_once(plugins: Plugins, plugin: Configurable) -> None:
    await plugins.enable("box")
    assert plugin.started == 1


@pytest.mark.parametrize("text", ["false", "False", "no", "0", "off"])
async def test_the_environment_can_disable_a_plugin(port: MemoryPort, text: str) -> None:
    port.tables = {"works": {"enabled": text}}
    async with running_plugins(port, found("works", zoo.Working())) as plugins:
        assert plugins.status("works").state == "disabled"


async def test_a_slip_in_a_switch_is_a_warning_and_stops_nothing(
    port: MemoryPort, caplog: pytest.LogCaptureFixture
) -> None:
    port.tables = {"works": {"enabled": "flase"}}
    async with running_plugins(port, found("works", zoo.Working())) as plugins:
        assert plugins.status("works").state == "active"
    assert "plugins.works.enabled: must be yes or no; it is 'flase'." in caplog.text


async def test_a_plugin_goes_by_what_is_set_when_its_turn_comes(port: MemoryPort) -> None:
    plugin = Configurable()
    async with running_plugins(port, found("box", plugin)) as plugins:
        port.tables = {"box": {"enabled": False}}
        await plugins.follow("box", {"enabled"})
        assert plugins.status("box").state == "disabled"
        port.tables = {"box": {"host": "h"}}
        await plugins.follow("box", {"host", "enabled"})
        assert (plugins.status("box").state, plugin.started) == ("active", 2)
        assert port.tables == {"box": {"host": "h"}}  # it is told, and writes nothing


async def test_settings_are_saved_while_a_plugin_is_being_imported(port: MemoryPort) -> None:
    """Else a change that waits for the import would wait for one that waits for it."""
    async with running_plugins(port, found("box", Configurable())) as plugins:
        await plugins.disable("box")
        async with plugins._by_name["box"].lock:
            enabling = asyncio.create_task(plugins.enable("box"))
            await asyncio.sleep(0)
            assert port.tables == {"box": {}}
            assert not enabling.done()
        assert (await enabling).state == "active"


async def test_an_unknown_plugin_is_not_found(plugins: Plugins) -> None:
    with pytest.raises(NotFound, match=r"did you mean works\?"):
        plugins.status("work")
    with pytest.raises(NotFound, match="bunga plugins list"):
        await plugins.enable("zzz")


async def test_routes_that_cannot_be_served_are_a_reason(plugins: Plugins) -> None:
    def mount(_name: str, _router: APIRouter | None) -> None:
        raise RuntimeError("no such convertor")

    plugins.set_mount(mount)
    assert plugins.status("works").reason == "bunga_routes: RuntimeError: no such convertor"


# -- settings ---------------------------------------------------------------------------------


async def test_a_setting_is_kept_and_known_at_once(
    plugins: Plugins, plugin: Configurable, port: MemoryPort
) -> None:
    await plugins.change_site_settings("box", {"host": "h", "retries": "5", "folders": "a, b"})
    await plugins.change_channel_settings("box", "lobby", {"tags": "a"})
    assert plugin.context.site_settings().retries == 5
    assert (await plugin.context.channel_settings("lobby")).tags == ["a"]
    assert port.tables["box"] == {"host": "h", "retries": "5", "folders": ["a", "b"]}
    await plugins.change_site_settings("box", {"host": None})
    assert plugin.context.site_settings().host == ""


async def test_a_list_may_be_text_in_the_environment(
    port: MemoryPort, plugin: Configurable
) -> None:
    port.tables = {"box": {"folders": "/a,/b"}}
    async with running_plugins(port, found("box", plugin)):
        assert plugin.context.site_settings().folders == ["/a", "/b"]


async def test_a_plugin_changes_its_own_settings(plugin: Configurable, plugins: Plugins) -> None:
    await plugin.context.save_site_settings(key=SecretStr("s3cret"), retries=1)
    await plugin.context.save_channel_settings("lobby", password=SecretStr("p"))
    assert plugin.context.site_settings().key.get_secret_value() == "s3cret"
    channel = await plugin.context.channel_settings("lobby")
    assert (channel.username, channel.password.get_secret_value()) == ("", "p")
    assert [c.id for c in await plugin.context.channels()] == ["lobby"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"hots": "h"}, "plugins.box.hots is unknown; did you mean plugins.box.host?"),
        ({"zzz": 1}, "plugins.box.zzz is unknown."),
        ({"retries": -1}, "plugins.box.retries: must be greater than or equal to 0; it is -1."),
        ({"key": [1]}, "plugins.box.key: must be a valid string."),
    ],
)
async def test_a_wrong_setting_is_explained_and_changes_nothing(
    plugins: Plugins, port: MemoryPort, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        await plugins.change_site_settings("box", changes)
    assert raised.value.problems == (sentence,)
    assert port.tables == {}


async def test_a_wrong_setting_in_the_file_fails_the_plugin_until_it_is_right(
    port: MemoryPort, plugin: Configurable
) -> None:
    port.tables = {"box": {"retries": "often"}}
    async with running_plugins(port, found("box", plugin)) as plugins:
        assert plugins.status("box").state == "failed"
        assert plugins.status("box").reason.startswith("plugins.box.retries: ")
        assert plugin.started == 0
        await plugins.change_site_settings("box", {"retries": 2})
        assert plugins.status("box").state == "active"
        assert plugin.started == 1


async def test_what_has_no_settings_says_so(plugins: Plugins) -> None:
    with pytest.raises(Invalid, match="no settings for the whole site"):
        await plugins.change_site_settings("works", {"a": 1})
    with pytest.raises(Invalid, match="no settings for a channel"):
        await plugins.change_channel_settings("works", "lobby", {"a": 1})


async def test_a_channel_that_is_not_there_has_no_settings(plugins: Plugins) -> None:
    with pytest.raises(NotFound):
        await plugins.change_channel_settings("box", "nowhere", {"username": "ann"})


async def test_a_secret_is_never_shown(plugins: Plugins) -> None:
    await plugins.change_site_settings("box", {"key": "s3cret"})
    shown = {view.name: view.value for view in views(await plugins.site_settings("box"))}
    assert shown == {"host": "", "retries": 3, "folders": [], "key": MASK}


async def test_a_changed_setting_renews_what_was_issued(port: MemoryPort) -> None:
    class Both(Configurable, zoo.Working):
        pass

    async with running_plugins(port, found("both", Both())) as plugins:
        before = await plugins.services.values(LOBBY, ANN)
        assert (await plugins.services.values(LOBBY, ANN))["works"] is before["works"]
        await plugins.change_channel_settings("both", "lobby", {"username": "ann"})
        assert (await plugins.services.values(LOBBY, ANN))["works"] is not before["works"]


async def test_a_plugin_has_its_services_issued_anew_from_any_thread(port: MemoryPort) -> None:
    plugin = zoo.Working()
    async with running_plugins(port, found("works", plugin)) as plugins:
        before = await plugins.services.values(LOBBY, ANN)
        await asyncio.to_thread(plugin.context.invalidate, "works", "elsewhere")
        assert (await plugins.services.values(LOBBY, ANN))["works"] is before["works"]
        await asyncio.to_thread(plugin.context.invalidate, "works")
        assert (await plugins.services.values(LOBBY, ANN))["works"] is not before["works"]


async def test_the_address_of_a_path_begins_as_the_operator_says(port: MemoryPort) -> None:
    plugin = zoo.Working()
    scope = {
        "type": "http",
        "scheme": "http",
        "server": ("inside", 8000),
        "path": "/",
        "headers": [],
    }
    async with running_plugins(port, found("works", plugin)):
        asked = plugin.context.absolute_url(Request(scope), "/api/x%2Fy")
        port.url = "https://outside.test/sub"
        told = plugin.context.absolute_url(Request(scope), "/api/x%2Fy")
    assert asked == "http://inside:8000/api/x%2Fy"
    assert told == "https://outside.test/sub/api/x%2Fy"


async def test_settings_of_a_plugin_that_is_not_there_are_told(
    port: MemoryPort, caplog: pytest.LogCaptureFixture
) -> None:
    port.tables = {"wroks": {}}
    async with running_plugins(port, found("works", zoo.Working())):
        assert "'wroks', which is not there; did you mean works?" in caplog.text


# -- the context ------------------------------------------------------------------------------


async def test_a_plugin_has_a_folder_of_its_own(plugin: Configurable, plugins: Plugins) -> None:
    assert plugin.context.data.is_dir()
    assert plugin.context.data.name == "box"


async def test_a_token_is_good_for_its_plugin_and_its_time(port: MemoryPort) -> None:
    one, other = Configurable(), Configurable()
    async with running_plugins(port, found("one", one), found("other", other)):
        token = one.context.sign({"path": "a/b"}, lifetime_s=60)
        assert one.context.verify(token) == {"path": "a/b"}
        with pytest.raises(Forbidden, match="not made here"):
            other.context.verify(token)
        with pytest.raises(Forbidden, match="too old"):
            one.context.verify(one.context.sign({}, lifetime_s=-2))
        for wrong in ("", "a.b.c", token[:-2], "ä"):
            with pytest.raises(Forbidden):
                one.context.verify(wrong)


# -- finding ----------------------------------------------------------------------------------


async def test_a_file_in_the_data_folder_is_a_plugin(port: MemoryPort) -> None:
    folder = port.data / "plugins"
    folder.mkdir()
    (folder / "hello.py").write_text(
        "from bunga_cli.plugin import Verdict, hookimpl\n"
        "@hookimpl\n"
        "def bunga_authorise(request):\n"
        "    return Verdict(False, 'hello')\n"
    )
    (folder / "_helper.py").write_text("raise RuntimeError")
    (folder / "broken.py").write_text("raise RuntimeError('at import')")
    async with running_plugins(port, *discover(folder)[-2:]) as plugins:
        rows = {row.name: (row.state, row.reason) for row in plugins.statuses()}
        assert rows == {
            "hello": ("active", ""),
            "broken": ("failed", "It cannot be imported. RuntimeError: at import"),
        }
        assert plugins.rooms.authorise is not None
        verdict = plugins.rooms.authorise(ActionRequest("lobby", "ann", "play"))
        assert verdict == Verdict(False, "hello")


# -- who is asked first -----------------------------------------------------------------------


async def test_the_first_answer_wins_and_a_plugin_may_ask_to_be_first(port: MemoryPort) -> None:
    def saying(answer: Verdict | None, *, first: bool = False, last: bool = False) -> Any:
        def bunga_authorise() -> Verdict | None:
            return answer

        plugin = zoo.named("bunga_authorise", lambda: None)
        plugin.bunga_authorise = hookimpl(tryfirst=first, trylast=last)(bunga_authorise)
        return plugin

    yes, no = Verdict(True), Verdict(False)
    request = ActionRequest("lobby", "ann", "play")
    async with running_plugins(
        port, found("silent", saying(None)), found("a", saying(yes)), found("b", saying(no))
    ) as plugins:
        assert plugins.rooms.authorise is not None
        assert plugins.rooms.authorise(request) == yes
    async with running_plugins(
        port, found("a", saying(yes, last=True)), found("b", saying(no, first=True))
    ) as plugins:
        assert plugins.rooms.authorise is not None
        assert plugins.rooms.authorise(request) == no
