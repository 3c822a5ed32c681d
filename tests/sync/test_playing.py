from bunga_cli.sync.commands import Play
from bunga_cli.sync.events import PlayAt, Played, Refused, Status
from tests.sync.stage import Stage, last_truths, paused, playing, share, us, waiting


def test_play_starts_the_room_when_every_watcher_is_ready() -> None:
    stage = paused("ann", "bob")
    stage.say("bob", Play())
    assert stage.state == "playing"
    for name in ("ann", "bob"):
        assert [played.user.id for played in stage.heard(name, Played)] == ["bob"]
        status, play_at = last_truths(stage, name)
        assert (status.play_status, status.position_us) == ("playing", us(60))
        assert play_at == PlayAt(is_play=True, position_us=us(60))


def test_play_waits_for_a_watcher_that_buffers() -> None:
    stage = paused("ann", "bob")
    stage.buffer("bob")
    stage.say("ann", Play())
    assert stage.state == "waiting"
    assert stage.status.play_status == "pending"
    assert stage.status.waiting_for == ("bob",)
    assert stage.heard("ann", PlayAt)[-1].is_play is False


def test_the_media_moves_while_playing() -> None:
    stage = playing("ann", "bob")
    stage.advance(7.25)
    assert stage.position_us == us(67.25)


def test_the_media_rests_while_waiting() -> None:
    stage = waiting("ann", "bob")
    stage.advance(7)
    assert stage.position_us == us(60)


def test_the_room_waits_when_a_watcher_buffers_and_goes_on_when_it_recovers() -> None:
    stage = playing("ann", "bob")
    stage.advance(3)
    stage.buffer("bob")
    assert stage.state == "waiting"
    stage.advance(4)
    stage.beat("bob")
    assert stage.state == "playing"
    assert stage.position_us == us(63)


def test_the_room_waits_for_all_who_buffer() -> None:
    stage = playing("ann", "bob", "cat")
    stage.buffer("bob")
    stage.buffer("cat")
    stage.beat("bob")
    assert stage.state == "waiting"
    stage.beat("cat")
    assert stage.state == "playing"


def test_a_leaving_watcher_that_was_the_last_one_waited_for_lets_the_room_play() -> None:
    stage = waiting("ann", "bob")
    stage.leave("bob")
    assert stage.state == "playing"
    assert stage.status.play_status == "playing"


def test_play_while_playing_repeats_the_truth_to_everybody() -> None:
    stage = playing("ann", "bob")
    stage.advance(2)
    stage.forget()
    stage.say("ann", Play())
    for name in ("ann", "bob"):
        status, play_at = last_truths(stage, name)
        assert (status.play_status, status.position_us) == ("playing", us(62))
        assert play_at == PlayAt(is_play=True, position_us=us(62))


def test_play_while_waiting_repeats_that_the_room_waits() -> None:
    stage = waiting("ann", "bob")
    stage.say("ann", Play())
    assert stage.state == "waiting"
    assert stage.heard("bob", Status)[-1].play_status == "pending"


def test_play_without_a_projection_is_refused() -> None:
    stage = Stage()
    stage.enter("ann", "bob")
    stage.forget()
    stage.say("ann", Play())
    assert [(r.reason, r.ref) for r in stage.heard("ann", Refused)] == [("no-projection", "play")]
    assert stage.heard_all("bob") == []


def test_a_room_in_which_nobody_is_ready_waits_for_all() -> None:
    stage = Stage()
    stage.enter("ann", "bob", sharing=share("film"))
    stage.buffer("ann")
    stage.buffer("bob")
    stage.say("ann", Play())
    stage.advance(90)
    assert stage.state == "waiting"
    assert stage.waiting_for == ["ann", "bob"]
