"""When a client asks for the time."""

from bunga_cli.client.asking import BURST, BURST_US, BURSTS_APART_US, PAUSED_US, PLAYING_US, Asking


class Watch:
    """Asks whenever it is time to."""

    def __init__(self) -> None:
        self.asking, self.now_us = Asking(), 0

    def rests(self, count: int, **known: object) -> list[int]:
        rests = []
        for _ in range(count):
            facts = {"is_playing": True, "bound_us": 5_000, "round_trip_us": 10_000, **known}
            rests.append(self.asking.rest_us(self.now_us, **facts))  # type: ignore[arg-type]
            self.now_us += rests[-1]
        return rests


def test_ten_questions_come_at_first_then_one_a_second() -> None:
    assert Watch().rests(12) == [BURST_US] * (BURST - 1) + [PLAYING_US] * 3


def test_where_nothing_plays_it_asks_less_often() -> None:
    assert Watch().rests(11, is_playing=False)[BURST - 1 :] == [PAUSED_US] * 2


def test_another_connection_is_worth_another_ten() -> None:
    watch = Watch()
    watch.rests(15)
    watch.asking.burst()

    assert watch.rests(11).count(BURST_US) == BURST - 1


def test_who_knows_too_little_asks_again_but_not_all_the_time() -> None:
    watch = Watch()
    seconds = BURSTS_APART_US // PLAYING_US
    rests = watch.rests(2 * BURST + seconds, bound_us=80_000)

    assert rests[:BURST].count(BURST_US) == BURST - 1
    assert PLAYING_US in rests
    assert rests.count(BURST_US) > BURST


def test_a_path_on_which_no_question_tells_more_is_not_asked_again() -> None:
    rests = Watch().rests(40, bound_us=160_000, round_trip_us=300_000)

    assert rests.count(BURST_US) == BURST - 1
