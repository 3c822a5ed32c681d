"""A thousand hours of watching together, in virtual time."""

import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import pytest

from tests.properties.simulator import Simulation

ROOMS, WATCHERS, HOURS = 100, 8, 10


def _run(seed: int, seconds: int) -> Counter[str]:
    return Simulation(seed, WATCHERS).run(seconds)


@pytest.fixture(scope="module")
def tally() -> Counter[str]:
    """Run all rooms, on all cores, and add up what happened in them."""
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        rooms = pool.map(partial(_run, seconds=HOURS * 3600), range(ROOMS), chunksize=5)
        return sum(rooms, Counter())


def test_rooms_keep_their_promises_for_a_thousand_hours(tally: Counter[str]) -> None:
    """The promises are checked on the way; here, that there was something to check."""
    watched_s = ROOMS * HOURS * 3600
    assert tally["polls"] > watched_s
    assert tally["heartbeats"] > watched_s * 4
    assert tally["seconds played"] > watched_s * 0.4
    assert tally["drops"] > ROOMS * HOURS * 20
    assert tally["excused"] > ROOMS


def test_the_same_seed_makes_the_same_evening() -> None:
    assert _run(7, 1800) == _run(7, 1800)
