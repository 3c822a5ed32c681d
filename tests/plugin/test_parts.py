"""Running the coroutines of plugins: nothing of them ends the server or keeps it waiting."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bunga_cli.plugin import PluginFailure
from bunga_cli.plugin.isolation import Broken, Overdue
from bunga_cli.plugin.parts import MAX_ABANDONED, Part, current_part, outside
from bunga_cli.plugin.threads import Lane
from tests.plugin.kit import IMPATIENT_S, until


@pytest.fixture
def part() -> Part:
    return Part("test", Lane("test"), lambda _part: None)


class Stubborn:
    """Coroutines that swallow every cancellation until the test is over."""

    def __init__(self) -> None:
        self.is_over = False
        self.cancellations = 0

    async def wait(self) -> None:
        while not self.is_over:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                self.cancellations += 1


@pytest.fixture
async def stubborn() -> AsyncIterator[Stubborn]:
    stubborn = Stubborn()
    yield stubborn
    stubborn.is_over = True
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.sleep(0)


def raising(error: BaseException) -> Callable[[], Any]:
    async def work() -> None:
        await asyncio.sleep(0)
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (BaseException("boo"), "BaseException: boo"),
        (asyncio.CancelledError(), "CancelledError: it was cancelled, but not by the server."),
        (GeneratorExit(), "GeneratorExit"),
        (TimeoutError(), "TimeoutError"),
    ],
)
async def test_what_may_not_be_passed_on_becomes_a_failure_with_a_reason(
    part: Part, error: BaseException, sentence: str
) -> None:
    with pytest.raises(Broken) as raised:
        await part.run(raising(error)())
    assert str(raised.value) == sentence
    with pytest.raises(PluginFailure) as told:
        await part.ask(raising(error)())
    assert str(told.value) == sentence


async def test_an_exception_is_raised_as_it_is_or_as_a_sentence(part: Part) -> None:
    with pytest.raises(ValueError, match="no"):
        await part.run(raising(ValueError("no"))())
    with pytest.raises(PluginFailure, match=r"^ValueError: no$"):
        await part.ask(raising(ValueError("no"))())
    with pytest.raises(PluginFailure, match=r"^It has reasons\.$"):
        await part.ask(raising(PluginFailure("It has reasons."))())


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), BaseException("boo")])
async def test_a_call_that_raises_anything_raises_an_exception(
    part: Part, error: BaseException
) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(Broken):
        part.call(fail)


async def test_what_takes_too_long_is_left_behind(part: Part, stubborn: Stubborn) -> None:
    with pytest.raises(Overdue, match=r"within 0\.05 s"):
        await part.run(stubborn.wait(), IMPATIENT_S)
    await until(lambda: stubborn.cancellations == 1)


async def test_who_waits_is_cancelled_at_once_whatever_the_plugin_does(
    part: Part, stubborn: Stubborn
) -> None:
    task = asyncio.create_task(part.run(stubborn.wait()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: stubborn.cancellations == 1)


async def test_calls_that_do_not_end_are_left_behind_only_a_few_times(
    part: Part, stubborn: Stubborn
) -> None:
    for _ in range(MAX_ABANDONED):
        with pytest.raises(Overdue):
            await part.run(stubborn.wait(), 0.001)
    with pytest.raises(Broken, match=r"Earlier calls do not end\."):
        await part.run(stubborn.wait(), 0.001)


async def test_a_plugin_that_cleans_up_when_it_is_cancelled_can(part: Part) -> None:
    seen: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            seen.append("cleaned up")
            raise

    with pytest.raises(Overdue):
        await part.run(work(), IMPATIENT_S)
    await until(lambda: seen == ["cleaned up"])


async def test_what_a_plugin_sets_going_is_its_own_and_what_the_server_does_for_it_is_not(
    part: Part,
) -> None:
    seen: list[Part | None] = []

    async def ours() -> None:
        seen.append(current_part())

    async def look() -> None:
        seen.append(current_part())

    async def work() -> None:
        await asyncio.create_task(look())
        await outside(ours)()
        await look()

    await part.run(work())
    assert seen == [part, None, part]
    assert current_part() is None


async def test_the_text_of_an_exception_is_not_trusted(part: Part) -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise SystemExit(3)

    with pytest.raises(PluginFailure, match=r"An error that cannot be shown\."):
        await part.ask(raising(Silent())())


async def test_threads_of_asyncio_are_known_to_be_its_own_and_those_that_it_makes_are_not(
    part: Part,
) -> None:
    """As `docs/plugins.md` says of what can be watched, and of what cannot."""
    seen: dict[str, Part | None] = {}
    loop, is_over = asyncio.get_running_loop(), asyncio.Event()

    def back_in_the_loop() -> None:
        seen["handed to the loop"] = current_part()
        is_over.set()

    def by_itself() -> None:
        seen["its own thread"] = current_part()
        loop.call_soon_threadsafe(back_in_the_loop)

    async def work() -> None:
        seen["to_thread"] = await asyncio.to_thread(current_part)
        threading.Thread(target=by_itself, daemon=True).start()
        await is_over.wait()

    await part.run(work())
    assert seen == {"to_thread": part, "its own thread": None, "handed to the loop": None}
