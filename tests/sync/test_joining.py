import pytest

from bunga_cli.sync.commands import Join, Pause, Play, Project, Seek, WhatsOn
from bunga_cli.sync.effects import SaveProgress
from bunga_cli.sync.events import (
    HereAre,
    Joined,
    NowPlaying,
    Paused,
    PlayAt,
    Projected,
    Refused,
    Status,
)
from bunga_cli.sync.policy import OnJoin, Policy
from bunga_cli.sync.values import SERVER, User, VideoRecord
from tests.sync.stage import Stage, paused, playing, record, share, us, user, waiting

CONTINUE = Policy(on_join=OnJoin.CONTINUE)


def test_a_joiner_is_told_who_is_here_before_it_is_added() -> None:
    stage = Stage()
    stage.enter("ann")
    stage.open("bob")
    stage.join("bob")
    [here_are] = stage.heard("bob", HereAre)
    assert here_are == HereAre((user("ann"),), (), ())
    assert isinstance(stage.heard_all("bob")[0], HereAre)


def test_the_others_hear_of_a_joiner_and_it_does_not_hear_of_itself() -> None:
    stage = Stage()
    stage.enter("ann", "bob")
    assert [joined.user.id for joined in stage.heard("ann", Joined)] == ["bob"]
    assert stage.heard("bob", Joined) == []


def test_a_joiner_hears_what_is_projected_from_the_server() -> None:
    stage = paused("ann")
    stage.open("bob")
    stage.join("bob")
    [projected] = stage.heard("bob", Projected)
    assert (projected.sender, projected.position_us) == (SERVER, us(60))


def test_a_joiner_of_a_room_without_projection_hears_of_none() -> None:
    stage = Stage()
    stage.enter("ann")
    assert stage.heard("ann", Projected) == []


def test_a_new_watcher_pauses_a_playing_room_and_the_others_are_told() -> None:
    stage = playing("ann", "bob")
    stage.advance(5)
    stage.forget()
    stage.open("cat")
    stage.join("cat")
    stage.advance(3)
    assert stage.state == "paused"
    assert stage.position_us == us(65)
    assert stage.heard("ann", PlayAt) == [PlayAt(is_play=False, position_us=us(65))]
    assert stage.heard("ann", Status)[0].play_status == "paused"
    assert stage.heard("cat", PlayAt) == []
    assert stage.heard("ann", Paused) == []


def test_a_new_watcher_pauses_a_waiting_room() -> None:
    stage = waiting("ann", "bob")
    stage.open("cat")
    stage.join("cat")
    stage.beat("bob")
    assert stage.state == "paused"


def test_a_joiner_counts_as_buffering_until_it_reports() -> None:
    stage = playing("ann")
    stage.open("bob")
    stage.join("bob")
    stage.say("ann", Play())
    assert stage.waiting_for == ["bob"]
    stage.beat("bob")
    assert stage.state == "playing"


def test_a_report_from_before_the_join_does_not_make_the_joiner_ready() -> None:
    stage = playing("ann")
    stage.open("bob")
    stage.beat("bob")
    stage.join("bob")
    assert stage.watchers["bob"] == "buffering"


def test_a_joiner_may_bring_a_video() -> None:
    stage = Stage()
    stage.enter("ann")
    stage.open("bob")
    stage.join("bob", share("film", 12))
    assert stage.heard("ann", Projected)[0].sender == user("bob")
    assert stage.position_us == us(12)


def test_a_joiner_that_brings_the_record_that_is_on_is_shown_the_rooms_position() -> None:
    stage = playing("ann")
    stage.advance(3)
    stage.open("bob")
    stage.forget()
    stage.join("bob", share("film", 7))
    assert stage.position_us == us(63)
    assert stage.heard("ann", Projected) == []
    assert stage.heard("bob", Projected)[0].position_us == us(63)
    assert stage.heard("bob", Projected)[0].sender == SERVER


def test_a_joiner_that_brings_another_record_changes_it_and_saves_the_old_ones_progress() -> None:
    stage = playing("ann")
    stage.advance(3)
    stage.open("bob")
    stage.join("bob", share("other", 7))
    assert stage.state == "paused"
    assert stage.position_us == us(7)
    assert SaveProgress("film", us(63)) in stage.saved
    assert stage.heard("ann", Projected)[0].projection.record == record("other")
    assert stage.heard("ann", PlayAt)[-1] == PlayAt(is_play=False, position_us=us(7))


def test_a_join_for_another_account_is_refused() -> None:
    stage = Stage()
    stage.enter("ann")
    stage.open("eve")
    stage.forget()
    stage.say("eve", Join(user("ann")))
    assert [(r.reason, r.ref) for r in stage.heard("eve", Refused)] == [("foreign-id", "join-in")]
    assert list(stage.watchers) == ["ann"]
    assert stage.heard_all("ann") == []


def test_a_second_join_under_another_name_is_told_and_does_not_pause() -> None:
    stage = playing("ann", "bob")
    stage.say("bob", Join(User("bob", "Robert", 7)))
    assert stage.state == "playing"
    assert [joined.user.name for joined in stage.heard("ann", Joined)] == ["Robert"]


def test_a_rejoiner_of_a_playing_room_is_told_that_it_plays() -> None:
    stage = playing("ann", "bob")
    stage.join("bob")
    assert stage.heard("bob", Status)[-1].play_status == "playing"
    assert stage.heard("bob", PlayAt)[-1].is_play


def test_whats_on_is_answered_to_anybody_and_only_if_something_is() -> None:
    stage = Stage()
    stage.open("eve")
    stage.say("eve", WhatsOn())
    assert stage.heard_all("eve") == []
    stage.enter("ann", sharing=share("film"))
    stage.say("eve", WhatsOn())
    [now_playing] = stage.heard("eve", NowPlaying)
    assert now_playing.projection.sharer == user("ann")


# -- on_join = "continue" -------------------------------------------------------------------------


def test_a_room_that_continues_plays_on_when_somebody_joins() -> None:
    stage = playing("ann", policy=CONTINUE)
    stage.advance(2)
    stage.open("bob")
    stage.join("bob")
    assert stage.state == "playing"
    assert stage.heard("bob", Projected)[0].position_us == us(62)
    assert stage.heard("bob", PlayAt)[-1].is_play
    stage.advance(2)
    assert stage.position_us == us(64)


def test_a_newcomer_that_is_still_loading_does_not_pause_a_room_that_continues() -> None:
    stage = playing("ann", policy=CONTINUE)
    stage.open("bob")
    stage.join("bob")
    stage.beat("bob", pending=True)
    stage.say("bob", Pause(0))
    assert stage.state == "playing"
    assert [r.ref for r in stage.heard("bob", Refused)] == ["pause"]


@pytest.mark.parametrize("is_old", [True, False])
def test_a_newcomer_that_has_loaded_may_pause(is_old: bool) -> None:
    stage = playing("ann", policy=CONTINUE)
    if is_old:
        stage.enter_old("bob")
    else:
        stage.enter("bob")
    stage.advance(6)
    stage.say("bob", Pause(us(67)))
    assert stage.state == "paused"


def test_a_1_5_newcomer_that_calls_itself_ready_before_it_loads_stops_nobody() -> None:
    stage = playing("ann", policy=CONTINUE)
    stage.enter("bob")  # ready, for it has nothing to load as yet
    stage.say("bob", Pause(0))  # it opens the video
    assert stage.state == "playing"
    stage.buffer("bob")
    assert stage.state == "playing"
    assert stage.watchers["bob"] == "excused"


def test_a_newcomer_that_presses_play_may_pause_as_well() -> None:
    stage = playing("ann", policy=CONTINUE)
    stage.enter("bob")
    stage.say("bob", Play())
    stage.say("bob", Pause(us(61)))
    assert stage.state == "paused"


def test_a_newcomer_left_alone_may_pause() -> None:
    stage = playing("ann", policy=CONTINUE)
    stage.enter("bob")
    stage.close("ann")
    stage.say("bob", Pause(us(61)))
    assert stage.state == "paused"


def test_a_silent_old_newcomer_counts_as_ready_after_5_s_also_where_the_room_continues() -> None:
    stage = playing("ann", policy=CONTINUE)
    stage.open("bob")
    stage.join("bob")
    stage.advance(5)
    assert stage.watchers["bob"] == "ready"
    stage.advance(6)
    stage.say("bob", Pause(us(71)))
    assert stage.state == "paused"


def test_a_newcomer_that_projects_may_pause_its_own_video() -> None:
    stage = playing("ann", policy=CONTINUE)
    stage.open("bob")
    stage.join("bob", share("other"))
    stage.beat("bob", pending=True)
    stage.say("bob", Pause(us(3)))
    assert stage.heard("bob", Refused) == []
    assert stage.position_us == us(3)


def test_a_newcomer_is_waited_for_once_it_has_been_ready_for_5_s() -> None:
    stage = playing("ann", policy=CONTINUE)
    stage.enter("bob")
    stage.advance(6)
    stage.buffer("bob")
    assert stage.state == "waiting"


def test_a_newcomer_that_brings_its_own_film_is_told_the_truth_once() -> None:
    stage = playing("ann")
    stage.open("bob")
    stage.forget()
    stage.join("bob", share("film-2"))
    assert len(stage.heard("ann", Status)) == 1
    assert len(stage.heard("ann", PlayAt)) == 1


# -- projecting -----------------------------------------------------------------------------------


def test_a_projection_is_told_to_every_open_socket_and_is_paused() -> None:
    stage = playing("ann", "bob")
    stage.open("eve")
    stage.say("bob", share("other", 30))
    assert stage.state == "paused"
    for name in ("ann", "bob", "eve"):
        [projected] = stage.heard(name, Projected)
        assert (projected.sender, projected.position_us) == (user("bob"), us(30))


def test_the_same_record_again_is_answered_to_its_sender_alone() -> None:
    stage = playing("ann", "bob")
    stage.advance(2)
    stage.forget()
    stage.say("bob", share("film", 0))
    assert stage.state == "playing"
    assert stage.heard("bob", Projected)[0].position_us == us(62)
    assert stage.heard_all("ann") == []


def test_saved_progress_wins_over_the_position_sent() -> None:
    stage = Stage(progress={"film": us(1234)})
    stage.enter("ann")
    stage.say("ann", share("film", 5))
    assert stage.position_us == us(1234)
    assert stage.heard("ann", Projected)[0].position_us == us(1234)


def test_a_record_without_progress_starts_at_the_position_sent() -> None:
    stage = Stage(progress={"film": 0})
    stage.enter("ann", sharing=share("film", 5))
    assert stage.position_us == us(5)


def test_of_two_projections_that_cross_the_last_wins() -> None:
    stage = Stage()
    stage.enter("ann", "bob")
    stage.say("ann", share("film"))
    stage.say("bob", share("other"))
    assert stage.room.projection is not None
    assert stage.room.projection.record == record("other")
    assert [p.projection.record.record_id for p in stage.heard("ann", Projected)] == [
        "film",
        "other",
    ]


def test_going_back_to_a_record_finds_the_place_where_it_was_left() -> None:
    stage = playing("ann")
    stage.advance(40)
    stage.say("ann", share("other"))
    stage.say("ann", share("film"))
    assert stage.position_us == us(100)


def test_a_projection_ends_seeking_for_good() -> None:
    stage = playing("ann")
    stage.say("ann", Seek(us(500)))
    stage.say("ann", share("other", 9))
    stage.advance(3)
    assert stage.state == "paused"
    assert stage.position_us == us(9)


def test_the_same_id_with_another_path_is_the_same_record() -> None:
    stage = playing("ann", "bob")
    moved = VideoRecord("film", "Film!", None, "http", "elsewhere")
    stage.say("bob", Project(moved, us(5)))
    assert stage.state == "playing"
