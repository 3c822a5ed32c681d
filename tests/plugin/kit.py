"""Plugins without a server around them: what they know of it is held in memory."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bunga_cli.errors import NotFound
from bunga_cli.plugin.discovery import Found
from bunga_cli.plugin.http import HttpClient
from bunga_cli.plugin.manager import Plugins
from bunga_cli.plugin.providers import Account, Channel

LOBBY = Channel("lobby", "Lobby")
ANN = Account("ann")


@dataclass
class MemoryPort:
    """A site that forgets (`plugin.site.SitePort`)."""

    data: Path
    tables: dict[str, dict[str, object]] = field(default_factory=dict)
    channel_tables: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)
    channel_ids: tuple[str, ...] = ("lobby",)
    secret: str = "a secret of sufficient length, 32 bytes"

    def plugin_tables(self) -> Mapping[str, Mapping[str, object]]:
        return self.tables

    async def save_plugin_table(self, plugin: str, changes: Mapping[str, object]) -> None:
        table = {**self.tables.get(plugin, {}), **changes}
        self.tables[plugin] = {name: value for name, value in table.items() if value is not None}

    async def channels(self) -> list[Channel]:
        return [Channel(channel_id, channel_id) for channel_id in self.channel_ids]

    async def channel_table(self, channel_id: str, plugin: str) -> Mapping[str, object]:
        return self.channel_tables.get((channel_id, plugin), {})

    async def save_channel_table(
        self, channel_id: str, plugin: str, values: Mapping[str, object]
    ) -> None:
        if channel_id not in self.channel_ids:
            raise NotFound(f"There is no channel {channel_id!r}.")
        self.channel_tables[channel_id, plugin] = dict(values)


def found(name: str, plugin: object, source: str = "a test") -> Found:
    """Return a plugin as it is found before it is loaded."""
    return Found(name, "1.0", source, lambda: plugin)


@asynccontextmanager
async def running_plugins(
    port: MemoryPort, *candidates: Found, limit_s: float = 5.0
) -> AsyncIterator[Plugins]:
    """Run these plugins for the length of a block."""
    plugins = Plugins(port, HttpClient(), candidates, limit_s)
    await plugins.start()
    try:
        yield plugins
    finally:
        await plugins.stop()


async def until(condition: Callable[[], object], limit_s: float = 10.0) -> None:
    """Let the loop run until something is true."""
    deadline_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise AssertionError("It did not happen.")
        await asyncio.sleep(0.01)
