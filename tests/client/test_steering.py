"""A player does what a timeline does, in a time that the test makes pass."""

from dataclasses import replace

import pytest

from bunga_cli.client.controller import Learned
from bunga_cli.client.media import MediaPlayer
from bunga_cli.client.steering import UNNOTICED_US, Steering
from bunga_cli.sync.timeline import Timeline
from tests.client.film import Film

SECOND_US = 1_000_000
AHEAD_US = 7_000_000
"""How far the server's clock is ahead."""
SOON_US = 400_000
AT_US = 60 * SECOND_US


class Stage:
    """A film, who steers it, and a room that changes when the test says so."""

    def __init__(self, film: Film | None = None, learned: Learned | None = None) -> None:
        self.film = film or Film()
        self.steering = Steering(self.film, learned)
        self.timeline = Timeline(AT_US)
        self.errors_us: list[int] = []
        self.pending_us: list[int] = []

    @property
    def server_us(self) -> int:
        return self.film.now_us + AHEAD_US

    def pass_time(self, for_us: int) -> None:
        """Step whenever it is wanted, and look at the player in between."""
        until_us = self.film.now_us + for_us
        self.errors_us, self.pending_us = [], []
        while self.film.now_us < until_us:
            next_us = self.steering.step(self.film.now_us, self.server_us, self.timeline)
            assert next_us > self.film.now_us, "it wants to be asked again at once"
            if self.steering.is_pending(self.film.now_us):
                self.pending_us.append(self.film.now_us)
            self._look()
            self.film.now_us = min(until_us, next_us)
        self.steering.step(self.film.now_us, self.server_us, self.timeline)

    def _look(self) -> None:
        there_us = self.timeline.position_at(self.server_us)
        self.errors_us.append(self.film.position_us - there_us)

    def start(self, in_us: int = SOON_US) -> None:
        here_us = self.timeline.position_at(self.server_us)
        self.timeline = Timeline(here_us, 1, self.server_us + in_us, 0)

    def stop(self, in_us: int = SOON_US) -> None:
        self.timeline = self.timeline.with_rate(0, self.server_us, self.server_us + in_us)

    def started_at_us(self) -> float:
        """Return when the film began to move, by our clock, of the last start."""
        return self.film._moves_from_us


def test_a_stopwatch_and_a_film_are_players() -> None:
    players: list[MediaPlayer] = [Film()]

    assert players[0].is_ready


def test_a_player_is_sent_to_where_the_room_rests_and_waits_there() -> None:
    stage = Stage()
    stage.pass_time(SECOND_US)

    assert stage.film.position_us == AT_US
    assert not stage.film.is_playing
    assert [what for what, _ in stage.film.calls].count("seek") == 1


def test_it_starts_at_the_rooms_moment() -> None:
    stage = Stage()
    stage.pass_time(SECOND_US)
    stage.start()
    before_us = stage.film.now_us
    stage.pass_time(3 * SECOND_US)

    assert abs(stage.started_at_us() - before_us - SOON_US) <= 1_000
    assert max(map(abs, stage.errors_us)) <= 1_000
    assert stage.steering.controller.corrections == 0


def test_a_start_that_lands_late_is_made_earlier_the_next_time() -> None:
    stage = Stage(Film(start_us=80_000))
    for _ in range(3):  # the first one after a seek, the others not
        stage.pass_time(SECOND_US)
        stage.start()
        at_us = stage.film.now_us + SOON_US
        stage.pass_time(5 * SECOND_US)
        late_us = stage.started_at_us() - at_us
        stage.stop()
        stage.pass_time(SECOND_US)

    assert abs(late_us) <= 1_500
    assert stage.steering.start_us == pytest.approx(80_000, abs=2_000)


def test_what_was_learned_before_counts_from_the_first_start_on() -> None:
    stage = Stage(Film(start_us=80_000), Learned({"afterSeek": [80_000]}))
    stage.pass_time(SECOND_US)
    stage.start()
    at_us = stage.film.now_us + SOON_US
    stage.pass_time(SECOND_US)

    assert abs(stage.started_at_us() - at_us) <= 1_500


def test_it_stops_at_the_rooms_moment_exactly_at_the_rooms_place() -> None:
    stage = Stage()
    stage.pass_time(SECOND_US)
    stage.start()
    stage.pass_time(4 * SECOND_US)
    stage.stop()
    at_us = stage.film.now_us + SOON_US
    stage.pass_time(SOON_US - 1_000)
    assert stage.film.calls[-1][0] == "play"
    stage.pass_time(20_000)

    assert not stage.film.is_playing
    assert stage.film.position_us == stage.timeline.position_us
    assert stage.film.now_us - at_us < 25_000


def test_one_who_comes_late_starts_where_the_room_is_going_to_be() -> None:
    stage = Stage(Film(load_us=200_000))
    stage.timeline = Timeline(AT_US, 1, AHEAD_US - 30 * SECOND_US, 1)
    stage.pass_time(1_500_000)

    assert stage.film.is_playing
    assert abs(stage.errors_us[-1]) <= 4_000
    assert stage.steering.controller.seeks == 0
    assert stage.pending_us == []


def test_one_who_loads_slowly_aims_farther_ahead_until_it_gets_there() -> None:
    stage = Stage(Film(load_us=1_700_000))
    stage.timeline = Timeline(AT_US, 1, AHEAD_US - 30 * SECOND_US, 1)
    stage.pass_time(10 * SECOND_US)

    assert stage.film.is_playing
    assert abs(stage.errors_us[-1]) <= 4_000


@pytest.mark.parametrize("off_us", [-700_000, -60_000, 50_000, 900_000])
@pytest.mark.parametrize("displacement_us", [0, -20_000])
def test_one_who_is_off_is_brought_back_by_its_rate(off_us: int, displacement_us: int) -> None:
    stage = Stage(Film(displacement_us=displacement_us))
    stage.pass_time(SECOND_US)
    stage.start()
    stage.pass_time(2 * SECOND_US)
    stage.film._keep()
    stage.film._position_us += off_us
    stage.pass_time(60 * SECOND_US)

    assert stage.steering.controller.seeks == 0
    assert stage.film.rate == 1
    assert all(abs(error) <= 4_500 for error in stage.errors_us[-400:])


def test_one_who_is_far_off_is_sent_there_and_lands_on_time_the_second_time() -> None:
    stage = Stage(Film(seek_us=90_000))
    stage.pass_time(SECOND_US)
    stage.start()
    stage.pass_time(2 * SECOND_US)
    for _ in range(2):
        stage.film._keep()
        stage.film._position_us -= 20 * SECOND_US
        stage.pass_time(12 * SECOND_US)
        landed = [error for error in stage.errors_us if abs(error) < 10 * SECOND_US]

    assert stage.steering.controller.seeks == 2
    assert abs(landed[10]) <= 4_000


def test_who_runs_dry_for_a_moment_keeps_nobody_waiting_and_who_does_for_longer_says_so() -> None:
    stage = Stage()
    stage.pass_time(SECOND_US)
    stage.start()
    stage.pass_time(2 * SECOND_US)
    stage.film.stall(UNNOTICED_US - 50_000)
    stage.pass_time(10 * SECOND_US)
    assert stage.pending_us == []
    assert abs(stage.errors_us[-1]) <= 4_000

    stage.film.stall(2 * SECOND_US)
    stage.pass_time(3 * SECOND_US)
    assert len(stage.pending_us) > 10


def test_who_loads_before_the_start_says_so_at_once() -> None:
    stage = Stage(Film(load_us=300_000))
    stage.pass_time(SECOND_US)

    assert stage.pending_us[0] == 0
    assert 250_000 < stage.pending_us[-1] < 300_000


def test_the_way_to_another_place_counts_as_loading() -> None:
    stage = Stage(Film(load_us=300_000))
    stage.pass_time(SECOND_US)
    stage.timeline = replace(stage.timeline, position_us=90 * SECOND_US)
    stage.pass_time(SECOND_US)

    assert len(stage.pending_us) > 5
    assert stage.film.position_us == 90 * SECOND_US


def test_who_is_parked_rests_ahead_of_the_room() -> None:
    film = Film()
    steering = Steering(film)

    assert steering.rest(0, 90 * SECOND_US)
    assert film.position_us == 90 * SECOND_US
    assert not steering.is_pending(0)


def test_who_was_parked_keeps_what_it_loaded_and_starts_when_the_room_comes_by() -> None:
    stage = Stage(Film(load_us=2 * SECOND_US))
    stage.timeline = Timeline(AT_US, 1, AHEAD_US, 1)
    parked_us = AT_US + 10 * SECOND_US
    stage.steering.rest(0, parked_us)
    stage.film.now_us = 2 * SECOND_US
    assert stage.steering.rest(stage.film.now_us, parked_us)
    stage.pass_time(7_900_000)
    assert (stage.film.is_playing, stage.film.position_us) == (False, parked_us)

    stage.pass_time(2 * SECOND_US)
    assert [what for what, _ in stage.film.calls].count("seek") == 1
    assert abs(stage.started_at_us() - 10 * SECOND_US) <= 1_000
    assert abs(stage.errors_us[-1]) <= 1_000


def test_who_is_farther_ahead_than_anybody_waits_goes_back() -> None:
    stage = Stage()
    stage.timeline = Timeline(AT_US, 1, AHEAD_US, 1)
    stage.film.seek(AT_US + 40 * SECOND_US)
    stage.pass_time(2 * SECOND_US)

    assert stage.film.is_playing
    assert abs(stage.errors_us[-1]) <= 4_000


def test_a_player_that_lands_beside_its_place_is_not_sent_there_for_ever() -> None:
    class Coarse(Film):
        def seek(self, position_us: int) -> None:
            super().seek(position_us - position_us % 100_000)

    stage = Stage(Coarse())
    stage.timeline = Timeline(AT_US + 77_000)
    stage.pass_time(10 * SECOND_US)

    assert [what for what, _ in stage.film.calls].count("seek") == 1
    assert not stage.steering.is_pending(stage.film.now_us)


def test_who_is_let_go_rests_at_the_plain_rate() -> None:
    stage = Stage()
    stage.pass_time(SECOND_US)
    stage.start()
    stage.pass_time(2 * SECOND_US)
    stage.film.rate = 1.02
    stage.steering.let_go()

    assert not stage.film.is_playing
    assert stage.film.rate == 1
