"""What v2 sockets are told: the whole truth, once for each thing that happens, and each second."""

from dataclasses import replace

import pytest

from bunga_cli.sync.commands import (
    Bye,
    Command,
    Finish,
    Heartbeat,
    Join,
    Pause,
    Play,
    Project,
    Say,
    Seek,
    WhatsOn,
)
from bunga_cli.sync.events import (
    UP_TO_1_5,
    HereAre,
    PlayAt,
    Projected,
    ReadinessChanged,
    Refused,
    State,
    Status,
    WaitedFor,
    WhoAreYou,
)
from bunga_cli.sync.moves import Cause, PlayState
from bunga_cli.sync.policy import OnJoin, Policy
from bunga_cli.sync.readiness import Socket
from bunga_cli.sync.truth import CROWD
from bunga_cli.sync.values import ConnId, User
from tests.sync.stage import Stage, paused, playing, share, us, user

ADMIN = User("admin", "Admin", 0)


def with_a_modern_one(stage: Stage) -> Stage:
    """Return a room that `mod`, on v2, has joined as well, and in which all goes on as before."""
    stage.set_policy(on_join=OnJoin.CONTINUE)
    stage.enter_modern("mod")
    stage.advance(6)
    stage.forget()
    return stage


def test_a_v2_socket_is_told_the_truth_as_soon_as_it_is_open() -> None:
    stage = playing("ann")
    stage.open("mod", is_v2=True)

    state = stage.last_state("mod")
    assert state.play_state is PlayState.PLAYING
    assert (state.timeline.position_us, state.timeline.rate) == (us(60), 1)
    assert [w.user.id for w in state.watchers] == ["ann"]
    assert (state.record_id, state.cause) == ("film", (Cause.PLAY, user("ann")))


def test_v2_hears_state_and_the_others_what_they_heard_before() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.say("ann", Pause(us(62)))
    stage.advance(3)

    assert stage.heard("mod", State)
    assert not stage.heard("mod", Status)
    assert not stage.heard("mod", PlayAt)
    assert not stage.heard("ann", State)
    assert stage.heard("ann", Status)


def test_a_room_without_v2_makes_no_states() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Seek(us(5)))
    stage.advance(3)

    assert not [
        effect for effect in stage.effects if isinstance(getattr(effect, "event", 0), State)
    ]


@pytest.mark.parametrize(
    ("command", "state", "position_s", "cause"),
    [
        (Pause(us(61)), PlayState.PAUSED, 61, Cause.PAUSE),
        (Seek(us(9)), PlayState.SEEKING, 9, Cause.SEEK),
        (share("other", 7), PlayState.PAUSED, 7, Cause.PROJECT),
        (Finish(), PlayState.PAUSED, 0, Cause.FINISH),
    ],
)
def test_one_state_follows_each_change_also_to_who_made_it(
    command: Command, state: PlayState, position_s: int, cause: Cause
) -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.advance(10)
    stage.forget()

    stage.say("mod", command)

    told = stage.heard("mod", State)
    assert len(told) == 1
    assert stage.heard_all("mod")[-1] is told[0]
    assert (told[0].play_state, told[0].timeline.position_us) == (state, us(position_s))
    assert told[0].cause == (cause, user("mod"))


def test_nothing_is_told_before_its_cause_is() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.say("ann", Pause(stage.position_us))

    assert [type(event).__name__ for event in stage.heard_all("mod")] == ["Paused", "State"]


def test_the_truth_is_told_each_second_under_the_same_revision() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.advance(5)

    told = stage.heard("mod", State)
    assert len(told) == 5
    assert len({state.revision for state in told}) == 1
    assert len({state.timeline for state in told}) == 1


def test_revisions_rise_with_each_change() -> None:
    stage = with_a_modern_one(playing("ann"))
    for command in (Pause(us(61)), Play(), Seek(us(5)), Bye()):
        stage.say("ann", command)

    told = [state.revision for state in stage.heard("mod", State)]
    assert told == sorted(set(told))
    assert len(told) == 4


def test_a_later_room_of_the_same_process_has_later_revisions() -> None:
    stage = with_a_modern_one(playing("ann"))
    for second in range(500):
        stage.say("mod", Seek(us(second)))
    earlier = stage.last_state("mod").revision
    stage.advance(1)

    later = Stage(at_s=stage.now_us / us(1))
    later.open("mod", is_v2=True)

    assert later.last_state("mod").revision > earlier


def test_a_change_of_readiness_is_told_at_once() -> None:
    stage = with_a_modern_one(paused("ann"))
    stage.beat("ann", pending=True)

    standings = {w.user.id: w.state for w in stage.last_state("mod").watchers}
    assert standings == {"ann": "buffering", "mod": "ready"}


def test_a_lost_connection_is_told_at_once() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.close("ann")

    assert [w.state for w in stage.last_state("mod").watchers] == ["away", "ready"]


def test_who_is_waited_for_is_told_with_the_moment_it_began() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.buffer("ann")
    began_us = stage.now_us
    stage.advance(3)

    state = stage.last_state("mod")
    assert state.play_state is PlayState.WAITING
    assert state.waiting_for == (WaitedFor("ann", began_us),)


def test_who_is_excused_is_told() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.buffer("ann")
    stage.advance(21)

    state = stage.last_state("mod")
    assert (state.excused_ids, state.waiting_for) == (("ann",), ())
    assert {w.user.id: w.state for w in state.watchers} == {"ann": "excused", "mod": "ready"}


def test_a_parked_watcher_alone_is_told_where_it_rests_and_the_truth_beside() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.enter_modern("eve")
    stage.advance(6)
    stage.buffer("mod")
    stage.advance(25)

    mine, others = stage.last_state("mod"), stage.last_state("eve")
    assert mine.parked_us is not None
    assert mine.parked_us > stage.position_us
    assert others.parked_us is None
    assert replace(mine, parked_us=None) == others
    assert mine.revision == others.revision


def test_a_parked_watcher_is_told_when_it_is_taken_back() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.buffer("mod")
    stage.advance(25)
    stage.beat("mod")
    stage.advance(15)

    assert stage.last_state("mod").parked_us is None
    assert stage.last_state("mod").excused_ids == ()


def test_drift_is_told_with_the_heartbeat_and_is_no_change() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.say("mod", Heartbeat(is_pending=False, position_us=stage.position_us + 7_000))
    assert not stage.heard("mod", State)
    stage.advance(1)
    first = stage.last_state("mod")
    stage.say("mod", Heartbeat(is_pending=False, position_us=stage.position_us - 9_000))
    stage.advance(1)
    second = stage.last_state("mod")

    assert [w.drift_us for w in first.watchers] == [None, 7_000]
    assert [w.drift_us for w in second.watchers] == [None, -9_000]
    assert first.revision == second.revision


def test_an_old_drift_is_no_longer_told() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.say("mod", Heartbeat(is_pending=False, position_us=stage.position_us))
    stage.advance(7)

    assert [w.drift_us for w in stage.last_state("mod").watchers] == [None, None]


def test_a_joiner_is_told_who_is_there_what_is_on_and_the_truth_in_that_order() -> None:
    stage = playing("ann")
    stage.open("mod", is_v2=True)
    stage.forget()
    stage.join("mod")

    kinds = [type(event) for event in stage.heard_all("mod")]
    assert kinds == [HereAre, Projected, State]


def test_joining_once_more_is_answered_with_the_truth_though_nothing_changed() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.advance(1)
    stage.join("mod")

    heartbeat, answer = stage.heard("mod", State)
    assert answer.revision == heartbeat.revision


@pytest.mark.parametrize("command", [Pause(), Seek(5), Play(), Finish()])
def test_a_refused_command_is_answered_with_the_truth_to_its_sender_alone(
    command: Command,
) -> None:
    stage = Stage()
    stage.enter_modern("mod", "eve")
    stage.forget()
    stage.say("mod", command)

    assert [type(event) for event in stage.heard_all("mod")] == [Refused, State]
    assert stage.heard_all("eve") == []


def test_what_a_plugin_refuses_is_answered_with_the_truth() -> None:
    stage = with_a_modern_one(playing("ann"))
    effects = stage.room.refuse(stage.conns["mod"], Seek(5), "No.", stage.now_us)

    assert [type(getattr(effect, "event", None)) for effect in effects] == [Refused, State]


def test_small_talk_and_questions_bring_no_state() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.say("mod", WhatsOn())
    stage.say("mod", Say("danmaku", (("message", "hi"),)))

    assert not stage.heard("mod", State)


def test_a_v2_socket_acts_for_nobody_before_it_joins() -> None:
    stage = playing("mod")
    stage.open("second", account="mod", is_v2=True)
    stage.say("second", Pause(us(3)))

    assert stage.heard("second", WhoAreYou)
    assert stage.state == "playing"


def test_silence_of_a_v2_watcher_that_never_beat_is_a_lost_connection() -> None:
    stage = playing("ann")
    stage.set_policy(on_join=OnJoin.CONTINUE)
    stage.open("mod", is_v2=True)
    stage.join("mod")
    stage.advance(6)

    assert stage.watchers["mod"] == "away"


def test_a_v2_watcher_is_back_with_its_next_socket_and_told_so() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.close("mod")
    stage.advance(3)
    stage.open("mod", is_v2=True)

    assert {w.user.id: w.state for w in stage.last_state("mod").watchers}["mod"] == "ready"


def test_a_v2_watcher_that_came_back_has_to_beat_from_the_start() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.close("mod")
    stage.open("mod", is_v2=True)
    stage.advance(6)

    assert stage.watchers["mod"] == "away"


def test_an_admins_command_is_told_with_the_admins_name() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.order(ADMIN, Pause(us(70)))

    assert stage.last_state("mod").cause == (Cause.PAUSE, ADMIN)


def test_a_reset_is_told_as_an_empty_room() -> None:
    stage = with_a_modern_one(playing("ann"))
    stage.reset()

    state = stage.last_state("mod")
    assert (state.watchers, state.record_id, state.play_state) == ((), None, PlayState.PAUSED)


def test_the_generations_of_watchers_are_seen_from_outside() -> None:
    stage = playing("ann")
    stage.enter_old("old")
    stage.enter_modern("mod")
    stage.close("mod")

    views = stage.room.view(stage.now_us).watchers
    assert {w.user.id: w.generation for w in views} == {"ann": "1.5", "old": "1.4", "mod": "2"}


def test_a_watcher_speaks_what_its_latest_socket_speaks() -> None:
    stage = Stage()
    stage.enter("ann")
    stage.open("again", account="ann", is_v2=True)
    stage.join("again")

    [view] = stage.room.view(stage.now_us).watchers
    assert view.generation == "2"


def test_a_socket_knows_its_generation() -> None:
    sockets = [
        Socket(ConnId(1), "ann", 0, 0, is_v2=is_v2, speaks=speaks)
        for is_v2, speaks in [(False, False), (False, True), (True, True)]
    ]

    assert [socket.generation for socket in sockets] == ["1.4", "1.5", "2"]


def test_1_5_hears_nothing_else_because_somebody_speaks_v2() -> None:
    def heard_by_ann(*, is_v2: bool) -> list[object]:
        stage = Stage(Policy(on_join=OnJoin.CONTINUE))
        stage.enter("ann", "bob")
        stage.say("ann", share("film", 60))
        stage.open("mod", is_v2=is_v2)
        stage.join("mod")
        stage.beat("mod")
        stage.say("mod", Play())
        stage.advance(2)
        stage.say("mod", Seek(us(100)))
        stage.buffer("mod")
        stage.advance(30)
        stage.say("mod", Join(user("mod")))
        stage.say("mod", Project(share("x").record))
        stage.leave("mod")
        told = [kind for kind in map(type, stage.heard_all("ann")) if kind not in UP_TO_1_5]
        return [kind for kind in told if kind is not ReadinessChanged]

    assert heard_by_ann(is_v2=True) == heard_by_ann(is_v2=False)


def test_a_question_that_finds_something_due_is_followed_by_what_became_of_it() -> None:
    stage = Stage()
    stage.enter_modern("ann", "bob")
    stage.say("ann", share("film", 60))
    for name in ("ann", "bob"):
        stage.ready(name)
    stage.say("ann", Play())
    stage.advance(1)
    stage.buffer("bob")
    stage.set_policy(max_wait_us=0)
    stage.now_us += us(0.1)
    stage.say("ann", WhatsOn())

    assert stage.last_state("ann").excused_ids == ("bob",)
    assert stage.room.next_deadline_us is not None
    assert stage.room.next_deadline_us > stage.now_us


def test_in_a_crowd_who_is_ready_is_told_with_the_heartbeat() -> None:
    names = [f"m{number}" for number in range(CROWD + 1)]
    stage = Stage()
    stage.enter_modern(*names)
    stage.say("m0", share("film", 60))
    for name in names:
        stage.ready(name)
    stage.advance(2)
    stage.forget()

    stage.buffer("m1")
    assert not stage.heard("m0", State)
    stage.advance(1)
    assert {w.user.id: w.state for w in stage.last_state("m0").watchers}["m1"] == "buffering"


def test_a_crowd_is_told_at_once_what_it_does() -> None:
    names = [f"m{number}" for number in range(CROWD + 1)]
    stage = Stage()
    stage.enter_modern(*names)
    stage.say("m0", share("film", 60))
    for name in names:
        stage.ready(name)
    stage.forget()

    stage.say("m0", Play())
    assert stage.last_state("m1").timeline.rate == 1
    stage.forget()
    stage.say("m1", Seek(us(90)))
    assert len(stage.heard("m0", State)) == 1
    for name in names:
        stage.ready(name)
    assert len(stage.heard("m0", State)) == 2
    assert stage.last_state("m0").timeline.rate == 1
