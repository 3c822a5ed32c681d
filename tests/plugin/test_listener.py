"""Events for one plugin: in order, by one thread, and none after it was stopped."""

import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bunga_cli.plugin import RoomEvent
from bunga_cli.plugin.hooks import Hook, hooks_of
from bunga_cli.plugin.listener import MAX_EVENTS, MAX_LEFT, Listener
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
def complaints() -> list[str | None]:
    return []


@pytest.fixture
async def listener(complaints: list[str | None]) -> AsyncIterator[Listener]:
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


async def hang_and_stop(listener: Listener) -> list[str | None]:
    """Tell two events to a hook that hangs in the first one; return what it has heard."""
    heard: list[str | None] = []

    def hear_and_hang(event: RoomEvent) -> None:
        heard.append(event.text)
        zoo.hang()

    listener.start(hook(hear_and_hang), PART)
    listener.tell(event("hangs"))
    listener.tell(event("comes too late"))
    await until(lambda: heard)
    await listener.stop(IMPATIENT_S)
    return heard


async def test_who_hung_hears_again_once_it_is_started_anew(
    listener: Listener, complaints: list[str | None]
) -> None:
    heard: list[str | None] = []
    await hang_and_stop(listener)
    listener.start(hook(lambda event: heard.append(event.text)), PART)
    listener.tell(event("one"))
    listener.tell(event("two"))
    await until(lambda: heard == ["one", "two"])
    assert complaints == ["An earlier call has not come back, but hangs in a thread."]


async def test_a_call_that_comes_back_late_is_the_last_of_its_thread(
    listener: Listener, complaints: list[str | None]
) -> None:
    heard_before = await hang_and_stop(listener)
    listener.start(hook(lambda _event: None), PART)
    zoo.released.set()
    await until(lambda: complaints[-1] is None)
    assert heard_before == ["hangs"]


async def test_what_fails_after_it_was_given_up_is_nobodys_complaint(
    listener: Listener, complaints: list[str | None]
) -> None:
    has_begun: list[bool] = []

    def fail_late(_event: RoomEvent) -> None:
        has_begun.append(True)
        zoo.hang()
        raise ValueError("late")

    listener.start(hook(fail_late), PART)
    listener.tell(event("hangs"))
    await until(lambda: has_begun)
    await listener.stop(IMPATIENT_S)
    listener.start(hook(lambda _event: None), PART)
    zoo.released.set()
    await until(lambda: complaints[-1] is None)
    assert complaints == ["An earlier call has not come back, but hangs in a thread.", None]


async def test_a_complaint_of_now_outlives_calls_that_come_back(
    listener: Listener, complaints: list[str | None]
) -> None:
    def fail(_event: RoomEvent) -> None:
        raise ValueError("no")

    await hang_and_stop(listener)
    await hang_and_stop(listener)
    listener.start(hook(fail), PART)
    listener.tell(event("hello"))
    await until(lambda: len(complaints) == 3)
    zoo.released.set()
    await until(lambda: not listener._left)
    assert complaints[1:] == [
        "2 earlier calls have not come back, but hang in threads.",
        "bunga_room_event failed. ValueError: no",
    ]


async def test_only_a_few_threads_are_left_behind(
    listener: Listener, complaints: list[str | None]
) -> None:
    for _ in range(MAX_LEFT):
        await hang_and_stop(listener)
    before = {*threading.enumerate()}
    listener.start(hook(lambda _event: None), PART)
    listener.tell(event("to nobody"))
    assert not {*threading.enumerate()} - before
    assert complaints[-1] == (
        "It hears nothing, because 8 earlier calls have not come back; start the server again."
    )


async def test_who_is_far_behind_misses_the_oldest_and_says_so_once(
    listener: Listener, complaints: list[str | None]
) -> None:
    heard: list[str | None] = []

    def hear_slowly(event: RoomEvent) -> None:
        heard.append(event.text)
        zoo.hang()

    listener.start(hook(hear_slowly), PART)
    listener.tell(event("first"))
    await until(lambda: heard)
    for number in range(MAX_EVENTS + 2):
        listener.tell(event(str(number)))
    zoo.released.set()
    await listener.stop(PATIENT_S)
    assert heard[:2] == ["first", "2"]
    assert len(heard) == 1 + MAX_EVENTS
    assert complaints == ["It is more than 1000 events behind; the oldest are dropped."]


async def test_one_that_was_stopped_in_order_starts_again(listener: Listener) -> None:
    heard: list[str | None] = []
    for text in ("one", "two"):
        listener.start(hook(lambda event: heard.append(event.text)), PART)
        listener.tell(event(text))
        await listener.stop(PATIENT_S)
    assert heard == ["one", "two"]


async def test_a_failure_is_told_once_and_the_next_event_is_heard(
    listener: Listener, complaints: list[str | None]
) -> None:
    def fail(_event: RoomEvent) -> None:
        raise SystemExit(3)

    listener.start(hook(fail), PART)
    for _ in range(3):
        listener.tell(event("hello"))
    await listener.stop(PATIENT_S)
    assert complaints == ["bunga_room_event failed. SystemExit: 3"]
