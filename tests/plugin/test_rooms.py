"""The hot path's budget, and the watchdog."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from bunga_cli.plugin import ActionRequest, Verdict
from bunga_cli.plugin.hooks import hooks_of
from bunga_cli.plugin.isolation import Hung, in_thread
from bunga_cli.plugin.rooms import STRIKES, Authoriser
from bunga_cli.plugin.watchdog import Watchdog
from tests.plugin import zoo

REQUEST = ActionRequest("lobby", "ann", "play")


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    watchdog = Watchdog(0.05)
    watchdog.start()
    yield watchdog
    watchdog.stop()


class Clock:
    """Each look at it is `step_s` later than the one before."""

    def __init__(self, step_s: float) -> None:
        self.step_s, self.now_s = step_s, 0.0

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


def authoriser(reasons: list[str]) -> Authoriser:
    plugin = zoo.named("bunga_authorise", lambda: Verdict(True))
    return Authoriser(hooks_of(plugin)["bunga_authorise"], Watchdog(1), reasons.append)


def test_a_hook_that_is_too_slow_ten_times_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter", Clock(step_s=0.006))
    reasons: list[str] = []
    slow = authoriser(reasons)
    answers = [(slow.ask(REQUEST), slow.is_off) for _ in range(STRIKES)]
    assert answers == [(Verdict(True), False)] * (STRIKES - 1) + [(Verdict(True), True)]
    assert reasons == [
        "It is switched off. 10 times it failed; the last time: it took longer than 5 ms"
    ]


def test_a_hook_within_its_budget_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter", Clock(step_s=0.004))
    quick = authoriser([])
    for _ in range(100):
        quick.ask(REQUEST)
    assert (quick.strikes, quick.is_off) == (0, False)


def test_a_block_that_hangs_is_interrupted(watchdog: Watchdog) -> None:
    with pytest.raises(Hung, match=r"more than 0\.05 s"), watchdog.watching():
        time.sleep(30)


def test_a_block_that_swallows_the_first_interruption_gets_another(watchdog: Watchdog) -> None:
    def stubborn() -> None:
        try:
            time.sleep(30)
        except Exception:  # noqa: BLE001  what a careless plugin does
            time.sleep(30)

    with pytest.raises(Hung), watchdog.watching():
        stubborn()


async def test_a_coroutine_is_watched_in_each_of_its_steps(watchdog: Watchdog) -> None:
    async def blocking() -> None:
        await asyncio.sleep(0)
        zoo.sleep_long()

    with pytest.raises(Hung):
        await watchdog.run(blocking())


async def test_a_coroutine_may_wait_as_long_as_it_likes(watchdog: Watchdog) -> None:
    async def patient() -> str:
        for _ in range(4):
            await asyncio.sleep(0.03)
        return "done"

    assert await watchdog.run(patient()) == "done"


async def test_a_watched_coroutine_raises_and_is_cancelled_as_any_other(watchdog: Watchdog) -> None:
    seen: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            seen.append("cancelled")
            await asyncio.sleep(0)
            seen.append("cleaned up")
            raise

    async def failing() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    task = asyncio.create_task(watchdog.run(work()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled", "cleaned up"]
    with pytest.raises(ValueError, match="no"):
        await watchdog.run(failing())


@pytest.fixture
async def let_go() -> AsyncIterator[None]:
    zoo.released.clear()
    yield
    zoo.released.set()


@pytest.mark.usefixtures("let_go")
async def test_a_thread_that_hangs_is_not_waited_for() -> None:
    with pytest.raises(Hung, match=r"within 0\.02 s"):
        await in_thread(zoo.hang, 0.02, "test")


@pytest.mark.parametrize("error", [ValueError("no"), StopIteration(), TimeoutError("no")])
async def test_what_a_thread_raises_is_raised(error: Exception) -> None:
    def fail() -> None:
        raise error

    with pytest.raises((ValueError, RuntimeError)):
        await in_thread(fail, 5, "test")
