"""Space, open files and the clock, as the doctor finds them."""

import resource
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from bunga_cli.data_folder import DataFolder
from bunga_cli.doctor import Case, Finding, Machine, machine
from bunga_cli.doctor.ntp import ClockState, clock_state, read_clock
from bunga_cli.units import MIB
from tests.servers import Site


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case.open(DataFolder(tmp_path / "not" / "there" / "yet"))


def only(check: Callable[[Case], Iterator[Finding]], case: Case) -> Finding:
    [found] = check(case)
    return found


@pytest.mark.parametrize(
    ("free", "state"), [(10_000 * MIB, "ok"), (500 * MIB, "warning"), (10 * MIB, "failure")]
)
def test_the_disk_is_judged_by_its_free_space(
    case: Case, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage(2**50, 0, free))

    assert only(machine.check_disk, case).state == state


def test_a_disk_with_no_room_for_more_files_is_a_failure(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = type("Status", (), {"f_files": 1_000_000, "f_favail": 12})
    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage(2**50, 0, 2**49))
    monkeypatch.setattr("os.statvfs", lambda _path: full)

    assert only(machine.check_disk, case).state == "failure"
    assert "12 more files" in only(machine.check_disk, case).text


@pytest.mark.parametrize(
    ("allowed", "state"),
    [(21_000, "ok"), (resource.RLIM_INFINITY, "ok"), (20_999, "warning"), (500, "warning")],
)
def test_the_limit_of_open_files_is_held_against_the_connections(
    case: Case, monkeypatch: pytest.MonkeyPatch, allowed: int, state: str
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _what: (256, allowed))
    found = only(machine.check_open_files, case)

    assert found.state == state
    assert ("LimitNOFILE=21000" in found.advice) is (state == "warning")


def test_the_limit_of_a_running_server_counts_not_that_of_the_command(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Case.open(DataFolder(site.data))
    monkeypatch.setattr("resource.getrlimit", lambda _what: (1, 1))

    assert "allows 1 open" not in only(machine.check_open_files, running).text


def test_without_valid_settings_connections_are_not_judged(case: Case) -> None:
    assert only(machine.check_open_files, replace(case, place=None)).state == "off"


@pytest.mark.parametrize(
    ("clock", "state"),
    [
        (ClockState(is_synchronised=True, offset_us=-1200), "ok"),
        (ClockState(is_synchronised=True, offset_us=-900_000), "warning"),
        (ClockState(is_synchronised=False, offset_us=0), "warning"),
        (None, "off"),
    ],
)
def test_the_clock_is_judged_by_what_the_system_says(
    case: Case, clock: ClockState | None, state: str
) -> None:
    asked = replace(case, machine=Machine(clock=lambda: clock))

    assert only(machine.check_clock, asked).state == state


@pytest.mark.parametrize(
    ("state", "status", "offset", "expected"),
    [
        (0, 0x2001, 1_500_000, ClockState(is_synchronised=True, offset_us=1500)),
        (0, 0x0001, 1_500, ClockState(is_synchronised=True, offset_us=1500)),
        (5, 0x0040, 0, ClockState(is_synchronised=False, offset_us=0)),
        (0, 0x0040, 0, ClockState(is_synchronised=False, offset_us=0)),
        (5, 0x0000, 0, ClockState(is_synchronised=False, offset_us=0)),
    ],
)
def test_the_kernels_numbers_mean_this(
    state: int, status: int, offset: int, expected: ClockState
) -> None:
    assert clock_state(state, status, offset) == expected


def test_this_systems_kernel_can_be_asked() -> None:
    found = read_clock()

    assert found is None or abs(found.offset_us) < 10**9
