import asyncio
from dataclasses import dataclass, field

from bunga_cli.server.keepalive import Keepalive

SECOND_US = 1_000_000


@dataclass
class Clock:
    now_us: int = 1

    def __call__(self) -> int:
        return self.now_us


@dataclass
class Patient:
    """A connection that notes what is done to it, and when."""

    silent_since_us: int = 0
    is_open: bool = True
    pinged_at_s: list[float] = field(default_factory=list)
    aborts: int = 0

    def ping(self, now_us: int) -> None:
        self.silent_since_us = self.silent_since_us or now_us
        self.pinged_at_s.append(now_us / SECOND_US)

    def abort(self) -> None:
        self.is_open = False
        self.aborts += 1


class Ward:
    """A keepalive whose time is moved by hand."""

    def __init__(self, interval_s: float = 20, timeout_s: float = 20) -> None:
        self.keepalive = Keepalive(interval_s, timeout_s, clock=lambda: 0)

    def pass_by(self, *seconds: float) -> None:
        for second in seconds:
            self.keepalive.sweep(round(second * SECOND_US))


async def test_a_connection_is_pinged_soon_often_for_a_minute_and_then_at_the_interval() -> None:
    ward, patient = Ward(), Patient()
    ward.keepalive.watch(patient)

    for second in range(121):
        ward.pass_by(second)
        patient.silent_since_us = 0

    assert patient.pinged_at_s == [*range(1, 60, 2), 79, 99, 119]
    ward.keepalive.stop()


async def test_a_newcomer_is_pinged_soon_although_the_others_are_not_due_for_long() -> None:
    clock, early, late = Clock(), Patient(), Patient()
    keepalive = Keepalive(20, 20, clock)
    keepalive.watch(early)
    clock.now_us = SECOND_US + 1
    keepalive._on_timer()

    keepalive.watch(late)

    assert keepalive._timer is not None
    loop = asyncio.get_running_loop()
    assert keepalive._timer.when() - loop.time() < 1.1
    keepalive.stop()


async def test_an_interval_shorter_than_that_counts_from_the_start() -> None:
    ward, patient = Ward(interval_s=0.4), Patient()
    ward.keepalive.watch(patient)

    ward.pass_by(0.3, 0.4, 0.8)

    assert patient.pinged_at_s == [0.4, 0.8]
    ward.keepalive.stop()


async def test_a_connection_that_stays_silent_after_a_ping_is_aborted() -> None:
    ward, patient = Ward(), Patient()
    ward.keepalive.watch(patient)

    ward.pass_by(20, 39.9)
    assert patient.aborts == 0
    ward.pass_by(40)
    assert patient.aborts == 1
    ward.keepalive.stop()


async def test_one_byte_after_a_ping_is_a_sign_of_life() -> None:
    ward, patient = Ward(), Patient()
    ward.keepalive.watch(patient)

    ward.pass_by(20)
    patient.silent_since_us = 0
    ward.pass_by(40)

    assert patient.aborts == 0
    ward.keepalive.stop()


async def test_a_timeout_longer_than_the_interval_is_kept() -> None:
    ward, patient = Ward(interval_s=10, timeout_s=25), Patient()
    ward.keepalive.watch(patient)

    ward.pass_by(10, 20, 30, 34)
    assert patient.aborts == 0
    ward.pass_by(35)
    assert patient.aborts == 1
    ward.keepalive.stop()


async def test_a_connection_that_is_no_longer_open_is_forgotten() -> None:
    ward, patient = Ward(), Patient()
    ward.keepalive.watch(patient)
    patient.is_open = False

    ward.pass_by(20, 40, 60)

    assert patient.pinged_at_s == []
    assert not ward.keepalive._pings
    ward.keepalive.stop()


async def test_many_that_came_at_once_are_pinged_in_batches() -> None:
    ward, patients = Ward(), [Patient() for _ in range(1200)]
    for patient in patients:
        ward.keepalive.watch(patient)

    ward.pass_by(20)
    assert sum(len(patient.pinged_at_s) for patient in patients) == 500
    ward.pass_by(20.05, 20.1)
    assert all(len(patient.pinged_at_s) == 1 for patient in patients)
    ward.keepalive.stop()


async def test_nobody_is_judged_by_a_timer_that_is_late() -> None:
    clock, patient = Clock(), Patient()
    keepalive = Keepalive(20, 20, clock)
    keepalive.watch(patient)
    clock.now_us = SECOND_US + 1
    keepalive._on_timer()

    clock.now_us = 300 * SECOND_US
    keepalive._on_timer()
    assert patient.aborts == 0
    clock.now_us += 50_000
    keepalive._on_timer()
    assert patient.aborts == 1
    keepalive.stop()
