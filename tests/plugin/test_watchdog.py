"""The watchdog: who keeps the loop is interrupted, by whatever way it got there."""

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest

from bunga_cli.plugin.isolation import Broken
from bunga_cli.plugin.parts import Part, current_part
from bunga_cli.plugin.threads import Lane
from bunga_cli.plugin.watchdog import Watchdog
from tests.plugin import zoo
from tests.plugin.kit import until

WAITING = "kept the whole server waiting"


@pytest.fixture(autouse=True)
async def watchdog() -> AsyncIterator[None]:
    """One that bites so soon that it is for what hangs alone."""
    with Watchdog(asyncio.get_running_loop(), 0.1).watching():
        yield


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def part(told: list[str]) -> Part:
    return Part("test", Lane("test"), lambda part: told.append(part.why_off))


def swallow_exceptions() -> None:
    while True:
        try:  # noqa: SIM105  what a careless plugin does
            zoo.sleep_long()
        except Exception:  # noqa: BLE001
            pass


def swallow_everything() -> None:
    while True:
        try:  # noqa: SIM105  likewise
            zoo.sleep_long()
        except:  # noqa: E722
            pass


def swallow_once() -> str:
    with suppress(BaseException):
        zoo.sleep_long()
    return "done"


def compute() -> None:
    while True:
        pass


HANGING = [zoo.sleep_long, swallow_exceptions, swallow_everything, swallow_once, compute]


@pytest.mark.parametrize("hang", HANGING)
async def test_a_call_that_hangs_is_interrupted(
    part: Part, told: list[str], hang: Callable[[], object]
) -> None:
    with pytest.raises(Broken, match=WAITING):
        part.call(hang)
    await until(lambda: told)
    assert WAITING in told[0]
    assert sys.gettrace() is None or "Watchdog" not in repr(sys.gettrace())


@pytest.mark.parametrize("hang", HANGING)
async def test_a_coroutine_is_watched_in_each_of_its_steps(
    part: Part, hang: Callable[[], object]
) -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        hang()

    with pytest.raises(Broken, match=WAITING):
        await part.run(work())


async def test_what_hung_is_not_called_again(part: Part) -> None:
    calls: list[str] = []

    async def work() -> None:
        calls.append("called")

    with pytest.raises(Broken, match=WAITING):
        part.call(zoo.sleep_long)
    with pytest.raises(Broken, match="It is switched off"):
        part.call(calls.append, "called")
    with pytest.raises(Broken, match="It is switched off"):
        await part.run(work())
    assert calls == []


async def sleep_in_a_task() -> None:
    async def later() -> None:
        zoo.sleep_long()

    await asyncio.gather(later(), later())


async def sleep_in_a_callback() -> None:
    asyncio.get_running_loop().call_soon(zoo.sleep_long)


async def sleep_in_a_timer() -> None:
    asyncio.get_running_loop().call_later(0.01, zoo.sleep_long)


async def sleep_in_a_task_that_stays_behind() -> None:
    async def later() -> None:
        await asyncio.sleep(0.01)
        zoo.sleep_long()

    zoo.kept.append(asyncio.create_task(later()))


async def sleep_by_way_of_a_thread() -> None:
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(loop.call_soon_threadsafe, zoo.sleep_long)


@pytest.mark.parametrize(
    "work",
    [
        sleep_in_a_task,
        sleep_in_a_callback,
        sleep_in_a_timer,
        sleep_in_a_task_that_stays_behind,
        sleep_by_way_of_a_thread,
    ],
)
async def test_a_plugin_answers_for_all_that_it_sets_going(
    part: Part, told: list[str], work: Callable[[], Any]
) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    with suppress(Broken):
        await part.run(work())
    await until(lambda: told)
    assert WAITING in told[0]


async def test_a_generator_without_an_end_is_interrupted_in_who_reads_it(part: Part) -> None:
    async def work() -> list[int]:
        return [number for number in iter(int, 1) if number]

    with pytest.raises(Broken, match=WAITING):
        await part.run(work())


async def test_those_who_hang_after_one_another_have_less_and_less_time() -> None:
    watchdog = Watchdog(asyncio.get_running_loop())
    patience = []
    for _ in range(4):
        patience.append(watchdog._patience())
        watchdog._hangs.append(time.monotonic())
    assert patience == [5, 2, 1, 1]
    watchdog._hangs = [time.monotonic() - 3]
    assert watchdog._patience() == 5


async def test_a_coroutine_may_wait_as_long_as_it_likes(part: Part) -> None:
    async def patient() -> str:
        await asyncio.sleep(0.3)
        return "done"

    assert await part.run(patient()) == "done"
    assert part.why_off == ""


async def test_nobody_but_plugins_is_interrupted() -> None:
    time.sleep(0.3)  # noqa: ASYNC251  three times the limit
    assert current_part() is None


async def test_a_step_behind_a_long_one_of_ours_has_its_full_time(part: Part) -> None:
    async def quick() -> str:
        return "done"

    task = asyncio.create_task(part.run(quick()))
    time.sleep(0.3)  # noqa: ASYNC251  the loop stands still, but for no fault of the plugin's
    assert await task == "done"


async def test_threads_of_plugins_are_left_alone(part: Part) -> None:
    back = threading.Event()
    await asyncio.to_thread(part.call, lambda: back.wait(0.3))
    assert part.why_off == ""
