"""The hot path: what an answer may be, and how long it may take."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from bunga_cli.plugin import ActionRequest, Verdict
from bunga_cli.plugin import rooms as hot_path
from bunga_cli.plugin.clocks import Reading
from bunga_cli.plugin.hooks import hooks_of
from bunga_cli.plugin.parts import Part
from bunga_cli.plugin.rooms import (
    CLOSE_CALLS,
    STRIKES,
    STRIKES_WITHIN_CALLS,
    Authoriser,
    Authorisers,
)
from bunga_cli.plugin.threads import Lane
from tests.plugin import zoo

REQUEST = ActionRequest("lobby", "ann", "play")
FAILED = "It is switched off. It failed 10 times; the last time: "
SLOW = f"{FAILED}It took longer than 5 ms."


class Stage:
    """One plugin's rule, and all clocks. Each call computes, sleeps, and is kept from going on:

    `queued_s` by other programs that have the processor, `stolen_s` by another thread of this one
    that has the interpreter, of which it computes `others_s`, and waits for a processor else.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], Any]) -> None:
        self.wall_s = self.own_s = self.process_s = 0.0
        self.naps = self.close_looks = 0
        self.queued = {"own": 0, "other": 5_000_000_000}
        self.computes_s = self.sleeps_s = self.queued_s = self.stolen_s = self.others_s = 0.0
        self.notes: list[str | None] = []
        self.told: list[Part] = []
        monkeypatch.setattr(time, "perf_counter", lambda: self.wall_s)
        monkeypatch.setattr(hot_path, "reading", self._reading)

        def rule() -> Any:
            self._pass()
            return answer()

        hook = hooks_of(zoo.named("bunga_authorise", rule))["bunga_authorise"]
        self.part = Part(hook.name, Lane("test"), self.told.append)
        self.authoriser = Authoriser(hook, self.part, self.notes.append)

    def _pass(self) -> None:
        self.wall_s += self.computes_s + self.sleeps_s + self.queued_s + self.stolen_s
        self.own_s += self.computes_s
        self.process_s += self.computes_s + self.others_s
        self.naps += bool(self.sleeps_s or self.stolen_s)
        self.queued["own"] += round(self.queued_s * 1e9)
        self.queued["other"] += round((self.stolen_s - self.others_s) * 1e9)

    def _reading(self, *, closely: bool) -> Reading:
        self.close_looks += closely
        queued = {**self.queued} if closely else None
        return Reading(self.wall_s, self.own_s, self.process_s, self.naps, queued)

    def ask(self, times: int = 1) -> list[Verdict | None]:
        return [self.authoriser.ask(REQUEST) for _ in range(times)]


def yes() -> Verdict:
    return Verdict(True)


@pytest.mark.parametrize("way", ["computes_s", "sleeps_s"])
def test_a_rule_that_is_too_slow_ten_times_is_switched_off(
    monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    stage = Stage(monkeypatch, yes)
    setattr(stage, way, 0.006)
    assert stage.ask(STRIKES - 1) == [Verdict(True)] * (STRIKES - 1)
    assert stage.part.why_off == ""
    assert stage.ask() == [Verdict(True)]
    assert stage.part.why_off == SLOW
    assert stage.told == [stage.part]
    assert stage.ask() == [None]


def test_a_rule_within_its_budget_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, yes)
    stage.computes_s, stage.sleeps_s = 0.002, 0.002
    stage.ask(100)
    assert stage.part.why_off == ""


def test_a_busy_machine_is_not_a_rules_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, yes)
    stage.computes_s, stage.queued_s = 0.001, 0.1
    stage.ask(1000)
    assert stage.part.why_off == ""


def test_a_rule_that_computes_for_too_long_is_to_blame_on_a_busy_machine_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage(monkeypatch, yes)
    stage.computes_s, stage.queued_s, stage.stolen_s, stage.others_s = 0.006, 0.1, 0.1, 0.1
    stage.ask(STRIKES)
    assert stage.part.why_off == SLOW


@pytest.mark.parametrize("others_s", [0.02, 0.002, 0.0])
def test_a_thread_that_has_the_interpreter_is_not_a_rules_fault(
    monkeypatch: pytest.MonkeyPatch, others_s: float
) -> None:
    """Also while that thread waits for a processor itself."""
    stage = Stage(monkeypatch, yes)
    stage.computes_s, stage.stolen_s, stage.others_s = 0.0001, 0.02, others_s
    stage.ask(1000)
    assert stage.part.why_off == ""


def test_a_rule_that_sleeps_is_to_blame_on_a_busy_machine_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage(monkeypatch, yes)
    stage.sleeps_s, stage.queued_s, stage.stolen_s, stage.others_s = 0.006, 0.1, 0.1, 0.01
    stage.ask(STRIKES)
    assert stage.part.why_off == SLOW


def test_a_thread_that_ends_meanwhile_is_no_excuse_and_no_blame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it has waited for in its life is not known any more."""
    before = Reading(0.0, 0.0, 0.0, 0, {"own": 1, "ended": 9_000_000_000})
    assert before.slept_s(Reading(0.02, 0.0, 0.0, 1, {"own": 20_000_001})) == pytest.approx(0)
    assert before.slept_s(Reading(0.02, 0.0, 0.0, 1, {"own": 1})) == pytest.approx(0.02)
    assert before.slept_s(Reading(0.02, 0.0, 0.0, 1, {"own": 1, "new": 9_000_000})) == (
        pytest.approx(0.011)
    )


def test_who_begins_to_sleep_is_looked_at_closely_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage(monkeypatch, yes)
    stage.ask(2 * CLOSE_CALLS)
    assert stage.close_looks == CLOSE_CALLS
    stage.sleeps_s = 0.006
    stage.ask(STRIKES)
    assert stage.part.why_off == ""
    stage.ask()
    assert stage.part.why_off == SLOW


def test_a_closer_look_that_finds_nothing_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, yes)
    stage.ask(CLOSE_CALLS)
    stage.stolen_s, stage.others_s = 0.02, 0.001
    stage.ask()
    stage.stolen_s = stage.others_s = 0.0
    stage.ask(3 * CLOSE_CALLS)
    assert stage.close_looks == 2 * CLOSE_CALLS


def test_strikes_add_up_however_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, yes)
    stage.computes_s = 0.05
    for _ in range(STRIKES):
        assert stage.part.why_off == ""
        stage.wall_s += 86_400
        stage.ask()
    assert stage.part.why_off == SLOW


def test_a_rule_that_is_hardly_ever_late_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, yes)
    for _ in range(2 * STRIKES):
        stage.computes_s = 0.006
        stage.ask()
        stage.computes_s = 0.0
        stage.ask(STRIKES_WITHIN_CALLS // (STRIKES - 1))
    assert stage.part.why_off == ""


def test_a_call_that_fails_and_is_late_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, lambda: 5)
    stage.computes_s = 0.006
    stage.ask(STRIKES - 1)
    assert stage.part.why_off == ""


def test_a_rule_that_failed_and_works_again_has_no_complaint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers: list[Any] = [5, Verdict(True), Verdict(True)]
    stage = Stage(monkeypatch, lambda: answers.pop(0))
    assert stage.ask(3) == [None, Verdict(True), Verdict(True)]
    assert stage.notes == ["It returned a value of type int, not Verdict.", None]


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (5, ""),
        (object(), ""),
        (None, ""),
        ("\ud800", "\N{REPLACEMENT CHARACTER}"),
        ("two\nlines\x1b[31m", "two lines\N{REPLACEMENT CHARACTER}[31m"),
        ("x" * 20_000_000, "x" * 299 + "…"),
    ],
)
def test_a_refusal_stays_one_whatever_its_reason_is(
    monkeypatch: pytest.MonkeyPatch, reason: Any, shown: str
) -> None:
    stage = Stage(monkeypatch, lambda: Verdict(False, reason))
    assert stage.ask() == [Verdict(False, shown)]
    assert stage.notes == ["The reason of its verdict is no short line of text."]
    stage.ask(STRIKES - 1)
    assert stage.part.why_off.startswith(FAILED)


def test_a_verdict_that_is_neither_yes_nor_no_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, lambda: Verdict("no"))  # type: ignore[arg-type]
    assert stage.ask() == [None]
    assert stage.notes == ["Its verdict is str, not True or False."]


class _Hostile(Verdict):
    @property
    def allowed(self) -> bool:  # type: ignore[override]
        raise SystemExit(3)


def test_a_verdict_that_raises_when_it_is_read_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, lambda: object.__new__(_Hostile))
    assert stage.ask() == [None]
    assert stage.notes == ["SystemExit: 3"]


def test_the_next_rule_is_asked_when_one_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    off, other = Stage(monkeypatch, yes), Stage(monkeypatch, lambda: Verdict(False, "no"))
    both = Authorisers([off.authoriser, other.authoriser])
    assert both(REQUEST) == Verdict(True)
    off.part.switch_off("Enough.")
    assert both(REQUEST) == Verdict(False, "no")
