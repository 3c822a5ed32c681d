"""Timeline arithmetic."""

from hypothesis import given
from hypothesis import strategies as st

from bunga_cli.sync.timeline import Timeline

times = st.integers(0, 10**15)
spans = st.integers(0, 10**12)
rates = st.integers(0, 1)
timelines = st.builds(Timeline, position_us=times, rate=rates, at_us=times, rate_before=rates)


@given(timelines, spans, spans)
def test_the_position_grows_by_the_time_that_passes_or_not_at_all(
    line: Timeline, first_us: int, then_us: int
) -> None:
    grown_us = line.position_at(line.at_us + first_us + then_us) - line.position_at(
        line.at_us + first_us
    )
    assert grown_us == then_us * line.rate


@given(timelines, times, spans, spans, rates)
def test_changing_the_rate_does_not_move_the_position(
    line: Timeline, now_us: int, lead_us: int, later_us: int, rate: int
) -> None:
    at_us = now_us + lead_us
    changed = line.with_rate(rate, now_us, at_us)
    assert changed.rate == changed.rate_at(max(at_us, line.at_us)) == rate
    assert changed.position_at(now_us) == line.position_at(now_us)
    if changed is not line:
        there_us = line.position_at(now_us) + lead_us * line.rate_at(now_us)
        assert changed.position_at(at_us + later_us) == there_us + later_us * rate


@given(timelines, times)
def test_what_is_about_to_stop_rests_where_it_will_stop(line: Timeline, now_us: int) -> None:
    settled_us = line.settled_at(now_us)
    assert settled_us == line.position_at(now_us if line.rate else max(now_us, line.at_us))


@given(timelines, times, times)
def test_a_move_lands_where_it_was_told_and_keeps_the_rate(
    line: Timeline, position_us: int, now_us: int
) -> None:
    moved = line.moved_to(position_us, now_us)
    assert (moved.position_at(now_us), moved.rate) == (position_us, line.rate)


@given(timelines, times, times)
def test_time_never_turns_the_position_back(line: Timeline, one_us: int, other_us: int) -> None:
    first_us, last_us = sorted((one_us, other_us))
    assert line.position_at(first_us) <= line.position_at(last_us)
