"""How plugins start and stop: in which order, for how long, and what becomes of those that hang."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from bunga_cli.errors import Invalid
from bunga_cli.plugin import LinkerInfo, Service, hookimpl
from bunga_cli.plugin.commands import OUR_COMMANDS
from bunga_cli.plugin.discovery import Found, discover
from bunga_cli.plugin.http import HttpClient
from bunga_cli.plugin.manager import Plugins
from tests.plugin import zoo
from tests.plugin.kit import (
    ANN,
    IMPATIENT_S,
    LOBBY,
    PATIENT_S,
    MemoryPort,
    found,
    running_plugins,
    until,
)


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    zoo.released.clear()
    yield
    zoo.released.set()


@pytest.fixture
def port(tmp_path: Path) -> MemoryPort:
    return MemoryPort(tmp_path)


@asynccontextmanager
async def quickly_started(port: MemoryPort, *candidates: Found) -> AsyncIterator[Plugins]:
    """Start plugins as a server does that waits for none of them for long."""
    plugins = Plugins(port, HttpClient(), candidates, PATIENT_S, patience_s=0.2)
    await plugins.start()
    try:
        yield plugins
    finally:
        zoo.released.set()
        await plugins.stop()


class Recording:
    """Says when it is started and stopped; `begin` is called while it starts."""

    def __init__(self, begin: Callable[[], object] = lambda: None) -> None:
        self.calls: list[str] = []
        self._begin = (begin,)  # what is no attribute is taken for no hook

    @hookimpl
    def bunga_start(self, context: Any) -> None:
        self.calls.append("start")
        self._begin[0]()
        self.calls.append("started")

    @hookimpl
    def bunga_stop(self) -> None:
        self.calls.append("stop")


# -- at the start of the server ---------------------------------------------------------------


async def test_imports_happen_one_after_the_other(port: MemoryPort) -> None:
    running, most = [0], [0]
    lock = threading.Lock()

    def load() -> object:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.005)
        with lock:
            running[0] -= 1
        return zoo.Working()

    many = [Found(f"p{number}", "", "a test", load) for number in range(8)]
    async with running_plugins(port, *many) as plugins:
        assert {row.state for row in plugins.statuses()} == {"active"}
    assert most == [1]


async def test_plugins_start_side_by_side(port: MemoryPort) -> None:
    both = threading.Barrier(2)
    one, other = Recording(lambda: both.wait(PATIENT_S)), Recording(lambda: both.wait(PATIENT_S))
    async with running_plugins(port, found("one", one), found("other", other)) as plugins:
        assert {row.state for row in plugins.statuses()} == {"active"}


async def test_the_server_waits_for_none_that_hangs_and_the_next_one_works(
    port: MemoryPort,
) -> None:
    importing = Found("importing", "", "a test", zoo.hang)
    starting = found("starting", Recording(zoo.hang))
    async with quickly_started(port, importing, starting, found("works", zoo.Working())) as plugins:
        states = {row.name: row.state for row in plugins.statuses()}
        assert states == {"importing": "starting", "starting": "starting", "works": "active"}


async def test_one_that_takes_its_time_is_there_when_it_is_ready(port: MemoryPort) -> None:
    slow: Any = zoo.Working()
    slow.bunga_start = hookimpl(lambda context: zoo.hang())
    async with quickly_started(port, found("slow", slow)) as plugins:
        assert plugins.status("slow").state == "starting"
        assert plugins.rooms.is_silent
        zoo.released.set()
        await until(lambda: plugins.status("slow").state == "active")
        await until(lambda: not plugins.rooms.is_silent)


# -- late -------------------------------------------------------------------------------------


async def test_what_started_too_late_is_stopped_again(port: MemoryPort) -> None:
    late = Recording(zoo.hang)
    async with running_plugins(port, found("late", late), hanging="late") as plugins:
        assert plugins.status("late").reason == f"It did not return within {IMPATIENT_S:g} s."
        zoo.released.set()
        await until(lambda: late.calls == ["start", "started", "stop"])


async def test_what_has_not_come_back_is_not_started_twice(port: MemoryPort) -> None:
    late = Recording(zoo.hang)
    async with running_plugins(port, found("late", late), hanging="late") as plugins:
        again = await plugins.enable("late")
        assert (again.state, late.calls) == ("failed", ["start"])
        assert again.reason == "An earlier call has not come back yet; try again later."
        zoo.released.set()
        await until(lambda: late.calls == ["start", "started", "stop"])
        await until(lambda: not plugins._by_name["late"]._errand.is_out)  # type: ignore[union-attr]
        plugins._by_name["late"].limit_s = PATIENT_S
        assert (await plugins.enable("late")).state == "active"
    assert late.calls == ["start", "started", "stop", "start", "started", "stop"]


async def test_a_plugin_hears_of_its_last_event_before_it_is_stopped(port: MemoryPort) -> None:
    heard: list[object] = []

    class Hearing:
        @hookimpl
        def bunga_room_event(self, event: object) -> None:
            heard.append(event)

        @hookimpl
        def bunga_stop(self) -> None:
            heard.append("stop")

    async with running_plugins(port, found("hears", Hearing())) as plugins:
        for number in range(100):
            assert plugins.rooms.tell is not None
            plugins.rooms.tell(number)  # type: ignore[arg-type]
        await plugins.disable("hears")
    assert heard == [*range(100), "stop"]


# -- when code is read ------------------------------------------------------------------------


def write(folder: Path, answer: object, more: str = "") -> None:
    folder.mkdir(exist_ok=True)
    (folder / "fresh.py").write_text(
        "from bunga_cli.plugin import PluginSettings, Service, hookimpl\n"
        f"{more}\n"
        "class Answer:\n"
        "    key = 'answer'\n"
        "    async def issue(self, channel, account):\n"
        f"        return Service({{'is': {answer!r}}})\n"
        "@hookimpl\n"
        "def bunga_services():\n"
        "    return [Answer()]\n"
    )


def fresh(port: MemoryPort) -> Found:
    [found] = [each for each in discover(port.data / "plugins") if each.is_file]
    return found


async def test_a_file_is_read_anew_when_it_is_switched_on_again(port: MemoryPort) -> None:
    write(port.data / "plugins", 1)
    async with running_plugins(port, fresh(port)) as plugins:
        answers = [await plugins.services.values(LOBBY, ANN)]
        write(port.data / "plugins", 2)
        await plugins.disable("fresh")
        await plugins.enable("fresh")
        answers.append(await plugins.services.values(LOBBY, ANN))
    assert answers == [{"answer": {"is": 1}}, {"answer": {"is": 2}}]


async def test_a_file_that_was_mended_can_be_switched_on(port: MemoryPort) -> None:
    write(port.data / "plugins", 1, more="def (")
    async with running_plugins(port, fresh(port)) as plugins:
        assert plugins.status("fresh").state == "failed"
        write(port.data / "plugins", 1)
        assert (await plugins.enable("fresh")).state == "active"


async def test_to_look_at_a_plugin_does_not_import_it_again(port: MemoryPort) -> None:
    imports: list[str] = []

    def load() -> object:
        imports.append("import")
        raise RuntimeError("no luck")

    async with running_plugins(port, Found("broken", "", "a test", load)) as plugins:
        for _ in range(3):
            with pytest.raises(Invalid, match="no luck"):
                await plugins.models("broken")
            with pytest.raises(Invalid, match="no luck"):
                await plugins.site_settings("broken")
        assert imports == ["import"]
        await plugins.enable("broken")
        assert imports == ["import", "import"]


@pytest.mark.parametrize("name", ["my.plug", "A", "a b"])
async def test_what_settings_could_not_name_is_not_switched(port: MemoryPort, name: str) -> None:
    async with running_plugins(port, found(name, zoo.Working())) as plugins:
        for switch in (plugins.enable, plugins.disable):
            with pytest.raises(Invalid, match="cannot be switched"):
                await switch(name)
    assert port.tables == {}


# -- names that are taken ---------------------------------------------------------------------


class Providing:
    """Has a service and a linker."""

    def __init__(self, key: str, linker_id: str) -> None:
        self._key, self._linker_id = key, linker_id

    @hookimpl
    def bunga_services(self) -> Any:
        async def issue(channel: object, account: object) -> Service:
            return Service({})

        return [SimpleNamespace(key=self._key, issue=issue)]

    @hookimpl
    def bunga_linkers(self) -> Any:
        async def ask(*_args: object) -> None:
            """Find nothing."""

        info = LinkerInfo(self._linker_id, "", "")
        return [SimpleNamespace(info=info, search=ask, detail=ask, sources=ask)]


async def test_the_second_of_one_name_says_so_until_the_first_is_gone(port: MemoryPort) -> None:
    one, two = Providing("voice", "films"), Providing("voice", "Films")
    async with running_plugins(port, found("one", one), found("two", two)) as plugins:
        assert plugins.status("one").reason == ""
        assert plugins.status("two").reason == (
            "service voice: It is not used; the plugin one has one of this name."
            " linker films: It is not used; the plugin one has one of this name."
        )
        assert [linker.info.id for linker in plugins.linkers()] == ["films"]
        await plugins.disable("one")
        assert plugins.status("two").reason == ""
        assert [linker.info.id for linker in plugins.linkers()] == ["Films"]


async def test_commands_that_cannot_be_reached_are_named(port: MemoryPort) -> None:
    plugin = zoo.named("bunga_commands", lambda console: typer.Typer())
    async with running_plugins(port, found("rooms", plugin)) as plugins:
        assert plugins.status("rooms").reason == (
            "bunga_commands: They are not used; `bunga rooms` is a command of the server."
        )


def test_all_commands_of_ours_are_known() -> None:
    from bunga_cli.cli.root import app  # noqa: PLC0415

    names = typer.main.get_group(app).commands
    assert {name for name in names if name.replace("_", "").isalnum()} == OUR_COMMANDS


async def test_of_switches_at_once_the_last_one_counts(port: MemoryPort) -> None:
    plugin = Recording()
    async with running_plugins(port, found("box", plugin)) as plugins:
        await asyncio.gather(
            *(switch("box") for _ in range(3) for switch in (plugins.enable, plugins.disable))
        )
        assert plugins.status("box").state == "disabled"
        assert plugin.calls == ["start", "started", "stop"]


async def test_two_switches_are_one_after_the_other(port: MemoryPort) -> None:
    plugin = Recording()
    async with running_plugins(port, found("box", plugin)) as plugins:
        for _ in range(3):
            stopping = asyncio.create_task(plugins.disable("box"))
            await asyncio.sleep(0)
            await asyncio.gather(stopping, plugins.enable("box"))
    assert plugin.calls == ["start", "started", "stop"] * 4
