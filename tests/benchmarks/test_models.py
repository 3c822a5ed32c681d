"""The models of the installed players do what the players do."""

import pytest

from benchmarks.models.media import SECOND_US, Film, Media
from benchmarks.models.player import Message, Player
from benchmarks.models.player14 import Player14
from benchmarks.models.player15 import Player15
from benchmarks.simulation import FILM

NOW_US = 1000 * SECOND_US
AT_US = 60 * SECOND_US


def us(seconds: float) -> int:
    return round(seconds * SECOND_US)


def status(ahead_s: float, play_status: str = "playing") -> Message:
    """Return a heartbeat for a player at 60 s that is ahead by so much."""
    return {"code": "channel-status", "position": AT_US - us(ahead_s), "play_status": play_status}


def of_another(code: str, position_us: int) -> Message:
    return {"code": code, "position": position_us, "sender": {"id": "somebody else"}}


def at_sixty(player: Player) -> tuple[Player, Media]:
    """Let a player join, sharing a film that is loaded, at 60 s."""
    player.connected(NOW_US - us(10))
    for tenth in range(100):
        player.tick(NOW_US - us(10) + tenth * us(0.1))
    assert player.media is not None
    player.media.advance(NOW_US)
    player.heard({"code": "hello"}, NOW_US)
    return player, player.media


def playing_15() -> tuple[Player, Media]:
    player, media = at_sixty(Player15("ann", share=FILM))
    player.heard(status(0), NOW_US)
    assert media.is_playing
    return player, media


# -- media --


def test_a_film_plays_by_its_own_clock() -> None:
    media = Media(Film(drift_ppm=100), NOW_US, AT_US)
    media.play(NOW_US)
    media.advance(NOW_US + us(10))
    media.advance(NOW_US + us(20))
    assert media.position_us == pytest.approx(AT_US + us(20) + 2_000, abs=1)


def test_the_picture_stands_still_while_it_seeks() -> None:
    media = Media(Film(), NOW_US, AT_US)
    media.play(NOW_US)
    media.advance(NOW_US + us(1))
    media.seek(us(600), NOW_US + us(1))
    media.advance(NOW_US + us(1.4))
    assert media.position_us == us(600)
    media.advance(NOW_US + us(2))
    assert media.position_us == us(600.5)


def test_a_film_that_loads_too_slowly_stalls_and_goes_on() -> None:
    media = Media(Film(throughput=0.5), NOW_US, AT_US)
    media.play(NOW_US)
    media.advance(NOW_US + us(1))
    assert media.is_stalled
    stalled_at_us = media.position_us
    media.advance(NOW_US + us(1.5))
    assert media.position_us == stalled_at_us
    media.advance(NOW_US + us(3))
    assert not media.is_stalled


# -- 1.5 --


@pytest.mark.parametrize(
    ("ahead_s", "rate"), [(0.39, 1.0), (-0.39, 1.0), (0.41, 0.95), (-0.41, 1.05), (-2.9, 1.05)]
)
def test_1_5_playing_changes_its_rate_beyond_400_ms(ahead_s: float, rate: float) -> None:
    player, media = playing_15()
    player.heard(status(ahead_s), NOW_US)
    assert (media.rate, media.is_playing, media.seeks) == (rate, True, 0)


def test_1_5_pauses_if_it_is_ahead_by_some_seconds() -> None:
    player, media = playing_15()
    player.heard(status(5), NOW_US)
    assert (media.is_playing, media.seeks) == (False, 0)


@pytest.mark.parametrize("ahead_s", [-3, 7])
def test_1_5_seeks_at_every_heartbeat_that_is_further_away(ahead_s: float) -> None:
    player, media = playing_15()
    player.heard(status(ahead_s), NOW_US)
    assert media.position_us == AT_US - us(ahead_s)
    player.heard(status(2 * ahead_s), NOW_US + us(0.1))
    assert media.seeks == 2


@pytest.mark.parametrize(("ahead_s", "seeks"), [(2.9, 0), (3, 1)])
def test_1_5_at_rest_seeks_only_if_it_is_far_off(ahead_s: float, seeks: int) -> None:
    player, media = playing_15()
    player.heard(status(ahead_s, "pending"), NOW_US)
    assert (media.is_playing, media.seeks) == (False, seeks)


def test_1_5_is_blind_for_five_seconds_after_somebody_elses_seek() -> None:
    player, media = playing_15()
    player.heard(of_another("seek", us(600)), NOW_US)
    player.heard(status(0), NOW_US + us(4.9))
    assert media.position_us >= us(600)
    player.heard(status(0), NOW_US + us(5))
    assert media.position_us == AT_US


@pytest.mark.parametrize(("off_s", "seeks"), [(0.3, 1), (0.5, 0)])
def test_1_5_seeks_at_anothers_pause_only_if_it_is_there(off_s: float, seeks: int) -> None:
    player, media = playing_15()
    player.heard(of_another("pause", AT_US + us(off_s)), NOW_US)
    assert (media.is_playing, media.seeks) == (False, seeks)


def test_1_5_does_not_play_at_play_but_at_the_next_status() -> None:
    player, media = at_sixty(Player15("ann", share=FILM))
    player.heard({"code": "play", "sender": {"id": "bob"}}, NOW_US)
    assert not media.is_playing


def test_1_5_hangs_up_after_three_seconds_of_silence_and_joins_again() -> None:
    player, _ = playing_15()
    assert player.wants_socket(NOW_US + us(3))
    assert not player.wants_socket(NOW_US + us(3.01))
    player.dropped(NOW_US + us(3.01))
    assert not player.wants_socket(NOW_US + us(3.5))
    assert player.wants_socket(NOW_US + us(3.51))
    assert [said["code"] for said in player.connected(NOW_US + us(4))] == ["join-in"]


def test_1_5_beats_each_second_and_says_whether_it_is_loading() -> None:
    player, media = playing_15()
    said = [m for tenth in range(50) for m in player.tick(NOW_US + tenth * us(0.1))]
    assert [m["is_pending"] for m in said] == [False] * 5
    media.throughput = 0.0
    media.seek(us(1000), NOW_US + us(5))
    assert {m["is_pending"] for m in player.tick(NOW_US + us(6))} == {True}


def test_1_5_without_a_sharer_asks_what_is_on_and_joins() -> None:
    player = Player15("ann")
    player.connected(NOW_US)
    assert player.tick(NOW_US + us(1.9)) == []
    assert player.tick(NOW_US + us(2)) == [{"code": "whats-on"}]
    player.heard({"code": "now-playing"}, NOW_US + us(2.1))
    codes = [m["code"] for m in player.tick(NOW_US + us(3.1))]
    assert codes == ["join-in", "client-status"]
    [pause] = player.heard(FILM, NOW_US + us(3.2))
    assert pause == {"code": "pause", "position": FILM["position"]}


# -- 1.4 --


def play_at(position_us: int, *, is_play: bool) -> Message:
    return {"code": "play-at", "is_play": is_play, "position": position_us}


@pytest.mark.parametrize("off_s", [-2.0, 2.0])
def test_1_4_catches_up_and_then_runs_as_before(off_s: float) -> None:
    player, media = at_sixty(Player14("ann", share=FILM))
    player.heard(play_at(AT_US + us(off_s), is_play=True), NOW_US)
    for tick in range(2000):
        player.tick(NOW_US + tick * us(0.04))
    assert media.rate == 1.0
    assert media.seeks == 0
    assert media.position_us == pytest.approx(AT_US + us(off_s) + us(1999 * 0.04), abs=2_500)


@pytest.mark.parametrize(("is_play", "off_s", "seeks"), [(True, 4.1, 1), (False, 0.001, 1)])
def test_1_4_seeks_if_it_is_far_off_or_at_rest(is_play: bool, off_s: float, seeks: int) -> None:
    player, media = at_sixty(Player14("ann", share=FILM))
    player.heard(play_at(AT_US + us(off_s), is_play=is_play), NOW_US)
    assert (media.seeks, media.is_playing) == (seeks, is_play)


def test_1_4_speaks_of_its_buffer_only_when_that_changes() -> None:
    player, media = at_sixty(Player14("ann", share=FILM))
    assert player.tick(NOW_US) == []
    media.throughput = 0.0
    player.heard(play_at(us(1000), is_play=True), NOW_US)
    said = [m for tenth in range(50) for m in player.tick(NOW_US + tenth * us(0.1))]
    assert said == [{"code": "buffer-state-changed", "is_buffering": True}]


def test_1_4_tries_once_to_connect_again_and_does_not_join() -> None:
    player, _ = at_sixty(Player14("ann", share=FILM))
    player.dropped(NOW_US)
    assert not player.wants_socket(NOW_US + us(0.9))
    assert player.wants_socket(NOW_US + us(1))
    assert player.connected(NOW_US + us(1)) == []
    player.dropped(NOW_US + us(2))
    player.dropped(NOW_US + us(3))
    assert not player.wants_socket(NOW_US + us(1000))
