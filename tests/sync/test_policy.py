from bunga_cli.sync.commands import Play
from bunga_cli.sync.policy import OnJoin
from tests.sync.stage import playing, us, waiting


def test_a_shorter_wait_counts_for_those_who_are_waited_for_already() -> None:
    stage = waiting("ann", "bob")
    stage.advance(6)
    stage.set_policy(max_wait_us=us(5))
    stage.advance(0.001)
    assert stage.state == "playing"
    assert stage.watchers["bob"] == "excused"


def test_a_longer_wait_counts_for_those_who_are_waited_for_already() -> None:
    stage = waiting("ann", "bob")
    stage.advance(6)
    stage.set_policy(max_wait_us=us(40))
    stage.advance(33.999)
    assert stage.state == "waiting"
    stage.advance(0.001)
    assert stage.state == "playing"


def test_a_wider_window_counts_for_watchers_who_are_here_already() -> None:
    stage = waiting("ann", "bob")
    stage.advance(15)
    stage.set_policy(wait_window_us=us(600))
    stage.beat("bob")
    stage.advance(120)
    stage.buffer("bob")
    stage.advance(5)
    assert stage.watchers["bob"] == "excused"


def test_what_a_joiner_does_follows_the_policy_of_the_moment() -> None:
    stage = playing("ann")
    stage.set_policy(on_join=OnJoin.CONTINUE)
    stage.enter("bob")
    assert stage.state == "playing"
    stage.set_policy(on_join=OnJoin.PAUSE)
    stage.enter("cat")
    assert stage.state == "paused"
    stage.say("ann", Play())
    assert stage.state == "playing"


def test_a_shorter_grace_counts_for_those_who_are_away_already() -> None:
    stage = playing("ann", "bob")
    stage.close("bob")
    stage.advance(10)
    stage.set_policy(reconnect_grace_us=us(5))
    stage.advance(0.001)
    assert list(stage.watchers) == ["ann"]


def test_no_waiting_at_all_is_a_policy_too() -> None:
    stage = playing("ann", "bob")
    stage.set_policy(max_wait_us=0)
    stage.buffer("bob")
    stage.advance(0.001)
    assert stage.state == "playing"
