"""How soon the keeper writes down what must survive a crash."""

import asyncio
from collections.abc import Iterable
from itertools import pairwise
from typing import cast

from bunga_cli.server.hub import Hub
from bunga_cli.server.keeper import Keeper
from bunga_cli.server.live_room import LiveRoom
from bunga_cli.store import Store
from bunga_cli.sync.policy import SECOND_US, Policy
from bunga_cli.sync.room import Room
from bunga_cli.sync.snapshot import RoomSnapshot
from tests.virtual_time import run_in_virtual_time, virtual_us


class Book:
    """What the keeper does with the store's rooms, and when."""

    def __init__(self) -> None:
        self.beats_us: list[int] = []
        self.progress: dict[str, int] = {}

    @property
    def rooms(self) -> "Book":
        return self

    async def beat(self, _epoch: str, now_us: int) -> None:
        self.beats_us.append(now_us)

    async def recover(self, _epoch: str) -> list[RoomSnapshot]:
        return []

    async def save(self, _snapshots: list[RoomSnapshot], _epoch: str) -> None:
        """Forget them."""

    async def save_progress(self, progress: Iterable[tuple[str, str, int]]) -> None:
        self.progress.update({record_id: virtual_us() for _, record_id, _ in progress})


class House:
    """A hub with one room."""

    def __init__(self) -> None:
        self.lobby = LiveRoom(Room("lobby", Policy(), virtual_us()), virtual_us)
        self.live = {"lobby": self.lobby}

    async def revive(self, snapshots: list[RoomSnapshot]) -> None:
        """Have no rooms of earlier processes."""

    def stop(self) -> None:
        self.lobby.stop()


def test_a_server_that_plays_is_seen_alive_so_often_that_a_crash_costs_less_than_a_second() -> None:
    async def play() -> list[int]:
        book, house = Book(), House()
        keeper = Keeper(cast(Hub, house), cast(Store, book), "epoch", virtual_us)
        await keeper.start()
        await asyncio.sleep(20)
        await keeper.stop()
        return book.beats_us

    beats_us = run_in_virtual_time(play())

    assert beats_us[-1] - beats_us[0] == 20 * SECOND_US
    assert max(later - sooner for sooner, later in pairwise(beats_us)) <= SECOND_US / 2


def test_what_changes_is_stored_within_a_quarter_of_a_second() -> None:
    async def change() -> list[int]:
        book, house = Book(), House()
        keeper = Keeper(cast(Hub, house), cast(Store, book), "epoch", virtual_us)
        await keeper.start()
        delays_us = []
        for number in range(20):
            await asyncio.sleep(1.03)
            changed_us, house.lobby.unsaved_progress[f"film {number}"] = virtual_us(), 7
            await asyncio.sleep(0.5)
            delays_us.append(book.progress[f"film {number}"] - changed_us)
        await keeper.stop()
        return delays_us

    assert max(run_in_virtual_time(change())) <= SECOND_US / 4
