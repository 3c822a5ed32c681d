"""The frames of bunga.v2, in and out."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunga_cli.protocol import v1, v2
from bunga_cli.protocol.client_messages import Malformed, decode
from bunga_cli.sync import commands, events
from bunga_cli.sync.moves import Cause, PlayState
from bunga_cli.sync.timeline import Timeline
from bunga_cli.sync.values import SERVER, Projection, User, VideoRecord

ANN = User("ann", "Ann", 10)
FILM = Projection(VideoRecord("film", "Film", None, "http", "/f"), ANN)

refs = st.text(max_size=64) | st.integers(-(2**53), 2**53)
users = st.builds(User, st.text(max_size=9), st.text(max_size=9), st.integers(0, 359))
moments = st.integers(0, 2**53)
states = st.builds(
    events.State,
    play_state=st.sampled_from(PlayState),
    timeline=st.builds(Timeline, moments, st.integers(0, 1), moments),
    waiting_for=st.lists(st.builds(events.WaitedFor, st.text(), moments), max_size=2).map(tuple),
    excused_ids=st.lists(st.text(), max_size=2).map(tuple),
    watchers=st.lists(
        st.builds(
            events.Standing,
            users,
            st.sampled_from(["ready", "buffering", "excused", "away"]),
            st.none() | st.integers(-(2**53), 2**53),
        ),
        max_size=3,
    ).map(tuple),
    cause=st.none() | st.tuples(st.sampled_from(Cause), st.none() | users),
    record_id=st.none() | st.text(),
    parked_us=st.none() | moments,
    revision=moments,
)


def request(code: str, **fields: object) -> bytes:
    return json.dumps({"code": code, **fields}).encode()


def complaint(payload: bytes) -> Malformed:
    with pytest.raises(Malformed) as wrong:
        v2.decode(payload)
    return wrong.value


def clock(payload: bytes) -> v2.ClockRequest:
    asked = v2.decode(payload)
    assert isinstance(asked, v2.ClockRequest)
    return asked


# -- in -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "command"),
    [
        (request("play"), commands.Play()),
        (request("pause", position=5), commands.Pause(5)),
        (request("seek", position=7), commands.Seek(7)),
        (request("whats-on"), commands.WhatsOn()),
        (request("danmaku", message="hi"), commands.Say("danmaku", (("message", "hi"),))),
        (
            request("client-status", is_pending=False, position=3, at=4, rtt=5, buffered=6),
            commands.Heartbeat(False, 3, 4),
        ),
    ],
)
def test_a_request_is_the_command_that_it_is_in_1_5(
    payload: bytes, command: commands.Command
) -> None:
    asked = v2.decode(payload)

    assert not isinstance(asked, v2.ClockRequest)
    assert asked.command() == decode(payload) == command


@given(refs)
def test_a_request_may_be_called_anything(ref: str | int) -> None:
    assert v2.decode(request("play", ref=ref)).ref == ref


@pytest.mark.parametrize("ref", ["x" * 65, 2**53 + 1, True, 1.5, [], {}])
def test_a_ref_of_another_kind_is_refused_under_the_requests_code(ref: object) -> None:
    wrong = complaint(request("play", ref=ref))

    assert (wrong.reason, wrong.ref) == ("invalid", "play")
    assert "ref" in str(wrong)


@given(st.integers(-(2**63), 2**63) | st.floats(-(2.0**63), 2.0**63))
def test_t0_comes_back_as_it_is(t0: float) -> None:
    answer = json.loads(v2.encode_clock(clock(request("clock", t0=t0)), 1, 2))

    assert answer["t0"] == t0
    assert type(answer["t0"]) is type(t0)


@pytest.mark.parametrize("t0", [math.inf, math.nan, 1e300, 2**64, True, "1", None])
def test_only_finite_numbers_are_times(t0: object) -> None:
    assert complaint(request("clock", t0=t0, ref=3)).ref == 3


@pytest.mark.parametrize(
    ("payload", "reason", "ref"),
    [
        (b"{", "malformed", None),
        (b"[1]", "malformed", None),
        (b'{"ref":5}', "malformed", 5),
        (b'{"code":"nix","ref":8}', "unknown-code", 8),
        (b'{"code":"nix"}', "unknown-code", "nix"),
        (b'{"code":"seek","position":-1,"ref":"s"}', "invalid", "s"),
        (b'{"code":"seek","position":-1}', "invalid", "seek"),
        (b'{"code":"clock"}', "invalid", "clock"),
        (b"[" * 100_000, "malformed", None),
    ],
)
def test_what_is_malformed_is_called_by_its_ref_if_it_has_one(
    payload: bytes, reason: str, ref: str | int | None
) -> None:
    wrong = complaint(payload)

    assert (wrong.reason, wrong.ref) == (reason, ref)


@given(st.binary(max_size=60) | st.from_regex(r'\{"code":"\w*","ref":.*\}').map(str.encode))
def test_every_text_is_a_request_or_malformed(payload: bytes) -> None:
    try:
        asked = v2.decode(payload)
    except Malformed:
        return
    assert asked.code == json.loads(payload)["code"]


# -- out ------------------------------------------------------------------------------------------


def test_a_state_on_the_wire() -> None:
    state = events.State(
        play_state=PlayState.WAITING,
        timeline=Timeline(60_000_000, 0, 987_000_000, 1),
        waiting_for=(events.WaitedFor("bob", 986_000_000),),
        excused_ids=("cat",),
        watchers=(
            events.Standing(ANN, "ready", -3200),
            events.Standing(User("bob", "Bob", 200), "buffering"),
        ),
        cause=(Cause.READINESS, None),
        record_id="film",
        parked_us=70_000_000,
        is_held=True,
        revision=17,
        seq=5,
    )

    assert json.loads(v2.encode_state(state, "9f86d081884c7d65")) == {
        "code": "state",
        "sender": {"id": "server", "name": "server", "color_hue": 0},
        "revision": 17,
        "epoch": "9f86d081884c7d65",
        "play_state": "waiting",
        "phase": "prepare",
        "position": 60_000_000,
        "rate": 0,
        "at": 987_000_000,
        "rate_before": 1,
        "waiting_for": [{"id": "bob", "since": 986_000_000}],
        "excused_ids": ["cat"],
        "parked": 70_000_000,
        "watchers": [
            {"id": "ann", "name": "Ann", "color_hue": 10, "state": "ready", "drift": -3200},
            {"id": "bob", "name": "Bob", "color_hue": 200, "state": "buffering", "drift": None},
        ],
        "cause": {"what": "readiness", "who": None},
        "record_id": "film",
        "seq": 5,
    }


@pytest.mark.parametrize(
    ("rate", "is_held", "phase"), [(0, False, "rest"), (0, True, "prepare"), (1, False, "run")]
)
def test_a_state_says_what_to_do(rate: int, is_held: bool, phase: str) -> None:
    state = events.State(
        PlayState.SEEKING, Timeline(rate=rate), (), (), (), None, None, is_held=is_held
    )

    assert v2.project_state(state, "e").phase == phase


@given(states, st.text(max_size=16))
def test_every_state_can_be_read_back(state: events.State, epoch: str) -> None:
    payload = v2.encode_state(state, epoch)

    read = v2.State.model_validate_json(payload)
    assert read == v2.project_state(state, epoch)
    assert (read.position, read.rate, read.at) == (
        state.timeline.position_us,
        state.timeline.rate,
        state.timeline.at_us,
    )
    assert read.model_dump_json().encode() == payload


def test_every_cause_has_a_word_of_its_own() -> None:
    words = {_cause_word(cause) for cause in Cause}

    assert len(words) == len(Cause)


def _cause_word(cause: Cause) -> str:
    state = events.State(PlayState.PAUSED, Timeline(), (), (), (), (cause, None), None)
    reason = v2.project_state(state, "e").cause
    assert reason is not None
    return reason.what


def test_a_joiner_is_told_how_to_come_back() -> None:
    here_are = events.HereAre((ANN,), (), (), "3e8", is_replayed=True)

    answer = json.loads(v2.encode_answer(here_are, None))

    assert (answer["resume"], answer["replayed"], "ref" in answer) == ("3e8", True, False)


def test_what_the_room_is_told_bears_its_number() -> None:
    told = v2.numbered(v1.encode(events.Played(ANN)), 7)

    assert json.loads(told) == {**json.loads(v1.encode(events.Played(ANN))), "seq": 7}


ANSWERS: list[events.Event] = [
    events.HereAre((ANN,), ("ann",), ()),
    events.NowPlaying(FILM),
    events.Projected(FILM, 5, SERVER),
    events.WhoAreYou(),
    events.Refused("paused", "The room is paused.", "play-finished"),
]


@pytest.mark.parametrize("event", ANSWERS, ids=lambda event: type(event).__name__)
@given(ref=refs)
def test_an_answer_is_what_1_5_gets_and_the_ref(event: events.Event, ref: str | int) -> None:
    plain: dict[str, Any] = json.loads(v1.encode(event))

    if isinstance(event, events.HereAre):
        plain |= {"resume": None, "replayed": False}

    assert json.loads(v2.encode_answer(event, ref)) == {**plain, "ref": ref}


def test_these_are_all_the_answers_there_are() -> None:
    assert {type(event) for event in ANSWERS} == v2.ANSWERS
