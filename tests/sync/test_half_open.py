"""Players that reconnect before the server misses their old socket, or that never say so."""

from bunga_cli.sync.commands import Bye, Pause, Play, Seek
from bunga_cli.sync.events import HereAre, Joined, WhoAreYou
from tests.sync.stage import news, play_states, playing, us


def test_a_new_player_that_reconnects_before_its_old_socket_is_missed_disturbs_nobody() -> None:
    stage = playing("ann", "bob")
    stage.fall_silent("bob")
    stage.advance(3.5)
    stage.open("bob again", "bob")
    stage.beat("bob again")
    stage.advance(1)
    stage.join("bob again")
    stage.advance(30)
    stage.close("bob")
    stage.advance(30)
    assert news(stage, "ann") == []
    assert play_states(stage, "ann") == {"playing"}
    assert stage.watchers["bob"] == "ready"


def test_an_old_player_that_reconnects_before_its_old_socket_is_missed_disturbs_nobody() -> None:
    stage = playing("ann")
    stage.enter_old("bob")
    stage.say("ann", Play())
    stage.forget()
    stage.open("bob again", "bob")
    stage.advance(40)
    stage.close("bob")
    stage.advance(30)
    assert news(stage, "ann") == []
    assert play_states(stage, "ann") == {"playing"}
    assert stage.watchers["bob"] == "ready"
    assert len(stage.heard("bob again", HereAre)) == 1


def test_an_old_player_acting_on_its_new_socket_is_its_watcher_and_stays_ready() -> None:
    stage = playing("ann")
    stage.enter_old("bob")
    stage.say("ann", Play())
    stage.forget()
    stage.open("bob again", "bob")
    stage.say("bob again", Seek(us(100)))
    stage.advance(2)
    assert stage.state == "playing"
    assert play_states(stage, "ann") == {"playing"}
    stage.close("bob")
    stage.advance(60)
    assert stage.watchers["bob"] == "ready"


def test_a_socket_that_was_open_before_the_lost_one_does_not_take_its_place() -> None:
    stage = playing("ann")
    stage.open("welcome screen", "bob")
    stage.advance(1)
    stage.enter_old("bob")
    stage.close("bob")
    stage.advance(20)
    assert "bob" not in stage.watchers


# -- acting without joining ---------------------------------------------------------------------


def test_an_old_player_that_was_removed_and_acts_is_rejoined_under_its_last_name() -> None:
    stage = playing("ann")
    stage.enter_old("bob")
    stage.say("ann", Play())
    stage.close("bob")
    stage.advance(25)
    stage.open("bob")
    stage.forget()
    stage.say("bob", Pause(us(10)))
    assert "bob" in stage.watchers
    assert [joined.user.name for joined in stage.heard("ann", Joined)] == ["Bob"]
    assert stage.position_us == us(10)


def test_a_new_player_that_was_removed_and_acts_is_asked_and_not_rejoined() -> None:
    stage = playing("ann", "bob")
    stage.fall_silent("bob")
    stage.advance(26)
    stage.say("bob", Seek(us(5)))
    assert len(stage.heard("bob", WhoAreYou)) == 1
    assert (list(stage.watchers), stage.position_us) == (["ann"], us(86))


def test_an_old_player_that_said_bye_and_acts_is_not_rejoined() -> None:
    stage = playing("ann")
    stage.enter_old("bob")
    stage.leave("bob")
    stage.close("bob")
    stage.open("bob")
    stage.advance(30)
    stage.say("bob", Pause(us(10)))
    assert list(stage.watchers) == ["ann"]
    assert len(stage.heard("bob", WhoAreYou)) == 1


def test_an_old_player_says_nothing_for_an_hour_and_stays() -> None:
    stage = playing("ann")
    stage.enter_old("bob")
    stage.say("ann", Play())
    stage.advance(600)
    assert stage.watchers["bob"] == "ready"


def test_an_old_player_that_said_bye_after_its_removal_is_not_rejoined_on_another_socket() -> None:
    stage = playing("ann")
    stage.enter_old("bob")
    stage.close("bob")
    stage.advance(25)
    stage.open("bob")
    stage.say("bob", Bye())
    stage.close("bob")
    stage.open("bob")
    stage.say("bob", Pause(us(10)))
    assert list(stage.watchers) == ["ann"]
