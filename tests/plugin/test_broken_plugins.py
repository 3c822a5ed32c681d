"""A broken plugin of every kind beside a working one: a row with the reason, and no other trace."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bunga_cli.plugin import ActionRequest, Health, Service, Verdict, hookimpl, slot
from bunga_cli.plugin.discovery import Found
from bunga_cli.plugin.manager import Plugins
from tests.plugin import zoo
from tests.plugin.kit import (
    ANN,
    IMPATIENT_S,
    LOBBY,
    MemoryPort,
    found,
    running_plugins,
    until,
)

PAUSE = ActionRequest("lobby", "ann", "pause")


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    zoo.released.clear()
    yield
    zoo.released.set()


@asynccontextmanager
async def beside_a_working_one(
    tmp_path: Path, broken: Found, *, hangs: bool = False
) -> AsyncIterator[Plugins]:
    """Run both; whatever happens to the broken one, the working one works."""
    working, hanging = found("works", zoo.Working()), broken.name if hangs else ""
    async with running_plugins(MemoryPort(tmp_path), broken, working, hanging=hanging) as plugins:
        yield plugins
        assert plugins.status("works").state == "active"
        assert (await plugins.services.values(LOBBY, ANN))["works"] is not None


def reason(plugins: Plugins, name: str = "broken") -> str:
    status = plugins.status(name)
    assert status.state == "failed"
    return status.reason


@pytest.mark.parametrize("kind", zoo.BROKEN_IMPORTS)
async def test_a_plugin_that_cannot_be_loaded_says_why(tmp_path: Path, kind: str) -> None:
    load, why = zoo.BROKEN_IMPORTS[kind]
    broken = Found("broken", "", "a test", load)
    async with beside_a_working_one(tmp_path, broken, hangs=kind == "hangs") as plugins:
        assert why in reason(plugins)
        assert "\n" not in reason(plugins)


@pytest.mark.parametrize("kind", zoo.BROKEN_MODELS)
async def test_settings_that_are_no_settings_are_refused(tmp_path: Path, kind: str) -> None:
    plugin = zoo.named("bunga_settings", lambda: zoo.BROKEN_MODELS[kind])
    async with beside_a_working_one(tmp_path, found("broken", plugin)) as plugins:
        assert reason(plugins)


@pytest.mark.parametrize("hook", zoo.START_HOOKS)
async def test_a_hook_that_raises_at_the_start_is_named(tmp_path: Path, hook: str) -> None:
    def raise_() -> None:
        raise RuntimeError("no luck")

    plugin = zoo.named(hook, raise_)
    async with beside_a_working_one(tmp_path, found("broken", plugin)) as plugins:
        assert reason(plugins) == f"{hook} failed. RuntimeError: no luck"


@pytest.mark.parametrize("hook", zoo.START_HOOKS)
async def test_a_hook_that_hangs_at_the_start_is_not_waited_for(tmp_path: Path, hook: str) -> None:
    plugin = zoo.named(hook, lambda: zoo.released.wait(60))
    async with beside_a_working_one(tmp_path, found("broken", plugin), hangs=True) as plugins:
        assert reason(plugins) == f"It did not return within {IMPATIENT_S:g} s."


@pytest.mark.parametrize("hook", [*zoo.LISTS, "bunga_routes"])
@pytest.mark.parametrize("value", [None, 5, "text", {"a": 1}, [None], [object()], Health("ok", "")])
async def test_a_hook_that_returns_something_else_is_named(
    tmp_path: Path, hook: str, value: object
) -> None:
    plugin = zoo.named(hook, lambda: value)
    async with beside_a_working_one(tmp_path, found("broken", plugin)) as plugins:
        assert hook in reason(plugins)


async def test_a_provider_whose_method_is_not_asynchronous_is_named(tmp_path: Path) -> None:
    provider = SimpleNamespace(key="x", issue=lambda channel, account: None)
    plugin = zoo.named("bunga_services", lambda: [provider])
    async with beside_a_working_one(tmp_path, found("broken", plugin)) as plugins:
        assert "'issue' that is no asynchronous method" in reason(plugins)


async def test_of_two_plugins_of_one_name_the_first_counts(tmp_path: Path) -> None:
    second = found("works", zoo.Working(), "elsewhere")
    port = MemoryPort(tmp_path)
    async with running_plugins(port, found("works", zoo.Working(), "here"), second) as plugins:
        rows = [(row.source, row.state, row.reason) for row in plugins.statuses()]
    assert rows == [
        ("here", "active", ""),
        ("elsewhere", "failed", "There is a plugin of this name already, from here."),
    ]


async def test_two_names_for_one_plugin_do_not_disturb_each_other(tmp_path: Path) -> None:
    plugin = zoo.Working()
    port = MemoryPort(tmp_path)
    async with running_plugins(port, found("one", plugin), found("two", plugin)) as plugins:
        assert [row.state for row in plugins.statuses()] == ["active", "active"]


@pytest.mark.parametrize("name", ["Agora", "a-b", "a.b", "1st", "", "ä"])
async def test_a_name_that_settings_could_not_have_is_refused(tmp_path: Path, name: str) -> None:
    async with beside_a_working_one(tmp_path, found(name, zoo.Working())) as plugins:
        assert "small letters" in reason(plugins, name)


async def test_a_plugin_that_fails_half_way_is_stopped_again(tmp_path: Path) -> None:
    plugin: Any = zoo.Working()
    plugin.bunga_services = hookimpl(lambda: 5)
    async with beside_a_working_one(tmp_path, found("broken", plugin)):
        assert plugin.stopped


async def test_a_plugin_that_hangs_at_the_end_is_not_waited_for(tmp_path: Path) -> None:
    plugin = zoo.named("bunga_stop", lambda: zoo.released.wait(60))
    async with beside_a_working_one(tmp_path, found("broken", plugin)) as plugins:
        assert plugins.status("broken").state == "active"
        plugins._by_name["broken"].limit_s = IMPATIENT_S


class Issuing:
    """A service that issues what the test says, or raises it."""

    key = "broken"

    def __init__(self, what: Any) -> None:
        self.what = what

    async def issue(self, channel: object, account: object) -> Any:
        if isinstance(self.what, Exception):
            raise self.what
        if callable(self.what):
            self.what()
        return self.what


@pytest.mark.parametrize(
    ("issued", "why"),
    [
        (RuntimeError("no luck"), "RuntimeError: no luck"),
        (5, "returned a value of type int, not Service"),
        (Service({"a": object()}), "is no JSON"),
        (Service({"a": float("nan")}), "is no JSON"),
        (Service(5), "is no JSON object"),  # type: ignore[arg-type]
        (zoo.sleep_long, "kept the whole server waiting"),
    ],
)
async def test_a_service_that_fails_is_null_and_says_why(
    tmp_path: Path, issued: object, why: str
) -> None:
    plugin = zoo.named("bunga_services", lambda: [Issuing(issued)])
    async with beside_a_working_one(tmp_path, found("broken", plugin)) as plugins:
        values = await plugins.services.values(LOBBY, ANN)
        assert values == {"broken": None, "works": {"channel": "lobby", "account": "ann"}}
        assert why in plugins.status("broken").reason
        assert plugins.status("broken").state == "active"


async def test_a_health_check_that_fails_is_a_row(tmp_path: Path) -> None:
    async def broken() -> Health:
        raise RuntimeError("no luck")

    async def wrong() -> int:
        return 5

    checks = [SimpleNamespace(name="a", check=broken), SimpleNamespace(name="b", check=wrong)]
    plugin = zoo.named("bunga_health_checks", lambda: checks)
    async with beside_a_working_one(tmp_path, found("broken", plugin)) as plugins:
        rows = await plugins.check("broken")
    assert [(row.check, row.health.state) for row in rows] == [("a", "failure"), ("b", "failure")]
    assert [row.health.text for row in rows] == [
        "RuntimeError: no luck",
        "The check 'b' returned a value of type int, not Health.",
    ]


async def test_a_resolver_that_fails_leaves_it_to_the_next(tmp_path: Path) -> None:
    async def broken(channel: object, record: object) -> object:
        raise RuntimeError("no luck")

    async def wrong(channel: object, record: object) -> object:
        return ["http://a"]

    resolvers = [SimpleNamespace(resolve=broken), SimpleNamespace(resolve=wrong)]
    plugin = zoo.named("bunga_media_resolvers", lambda: resolvers)
    async with beside_a_working_one(tmp_path, found("broken", plugin)) as plugins:
        assert await plugins.resolve(LOBBY, None) == []  # type: ignore[arg-type]
        assert "not MediaUrl" in plugins.status("broken").reason


@pytest.mark.parametrize("answer", [None, 5, RuntimeError("no luck")])
async def test_a_broken_authorise_leaves_it_to_the_next_and_is_switched_off(
    tmp_path: Path, answer: object
) -> None:
    def authorise() -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    plugin = zoo.named("bunga_authorise", authorise)
    working = zoo.Working()
    working.verdict = Verdict(False, "no")
    port = MemoryPort(tmp_path)
    async with running_plugins(port, found("broken", plugin), found("works", working)) as plugins:
        assert plugins.rooms.authorise is not None
        verdicts = {plugins.rooms.authorise(PAUSE) for _ in range(10)}
        assert verdicts == {Verdict(False, "no")}
        is_off = "bunga_authorise: It is switched off." in plugins.status("broken").reason
        assert is_off is (answer is not None)


async def test_an_authorise_that_hangs_is_interrupted_and_switched_off(tmp_path: Path) -> None:
    plugin = zoo.named("bunga_authorise", lambda: time.sleep(60))
    async with beside_a_working_one(tmp_path, found("broken", plugin)) as plugins:
        assert plugins.rooms.authorise is not None
        assert plugins.rooms.authorise(PAUSE) is None
        assert "kept the whole server waiting" in plugins.status("broken").reason
        assert plugins.rooms.authorise(PAUSE) is None


async def test_an_event_hook_that_raises_hears_the_next_event(tmp_path: Path) -> None:
    calls: list[object] = []

    def hear(event: object) -> None:
        calls.append(event)
        raise RuntimeError("no luck")

    async with beside_a_working_one(
        tmp_path, found("broken", zoo.named("bunga_room_event", hear))
    ) as plugins:
        for number in range(3):
            assert plugins.rooms.tell is not None
            plugins.rooms.tell(number)  # type: ignore[arg-type]
        await until(lambda: len(calls) == 3 and plugins.status("broken").reason)
        assert "no luck" in plugins.status("broken").reason


async def test_an_event_hook_that_hung_hears_again_once_the_plugin_is_enabled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot, "LISTENER_LIMIT_S", IMPATIENT_S)
    heard: list[object] = []

    def hear(event: object) -> None:
        heard.append(event)
        if event == "hang":
            zoo.hang()

    broken = found("broken", zoo.named("bunga_room_event", hear))
    async with beside_a_working_one(tmp_path, broken) as plugins:
        assert plugins.rooms.tell is not None
        plugins.rooms.tell("hang")  # type: ignore[arg-type]
        await until(lambda: heard == ["hang"])
        await plugins.disable("broken")
        await plugins.enable("broken")
        plugins.rooms.tell("again")  # type: ignore[arg-type]
        await until(lambda: heard == ["hang", "again"])
        hung = "bunga_room_event: An earlier call has not come back, but hangs in a thread."
        await until(lambda: plugins.status("broken").reason == hung)
        zoo.released.set()
        await until(lambda: plugins.status("broken").reason == "")


async def test_an_event_hook_that_hangs_delays_nobody_and_loses_the_oldest(tmp_path: Path) -> None:
    heard: list[object] = []

    def hear(event: object) -> None:
        zoo.hang()
        heard.append(event)

    working = zoo.Working()
    broken = found("broken", zoo.named("bunga_room_event", hear))
    async with running_plugins(MemoryPort(tmp_path), broken, found("works", working)) as plugins:
        assert plugins.rooms.tell is not None
        for number in range(500):
            plugins.rooms.tell(number)  # type: ignore[arg-type]
        await until(lambda: len(working.events) == 500)
        for number in range(500, 3000):
            plugins.rooms.tell(number)  # type: ignore[arg-type]
            if number % 500 == 499:
                await until(lambda: len(working.events) == number + 1)  # noqa: B023
        assert [*working.events] == [*range(3000)]
        await until(lambda: plugins.status("broken").reason)
        assert "1000 events behind" in plugins.status("broken").reason
        zoo.released.set()
        await until(lambda: 2999 in heard)
        assert len(heard) >= 1000
