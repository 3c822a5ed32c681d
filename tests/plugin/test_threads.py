"""Threads: a plugin that hangs uses up its own, and nobody waits for them."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import anyio.to_thread
import pytest

from bunga_cli.plugin import PluginFailure
from bunga_cli.plugin import threads as module
from bunga_cli.plugin.parts import Part
from bunga_cli.plugin.threads import OF_PLUGIN, Lane, Threads, keep_plugins_out_of_anyio
from tests.plugin import zoo
from tests.plugin.kit import IMPATIENT_S, PATIENT_S, until

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def let_go(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    zoo.released.clear()
    monkeypatch.setattr(anyio.to_thread, "run_sync", anyio.to_thread.run_sync)
    keep_plugins_out_of_anyio()
    yield
    zoo.released.set()


@pytest.fixture
def part() -> Part:
    return Part("test", Lane("test"), lambda _part: None)


def my_name() -> str:
    return threading.current_thread().name


async def test_a_lane_has_few_threads_and_takes_turns() -> None:
    lane = Lane("test", threads=2)
    futures = [asyncio.wrap_future(lane.submit(my_name)) for _ in range(50)]
    names = {await asyncio.wait_for(future, PATIENT_S) for future in futures}
    assert names <= {"bunga test 1", "bunga test 2"}


async def test_a_lane_whose_threads_all_hang_refuses_at_last() -> None:
    lane = Lane("test", threads=2, queued=3)
    for _ in range(2):
        lane.submit(zoo.hang)
    await until(lane._jobs.empty)
    for _ in range(3):
        lane.submit(zoo.hang)
    with pytest.raises(PluginFailure, match="All of its threads are taken"):
        lane.submit(zoo.hang)


async def test_what_a_thread_raises_is_raised_where_it_is_waited_for() -> None:
    def fail() -> None:
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        await asyncio.wrap_future(Lane("test").submit(fail))


async def test_plugins_have_threads_of_their_own(part: Part) -> None:
    asyncio.get_running_loop().set_default_executor(Threads())
    plugins, ours = "bunga test 1", "bunga worker 1"
    assert await asyncio.to_thread(my_name) == ours
    assert await part.run(asyncio.to_thread(my_name)) == plugins
    assert await part.run(anyio.to_thread.run_sync(my_name)) == plugins
    assert "AnyIO" in await anyio.to_thread.run_sync(my_name)


async def test_a_plugin_whose_threads_hang_takes_none_of_the_servers(part: Part) -> None:
    asyncio.get_running_loop().set_default_executor(Threads())
    calls = [part.run(asyncio.to_thread(zoo.hang)) for _ in range(OF_PLUGIN * 4)]
    calls += [part.run(anyio.to_thread.run_sync(zoo.hang)) for _ in range(OF_PLUGIN * 4)]
    tasks = [asyncio.create_task(call) for call in calls]
    await asyncio.sleep(0.05)
    for run in (asyncio.to_thread, anyio.to_thread.run_sync):
        assert await asyncio.wait_for(run(my_name), PATIENT_S)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_a_call_of_fastapi_that_hangs_is_given_up(
    part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CALL_LIMIT_S", IMPATIENT_S)
    with pytest.raises(PluginFailure, match=r"within 0\.05 s"):
        await part.run(anyio.to_thread.run_sync(zoo.hang))


def test_nobody_waits_for_threads_at_the_end() -> None:
    program = (
        "import asyncio, time\n"
        "from bunga_cli.plugin.threads import Threads\n"
        "async def main():\n"
        "    asyncio.get_running_loop().set_default_executor(Threads())\n"
        "    asyncio.get_running_loop().run_in_executor(None, time.sleep, 1000)\n"
        "asyncio.run(main())\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENT_S, cwd=ROOT)
