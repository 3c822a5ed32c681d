"""All plugins of a server: which there are, which are active, and what they provide together."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

from fastapi import APIRouter
from pydantic import BaseModel

from bunga_cli.errors import Invalid, NotFound
from bunga_cli.plugin.checks import ENABLED
from bunga_cli.plugin.context import PluginContext
from bunga_cli.plugin.discovery import Found, discover
from bunga_cli.plugin.http import HttpClient
from bunga_cli.plugin.isolation import describe
from bunga_cli.plugin.loading import Started
from bunga_cli.plugin.providers import Channel, Linker, MediaUrl, PluginSettings, Record
from bunga_cli.plugin.rooms import Authorisers, Listeners, RoomHooks
from bunga_cli.plugin.services import Services
from bunga_cli.plugin.signing import Signer
from bunga_cli.plugin.site import OnePluginsSite, SitePort
from bunga_cli.plugin.slot import LIMIT_S, Slot
from bunga_cli.plugin.status import HealthRow, PluginStatus
from bunga_cli.plugin.watchdog import Watchdog

FOLDER = "plugins"
DATA_FOLDER = "plugin-data"
HANG_S = 1.0

_log = logging.getLogger(__name__)

Mount = Callable[[str, APIRouter | None], None]
"""Serves a plugin's routes from now on, or (None) no longer. May raise what the routes cause."""


class Plugins:
    """The plugins of one server. `rooms` and `services` are there from the beginning, and empty."""

    def __init__(
        self,
        port: SitePort,
        http: HttpClient,
        found: Sequence[Found] | None = None,
        limit_s: float = LIMIT_S,
    ) -> None:
        self.rooms = RoomHooks()
        self.services = Services()
        self.watchdog = Watchdog(HANG_S)
        self._port, self._http, self._limit_s = port, http, limit_s
        self._found = found
        self._slots: list[Slot] = []
        self._by_name: dict[str, Slot] = {}
        self._mount: Mount | None = None
        self._changing = asyncio.Lock()

    # -- starting and stopping --------------------------------------------------------------------

    async def start(self) -> None:
        """Find all plugins and start those that are enabled, side by side."""
        self.watchdog.start()
        found = self._found
        if found is None:
            found = await asyncio.to_thread(discover, self._port.data / FOLDER)
        for candidate in found:
            self._add(candidate)
        self._warn_of_unknown_tables()
        await asyncio.gather(*(self._start(slot) for slot in self._by_name.values()))
        self._rewire()
        for slot in self._by_name.values():
            self._serve_routes(slot)

    async def stop(self) -> None:
        """Stop all plugins."""
        self.rooms.set(None, None)
        self.services.stop()
        await asyncio.gather(*(slot.stop() for slot in self._by_name.values()))
        await self._http.aclose()
        self.watchdog.stop()

    def set_mount(self, mount: Mount) -> None:
        """Have all routes served by `mount`, now and whenever they change."""
        self._mount = mount
        for slot in self._by_name.values():
            self._serve_routes(slot)

    async def enable(self, name: str) -> PluginStatus:
        """Start a plugin, now and at later starts of the server."""
        return await self._set_enabled(self._slot(name), enabled=True)

    async def disable(self, name: str) -> PluginStatus:
        """Stop a plugin, now and at later starts of the server."""
        return await self._set_enabled(self._slot(name), enabled=False)

    # -- what there is ----------------------------------------------------------------------------

    def statuses(self) -> list[PluginStatus]:
        """Return how every plugin stands."""
        return [slot.status for slot in self._slots]

    def status(self, name: str) -> PluginStatus:
        """Return how one plugin stands. Raises NotFound."""
        return self._slot(name).status

    async def check(self, name: str) -> list[HealthRow]:
        """Return what the health checks of a plugin say now. Raises NotFound."""
        return await self._slot(name).check()

    def linkers(self) -> list[Linker]:
        """Return the linkers of all active plugins."""
        return [linker for _, started in self._active() for linker in started.linkers]

    async def resolve(self, channel: Channel, record: Record) -> list[MediaUrl]:
        """Return where a video can be opened; nothing if no plugin knows."""
        for slot, started in self._active():
            for resolver in started.resolvers:
                urls = await slot.resolve(resolver, channel, record)
                if urls is not None:
                    return urls
        return []

    # -- settings ---------------------------------------------------------------------------------

    async def models(self, name: str) -> PluginSettings:
        """Return the models of a plugin's settings, which must be imported for that."""
        loaded = await self._slot(name).load()
        return loaded.models if loaded else PluginSettings()

    async def site_settings(self, name: str) -> BaseModel:
        """Return the settings of a plugin for the whole site. Raises NotFound, SettingsError."""
        return (await self._site(name)).site_settings()

    async def channel_settings(self, name: str, channel_id: str) -> BaseModel:
        """Return the settings of a plugin for a channel. Raises NotFound, PluginFailure."""
        return await (await self._site(name)).channel_settings(channel_id)

    async def change_site_settings(self, name: str, changes: Mapping[str, object]) -> None:
        """Change settings; a plugin that failed is given another chance.

        Raises NotFound, Invalid, SettingsError.
        """
        slot, site = self._slot(name), await self._site(name)
        async with self._changing:
            await site.save_site_settings(changes)
            if slot.status.state == "failed":
                await self._start(slot)
                self._serve_routes(slot)
            self._rewire()
        self._forget_issued(slot, None)

    async def change_channel_settings(
        self, name: str, channel_id: str, changes: Mapping[str, object]
    ) -> None:
        """Change settings in a channel. Raises NotFound, Invalid, SettingsError."""
        slot, site = self._slot(name), await self._site(name)
        await site.save_channel_settings(channel_id, changes)
        self._forget_issued(slot, channel_id)

    # -- inside -----------------------------------------------------------------------------------

    def _add(self, found: Found) -> None:
        slot = Slot(found, self.watchdog, self._limit_s)
        self._slots.append(slot)
        first = self._by_name.setdefault(found.name, slot)
        if first is not slot:
            slot.fail(f"There is a plugin of this name already, from {first.found.source}.")

    def _active(self) -> list[tuple[Slot, Started]]:
        slots = self._by_name.values()
        return [(slot, slot.started) for slot in slots if slot.started is not None]

    def _slot(self, name: str) -> Slot:
        if name not in self._by_name:
            close = get_close_matches(name, self._by_name, n=1)
            hint = f"did you mean {close[0]}?" if close else "`bunga plugins list` shows all."
            raise NotFound(f"There is no plugin {name!r}: {hint}")
        return self._by_name[name]

    async def _site(self, name: str) -> OnePluginsSite:
        slot = self._slot(name)
        loaded = await slot.load()
        if loaded is None:
            raise Invalid(f"The plugin {name} cannot be imported, so its settings are not known.")
        if slot.site is None:
            slot.site = self._make_site(name, loaded.models)
        return slot.site

    def _make_site(self, name: str, models: PluginSettings) -> OnePluginsSite:
        return OnePluginsSite(name, models, self._port, self.linkers, self.services.invalidate)

    async def _start(self, slot: Slot) -> None:
        if not self._is_enabled(slot.name) or await slot.load() is None:
            return
        site = await self._site(slot.name)
        context: PluginContext = PluginContext(
            slot.name,
            site,
            self._http,
            self._port.data / DATA_FOLDER / slot.name,
            Signer(self._port.secret, slot.name),
        )
        context.bind(asyncio.get_running_loop())
        await slot.start(context)

    async def _set_enabled(self, slot: Slot, *, enabled: bool) -> PluginStatus:
        async with self._changing:
            table = {ENABLED: None if enabled else False}
            await self._port.save_plugin_table(slot.name, table)
            if not enabled:
                await slot.stop()
            elif slot.started is None:
                await self._start(slot)
            self._rewire()
            self._serve_routes(slot)
        return slot.status

    def _is_enabled(self, name: str) -> bool:
        value = self._port.plugin_tables().get(name, {}).get(ENABLED, True)
        return str(value).lower() not in ("false", "no", "off", "0")

    def _rewire(self) -> None:
        """Let rooms and services know only the plugins that are active now."""
        active = [slot for slot, _ in self._active()]
        authorisers = [slot.authoriser for slot in active if slot.authoriser]
        authorisers.sort(key=lambda authoriser: authoriser.hook.rank)
        listeners = [slot.listener for slot in active if slot.listener]
        self.rooms.set(
            Authorisers(authorisers) if authorisers else None,
            Listeners(listeners) if listeners else None,
        )
        self.services.set_issuers([issuer for slot in active for issuer in slot.issuers()])

    def _serve_routes(self, slot: Slot) -> None:
        if self._mount is None:
            return
        router = slot.started.router if slot.started else None
        try:
            self._mount(slot.name, router)
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            slot.note("bunga_routes", describe(error))

    def _forget_issued(self, slot: Slot, channel_id: str | None) -> None:
        for issuer in slot.issuers():
            self.services.invalidate(issuer.provider.key, channel_id)

    def _warn_of_unknown_tables(self) -> None:
        for name in self._port.plugin_tables():
            if name not in self._by_name:
                close = get_close_matches(name, self._by_name, n=1)
                hint = f"; did you mean {close[0]}?" if close else "."
                _log.warning("The settings name a plugin %r, which is not there%s", name, hint)
