"""What is on the disk when the process is killed with no time for anything."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bunga_cli.store import Store
from bunga_cli.store.revision import current_revision
from tests.store.examples import FILM, snapshot

HALF_SECOND = 500_000
START = 7_000_000_000

# Plays the film in the lobby by a made-up clock, and prints each moment once it is stored.
SERVER = f"""
import asyncio, json, pathlib, sys
from bunga_cli.store import Store
from tests.store.examples import snapshot

async def main(path, rate):
    store = await Store.open(path)
    await store.channels.create("lobby", "Lobby")
    at_us = {START}
    for tick in range(10_000):
        if tick % 4 == 0:
            position_us = 1_000_000 + rate * tick * {HALF_SECOND}
            room = snapshot(position_us=position_us, rate=rate, at_us=at_us)
            await store.rooms.save([room], "dead")
        await store.rooms.beat("dead", at_us)
        print(json.dumps(rate * (at_us - {START})), flush=True)
        at_us += {HALF_SECOND}

asyncio.run(main(pathlib.Path(sys.argv[1]), int(sys.argv[2])))
"""


def killed_after(ticks: int, path: Path, rate: int) -> int:
    """Run the server, kill it; return the last position that it knew to be stored, in µs."""
    command = [sys.executable, "-c", SERVER, str(path), str(rate)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as server:
        assert server.stdout
        seen = [server.stdout.readline() for _ in range(ticks)]
        server.kill()
        seen += server.stdout.readlines()
    assert server.returncode == -signal.SIGKILL
    return 1_000_000 + int(json.loads([line for line in seen if line.endswith("\n")][-1]))


@pytest.mark.parametrize("ticks", [1, 2, 4, 30])
async def test_a_film_is_found_within_half_a_second_of_where_it_was(path: Path, ticks: int) -> None:
    stored_us = killed_after(ticks, path, rate=1)
    store = await Store.open(path)
    [room] = await store.rooms.recover("alive")
    # The heart may have beaten once more between its last print and its death.
    assert room.position_us in {stored_us, stored_us + HALF_SECOND}
    assert room == snapshot(position_us=room.position_us, rate=0, at_us=0)
    assert await store.rooms.progress("lobby") == {FILM.record_id: room.position_us}
    await store.close()


async def test_a_paused_film_is_found_where_it_was(path: Path) -> None:
    killed_after(30, path, rate=0)
    store = await Store.open(path)
    assert await store.rooms.recover("alive") == [snapshot(position_us=1_000_000)]
    await store.close()


async def test_a_second_crash_before_anything_happened_moves_nothing(path: Path) -> None:
    killed_after(5, path, rate=1)
    store = await Store.open(path)
    first = await store.rooms.recover("second")
    await store.rooms.beat("second", 10**15)
    assert await store.rooms.recover("third") == first
    await store.close()


def test_what_a_killed_process_left_is_read_from_its_journal_without_touching_it(
    path: Path,
) -> None:
    killed_after(3, path, rate=1)
    left = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    assert "bunga.db-wal" in left
    assert current_revision(path) is not None
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == left
