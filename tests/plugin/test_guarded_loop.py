"""The server's loop as plugins meet it: what they give it is theirs, and the loop is not."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

import pytest
import uvloop

from bunga_cli.plugin.guarded_loop import MAX_AT_ONCE, GuardedLoop
from bunga_cli.plugin.isolation import Broken
from bunga_cli.plugin.parts import Part, current_part, nobodys_context, outside
from bunga_cli.plugin.threads import Lane, Threads
from tests.plugin.kit import until

Work = Callable[[], Coroutine[Any, Any, Any]]
TOO_MUCH = "more than 10,000 things to do at once"


def part_of(plugin: str) -> Part:
    return Part(plugin, Lane(plugin), lambda _part: None)


@pytest.fixture
def part() -> Part:
    return part_of("test")


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run this as a server would be."""
    loop = GuardedLoop()
    loop.set_default_executor(Threads())
    try:
        loop.run_until_complete(main)
    finally:
        loop.close()


@pytest.mark.parametrize(
    "name",
    [
        "add_signal_handler",
        "close",
        "remove_signal_handler",
        "set_debug",
        "set_default_executor",
        "set_exception_handler",
        "set_task_factory",
        "shutdown_asyncgens",
        "shutdown_default_executor",
        "stop",
    ],
)
def test_a_sealed_loop_does_nothing_that_would_change_or_end_it(name: str) -> None:
    loop = GuardedLoop()
    loop.is_sealed = True
    with pytest.raises(RuntimeError, match=rf"^{name}\(\) is not for plugins"):
        getattr(loop, name)()
    assert not loop.is_closed()
    uvloop.Loop.close(loop)


def test_a_plugin_cancels_no_task_but_its_own(part: Part) -> None:
    other = part_of("other")
    cancelled: list[bool] = []

    async def cancel_all() -> None:
        mine = asyncio.create_task(asyncio.sleep(60), name="mine")
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.wait((mine,))
        cancelled.append(mine.cancelled())

    async def main() -> None:
        release = asyncio.Event()
        of_server = asyncio.create_task(release.wait())
        of_other = asyncio.create_task(other.run(release.wait()))
        await asyncio.sleep(0)
        await part.run(cancel_all())
        release.set()
        assert await of_server
        assert await of_other

    run(main())
    assert cancelled == [True]


def test_the_server_cancels_what_a_plugin_asked_of_another(part: Part) -> None:
    other = part_of("other")
    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def ask() -> None:
        async with asyncio.timeout(0.01):
            await other.run(wait())

    async def main() -> None:
        with pytest.raises(Broken, match="TimeoutError"):
            await part.run(ask())
        await asyncio.sleep(0)

    run(main())
    assert ended == ["cancelled"]


def test_a_plugin_waits_for_the_server_as_long_as_it_wants_to(part: Part) -> None:
    async def work() -> str:
        try:
            async with asyncio.timeout(0.01):
                await outside(asyncio.sleep)(60)
        except TimeoutError:
            return "in time"
        return "too late"

    async def main() -> None:
        assert await part.run(work()) == "in time"

    run(main())


def schedulers() -> list[Callable[[Callable[[], object], Context | None], object]]:
    def soon(function: Callable[[], object], context: Context | None) -> object:
        return asyncio.get_running_loop().call_soon(function, context=context)

    def threadsafe(function: Callable[[], object], context: Context | None) -> object:
        return asyncio.get_running_loop().call_soon_threadsafe(function, context=context)

    def later(function: Callable[[], object], context: Context | None) -> object:
        return asyncio.get_running_loop().call_later(0, function, context=context)

    def at(function: Callable[[], object], context: Context | None) -> object:
        loop = asyncio.get_running_loop()
        return loop.call_at(loop.time(), function, context=context)

    def task(function: Callable[[], object], context: Context | None) -> object:
        async def work() -> None:
            function()

        return asyncio.get_running_loop().create_task(work(), context=context)

    return [soon, threadsafe, later, at, task]


each_scheduler = pytest.mark.parametrize(
    "schedule", schedulers(), ids=lambda function: function.__name__
)


@each_scheduler
def test_what_multiplies_is_switched_off(
    part: Part, schedule: Callable[[Callable[[], object], Context | None], object]
) -> None:
    calls = 0

    def multiply() -> None:
        nonlocal calls
        calls += 1
        try:
            schedule(multiply, None)
            schedule(multiply, None)
        except Broken:
            pass  # of a part that is off, no task is taken any more

    async def work() -> None:
        multiply()

    async def main() -> None:
        await part.run(work())
        await until(lambda: part.why_off)
        await asyncio.sleep(0.01)  # what was taken before is done by then

    run(main())
    assert TOO_MUCH in part.why_off
    assert calls < 5 * MAX_AT_ONCE


def test_much_at_once_is_not_too_much(part: Part) -> None:
    async def work() -> int:
        async def one() -> int:
            await asyncio.sleep(0)
            return 1

        total = 0
        for _ in range(3):
            total += sum(await asyncio.gather(*(one() for _ in range(MAX_AT_ONCE - 10))))
        return total

    async def main() -> None:
        assert await part.run(work()) == 3 * (MAX_AT_ONCE - 10)

    run(main())
    assert part.why_off == ""


@each_scheduler
def test_a_plugin_answers_for_what_it_does_in_an_empty_context(
    part: Part, schedule: Callable[[Callable[[], object], Context | None], object]
) -> None:
    spoke: list[Part | None] = []

    async def work() -> None:
        schedule(lambda: spoke.append(current_part()), Context())
        await asyncio.sleep(0.01)

    async def main() -> None:
        await part.run(work())

    run(main())
    assert spoke == [part]


def test_what_the_server_does_in_its_own_name_stays_its_own(part: Part) -> None:
    spoke: list[Part | None] = []

    async def work() -> None:
        part.switch_off("Enough.")
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: spoke.append(current_part()), context=nobodys_context())

    async def main() -> None:
        with pytest.raises(Broken):
            await part.run(work())

    run(main())
    assert spoke == [None]


@each_scheduler
def test_of_a_part_that_is_off_nothing_new_is_taken(
    part: Part, schedule: Callable[[Callable[[], object], Context | None], object]
) -> None:
    calls: list[str] = []

    async def work() -> None:
        part.switch_off("Enough.")
        schedule(lambda: calls.append("called"), None)

    async def main() -> None:
        with pytest.raises(Broken, match="Enough"):
            await part.run(work())
        await asyncio.sleep(0.01)

    run(main())
    assert calls == []


def test_who_waits_for_a_part_that_is_off_does_not_wait_for_ever(part: Part) -> None:
    async def wait() -> None:
        loop = asyncio.get_running_loop()
        part.switch_off("Enough.")
        future = loop.create_future()
        loop.call_soon(future.set_result, None)
        await future
        await asyncio.sleep(0.001)
        await asyncio.to_thread(int)
        async with asyncio.timeout(0.001):
            await asyncio.sleep(60)

    async def main() -> None:
        with pytest.raises(Broken, match="Enough"):
            await part.run(wait())

    run(main())


def test_a_handle_of_what_is_not_done_can_be_cancelled(part: Part) -> None:
    async def work() -> None:
        part.switch_off("Enough.")
        handle = asyncio.get_running_loop().call_later(60, print)
        assert handle.cancelled()
        handle.cancel()

    async def main() -> None:
        with pytest.raises(Broken, match="Enough"):
            await part.run(work())

    run(main())
