"""One plugin's place in the server, from what was found to what runs."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from bunga_cli.plugin import checks, loading
from bunga_cli.plugin.context import PluginContext
from bunga_cli.plugin.discovery import Found, name_problem
from bunga_cli.plugin.isolation import describe, in_thread
from bunga_cli.plugin.loading import Loaded, Started
from bunga_cli.plugin.providers import Channel, Health, HealthCheck, MediaResolver, MediaUrl, Record
from bunga_cli.plugin.rooms import Authoriser, Listener
from bunga_cli.plugin.services import Issuer
from bunga_cli.plugin.site import OnePluginsSite
from bunga_cli.plugin.status import HealthRow, PluginState, PluginStatus, Problems
from bunga_cli.plugin.watchdog import Watchdog

LIMIT_S = 5.0
CHECK_LIMIT_S = 5.0
RESOLVE_LIMIT_S = 10.0

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class Slot:
    """One plugin. `started` is None unless it is active; `site` as soon as it is imported."""

    def __init__(self, found: Found, watchdog: Watchdog, limit_s: float = LIMIT_S) -> None:
        self.found = found
        self.started: Started | None = None
        self.loaded: Loaded | None = None
        self.site: OnePluginsSite | None = None
        self.authoriser: Authoriser | None = None
        self.listener: Listener | None = None
        self._watchdog, self._limit_s = watchdog, limit_s
        self._state: PluginState = "disabled"
        self._reason = ""
        self._problems = Problems()

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.found.name

    @property
    def status(self) -> PluginStatus:
        """How the plugin stands."""
        hooks = tuple(self.loaded.hooks) if self.loaded else ()
        reason = self._reason or str(self._problems)
        return PluginStatus(
            self.name, self.found.version, self.found.source, self._state, reason, hooks
        )

    def fail(self, reason: str) -> None:
        """Remember why the plugin is not active."""
        self._state, self._reason = "failed", reason
        _log.warning("The plugin %s is not active. %s", self.name, reason)

    # -- starting and stopping --------------------------------------------------------------------

    async def load(self) -> Loaded | None:
        """Import the plugin, unless that was done before; None if it cannot be."""
        if self.loaded is None:
            problem = name_problem(self.name)
            if problem is not None:
                self.fail(problem)
                return None
            try:
                self.loaded = await self._in_thread(partial(loading.load, self.found))
            except Exception as error:  # noqa: BLE001  a plugin is isolated
                self.fail(describe(error))
        return self.loaded

    async def start(self, context: PluginContext) -> None:
        """Start the plugin that is loaded."""
        loaded = self.loaded
        if loaded is None:
            return
        try:
            context.site_settings()
            self.started = await self._in_thread(partial(loading.start, loaded, context))
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            self.fail(describe(error))
            return
        self._state, self._reason, self._problems = "active", "", Problems()
        self._watch_rooms(loaded)

    async def stop(self) -> None:
        """Stop the plugin, if it is active."""
        loaded, started = self.loaded, self.started
        self._state, self._reason, self.started = "disabled", "", None
        listener, self.listener, self.authoriser = self.listener, None, None
        if listener is not None:
            listener.stop()
        if started is None or loaded is None:
            return
        try:
            await self._in_thread(partial(loaded.call, "bunga_stop"))
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            _log.warning("The plugin %s did not stop in order. %s", self.name, describe(error))

    def _watch_rooms(self, loaded: Loaded) -> None:
        if hook := loaded.hooks.get("bunga_authorise"):
            self.authoriser = Authoriser(hook, self._watchdog, partial(self.note, hook.name))
        if hook := loaded.hooks.get("bunga_room_event"):
            self.listener = Listener(hook, self.name, self._noting_from_thread(hook.name))

    def _noting_from_thread(self, part: str) -> Callable[[str], None]:
        loop = asyncio.get_running_loop()

        def note(sentence: str) -> None:
            with suppress(RuntimeError):  # the server ended meanwhile
                loop.call_soon_threadsafe(self.note, part, sentence)

        return note

    async def _in_thread(self, function: Callable[[], _T]) -> _T:
        return await in_thread(function, self._limit_s, self.name)

    # -- while it runs ----------------------------------------------------------------------------

    def note(self, part: str, sentence: str | None) -> None:
        """Remember that a part of the plugin fails, or (None) that it works again."""
        if sentence is None:
            self._problems.clear(part)
        elif self._problems.note(part, sentence):
            _log.warning("The plugin %s: %s: %s", self.name, part, sentence)

    def issuers(self) -> list[Issuer]:
        """Return the plugin's services."""
        services = self.started.services if self.started else ()
        return [
            Issuer(service, self._watchdog.run, partial(self.note, f"service {service.key}"))
            for service in services
        ]

    async def resolve(
        self, resolver: MediaResolver, channel: Channel, record: Record
    ) -> list[MediaUrl] | None:
        """Return what a resolver of the plugin answers."""
        part = "bunga_media_resolvers"
        try:
            work = self._watchdog.run(resolver.resolve(channel, record))
            urls = checks.media_urls(await asyncio.wait_for(work, RESOLVE_LIMIT_S))
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            self.note(part, describe(error))
            return None
        self.note(part, None)
        return urls

    async def check(self) -> list[HealthRow]:
        """Run all health checks, side by side."""
        found = self.started.checks if self.started else ()
        return list(await asyncio.gather(*(self._check(check) for check in found)))

    async def _check(self, check: HealthCheck) -> HealthRow:
        try:
            answer = await asyncio.wait_for(self._watchdog.run(check.check()), CHECK_LIMIT_S)
            return HealthRow(check.name, checks.health(answer, check.name))
        except TimeoutError:
            return _failed(check, f"No answer within {CHECK_LIMIT_S:g} s.")
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            return _failed(check, describe(error))


def _failed(check: HealthCheck, why: str) -> HealthRow:
    return HealthRow(check.name, Health("failure", why))
