from bunga_cli.client import MediaPlayer, Stopwatch


def test_a_stopwatch_is_a_player_that_is_always_where_it_should_be() -> None:
    now_us = 1_000

    def now() -> int:
        return now_us

    watch = Stopwatch(now)
    player: MediaPlayer = watch
    player.seek(60_000)
    player.play()
    now_us += 500
    player.rate = 1.5
    now_us += 100

    assert player.position_us == 60_650
    assert (player.is_ready, player.rate, watch.is_running) == (True, 1.5, True)
    player.pause()
    now_us += 10_000
    assert player.position_us == 60_650
