"""What the watchdog takes for one step. Its signals are sent by hand, so that no time matters."""

import asyncio
import signal
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from bunga_cli.plugin import watchdog as module
from bunga_cli.plugin.isolation import Broken
from bunga_cli.plugin.parts import Part
from bunga_cli.plugin.threads import Lane
from bunga_cli.plugin.watchdog import _SIGNALS, Watchdog
from tests.plugin.kit import PATIENT_S, until

BEFORE_IT_BITES = _SIGNALS
"""As many signals find a step without harm to it."""


class Dog(Watchdog):
    """A watchdog in the midst of a round of the loop. `now_s` is what it takes for the time."""

    now_s = 0.0

    def signals(self, times: int = 1) -> None:
        """Find whoever calls this so many times."""
        for _ in range(times):
            self.now_s += 0.1
            self._on_signal(signal.SIGURG, sys._getframe(1))

    def come_round(self) -> None:
        """Let another round of the loop begin."""
        self._on_round()
        self._has_come_round = False


@pytest.fixture
async def dog(monkeypatch: pytest.MonkeyPatch) -> Any:
    dog = Dog(asyncio.get_running_loop())
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: dog.now_s))
    dog.come_round()
    yield dog
    dog.come_round()


@pytest.fixture
def part() -> Part:
    return Part("test", Lane("test"), lambda _part: None)


@pytest.fixture
def other() -> Part:
    return Part("other", Lane("other"), lambda _part: None)


@pytest.fixture(autouse=True)
def no_trace_is_left() -> Iterator[None]:
    before = sys.gettrace()
    yield
    assert sys.gettrace() is before


async def test_many_short_tasks_are_not_one_long_step(dog: Dog, part: Part) -> None:
    async def work() -> None:
        dog.signals(BEFORE_IT_BITES)

    await asyncio.gather(*(part.run(work()) for _ in range(100)))
    assert part.why_off == ""


async def test_many_short_calls_are_not_one_long_step(dog: Dog, part: Part) -> None:
    for _ in range(100):
        part.call(dog.signals, BEFORE_IT_BITES)
    assert part.why_off == ""


async def test_many_short_callbacks_are_not_one_long_step(dog: Dog, part: Part) -> None:
    called: list[bool] = []

    def callback() -> None:
        dog.signals(BEFORE_IT_BITES)
        called.append(True)

    for _ in range(100):
        part.call(asyncio.get_running_loop().call_soon, callback)
    await until(lambda: len(called) == 100)
    assert part.why_off == ""


async def test_a_task_that_awaits_begins_a_new_step(dog: Dog, part: Part) -> None:
    async def work() -> None:
        for _ in range(10):
            dog.signals(BEFORE_IT_BITES)
            await asyncio.sleep(0)
            dog.come_round()

    await part.run(work())
    assert part.why_off == ""


async def test_one_step_is_one_whatever_it_calls_meanwhile(dog: Dog, part: Part) -> None:
    def deeper(levels: int) -> None:
        dog.signals()
        if levels:
            deeper(levels - 1)

    async def work() -> None:
        dog.signals()
        deeper(2)
        deeper(2)

    with pytest.raises(Broken):
        await part.run(work())
    assert part.why_off == "It is switched off. It kept the whole server waiting for 0.5 s."


async def test_a_signal_that_finds_somebody_else_does_not_count(
    dog: Dog, part: Part, other: Part
) -> None:
    for _ in range(10):
        part.call(dog.signals, BEFORE_IT_BITES)
        other.call(dog.signals)
    assert part.why_off == other.why_off == ""


async def test_whose_time_is_cut_short_by_the_hangs_of_others_is_told_the_true_time(
    dog: Dog, part: Part, other: Part
) -> None:
    with pytest.raises(Broken):
        other.call(dog.signals, BEFORE_IT_BITES + 1)
    with pytest.raises(Broken):
        part.call(dog.signals, 3)
    assert part.why_off == "It is switched off. It kept the whole server waiting for 0.2 s."


async def test_a_step_that_is_found_once_is_never_interrupted(dog: Dog, part: Part) -> None:
    dog._hangs = [dog.now_s] * 10
    for _ in range(100):
        part.call(dog.signals)
    assert part.why_off == ""


async def test_what_is_left_of_a_part_that_is_off_has_no_time_and_costs_others_none(
    dog: Dog, part: Part
) -> None:
    finished: list[bool] = []

    async def work() -> None:
        await asyncio.sleep(0)
        dog.signals()
        finished.append(True)

    task = asyncio.create_task(part.run(work()))
    await asyncio.sleep(0)
    with pytest.raises(Broken):
        part.call(dog.signals, BEFORE_IT_BITES + 1)
    with pytest.raises(Broken):
        await task
    assert not finished
    assert len(dog._hangs) == 1


# -- in the midst of code that is not the plugin's ------------------------------------------------


class OfTheLoop:
    """A function that passes for one of asyncio, and is found so many times."""

    SOURCE = "def function():\n    for _ in range(times):\n        signals()\n    end(True)\n"

    def __init__(self, dog: Dog, times: int) -> None:
        self.ends: list[bool] = []
        self.is_left = False
        names = {"signals": dog.signals, "times": times, "end": self.ends.append}
        module = {"__name__": "asyncio.test", **names}
        exec(compile(self.SOURCE, "asyncio", "exec"), module)
        self._function: Any = module["function"]

    def call_as_a_plugin(self) -> None:
        """Call it, and go on."""
        self._function()
        self.is_left = True


async def test_the_loop_is_spared_and_the_plugins_next_line_is_not(dog: Dog, part: Part) -> None:
    of_the_loop = OfTheLoop(dog, BEFORE_IT_BITES + 1)
    with pytest.raises(Broken):
        part.call(of_the_loop.call_as_a_plugin)
    assert of_the_loop.ends
    assert not of_the_loop.is_left


async def test_who_does_not_leave_the_loops_code_is_interrupted_there(dog: Dog, part: Part) -> None:
    """Such as `call_soon(time.sleep, 60)`, which has no frame of its own."""
    of_the_loop = OfTheLoop(dog, BEFORE_IT_BITES + 2)
    with pytest.raises(Broken):
        part.call(of_the_loop.call_as_a_plugin)
    assert not of_the_loop.ends


async def test_those_who_wait_for_an_interrupted_task_are_told(dog: Dog, part: Part) -> None:
    """Raised in the midst of `call_soon`, the interruption would be all that is left of it."""
    may_go_on = asyncio.Event()

    async def work() -> None:
        await may_go_on.wait()
        time.perf_counter()

    task = asyncio.create_task(part.run(work()))
    await asyncio.sleep(0)

    def swallow() -> None:
        for _ in range(2):
            try:
                dog.signals(BEFORE_IT_BITES + 1)
            except BaseException:  # noqa: BLE001
                continue

    with pytest.raises(Broken):
        part.call(swallow)
    may_go_on.set()
    with pytest.raises(Broken):
        await asyncio.wait_for(task, PATIENT_S)
