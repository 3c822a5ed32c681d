"""The hot path: what an answer may be, and how long it may take."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from bunga_cli.plugin import ActionRequest, Verdict
from bunga_cli.plugin import rooms as hot_path
from bunga_cli.plugin.hooks import hooks_of
from bunga_cli.plugin.parts import Part
from bunga_cli.plugin.rooms import STRIKES, Authoriser, Authorisers
from bunga_cli.plugin.threads import Lane
from tests.plugin import zoo

REQUEST = ActionRequest("lobby", "ann", "play")
FAILED = "It is switched off. 10 times within a minute it failed; the last time: "


class Stage:
    """One plugin's rule. Each call of it takes `call_s`, by the clock that the budget looks at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], Any]) -> None:
        self.now_s = self.others_s = 0.0
        self.call_s = self.stolen_s = 0.0
        self.notes: list[str | None] = []
        self.told: list[Part] = []
        monkeypatch.setattr(time, "perf_counter", lambda: self.now_s)
        monkeypatch.setattr(time, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(hot_path, "_used_by_others_s", lambda: self.others_s)

        def rule() -> Any:
            self.now_s += self.call_s
            self.others_s += self.stolen_s
            return answer()

        hook = hooks_of(zoo.named("bunga_authorise", rule))["bunga_authorise"]
        self.part = Part(hook.name, Lane("test"), self.told.append)
        self.authoriser = Authoriser(hook, self.part, self.notes.append)

    def ask(self, times: int = 1) -> list[Verdict | None]:
        return [self.authoriser.ask(REQUEST) for _ in range(times)]


def yes() -> Verdict:
    return Verdict(True)


def test_a_rule_that_is_too_slow_ten_times_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, yes)
    stage.call_s = 0.006
    assert stage.ask(STRIKES - 1) == [Verdict(True)] * (STRIKES - 1)
    assert stage.part.why_off == ""
    assert stage.ask() == [Verdict(True)]
    assert stage.part.why_off == f"{FAILED}It took longer than 5 ms."
    assert stage.told == [stage.part]
    assert stage.ask() == [None]


def test_a_rule_within_its_budget_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, yes)
    stage.call_s = 0.004
    stage.ask(100)
    assert stage.part.why_off == ""


def test_what_other_threads_compute_is_not_a_rules_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, yes)
    stage.call_s, stage.stolen_s = 0.02, 0.019
    stage.ask(100)
    assert stage.part.why_off == ""


def test_strikes_expire_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, yes)
    stage.call_s = 0.006
    for _ in range(3 * STRIKES):
        stage.now_s += 7
        stage.ask()
    assert stage.part.why_off == ""


def test_a_rule_that_is_hardly_ever_late_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, yes)
    for _ in range(2 * STRIKES):
        stage.call_s = 0.006
        stage.ask()
        stage.call_s = 0.0
        stage.ask(200)
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
