from bunga_cli.sync.timeline import Timeline


def test_a_resting_timeline_stays_where_it_is() -> None:
    assert Timeline(7, 0, 100).position_at(1_000_000) == 7


def test_a_running_timeline_moves_with_the_time() -> None:
    assert Timeline(7, 1, 100).position_at(150) == 57


def test_a_timeline_never_runs_backwards_before_its_beginning() -> None:
    assert Timeline(7, 1, 100).position_at(40) == 7


def test_a_new_rate_goes_on_from_the_position_of_now() -> None:
    halted = Timeline(7, 1, 100).with_rate(0, 150, 150)
    assert halted == Timeline(57, 0, 150, 1)
    assert halted.with_rate(1, 200, 200).position_at(210) == 67


def test_a_start_to_come_rests_until_then() -> None:
    started = Timeline(7, 0, 100).with_rate(1, 200, 300)
    assert [started.position_at(at_us) for at_us in (200, 299, 300, 310)] == [7, 7, 7, 17]


def test_a_stop_to_come_runs_on_until_then() -> None:
    stopped = Timeline(7, 1, 100).with_rate(0, 200, 300)
    assert [stopped.position_at(at_us) for at_us in (200, 299, 300, 310)] == [107, 206, 207, 207]


def test_a_start_that_is_called_off_never_was() -> None:
    started = Timeline(7, 0, 100).with_rate(1, 200, 300)
    assert started.with_rate(0, 250, 270).position_at(1_000) == 7


def test_the_same_rate_changes_nothing() -> None:
    timeline = Timeline(7, 1, 100)
    assert timeline.with_rate(1, 150, 150) is timeline


def test_a_move_keeps_the_rate() -> None:
    assert Timeline(7, 1, 100).moved_to(1000, 150) == Timeline(1000, 1, 150, 1)
