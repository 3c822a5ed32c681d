"""What a follower does that is not its steering: when it acts, what it tells, how it ends."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from bunga_cli.client import Account, ClockExchange, Follower, Learned, PlayerV2, ServerAddress
from bunga_cli.client.inbox import Message
from tests.client.film import Film
from tests.virtual_time import run_in_virtual_time, virtual_us

AHEAD_US = 5_000_000
SECOND_US = 1_000_000


class Timed(Film):
    """A film in the time of the loop."""

    def __init__(self) -> None:
        self._virtual = 0
        super().__init__()

    @property
    def now_us(self) -> int:
        return virtual_us()

    @now_us.setter
    def now_us(self, now_us: int) -> None:
        self._virtual = now_us


class Deaf(PlayerV2):
    """A client without a server: a test says what it hears, and reads what it would have sent."""

    pace = replace(PlayerV2.pace, asks_time=False)

    def __init__(self) -> None:
        address = ServerAddress.parse("http://localhost:1/api/channels/x/register/")
        super().__init__(Account(address, None, "ann", "pw"))  # type: ignore[arg-type]
        self.sent: list[tuple[int, Message]] = []
        self._heart = asyncio.create_task(asyncio.sleep(3600))

    async def send(self, message: object) -> None:
        assert isinstance(message, dict)
        self.sent.append((virtual_us(), message))

    def learn_time(self) -> None:
        """Know the server's clock to the microsecond."""
        now_us = virtual_us()
        server_us = now_us + AHEAD_US
        self.server_clock.add(ClockExchange(now_us, server_us, server_us, now_us, "one"))

    async def hear(self, *, is_in_time: bool = True, **fields: object) -> None:
        """Hear of another state, and of the time if that is not known."""
        if is_in_time and not self.server_clock.is_known:
            self.learn_time()
        revision = (self.state["revision"] if self.state else 0) + 1
        state = {"code": "state", "epoch": "one", "revision": revision, "record_id": "film"}
        vector = {"position": 0, "rate": 0, "at": 0, "rate_before": 0, "parked": None}
        await self._handle({**state, **vector, "phase": "rest", **fields})

    @property
    def told(self) -> list[Message]:
        return [message for _, message in self.sent]


def runs(film: Film) -> bool:
    return film.is_playing


def playing(test: Callable[[Deaf, Timed], object]) -> None:
    """Run a test in a time of its own."""

    async def run() -> None:
        client = Deaf()
        await test(client, Timed())  # type: ignore[misc]

    run_in_virtual_time(run())


def test_it_plays_at_the_moment_that_the_state_says_and_stops_at_the_next() -> None:
    async def story(client: Deaf, film: Timed) -> None:
        async with Follower(client, film, now=virtual_us):
            await client.hear(position=60 * SECOND_US)
            await asyncio.sleep(1)
            begin_us = virtual_us() + 400_000
            await client.hear(position=60 * SECOND_US, rate=1, at=begin_us + AHEAD_US, phase="run")
            await asyncio.sleep(2)
            assert abs(film._moves_from_us - begin_us) <= 2_000
            end_us = virtual_us() + 300_000
            there_us = 60 * SECOND_US + end_us - begin_us
            await client.hear(position=there_us, at=end_us + AHEAD_US, rate_before=1)
            await asyncio.sleep(0.29)
            assert runs(film)
            await asyncio.sleep(0.02)
            assert not runs(film)
            assert film.position_us == there_us

    playing(story)


def test_it_says_at_once_that_it_is_ready_where_the_room_would_begin() -> None:
    async def story(client: Deaf, film: Timed) -> None:
        async with Follower(client, film, now=virtual_us):
            await client.hear(position=5)
            client.sent.clear()
            film.load_us = 300_000
            await client.hear(position=90 * SECOND_US, phase="prepare")
            asked_us = virtual_us()
            await asyncio.sleep(1)

            (first_us, first), *_, (last_us, last) = client.sent
            assert (first_us, first["is_pending"], first["revision"]) == (asked_us, True, 2)
            assert (last["is_pending"], last["revision"]) == (False, 2)
            assert last["position"] == 90 * SECOND_US
            assert last_us - asked_us < 330_000

    playing(story)


def test_who_is_loaded_already_says_so_with_the_revision_it_was_asked_for() -> None:
    async def story(client: Deaf, film: Timed) -> None:
        async with Follower(client, film, Learned({"afterSeek": [70_000]}), now=virtual_us):
            await client.hear(position=90 * SECOND_US, phase="prepare")
            await asyncio.sleep(0.1)

            [status] = client.told
            assert (status["is_pending"], status["revision"]) == (False, 1)
            assert status["at"] == virtual_us() + AHEAD_US - 100_000
            assert status["start"] == 70_000

    playing(story)


def test_who_does_not_know_the_time_is_not_ready() -> None:
    async def story(client: Deaf, film: Timed) -> None:
        async with Follower(client, film, now=virtual_us):
            await client.hear(position=90 * SECOND_US, phase="prepare", is_in_time=False)
            await asyncio.sleep(1)
            assert [status["is_pending"] for status in client.told] == [True]

            client.learn_time()
            await asyncio.sleep(1)
            assert [status["is_pending"] for status in client.told] == [True, False]
            assert film.position_us == 90 * SECOND_US

    playing(story)


@pytest.mark.parametrize("before", ["film", None])
def test_a_heartbeat_between_two_ticks_says_which_state_was_acted_on(before: str | None) -> None:
    async def story(client: Deaf, film: Timed) -> None:
        async with Follower(client, film, now=virtual_us):
            await client.hear(record_id=before)
            await asyncio.sleep(1)
            film.load_us = 300_000
            await client.hear(position=90 * SECOND_US, phase="prepare")
            await client.report()

            assert (client.told[-1]["is_pending"], client.told[-1]["revision"]) == (False, 1)
            await asyncio.sleep(1)
            assert (client.told[-1]["is_pending"], client.told[-1]["revision"]) == (False, 2)

    playing(story)


def test_while_nothing_is_on_it_rests_and_keeps_nobody_waiting() -> None:
    async def story(client: Deaf, film: Timed) -> None:
        film.stall(10 * SECOND_US)
        async with Follower(client, film, now=virtual_us) as follower:
            assert follower.error_us is None
            await client.hear(record_id=None, rate=1)
            await asyncio.sleep(1)
            assert not film.is_playing
            assert not client.is_buffering
            await client.report()
            assert "position" not in client.told[-1]

    playing(story)


def test_who_is_parked_rests_ahead() -> None:
    async def story(client: Deaf, film: Timed) -> None:
        async with Follower(client, film, now=virtual_us):
            await client.hear(rate=1, at=AHEAD_US, parked=500 * SECOND_US, phase="run")
            await asyncio.sleep(1)
            assert (film.is_playing, film.position_us) == (False, 500 * SECOND_US)

    playing(story)


def test_how_far_off_it_is_can_be_asked_for() -> None:
    async def story(client: Deaf, film: Timed) -> None:
        async with Follower(client, film, now=virtual_us) as follower:
            await client.hear(position=60 * SECOND_US)
            await asyncio.sleep(0.01)
            film.seek(60 * SECOND_US + 250)
            assert follower.error_us == 250
            assert follower.controller.corrections == 0

    playing(story)


def test_in_the_end_the_player_rests_and_the_client_is_its_own_again() -> None:
    async def story(client: Deaf, film: Timed) -> None:
        async with Follower(client, film, now=virtual_us):
            await client.hear(rate=1, at=virtual_us() + AHEAD_US)
            await asyncio.sleep(1)
            assert runs(film)
        assert not runs(film)
        await client.report()
        assert "position" not in client.told[-1]

    playing(story)


def test_an_error_of_the_player_is_raised_at_the_end() -> None:
    class Broken(Timed):
        def play(self) -> None:
            raise OSError("the screen is gone")

    async def story(client: Deaf, _: Timed) -> None:
        with pytest.raises(OSError, match="the screen is gone"):  # noqa: PT012  of the whole block
            async with Follower(client, Broken(), now=virtual_us):
                await client.hear(rate=1, at=virtual_us() + AHEAD_US + 300_000)
                await asyncio.sleep(1)

    playing(story)
