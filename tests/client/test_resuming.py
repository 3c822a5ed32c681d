"""What a client gives on of what it hears, around a lost connection."""

from hypothesis import given
from hypothesis import strategies as st

from bunga_cli.client.inbox import Message
from bunga_cli.client.resuming import Hearing


def said(seq: int) -> Message:
    return {"code": "danmaku", "seq": seq}


def state(seq: int, epoch: str = "one") -> Message:
    return {"code": "state", "epoch": epoch, "seq": seq}


REF = 7


def here_are(*, replayed: bool = False, resume: str | None = "token") -> Message:
    return {"code": "here-are", "resume": resume, "replayed": replayed, "ref": REF}


def given_on(hearing: Hearing, *messages: Message) -> list[int | str]:
    """Return what is given on: numbers, or codes where there is none."""
    heard = [one for message in messages for one in hearing.take(message)]
    return [one["seq"] if one["code"] == "danmaku" else one["code"] for one in heard]


def joined(seq: int = 100) -> Hearing:
    hearing = Hearing()
    given_on(hearing, state(seq), here_are(), state(seq))
    return hearing


def test_what_comes_is_given_on_and_counted() -> None:
    hearing = joined()

    assert given_on(hearing, said(101), {"code": "clock"}, said(103)) == [101, "clock", 103]
    assert hearing.seq == 103


def test_a_state_tells_what_was_for_others_only() -> None:
    hearing = joined()
    given_on(hearing, state(105))

    assert hearing.resume(REF) == {"resume": "token", "seq": 105, "ref": REF}


def test_the_first_join_resumes_nothing() -> None:
    assert Hearing().resume(REF) == {}


def test_what_was_missed_comes_first_and_what_came_twice_comes_once() -> None:
    hearing = joined()
    hearing.resume(REF)
    heard = given_on(
        hearing,
        state(104),
        said(104),  # it was said between the two
        here_are(replayed=True),
        said(101),
        said(103),
        said(104),
        state(104),
        said(105),
    )

    assert heard == ["state", "here-are", 101, 103, 104, "state", 105]


def test_a_greeting_before_the_answer_changes_nothing() -> None:
    hearing = joined()
    hearing.resume(REF)
    greeting = {"code": "here-are", "resume": "token", "replayed": False}
    heard = given_on(hearing, greeting, state(102), here_are(replayed=True), said(101), state(102))

    assert heard == ["here-are", "state", "here-are", 101, "state"]


def test_what_is_not_replayed_is_given_on_with_what_is() -> None:
    hearing = joined()
    hearing.resume(REF)
    heard = given_on(
        hearing, said(102), said(104), here_are(replayed=True), said(101), said(103), state(104)
    )

    assert heard == ["here-are", 101, 102, 103, 104, "state"]


def test_where_not_all_is_known_any_more_what_came_since_is_given_on() -> None:
    hearing = joined()
    hearing.resume(REF)

    assert given_on(hearing, said(300), here_are(), state(301)) == ["here-are", 300, "state"]
    assert hearing.seq == 301


def test_a_refused_join_holds_nothing_back() -> None:
    hearing = joined()
    hearing.resume(REF)
    refusal = {"code": "error", "ref": REF, "reason": "foreign-id"}

    assert given_on(hearing, said(101), refusal, said(102)) == [101, "error", 102]


def test_another_server_counts_anew() -> None:
    hearing = joined(9_000)
    hearing.resume(REF)
    heard = given_on(hearing, state(5, "two"), here_are(resume="other"), state(6, "two"), said(7))

    assert heard == ["state", "here-are", "state", 7]
    assert hearing.resume(REF) == {"resume": "other", "seq": 7, "ref": REF}


def test_a_server_that_numbers_nothing_is_understood() -> None:
    hearing = Hearing()
    old = {"code": "state", "epoch": "one"}
    heard = given_on(hearing, old, {"code": "here-are"}, {"code": "popmoji"}, old)

    assert heard == ["state", "here-are", "popmoji", "state"]
    assert hearing.resume(REF) == {}


@given(heard=st.integers(0, 6), missed=st.integers(0, 6), early=st.integers(0, 4))
def test_a_lost_connection_leaves_no_gap_and_repeats_nothing(
    heard: int, missed: int, early: int
) -> None:
    """`early` ones are said after the new connection is open, and before the answer to its join."""
    hearing, first = joined(), 101
    numbers = given_on(hearing, *map(said, range(first, first + heard)))
    asked = hearing.resume(REF)
    last = first + heard + missed + early
    new = range(first + heard + missed, last)
    numbers += given_on(hearing, state(first + heard + missed - 1), *map(said, new))
    replay = map(said, range(asked["seq"] + 1, last))
    numbers += given_on(hearing, here_are(replayed=True), *replay, state(last - 1), said(last))

    assert [each for each in numbers if isinstance(each, int)] == [*range(first, last + 1)]
