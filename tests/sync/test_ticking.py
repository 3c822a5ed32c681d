"""The heartbeat: the truth, once a second, to every socket of the channel."""

from itertools import pairwise

import pytest

from bunga_cli.sync.commands import Pause, Play
from bunga_cli.sync.effects import Tell
from bunga_cli.sync.events import Status
from bunga_cli.sync.policy import Policy
from bunga_cli.sync.room import Room
from bunga_cli.sync.values import ConnId
from tests.sync.stage import Stage, playing, us, waiting


def test_every_open_socket_gets_a_status_a_second_joined_or_not() -> None:
    stage = Stage()
    stage.open("eve")
    stage.advance(10)
    assert len(stage.heard("eve", Status)) == 10


def test_the_first_status_comes_within_a_second() -> None:
    stage = playing("ann")
    stage.advance(0.7)
    stage.open("eve")
    stage.advance(1)
    assert len(stage.heard("eve", Status)) == 1


def test_the_beat_keeps_its_pace_whatever_happens_between() -> None:
    stage = playing("ann", "bob")
    times: list[int] = []
    for step in range(100):
        stage.forget()
        stage.advance(0.05)
        if stage.effects:
            times.append(stage.now_us)
        if step % 7 == 0:
            stage.say("ann", Play())
    assert [later - sooner for sooner, later in pairwise(times)] == [us(1)] * (len(times) - 1)
    assert len(times) == 5


def test_rooms_with_different_phases_do_not_beat_together() -> None:
    for phase_us in (0, 250_000, 999_999):
        room = Room("lobby", Policy(), us(7), phase_us=phase_us)
        room.open(ConnId(1), "ann", us(7))
        assert room.next_deadline_us is not None
        assert (room.next_deadline_us - phase_us) % us(1) == 0
        assert us(7) < room.next_deadline_us <= us(8)


def test_a_room_without_sockets_does_not_beat() -> None:
    stage = Stage()
    stage.open("eve")
    stage.close("eve")
    stage.advance(200)
    assert stage.effects == []


def test_a_late_poll_sends_one_status_and_not_all_that_were_missed() -> None:
    stage = playing("ann")
    stage.now_us += us(4.5)
    stage.poll()
    assert len(stage.heard("ann", Status)) == 1
    assert stage.status.position_us == us(64.5)


def test_a_status_says_who_is_here_who_is_ready_and_whom_the_room_waits_for() -> None:
    stage = waiting("ann", "bob")
    stage.advance(1)
    assert stage.status == Status(
        watcher_ids=("ann", "bob"),
        ready_ids=("ann",),
        waiting_for=("bob",),
        excused_ids=(),
        position_us=us(60),
        play_status="pending",
    )


def test_a_paused_room_says_paused_although_somebody_buffers() -> None:
    stage = waiting("ann", "bob")
    stage.say("ann", Pause(us(60)))
    stage.advance(1)
    assert stage.status.play_status == "paused"
    assert stage.status.waiting_for == ()


@pytest.mark.parametrize("delay_us", [0, 1, us(0.4), us(3), us(31), us(400)])
def test_a_room_polled_late_is_never_due_at_once_again(delay_us: int) -> None:
    stage = waiting("ann", "bob", "cat")
    stage.open("eve")
    stage.close("cat")
    for _ in range(100):
        if stage.room.next_deadline_us is None:
            break
        stage.now_us = max(stage.now_us, stage.room.next_deadline_us) + delay_us
        stage.poll()


def test_a_status_is_the_same_for_all_but_the_parked() -> None:
    stage = playing("ann", "bob")
    stage.advance(1)
    [tell] = [e for e in stage.effects if isinstance(e, Tell) and isinstance(e.event, Status)]
    assert tell.to is None
    assert tell.but == ()
