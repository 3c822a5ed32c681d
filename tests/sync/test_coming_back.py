"""Point 6 of the protocol: a blip is not a leave."""

import pytest

from bunga_cli.sync.commands import Bye, Play, Seek
from bunga_cli.sync.events import (
    HereAre,
    Joined,
    Left,
    PlayAt,
    Projected,
    ReadinessChanged,
    Status,
    WhoAreYou,
)
from bunga_cli.sync.policy import OnJoin, Policy
from tests.sync.stage import Stage, news, paused, play_states, playing, share, us, waiting


def test_a_lost_watcher_keeps_its_place_and_does_not_stop_the_room() -> None:
    stage = playing("ann", "bob")
    stage.close("bob")
    stage.advance(19)
    assert stage.watchers == {"ann": "ready", "bob": "away"}
    assert "bob" in stage.status.watcher_ids
    assert "bob" in stage.status.ready_ids
    assert news(stage, "ann") == []
    assert play_states(stage, "ann") == {"playing"}


def test_a_watcher_that_comes_back_within_grace_is_not_announced() -> None:
    stage = playing("ann", "bob")
    stage.close("bob")
    stage.advance(19.9)
    stage.open("bob")
    stage.beat("bob")
    stage.advance(2)
    stage.join("bob")
    stage.advance(2)
    assert news(stage, "ann") == []
    assert play_states(stage, "ann") == {"playing"}


def test_a_watcher_that_does_not_come_back_leaves_when_its_grace_is_over() -> None:
    stage = playing("ann", "bob")
    stage.close("bob")
    stage.advance(19.999)
    assert news(stage, "ann") == []
    stage.advance(0.001)
    assert [left.user.id for left in stage.heard("ann", Left)] == ["bob"]
    assert list(stage.watchers) == ["ann"]


def test_a_watcher_that_comes_back_after_grace_is_new_and_pauses_the_room() -> None:
    stage = playing("ann", "bob")
    stage.close("bob")
    stage.advance(21)
    stage.open("bob")
    stage.join("bob")
    assert [joined.user.id for joined in stage.heard("ann", Joined)] == ["bob"]
    assert stage.state == "paused"


def test_one_who_comes_back_is_told_who_is_here_and_where_the_room_is() -> None:
    stage = playing("ann", "bob")
    stage.close("bob")
    stage.advance(3)
    stage.open("bob")
    assert len(stage.heard("bob", HereAre)) == 1
    assert stage.heard("bob", Status)[-1].play_status == "playing"
    assert stage.heard("bob", PlayAt)[-1] == PlayAt(is_play=True, position_us=us(63))


def test_a_lost_watcher_does_not_gate_the_room() -> None:
    stage = waiting("ann", "bob")
    stage.close("bob")
    assert stage.state == "playing"


def test_a_buffering_watcher_that_comes_back_still_buffers() -> None:
    stage = waiting("ann", "bob")
    stage.close("bob")
    stage.advance(3)
    stage.open("bob")
    assert stage.state == "waiting"
    assert stage.waiting_for == ["bob"]


def test_silence_of_5_s_from_a_heartbeat_speaker_is_a_lost_connection() -> None:
    stage = waiting("ann", "bob")
    stage.fall_silent("bob")
    stage.advance(4.999)
    assert stage.state == "waiting"
    stage.advance(0.001)
    assert stage.state == "playing"
    assert stage.watchers["bob"] == "away"


def test_the_grace_of_a_silent_watcher_starts_with_the_end_of_the_silence() -> None:
    stage = playing("ann", "bob")
    stage.fall_silent("bob")
    stage.advance(24.999)
    assert "bob" in stage.watchers
    stage.advance(0.001)
    assert "bob" not in stage.watchers


def test_any_frame_breaks_the_silence() -> None:
    stage = playing("ann", "bob")
    stage.fall_silent("bob")
    stage.advance(4)
    stage.say("bob", Play())
    stage.advance(4)
    assert stage.watchers["bob"] == "ready"


def test_a_silent_watcher_that_speaks_again_within_grace_is_back_unannounced() -> None:
    stage = playing("ann", "bob")
    stage.fall_silent("bob")
    stage.advance(15)
    stage.beat("bob")
    assert stage.watchers["bob"] == "ready"
    stage.join("bob")
    assert news(stage, "ann") == []
    assert play_states(stage, "ann") == {"playing"}


def test_a_silent_watcher_that_speaks_after_grace_is_asked_who_it_is() -> None:
    stage = playing("ann", "bob")
    stage.fall_silent("bob")
    stage.advance(26)
    stage.beat("bob")
    assert len(stage.heard("bob", WhoAreYou)) == 1
    assert "bob" not in stage.watchers


def test_a_socket_that_closes_after_it_fell_silent_does_not_lengthen_the_grace() -> None:
    stage = playing("ann", "bob")
    stage.fall_silent("bob")
    stage.advance(20)
    stage.close("bob")
    stage.advance(5)
    assert "bob" not in stage.watchers


def test_everybody_away_does_not_stop_a_room_that_plays() -> None:
    stage = playing("ann", "bob")
    stage.close("ann")
    stage.close("bob")
    stage.advance(10)
    stage.open("ann")
    assert stage.state == "playing"
    assert stage.position_us == us(70)


def test_a_room_that_waits_does_not_start_because_its_last_present_watcher_is_lost() -> None:
    stage = Stage()
    stage.enter("ann")
    stage.say("ann", share("film", 60))
    stage.buffer("ann")
    stage.say("ann", Play())
    stage.fall_silent("ann")
    stage.advance(15)
    assert stage.state == "waiting"
    assert stage.position_us == us(60)


def test_a_room_whose_watchers_are_all_away_pauses_when_the_last_grace_is_over() -> None:
    stage = playing("ann", "bob")
    stage.open("eve")
    stage.close("ann")
    stage.advance(5)
    stage.close("bob")
    stage.advance(20)
    assert stage.state == "paused"
    assert stage.watchers == {}


def test_a_flapping_watcher_is_never_announced_and_never_stops_the_room() -> None:
    stage = playing("ann", "bob")
    for _ in range(30):
        stage.close("bob")
        stage.advance(1.5)
        stage.open("bob")
        stage.beat("bob")
        stage.join("bob")
        stage.advance(0.5)
    assert news(stage, "ann") == []
    assert play_states(stage, "ann") == {"playing"}
    assert stage.heard("ann", ReadinessChanged) == []


def test_a_seek_whose_cooldown_ends_while_nobody_is_there_does_not_start_the_room() -> None:
    stage = waiting("ann", "bob")
    stage.buffer("ann")
    stage.say("ann", Seek(us(300)))
    stage.close("ann")
    stage.close("bob")
    stage.advance(10)
    assert (stage.state, stage.position_us) == ("waiting", us(300))
    stage.open("ann")
    stage.beat("ann")
    assert stage.state == "playing"


def test_a_flapping_buffering_watcher_does_not_get_a_new_waiting_budget() -> None:
    stage = waiting("ann", "bob")
    for _ in range(5):
        stage.advance(4.5)
        stage.close("bob")
        stage.open("bob")
        stage.beat("bob", pending=True)
    assert stage.state == "playing"
    assert stage.watchers["bob"] == "excused"


def test_a_bye_within_grace_on_a_new_socket_ends_the_grace() -> None:
    stage = playing("ann", "bob")
    stage.close("bob")
    stage.open("bob")
    stage.say("bob", Bye())
    assert list(stage.watchers) == ["ann"]


@pytest.mark.parametrize("on_join", list(OnJoin))
def test_coming_back_disturbs_nobody_whatever_joining_does(on_join: OnJoin) -> None:
    stage = playing("ann", "bob", policy=Policy(on_join=on_join))
    stage.close("bob")
    stage.advance(2)
    stage.open("bob")
    stage.join("bob")
    assert stage.state == "playing"
    assert stage.watchers["bob"] == "ready"


def test_coming_back_to_a_paused_room_leaves_it_paused() -> None:
    stage = paused("ann", "bob")
    stage.close("bob")
    stage.advance(2)
    stage.open("bob")
    stage.join("bob")
    assert stage.state == "paused"
    assert news(stage, "ann") == []


def test_a_silent_watcher_that_speaks_again_and_still_buffers_is_waited_for_again() -> None:
    stage = waiting("ann", "bob")
    stage.fall_silent("bob")
    stage.advance(8)
    assert stage.state == "playing"
    stage.buffer("bob")
    assert stage.state == "waiting"


def test_a_1_4_player_learns_on_return_that_another_film_is_on() -> None:
    stage = playing("ann")
    stage.enter_old("bob")
    stage.close("bob")
    stage.say("ann", share("film-2", 30))
    stage.open("bob")
    shown = stage.heard("bob", Projected)
    assert [(e.projection.record.record_id, e.position_us) for e in shown] == [("film-2", us(30))]


def test_a_player_that_returns_to_the_same_film_is_not_made_to_load_it_again() -> None:
    stage = playing("ann")
    stage.enter_old("bob")
    stage.close("bob")
    stage.open("bob")
    assert stage.heard("bob", Projected) == []
