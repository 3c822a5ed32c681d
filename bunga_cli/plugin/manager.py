"""All plugins of a server: which there are, which are active, and what they provide together."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from typing import Any, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel

from bunga_cli.errors import BungaError, Invalid, NotFound
from bunga_cli.plugin.clashes import find_clashes
from bunga_cli.plugin.context import PluginContext
from bunga_cli.plugin.discovery import Found, discover, name_problem
from bunga_cli.plugin.http import HttpClient
from bunga_cli.plugin.isolation import Broken, describe, in_thread
from bunga_cli.plugin.loading import Loaded, Started
from bunga_cli.plugin.parts import Part, nobodys_context
from bunga_cli.plugin.patience import patience_here_s
from bunga_cli.plugin.providers import (
    Channel,
    Linker,
    MediaUrl,
    PluginFailure,
    PluginSettings,
    Record,
)
from bunga_cli.plugin.rooms import Authorisers, Listeners, RoomHooks
from bunga_cli.plugin.services import Services
from bunga_cli.plugin.sign_ins import OnePluginsSignIn
from bunga_cli.plugin.signing import Signer
from bunga_cli.plugin.site import OnePluginsSite, SitePort
from bunga_cli.plugin.slot import LIMIT_S, Slot
from bunga_cli.plugin.status import HealthRow, LinkerRow, PluginStatus
from bunga_cli.plugin.texts import one_line
from bunga_cli.settings.keys import ENABLED, is_on, plugin_key, switch_problem

FOLDER = "plugins"
DATA_FOLDER = "plugin-data"
CLOSE_LIMIT_S = 2.0

_IN_VAIN = "It is not used; a linker with this id was there before."

_T = TypeVar("_T")

_log = logging.getLogger(__name__)

Mount = Callable[[str, APIRouter | None], None]
"""Serves a plugin's routes from now on, or (None) no longer. May raise what the routes cause."""


class Plugins:
    """The plugins of one server. `rooms` and `services` are there from the beginning, and empty.

    `limit_s` is what each call of a hook may take while a plugin starts or stops, `patience_s` what
    the start of the server waits for it.
    """

    def __init__(
        self,
        port: SitePort,
        http: HttpClient,
        found: Sequence[Found] | None = None,
        limit_s: float = LIMIT_S,
        patience_s: float | None = None,
    ) -> None:
        self.rooms = RoomHooks()
        self.services = Services()
        self._port, self._http, self._found = port, http, found
        self._limit_s, self._patience_s = limit_s, patience_s
        self._slots: list[Slot] = []
        self._by_name: dict[str, Slot] = {}
        self._mount: Mount | None = None
        self._starts: set[asyncio.Task[None]] = set()

    # -- starting and stopping --------------------------------------------------------------------

    async def start(self) -> None:
        """Find all plugins and start those that are enabled, but wait for none that hangs."""
        for candidate in await self._discover():
            self._add(candidate)
        self._warn_of_tables()
        enabled = [slot for slot in self._by_name.values() if self._is_enabled(slot.name)]
        for slot in enabled:
            slot.begin()
        patience_s = patience_here_s() if self._patience_s is None else self._patience_s
        everything = asyncio.create_task(self._start_all(enabled, patience_s))
        self._remember(everything)
        await asyncio.wait((everything,), timeout=2 * patience_s)

    async def stop(self) -> None:
        """Stop all plugins."""
        for task in self._starts:
            task.cancel()
        self.rooms.set(None, None)
        self.services.stop()
        await asyncio.gather(*(self._stop(slot) for slot in self._by_name.values()))
        closing = asyncio.ensure_future(self._http.aclose())
        await asyncio.wait((closing,), timeout=CLOSE_LIMIT_S)

    def set_mount(self, mount: Mount) -> None:
        """Have all routes served by `mount`, now and whenever they change."""
        self._mount = mount
        for slot in self._by_name.values():
            self._serve_routes(slot)

    async def enable(self, name: str) -> PluginStatus:
        """Start a plugin, now and at later starts of the server. Raises NotFound, Invalid."""
        slot = self._usable_slot(name)
        await self._port.save_plugin_table(name, {ENABLED: None})
        await self.follow(name, {ENABLED})
        return slot.status

    async def disable(self, name: str) -> PluginStatus:
        """Stop a plugin, now and at later starts of the server. Raises NotFound, Invalid."""
        slot = self._usable_slot(name)
        await self._port.save_plugin_table(name, {ENABLED: False})
        await self.follow(name, {ENABLED})
        return slot.status

    async def follow(self, name: str, fields: Collection[str]) -> None:
        """Have a plugin go by what is set of it now, after these fields were changed.

        What they were changed to is not told: another change may have come after it. A plugin that
        failed is given another chance. Raises NotFound.
        """
        slot = self._slot(name)
        async with slot.lock:  # nothing is saved under it: who saves may wait for an import
            if not self._is_enabled(name):
                await self._stop_if_used(slot)
            elif slot.started is None:
                await self._start_again(slot, is_new=ENABLED in fields)
            elif slot.site is not None:
                with suppress(BungaError):  # which the plugin is told when it asks
                    await _done(slot, slot.site.checked_site_settings())
        if any(field != ENABLED for field in fields):
            self._forget_issued(slot, None)

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
        """Return the linkers of all active plugins; of two with one id the first counts."""
        linkers: dict[str, Linker] = {}
        for slot, _ in self._active():
            for linker in slot.linkers:
                linkers.setdefault(linker.info.id.lower(), linker)
        return [*linkers.values()]

    def linker_rows(self) -> list[LinkerRow]:
        """Return how the linkers of all active plugins stand, those included that are in vain."""
        used = {id(linker) for linker in self.linkers()}
        return [
            row if id(linker) in used else replace(row, is_used=False, problem=_IN_VAIN)
            for slot, _ in self._active()
            for linker, row in zip(slot.linkers, slot.linker_rows(), strict=True)
        ]

    def sign_ins(self) -> list[OnePluginsSignIn]:
        """Return the ways of all active plugins to sign in at services."""
        return [sign_in for slot, _ in self._active() for sign_in in slot.sign_ins]

    def sign_in(self, plugin: str, name: str) -> OnePluginsSignIn:
        """Return one way of a plugin to sign in. Raises NotFound."""
        sign_ins = {sign_in.name: sign_in for sign_in in self._slot(plugin).sign_ins}
        if name not in sign_ins:
            raise NotFound(f"The plugin {plugin} has no sign-in {one_line(name)!r} now.")
        return sign_ins[name]

    async def resolve(self, channel: Channel, record: Record) -> list[MediaUrl]:
        """Return where a video can be opened; nothing if no plugin knows.

        Raises Invalid or NotFound with what the first one says that knows why it cannot be.
        """
        refusal: BungaError | None = None
        for slot, started in self._active():
            for resolver in started.resolvers:
                try:
                    urls = await slot.resolve(resolver, channel, record)
                except BungaError as error:
                    refusal, urls = refusal or error, None
                if urls is not None:
                    return urls
        if refusal is not None:
            raise refusal
        return []

    def names(self) -> list[str]:
        """Return the names of all plugins, those first that were found first."""
        return [*self._by_name]

    def part(self, name: str, part: str) -> Part:
        """Return a part of a plugin. Raises NotFound."""
        return self._slot(name).part(part)

    def note(self, name: str, part: str, sentence: str | None, more: str = "") -> None:
        """Remember that a part of a plugin fails, or (None) that it works. Raises NotFound."""
        self._slot(name).note(part, sentence, more)

    # -- settings ---------------------------------------------------------------------------------

    async def models(self, name: str) -> PluginSettings:
        """Return the models of a plugin's settings, which must be imported for that.

        One that could not be imported is not tried again. Raises NotFound, Invalid.
        """
        return (await self._imported(self._slot(name))).models

    async def site_settings(self, name: str) -> BaseModel:
        """Return the settings of a plugin for the whole site.

        Raises NotFound, Invalid, SettingsError, PluginFailure.
        """
        slot, site = self._slot(name), await self._site(name)
        return await _done(slot, site.checked_site_settings())

    async def channel_settings(self, name: str, channel_id: str) -> BaseModel:
        """Return the settings of a plugin for a channel.

        Raises NotFound, Invalid, PluginFailure.
        """
        slot, site = self._slot(name), await self._site(name)
        return await _done(slot, site.channel_settings(channel_id))

    async def change_site_settings(self, name: str, changes: Mapping[str, object]) -> None:
        """Change settings; a plugin that failed is given another chance.

        Raises NotFound, Invalid, SettingsError, PluginFailure.
        """
        slot, site = self._slot(name), await self._site(name)
        await _done(slot, site.save_site_settings(changes, is_new=True))
        await self.follow(name, changes)

    async def change_channel_settings(
        self, name: str, channel_id: str, changes: Mapping[str, object]
    ) -> None:
        """Change settings in a channel. Raises as `change_site_settings` does."""
        slot, site = self._slot(name), await self._site(name)
        await _done(slot, site.save_channel_settings(channel_id, changes))
        self._forget_issued(slot, channel_id)

    # -- inside -----------------------------------------------------------------------------------

    def _add(self, found: Found) -> None:
        slot = Slot(found, self._limit_s)
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

    def _usable_slot(self, name: str) -> Slot:
        """Return a slot whose plugin can be switched: its name must do for a setting's."""
        slot, problem = self._slot(name), name_problem(name)
        if problem is not None:
            raise Invalid(f"The plugin {name!r} cannot be switched. {problem}")
        return slot

    async def _imported(self, slot: Slot) -> Loaded:
        if slot.loaded is None and slot.status.state == "disabled":
            async with slot.lock:
                await slot.load()
        if slot.loaded is None:
            why = slot.import_problem or "It is not imported yet."
            raise Invalid(f"The settings of the plugin {slot.name} are not known. {why}")
        return slot.loaded

    async def _site(self, name: str) -> OnePluginsSite:
        slot = self._slot(name)
        return self._site_of(slot, await self._imported(slot))

    def _site_of(self, slot: Slot, loaded: Loaded) -> OnePluginsSite:
        if slot.site is None:
            slot.site = self._make_site(slot.name, loaded.models)
        return slot.site

    def _make_site(self, name: str, models: PluginSettings) -> OnePluginsSite:
        loop = asyncio.get_running_loop()

        def invalidate(service_key: str, channel_id: str | None) -> None:
            forget = partial(self.services.invalidate, service_key, channel_id)
            loop.call_soon_threadsafe(forget, context=nobodys_context())

        return OnePluginsSite(name, models, self._port, self.linkers, invalidate)

    async def _discover(self) -> Sequence[Found]:
        if self._found is not None:
            return self._found
        look = partial(discover, self._port.data / FOLDER)
        try:
            return await in_thread(look, self._limit_s, "discovery")
        except Exception as error:  # noqa: BLE001  a disk that hangs is no reason not to start
            _log.warning("No plugin was found. %s", describe(error))
            return ()

    async def _start_all(self, slots: Sequence[Slot], patience_s: float) -> None:
        """Import one after the other, as Python's import locks want it; start side by side.

        Of one whose import takes long, nobody waits for the end.
        """
        starts = []
        for slot in slots:
            importing = asyncio.create_task(slot.load())
            await asyncio.wait((importing,), timeout=patience_s)
            starting = asyncio.create_task(self._start_imported(slot, importing))
            self._remember(starting)
            if importing.done():
                starts.append(starting)
        if starts:
            await asyncio.wait(starts, timeout=patience_s)

    async def _start_imported(self, slot: Slot, importing: "asyncio.Task[Loaded | None]") -> None:
        async with slot.lock:
            await importing
            if self._is_enabled(slot.name):
                await self._start(slot)

    async def _start(self, slot: Slot) -> None:
        """Start a plugin that is enabled; who calls this holds its lock."""
        loaded = await slot.load()
        if loaded is None:
            slot.fail(slot.import_problem)
            return
        context: PluginContext = PluginContext(
            slot.name,
            self._site_of(slot, loaded),
            self._http,
            self._port.data / DATA_FOLDER / slot.name,
            Signer(self._port.keyring, slot.name),
        )
        await slot.start(context)
        self._rewire()
        self._serve_routes(slot)

    async def _start_again(self, slot: Slot, *, is_new: bool) -> None:
        """Start a plugin that failed, or (`is_new`) that was switched on just now."""
        if is_new:
            slot.forget_code()
            slot.begin()
        await self._start(slot)

    async def _stop_if_used(self, slot: Slot) -> None:
        if slot.status.state != "disabled":
            await self._stop(slot)

    async def _stop(self, slot: Slot) -> None:
        stopping = asyncio.create_task(slot.stop())
        await asyncio.sleep(0)  # it is no longer active from here on, but may take its time to end
        self._rewire()
        self._serve_routes(slot)
        await stopping

    def _remember(self, task: "asyncio.Task[None]") -> None:
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)

    def _is_enabled(self, name: str) -> bool:
        return is_on(self._port.plugin_tables().get(name, {}).get(ENABLED, True))

    def _rewire(self) -> None:
        """Let rooms and services know only the plugins that are active now."""
        active = [slot for slot, _ in self._active()]
        find_clashes(active)
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
        slot.tell_settings_changed(channel_id)

    def _warn_of_tables(self) -> None:
        for name, table in self._port.plugin_tables().items():
            if problem := switch_problem(plugin_key(name, ENABLED), table.get(ENABLED, True)):
                _log.warning("%s The plugin is used.", problem)
            if name not in self._by_name:
                close = get_close_matches(name, self._by_name, n=1)
                hint = f"; did you mean {close[0]}?" if close else "."
                _log.warning("The settings name a plugin %r, which is not there%s", name, hint)


async def _done(slot: Slot, work: Coroutine[Any, Any, _T]) -> _T:
    """Await what runs validators of a plugin's settings, which are its code."""
    try:
        return await slot.part("settings").run(work)
    except Broken as error:
        raise PluginFailure(str(error)) from error
