"""The simulated paths are what their description says."""

from random import Random

from benchmarks.clock import BURST, SECOND_US, Path, asked_at, drifting, exchanges, measure, watch


def test_a_client_asks_ten_times_at_once_and_then_each_second() -> None:
    moments = [*asked_at(3 * SECOND_US)]

    assert moments[:BURST] == [n * 150_000 for n in range(BURST)]
    assert [b - a for a, b in zip(moments[BURST - 1 :], moments[BURST:], strict=False)] == [
        SECOND_US
    ] * 3


def test_a_quiet_path_takes_as_long_as_it_says_and_leans_as_it_should() -> None:
    path = Path(100, jitter=0, spikes=0, lean=0.8)
    [exchange] = exchanges(path, lambda _: 7.0, iter([0]), Random(1))

    assert exchange.round_trip_us == 100_000
    assert exchange.t1_us == 80_007


def test_what_is_sent_first_arrives_first_also_behind_a_spike() -> None:
    made = [*exchanges(Path(20, spikes=0.5), lambda _: 0.0, asked_at(SECOND_US), Random(1))]

    assert [one.t1_us for one in made] == sorted(one.t1_us for one in made)
    assert [one.received_us for one in made] == sorted(one.received_us for one in made)


def test_clocks_differ_by_no_more_than_both_are_wrong() -> None:
    for seed in range(50):
        offset = drifting(Random(seed))
        assert abs(offset(1e6) - offset(0)) <= 200


def test_the_same_seed_makes_the_same_figures() -> None:
    assert watch(Path(100), 3, 20 * SECOND_US) == watch(Path(100), 3, 20 * SECOND_US)


def test_the_table_has_a_row_for_each_round_trip() -> None:
    table = measure(traces=1)

    assert [row[0] for row in table.rows] == [20, 100, 300]
    assert {len(row) for row in table.rows} == {len(table.columns)}
