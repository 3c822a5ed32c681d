"""The linkers of one plugin as the others meet them: each answers for itself."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bunga_cli.plugin import Linker, LinkerInfo, MediaSummary, PluginFailure, hookimpl
from bunga_cli.plugin.isolation import Broken
from bunga_cli.plugin.manager import Plugins
from tests.plugin import zoo
from tests.plugin.kit import MemoryPort, found, running_plugins

FOUND = MediaSummary("k", "A film")


class Shelf:
    """A library that does what the test wants."""

    info = LinkerInfo("shelf", "The shelf", "")
    answer: Any = (FOUND,)

    async def search(self, _keyword: str) -> Any:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer() if callable(self.answer) else self.answer

    async def detail(self, key: str) -> Any:
        return await self.search(key)

    async def sources(self, key: str, _episode_id: str) -> Any:
        return await self.search(key)


class Stock:
    """A plugin with a shelf."""

    def __init__(self) -> None:
        self.shelf = Shelf()

    @hookimpl
    def bunga_linkers(self) -> list[Any]:
        return [self.shelf]


@pytest.fixture
def stock() -> Stock:
    return Stock()


@pytest.fixture
async def plugins(stock: Stock, tmp_path: Path) -> AsyncIterator[Plugins]:
    port = MemoryPort(tmp_path)
    async with running_plugins(
        port, found("stock", stock), found("works", zoo.Working())
    ) as found_:
        yield found_


@pytest.fixture
def linker(plugins: Plugins) -> Linker:
    [linker] = plugins.linkers()
    return linker


def reason(plugins: Plugins) -> str:
    assert plugins.status("works").reason == ""
    return plugins.status("stock").reason


async def test_a_linker_that_works_has_no_reason(linker: Linker, plugins: Plugins) -> None:
    assert await linker.search("film") == [FOUND]
    assert reason(plugins) == ""


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (RuntimeError("no luck"), "RuntimeError: no luck"),
        (lambda: sys.exit(3), "SystemExit: 3"),
        (asyncio.CancelledError(), "CancelledError: it was cancelled, but not by the server."),
        ([5], "The linker shelf returned a value of type int, not MediaSummary."),
        ([MediaSummary(5, "A film")], "'key' that is a value of type int, not str."),  # type: ignore[arg-type]
    ],
)
async def test_what_a_linker_does_wrong_is_a_reason_of_the_plugin_that_has_it(
    linker: Linker, plugins: Plugins, stock: Stock, answer: Any, why: str
) -> None:
    stock.shelf.answer = answer
    with pytest.raises((Broken, RuntimeError)):
        await linker.search("film")
    assert reason(plugins).startswith("linker shelf: ")
    assert reason(plugins).endswith(why)
    stock.shelf.answer = [FOUND]
    await linker.search("film")
    assert reason(plugins) == ""


async def test_what_a_linker_says_itself_is_for_who_asks(
    linker: Linker, plugins: Plugins, stock: Stock
) -> None:
    stock.shelf.answer = PluginFailure("There is no film 'k'.")
    with pytest.raises(PluginFailure, match="There is no film 'k'"):
        await linker.detail("k")
    assert reason(plugins) == ""


async def test_a_linker_that_is_no_longer_waited_for_did_not_answer(
    linker: Linker, plugins: Plugins, stock: Stock
) -> None:
    class Patient(Shelf):
        async def search(self, _keyword: str) -> Any:
            await asyncio.Event().wait()

    stock.shelf.search = Patient().search  # type: ignore[method-assign]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await linker.sources("k", "1")
    assert reason(plugins).startswith("linker shelf: It did not answer within 0.")
