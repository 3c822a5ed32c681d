"""Calls in threads, and what is said about failures."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bunga_cli.errors import SettingsError
from bunga_cli.plugin import PluginFailure
from bunga_cli.plugin.isolation import (
    LONGEST_SENTENCE,
    Broken,
    Errand,
    Overdue,
    describe,
    in_thread,
    in_time,
)
from tests.plugin import zoo
from tests.plugin.kit import IMPATIENT_S, PATIENT_S, until


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    zoo.released.clear()
    yield
    zoo.released.set()


# -- threads ----------------------------------------------------------------------------------


async def test_a_thread_that_hangs_is_not_waited_for() -> None:
    with pytest.raises(Overdue, match=r"It did not return within 0\.05 s\."):
        await in_thread(zoo.hang, IMPATIENT_S, "test")


def test_a_command_does_not_wait_for_a_thread_that_hangs_either() -> None:
    with pytest.raises(Overdue, match=r"within 0\.05 s"):
        in_time(zoo.hang, IMPATIENT_S, "test")
    assert in_time(lambda: 5, PATIENT_S, "test") == 5


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("no"), ValueError),
        (StopIteration(), Broken),
        (TimeoutError("no"), Broken),
        (SystemExit(3), Broken),
        (asyncio.CancelledError(), Broken),
    ],
)
async def test_what_a_thread_raises_is_raised(error: BaseException, kind: type[Exception]) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(kind):
        await in_thread(fail, PATIENT_S, "test")
    with pytest.raises(kind):
        in_time(fail, PATIENT_S, "test")


async def test_what_comes_back_late_is_seen_to() -> None:
    seen: list[threading.Thread] = []
    errand = Errand(zoo.hang, "test", late=lambda: seen.append(threading.current_thread()))
    with pytest.raises(Overdue):
        await errand.result(IMPATIENT_S)
    assert errand.is_out
    assert seen == []
    zoo.released.set()
    await until(lambda: not errand.is_out)
    assert [thread.name for thread in seen] == ["bunga plugin test"]


async def test_what_comes_back_in_time_is_not_late() -> None:
    seen: list[str] = []
    errand = Errand(lambda: 5, "test", late=lambda: seen.append("late"))
    assert await errand.result(PATIENT_S) == 5
    await until(lambda: not errand.is_out)
    assert seen == []


# -- sentences --------------------------------------------------------------------------------


class _RaisesWhenShown(Exception):
    def __str__(self) -> str:
        raise self


class _Nameless(type):
    @property
    def __name__(cls) -> str:
        raise KeyboardInterrupt


class _HasNoName(Exception, metaclass=_Nameless):
    pass


class _Text(str):
    __slots__ = ()

    def __getitem__(self, _key: Any) -> str:
        raise RuntimeError


class _OddText(Exception):
    def __str__(self) -> str:
        return _Text("odd")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("broken\nin two lines"), "ValueError: broken in two lines"),
        (ValueError(), "ValueError"),
        (ValueError(" \n "), "ValueError"),
        (PluginFailure("It has reasons."), "It has reasons."),
        (PluginFailure(""), "PluginFailure"),
        (SettingsError("One.", "Two."), "One. Two."),
        (ValueError("\x1b[31m\ud800"), "ValueError: \ufffd[31m\ufffd"),
        (_RaisesWhenShown(), "An error that cannot be shown."),
        (_HasNoName(), "An error that cannot be shown."),
        (_OddText(), "_OddText: odd"),
    ],
)
def test_a_failure_is_one_printable_line(error: BaseException, sentence: str) -> None:
    assert describe(error) == sentence


def test_a_failure_with_much_to_say_is_cut() -> None:
    sentence = describe(ValueError("x" * 15_000_000))
    assert len(sentence) == LONGEST_SENTENCE
    assert sentence.endswith("x…")
