"""The ways of plugins to sign in: each answers for itself."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bunga_cli.plugin import (
    Channel,
    Invalid,
    NotFound,
    PluginFailure,
    SignInCode,
    SignInState,
    hookimpl,
    sign_ins,
)
from bunga_cli.plugin.manager import Plugins
from bunga_cli.plugin.sign_ins import OnePluginsSignIn
from tests.plugin import zoo
from tests.plugin.kit import LOBBY, MemoryPort, found, running_plugins

CODE = SignInCode("k", "https://service.test/scan?k", 180)


class Desk:
    """A way to sign in that does what the test wants."""

    name, title, per_channel = "desk", "The desk", True
    answer: Any = CODE

    def __init__(self) -> None:
        self.asked: list[tuple[str, Channel | None]] = []

    async def begin(self, channel: Channel | None) -> Any:
        return await self._answer("begin", channel)

    async def poll(self, channel: Channel | None, key: str) -> Any:
        return await self._answer(key, channel)

    async def sign_out(self, channel: Channel | None) -> Any:
        return await self._answer("sign_out", channel)

    async def _answer(self, what: str, channel: Channel | None) -> Any:
        self.asked.append((what, channel))
        if isinstance(self.answer, BaseException):
            raise self.answer
        return await self.answer() if callable(self.answer) else self.answer


class Office:
    """A plugin with a desk, and with one for the whole site."""

    def __init__(self) -> None:
        self.desk, self.gate = Desk(), Desk()
        self.gate.name, self.gate.per_channel = "gate", False

    @hookimpl
    def bunga_sign_ins(self) -> list[Desk]:
        return [self.desk, self.gate]


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
async def plugins(office: Office, tmp_path: Path) -> AsyncIterator[Plugins]:
    candidates = found("office", office), found("works", zoo.Working())
    async with running_plugins(MemoryPort(tmp_path), *candidates) as plugins:
        yield plugins


@pytest.fixture
def desk(plugins: Plugins) -> OnePluginsSignIn:
    return plugins.sign_in("office", "desk")


def reason(plugins: Plugins) -> str:
    assert plugins.status("works").reason == ""
    return plugins.status("office").reason


async def test_a_channel_signs_in_and_out(
    desk: OnePluginsSignIn, office: Office, plugins: Plugins
) -> None:
    code = await desk.begin(LOBBY)
    office.desk.answer = SignInState("done")
    state = await desk.poll(LOBBY, code.key)
    await desk.sign_out(LOBBY)
    assert (code, state) == (CODE, SignInState("done"))
    assert office.desk.asked == [("begin", LOBBY), ("k", LOBBY), ("sign_out", LOBBY)]
    assert reason(plugins) == ""


async def test_sign_ins_are_those_of_plugins_that_are_active(plugins: Plugins) -> None:
    found_ = [(each.plugin, each.name, each.per_channel) for each in plugins.sign_ins()]
    assert found_ == [("office", "desk", True), ("office", "gate", False)]
    await plugins.disable("office")
    assert plugins.sign_ins() == []
    with pytest.raises(NotFound, match="The plugin office has no sign-in 'desk' now"):
        plugins.sign_in("office", "desk")


@pytest.mark.parametrize(("plugin", "name"), [("ofice", "desk"), ("office", "disk")])
async def test_what_is_not_there_is_not_found(plugins: Plugins, plugin: str, name: str) -> None:
    with pytest.raises(NotFound):
        plugins.sign_in(plugin, name)


async def test_a_channel_is_named_where_each_signs_in_for_itself_and_nowhere_else(
    plugins: Plugins, desk: OnePluginsSignIn, office: Office
) -> None:
    gate = plugins.sign_in("office", "gate")
    with pytest.raises(Invalid, match="name the channel"):
        await desk.begin(None)
    with pytest.raises(Invalid, match="name no channel"):
        await gate.poll(LOBBY, "k")
    assert await gate.begin(None) == CODE
    assert (office.desk.asked, office.gate.asked) == ([], [("begin", None)])


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (RuntimeError("no luck"), "RuntimeError: no luck"),
        (SystemExit(3), "SystemExit: 3"),
        (asyncio.CancelledError(), "CancelledError: it was cancelled, but not by the server."),
        (5, "The sign-in desk returned a value of type int, not SignInCode."),
    ],
)
async def test_what_a_sign_in_does_wrong_is_told_and_is_a_reason_of_its_plugin(
    desk: OnePluginsSignIn, office: Office, plugins: Plugins, answer: Any, why: str
) -> None:
    office.desk.answer = answer
    with pytest.raises(PluginFailure) as raised:
        await desk.begin(LOBBY)
    assert str(raised.value) == why
    assert reason(plugins) == f"sign-in desk: {why}"
    office.desk.answer = CODE
    await desk.begin(LOBBY)
    assert reason(plugins) == ""


@pytest.mark.parametrize("kind", [PluginFailure, NotFound, Invalid])
async def test_what_a_sign_in_says_itself_is_for_who_asks(
    desk: OnePluginsSignIn, office: Office, plugins: Plugins, kind: type[Exception]
) -> None:
    office.desk.answer = kind("The desk is\nclosed." + "x" * 1000)
    told = NotFound if kind is NotFound else PluginFailure
    with pytest.raises(told, match="The desk is closed") as raised:
        await desk.poll(LOBBY, "k")
    assert len(str(raised.value)) <= 300
    assert reason(plugins) == ""


async def test_a_sign_in_that_does_not_answer_is_not_waited_for(
    desk: OnePluginsSignIn, office: Office, plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_ins, "LIMIT_S", 0.01)
    office.desk.answer = asyncio.Event().wait
    with pytest.raises(PluginFailure, match=r"did not return within 0\.01 s"):
        await desk.begin(LOBBY)
    assert reason(plugins) == "sign-in desk: It did not return within 0.01 s."


async def test_a_sign_in_that_keeps_the_servers_thread_is_switched_off_alone(
    desk: OnePluginsSignIn, office: Office, plugins: Plugins
) -> None:
    async def keep() -> None:
        zoo.sleep_long()

    office.desk.answer = keep
    with pytest.raises(PluginFailure, match="It is switched off"):
        await desk.begin(LOBBY)
    office.desk.answer = CODE
    with pytest.raises(PluginFailure, match="It is switched off"):
        await desk.begin(LOBBY)
    assert await plugins.sign_in("office", "gate").begin(None) == CODE
    assert reason(plugins).startswith("sign-in desk: It is switched off.")


async def test_a_sign_in_that_ends_the_process_does_not(
    desk: OnePluginsSignIn, office: Office
) -> None:
    async def end() -> None:
        sys.exit(4)

    office.desk.answer = end
    with pytest.raises(PluginFailure, match="SystemExit: 4"):
        await desk.sign_out(LOBBY)
