"""Plugins without a server around them: what they know of it is held in memory."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bunga_cli.errors import NotFound
from bunga_cli.keyring import Keyring
from bunga_cli.plugin.discovery import Found
from bunga_cli.plugin.http import HttpClient
from bunga_cli.plugin.manager import Plugins
from bunga_cli.plugin.providers import Account, Channel
from bunga_cli.plugin.services import Services
from bunga_cli.plugin.watchdog import Watchdog

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
    url: str = ""

    def keyring(self) -> Keyring:
        return Keyring(self.secret)

    def plugin_tables(self) -> Mapping[str, Mapping[str, object]]:
        return self.tables

    async def save_plugin_table(self, plugin: str, changes: Mapping[str, object]) -> None:
        table = {**self.tables.get(plugin, {}), **changes}
        self.tables[plugin] = {name: value for name, value in table.items() if value is not None}

    def public_url(self) -> str:
        return self.url

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


PATIENT_S = 60.0
"""What nothing takes that works, on however slow a machine."""
IMPATIENT_S = 0.05
"""For what hangs."""
HANG_S = 0.25
"""How long the loop may be kept."""


class _Plugins(Plugins):
    """Plugins that are waited for for long, but for one, which is known to hang."""

    def __init__(self, port: MemoryPort, found: Sequence[Found], hanging: str) -> None:
        super().__init__(port, HttpClient(), found, PATIENT_S, PATIENT_S)
        self.services = Services(wait_s=PATIENT_S)
        self._hanging = hanging

    def _add(self, found: Found) -> None:
        super()._add(found)
        if found.name == self._hanging:
            self._slots[-1].limit_s = IMPATIENT_S


@asynccontextmanager
async def running_plugins(
    port: MemoryPort, *candidates: Found, hanging: str = ""
) -> AsyncIterator[Plugins]:
    """Run these plugins for the length of a block; the one that is `hanging` has little time."""
    plugins = _Plugins(port, candidates, hanging)
    with Watchdog(asyncio.get_running_loop(), HANG_S).watching():
        await plugins.start()
        try:
            yield plugins
        finally:
            await plugins.stop()


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until something is true."""
    deadline_s = time.monotonic() + PATIENT_S
    while not condition():
        if time.monotonic() > deadline_s:
            raise AssertionError("It did not happen.")
        await asyncio.sleep(0.01)
