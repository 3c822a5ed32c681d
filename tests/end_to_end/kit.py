"""Small helpers for tests with real clients on a real server."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

from bunga_cli.client import Client, Player14, Player15
from tests.servers import Site

SECOND_US = 1_000_000

FILM = {
    "record_id": "film-1",
    "title": "A film",
    "thumb_url": None,
    "source": "alist",
    "path": "/films/1.mkv",
}
OTHER_FILM = {**FILM, "record_id": "film-2", "title": "Another film", "path": "/films/2.mkv"}


def new_channel(site: Site) -> str:
    """Make a channel of its own for a test."""
    channel = f"test-{uuid4().hex[:8]}"
    site.create_channel(channel)
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
        Player15.register(url, username="ann", password="pw") as ann,
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


async def status(client: Client, timeout_s: float = 5.0, **wanted: Any) -> dict[str, Any]:
    """Wait for a `channel-status` with these fields."""
    return dict(
        await client.expect(
            "channel-status",
            where=lambda message: all(message[key] == value for key, value in wanted.items()),
            timeout_s=timeout_s,
        )
    )
