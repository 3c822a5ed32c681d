"""Events for one plugin: in order, by one thread, and none after it was stopped."""

import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bunga_cli.plugin import RoomEvent
from bunga_cli.plugin.hooks import Hook, hooks_of
from bunga_cli.plugin.listener import Listener
from bunga_cli.plugin.parts import Part
from bunga_cli.plugin.threads import Lane
from tests.plugin import zoo
from tests.plugin.kit import IMPATIENT_S, PATIENT_S, until

PART = Part("bunga_room_event", Lane("test"), lambda _part: None)


@pytest.fixture(autouse=True)
async def let_go() -> AsyncIterator[None]:
    zoo.released.clear()
    yield
    zoo.released.set()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
async def listener(complaints: list[str]) -> AsyncIterator[Listener]:
    listener = Listener("test", complaints.append)
    yield listener
    zoo.released.set()
    await listener.stop(PATIENT_S)


def event(text: str) -> RoomEvent:
    return RoomEvent("lobby", "message", "ann", None, None, text, datetime.now(UTC))


def hook(function: Callable[[RoomEvent], Any]) -> Hook:
    def bunga_room_event(event: RoomEvent) -> None:
        function(event)

    plugin = zoo.named("bunga_room_event", bunga_room_event)
    return hooks_of(plugin)["bunga_room_event"]


async def test_what_is_queued_is_told_before_the_end(listener: Listener) -> None:
    heard: list[str | None] = []
    listener.start(hook(lambda event: heard.append(event.text)), PART)
    for number in range(100):
        listener.tell(event(str(number)))
    await listener.stop(PATIENT_S)
    assert heard == [str(number) for number in range(100)]


async def test_who_does_not_keep_up_misses_the_rest_at_the_end(listener: Listener) -> None:
    heard: list[str | None] = []

    def hear(event: RoomEvent) -> None:
        heard.append(event.text)
        zoo.hang()

    listener.start(hook(hear), PART)
    for number in range(100):
        listener.tell(event(str(number)))
    await until(lambda: heard)
    await listener.stop(IMPATIENT_S)
    zoo.released.set()
    await listener.stop(PATIENT_S)
    assert heard == ["0"]


async def test_a_call_that_hangs_is_gone_on_from_by_the_same_thread(listener: Listener) -> None:
    heard: list[str | None] = []
    threads: set[threading.Thread] = set()

    def hear_slowly(event: RoomEvent) -> None:
        threads.add(threading.current_thread())
        zoo.hang()

    def hear(event: RoomEvent) -> None:
        threads.add(threading.current_thread())
        heard.append(event.text)

    listener.start(hook(hear_slowly), PART)
    listener.tell(event("hangs"))
    await until(lambda: threads)
    await listener.stop(IMPATIENT_S)
    listener.start(hook(hear), PART)
    listener.tell(event("anew"))
    assert heard == []
    zoo.released.set()
    await until(lambda: heard == ["anew"])
    assert len(threads) == 1


async def test_one_that_was_stopped_in_order_starts_again(listener: Listener) -> None:
    heard: list[str | None] = []
    for text in ("one", "two"):
        listener.start(hook(lambda event: heard.append(event.text)), PART)
        listener.tell(event(text))
        await listener.stop(PATIENT_S)
    assert heard == ["one", "two"]


async def test_a_failure_is_told_once_and_the_next_event_is_heard(
    listener: Listener, complaints: list[str]
) -> None:
    def fail(_event: RoomEvent) -> None:
        raise SystemExit(3)

    listener.start(hook(fail), PART)
    for _ in range(3):
        listener.tell(event("hello"))
    await listener.stop(PATIENT_S)
    assert complaints == ["bunga_room_event failed. SystemExit: 3"]
