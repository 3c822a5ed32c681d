from bunga_cli.sync.timeline import Timeline


def test_a_resting_timeline_stays_where_it_is() -> None:
    assert Timeline(7, 0, 100).position_at(1_000_000) == 7


def test_a_running_timeline_moves_with_the_time() -> None:
    assert Timeline(7, 1, 100).position_at(150) == 57


def test_a_timeline_never_runs_backwards_before_its_beginning() -> None:
    assert Timeline(7, 1, 100).position_at(40) == 7


def test_a_new_rate_goes_on_from_the_position_of_now() -> None:
    halted = Timeline(7, 1, 100).with_rate(0, 150)
    assert halted == Timeline(57, 0, 150)
    assert halted.with_rate(1, 200).position_at(210) == 67


def test_the_same_rate_changes_nothing() -> None:
    timeline = Timeline(7, 1, 100)
    assert timeline.with_rate(1, 150) is timeline


def test_a_move_keeps_the_rate() -> None:
    assert Timeline(7, 1, 100).moved_to(1000, 150) == Timeline(1000, 1, 150)
