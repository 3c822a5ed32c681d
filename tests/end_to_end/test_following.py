"""Players of all kinds, kept in step by the client library, on a real server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from bunga_cli.client import Follower, Pace, PlayerV2, Stopwatch
from tests.end_to_end.kit import FILM, PATIENCE_S, SECOND_US, new_channel
from tests.servers import Site


class PatientV2(PlayerV2):
    pace = replace(Pace(), silence_s=PATIENCE_S)


class Seat:
    """Somebody who watches with a stopwatch."""

    def __init__(self, client: PlayerV2, film: Stopwatch, follower: Follower) -> None:
        self.client, self.film, self.follower = client, film, follower


@asynccontextmanager
async def watching(site: Site, channel: str, name: str) -> AsyncIterator[Seat]:
    """Let somebody join, and share the film if it is Ann."""
    url = site.register_url(channel)
    async with PatientV2.register(url, username=name, password="pw") as client:
        film = Stopwatch()
        async with Follower(client, film) as follower:
            share = FILM if name == "ann" else None
            await client.join(name=name, share=share, position_us=60 * SECOND_US)
            await client.expect("here-are", timeout_s=PATIENCE_S)
            yield Seat(client, film, follower)


@asynccontextmanager
async def couple(site: Site, channel: str) -> AsyncIterator[tuple[Seat, Seat]]:
    async with watching(site, channel, "ann") as ann, watching(site, channel, "bob") as bob:
        yield ann, bob


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  a server's doing
            await asyncio.sleep(0.005)


def apart_us(ann: Seat, bob: Seat) -> int:
    return abs(ann.film.position_us - bob.film.position_us)


async def test_two_stopwatches_run_together_and_rest_at_the_same_place(site: Site) -> None:
    async with couple(site, new_channel(site)) as (ann, bob):
        await until(lambda: ann.film.position_us == bob.film.position_us == 60 * SECOND_US)
        await bob.client.play()
        await until(lambda: ann.film.is_running and bob.film.is_running)
        await asyncio.sleep(1)
        apart = sorted([apart_us(ann, bob) for _ in range(9)])
        assert apart[4] < 20_000  # how far apart, is the machine's affair; measured elsewhere

        await ann.client.pause()
        await until(lambda: not ann.film.is_running and not bob.film.is_running)
        await until(lambda: apart_us(ann, bob) == 0)
        state = ann.client.state
        assert state is not None
        assert state["position"] == ann.film.position_us > 61 * SECOND_US


async def test_both_are_where_somebody_seeks_to_before_the_room_goes_on(site: Site) -> None:
    async with couple(site, new_channel(site)) as (ann, bob):
        await until(lambda: ann.film.position_us == bob.film.position_us == 60 * SECOND_US)
        await ann.client.play()
        await until(lambda: ann.film.is_running and bob.film.is_running)
        await bob.client.seek(300 * SECOND_US)
        await until(lambda: min(ann.film.position_us, bob.film.position_us) >= 300 * SECOND_US)
        await until(lambda: ann.film.is_running and bob.film.is_running)
        await until(lambda: apart_us(ann, bob) < 20_000)

        assert ann.follower.controller.seeks == bob.follower.controller.seeks == 0


async def test_one_whose_line_was_cut_is_back_in_step_and_heard_everything(site: Site) -> None:
    async with couple(site, new_channel(site)) as (ann, bob):
        await ann.client.play()
        await until(lambda: ann.film.is_running and bob.film.is_running)
        bob.client.drop()
        for number in range(3):
            await ann.client.say(f"{number}")
        heard = [(await bob.client.expect("danmaku", timeout_s=PATIENCE_S)) for _ in range(3)]
        await until(lambda: bob.film.is_running and apart_us(ann, bob) < 20_000)

        assert [message["message"] for message in heard] == ["0", "1", "2"]
