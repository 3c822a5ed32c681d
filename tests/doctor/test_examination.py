"""Checks stand side by side: none disturbs another, and their order is always the same."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bunga_cli.data_folder import DataFolder
from bunga_cli.doctor import Case, examine
from bunga_cli.doctor.examination import CHECKS, Check
from bunga_cli.doctor.findings import Finding, ok


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case.open(DataFolder(tmp_path / "data"))


def check_that_works(_case: Case) -> Iterator[Finding]:
    yield ok("first", "fine")
    yield ok("first", "still fine")


def check_that_breaks(_case: Case) -> Iterator[Finding]:
    yield ok("second", "so far")
    raise ZeroDivisionError("oh")


def check_that_hangs(_case: Case) -> Iterator[Finding]:
    yield ok("third", "so far")
    threading.Event().wait()


def test_a_check_that_breaks_or_hangs_is_a_failure_and_disturbs_no_other(case: Case) -> None:
    checks = [
        Check("third", check_that_hangs),
        Check("second", check_that_breaks),
        Check("first", check_that_works),
    ]
    found = [(one.check, one.state, one.text) for one in examine(case, checks, limit_s=1)]

    assert found == [
        ("third", "ok", "so far"),
        ("third", "failure", "It took more than 1 s to look at."),
        ("second", "ok", "so far"),
        ("second", "failure", "It could not be looked at: ZeroDivisionError: oh"),
        ("first", "ok", "fine"),
        ("first", "ok", "still fine"),
    ]


def test_checks_run_side_by_side(case: Case) -> None:
    barrier = threading.Barrier(3)

    def meet(_case: Case) -> Iterator[Finding]:
        barrier.wait(10)  # none gets past it alone
        yield ok("met", "fine")

    found = examine(case, [Check("met", meet)] * 3, limit_s=10)
    assert [one.state for one in found] == ["ok"] * 3


def test_every_check_has_something_to_say_of_nothing_at_all(case: Case) -> None:
    said: dict[str, Any] = {}
    for finding in examine(case):
        said.setdefault(finding.check, finding)

    assert list(said) == [check.name for check in CHECKS]
    assert {one.check for one in said.values() if one.state == "failure"} == {
        "data folder",
        "database",
    }
    assert said["server"].state == "warning"


def test_whoever_finds_a_fault_says_what_to_do(case: Case) -> None:
    for finding in examine(case):
        assert finding.advice or finding.state in ("ok", "off"), finding
        assert finding.text.endswith((".", ")")), finding
