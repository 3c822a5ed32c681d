"""Small helpers for tests with real clients on a real server."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import replace
from typing import Any
from uuid import uuid4

from bunga_cli.client import Client, Pace, Player14, Player15
from tests.servers import Site

SECOND_US = 1_000_000
PATIENCE_S = 60.0

FILM = {
    "record_id": "film-1",
    "title": "A film",
    "thumb_url": None,
    "source": "alist",
    "path": "/films/1.mkv",
}
OTHER_FILM = {**FILM, "record_id": "film-2", "title": "Another film", "path": "/films/2.mkv"}


class Patient15(Player15):
    """A player that takes no pause of a busy machine for the end of the server."""

    pace = replace(Pace(), silence_s=PATIENCE_S)


def new_channel(site: Site, **settings: object) -> str:
    """Make a channel of its own for a test."""
    channel = f"test-{uuid4().hex[:8]}"
    site.create_channel(channel, **settings)
    return channel


@asynccontextmanager
async def clients(site: Site, channel: str, *names: str) -> AsyncIterator[list[Client]]:
    """Connect plain clients, which send what they are told and no more."""
    async with AsyncExitStack() as stack:
        url = site.register_url(channel)
        admitted = [
            await stack.enter_async_context(Client.register(url, username=name, password="pw"))
            for name in names
        ]
        for client in admitted:
            await client.expect("channel-status")
        yield admitted


@asynccontextmanager
async def pair(site: Site, channel: str) -> AsyncIterator[tuple[Player15, Player14]]:
    """Ann, on 1.5, and Bob, on 1.4, have joined; Ann shares the film; both are ready."""
    url = site.register_url(channel)
    async with (
        Patient15.register(url, username="ann", password="pw") as ann,
        Player14.register(url, username="bob", password="pw") as bob,
    ):
        await bob.expect("channel-status")  # it is admitted
        await ann.join(name="Ann", share=FILM)
        await ann.start_heartbeat()
        await bob.expect("start-projection")
        await bob.join(name="Bob", color_hue=200)
        await bob.expect("here-are")
        await bob.set_buffering(True)
        await bob.set_buffering(False)
        await status(ann, ready_ids=["ann", "bob"])
        yield ann, bob


async def status(client: Client, **wanted: Any) -> dict[str, Any]:
    """Wait for a `channel-status` with these fields."""
    return dict(
        await client.expect(
            "channel-status",
            where=lambda message: all(message[key] == value for key, value in wanted.items()),
        )
    )


def stored(site: Site, query: str, *values: object) -> Any:
    """Return the one value that a query finds in the database; None if there is no row."""
    address = f"file:{site.data / 'bunga.db'}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as database:
        row = database.execute(query, values).fetchone()
    return row and row[0]


async def until_stored(
    condition: Callable[[Any], bool], site: Site, query: str, *values: object
) -> None:
    """Wait until something is true of the one value that a query finds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition(stored(site, query, *values)):  # noqa: ASYNC110  another process's
            await asyncio.sleep(0.02)


async def until_stored_at(site: Site, channel: str, position_us: int) -> None:
    """Wait until the server has stored its room as being there."""
    query = "SELECT position_us FROM rooms WHERE channel_id = ?"
    await until_stored(lambda found: bool(found == position_us), site, query, channel)
