"""One plugin's place in the server, from what was found to what runs."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from bunga_cli.errors import BungaError, Invalid, NotFound
from bunga_cli.plugin import loading
from bunga_cli.plugin.context import PluginContext
from bunga_cli.plugin.discovery import Found, name_problem
from bunga_cli.plugin.isolation import Errand, Overdue, describe
from bunga_cli.plugin.linkers import OnePluginsLinker
from bunga_cli.plugin.listener import Listener
from bunga_cli.plugin.loading import Loaded, Started
from bunga_cli.plugin.parts import Part
from bunga_cli.plugin.providers import (
    Channel,
    Health,
    HealthCheck,
    Linker,
    MediaResolver,
    MediaUrl,
    PluginFailure,
    Record,
    SignIn,
)
from bunga_cli.plugin.rooms import Authoriser
from bunga_cli.plugin.services import Issuer
from bunga_cli.plugin.sign_ins import OnePluginsSignIn
from bunga_cli.plugin.site import OnePluginsSite
from bunga_cli.plugin.status import (
    HealthRow,
    LinkerRow,
    PluginState,
    PluginStatus,
    Problems,
    joined,
)
from bunga_cli.plugin.threads import Lane
from bunga_cli.plugin.values import WrongValue

LIMIT_S = 5.0
CHECK_LIMIT_S = 5.0
RESOLVE_LIMIT_S = 10.0
LISTENER_LIMIT_S = 2.0

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class Slot:
    """One plugin. `started` is None unless it is active; `site` as soon as it is imported.

    Who starts or stops it holds `lock`. `clashes` says what it has that another one had before.
    """

    def __init__(self, found: Found, limit_s: float = LIMIT_S) -> None:
        self.found, self.limit_s = found, limit_s
        self.lock = asyncio.Lock()
        self.started: Started | None = None
        self.loaded: Loaded | None = None
        self.site: OnePluginsSite | None = None
        self.authoriser: Authoriser | None = None
        self.listener: Listener | None = None
        self.linkers: tuple[OnePluginsLinker, ...] = ()
        self.sign_ins: tuple[OnePluginsSignIn, ...] = ()
        self.clashes: list[str] = []
        self.import_problem = ""
        """Why it could not be imported; it is not tried again until somebody switches it on."""
        self._state: PluginState = "disabled"
        self._reason = ""
        self._problems = Problems()
        self._parts: dict[str, Part] = {}
        self._lane = Lane(self.name)
        self._errand: Errand[object] | None = None
        self._ears = Listener(self.name, self._noting_from_thread("bunga_room_event"))

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.found.name

    @property
    def status(self) -> PluginStatus:
        """How the plugin stands."""
        hooks = tuple(self.loaded.hooks) if self.loaded else ()
        reason = self._reason or joined(self._complaints())
        return PluginStatus(
            self.name, self.found.version, self.found.source, self._state, reason, hooks
        )

    def _complaints(self) -> list[str]:
        off = [f"{part.name}: {part.why_off}" for part in self._parts.values() if part.why_off]
        return [*off, *self._problems.sentences(), *self.clashes]

    def fail(self, reason: str) -> None:
        """Remember why the plugin is not active."""
        self._state, self._reason = "failed", reason
        _log.warning("The plugin %s is not active. %s", self.name, reason)

    # -- starting and stopping --------------------------------------------------------------------

    def begin(self) -> None:
        """Be about to start."""
        self._state, self._reason = "starting", ""

    async def load(self) -> Loaded | None:
        """Import the plugin, unless that was tried before; None if it cannot be."""
        if self.loaded is None and not self.import_problem:
            self.import_problem = name_problem(self.name) or ""
            if not self.import_problem:
                try:
                    self.loaded = await self._in_thread(partial(loading.load, self.found))
                except Exception as error:  # noqa: BLE001  a plugin is isolated
                    self.import_problem = describe(error)
        return self.loaded

    def forget_code(self) -> None:
        """Import it anew at the next start: what failed, and what is a file of its own."""
        if self.found.is_file or self.loaded is None:
            self.loaded, self.site, self.import_problem = None, None, ""

    async def start(self, context: PluginContext) -> None:
        """Start the plugin that is loaded."""
        loaded = self.loaded
        if loaded is None:
            return
        self._parts, self._problems = {}, Problems()
        stop = partial(loaded.call, "bunga_stop")
        try:
            if self.site is not None:
                await self.site.checked_site_settings()
            self.started = await self._in_thread(partial(loading.start, loaded, context), late=stop)
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            self.fail(describe(error))
            return
        self._state, self._reason = "active", ""
        self.linkers = tuple(self._linker(linker) for linker in self.started.linkers)
        self.sign_ins = tuple(self._sign_in(sign_in) for sign_in in self.started.sign_ins)
        self._watch_rooms(loaded)

    async def stop(self) -> None:
        """Stop the plugin, if it is active. Nothing of it is in use any more."""
        loaded, started = self.loaded, self.started
        self._state, self._reason, self.started = "disabled", "", None
        self.linkers, self.sign_ins = (), ()
        self.clashes, self.authoriser = [], None
        self._parts, self._problems = {}, Problems()
        if self.listener is not None:
            self.listener = None
            await self._ears.stop(LISTENER_LIMIT_S)
        if started is None or loaded is None:
            return
        try:
            await self._in_thread(partial(loaded.call, "bunga_stop"))
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            _log.warning("The plugin %s did not stop in order. %s", self.name, describe(error))

    def _watch_rooms(self, loaded: Loaded) -> None:
        if hook := loaded.hooks.get("bunga_authorise"):
            self.authoriser = Authoriser(hook, self.part(hook.name), partial(self.note, hook.name))
        if hook := loaded.hooks.get("bunga_room_event"):
            self._ears.start(hook, self.part(hook.name))
            self.listener = self._ears

    def _noting_from_thread(self, part: str) -> Callable[[str | None], None]:
        loop = asyncio.get_running_loop()

        def note(sentence: str | None) -> None:
            with suppress(RuntimeError):  # the server ended meanwhile
                loop.call_soon_threadsafe(self.note, part, sentence)

        return note

    async def _in_thread(
        self, function: Callable[[], _T], late: Callable[[], object] | None = None
    ) -> _T:
        """Call a hook, in a thread; never two at once."""
        if self._errand is not None and self._errand.is_out:
            raise PluginFailure("An earlier call has not come back yet; try again later.")
        errand = Errand(function, self.name, late, self.part("hooks").context())
        self._errand = errand  # type: ignore[assignment]  # nobody looks at what it brings
        return await errand.result(self.limit_s)

    # -- while it runs ----------------------------------------------------------------------------

    def part(self, name: str) -> Part:
        """Return the part of this name, which is there as long as the plugin is active."""
        if name not in self._parts:
            self._parts[name] = Part(name, self._lane, self._on_off)
        return self._parts[name]

    def note(self, part: str, sentence: str | None, more: str = "") -> None:
        """Remember that a part of the plugin fails, or (None) that it works again.

        `more` is for the log alone, such as where it failed.
        """
        if sentence is None or self.started is None:
            self._problems.clear(part)
        elif not self.part(part).why_off and self._problems.note(part, sentence):
            _log.warning("The plugin %s: %s: %s%s", self.name, part, sentence, more)

    def _on_off(self, part: Part) -> None:
        if self._parts.get(part.name) is part:
            self._problems.clear(part.name)
        _log.warning("The plugin %s: %s: %s", self.name, part.name, part.why_off)

    def tell_settings_changed(self, channel_id: str | None) -> None:
        """Let the plugin know that its settings were changed from outside."""
        hook = self.loaded.hooks.get("bunga_settings_changed") if self.loaded else None
        if hook is None or self.started is None:
            return
        try:
            self.part(hook.name).call(partial(hook, channel_id=channel_id))
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            self.note(hook.name, describe(error))
        else:
            self.note(hook.name, None)

    def issuers(self) -> list[Issuer]:
        """Return the plugin's services."""
        services = self.started.services if self.started else ()
        parts = [self.part(f"service {service.key}") for service in services]
        return [
            Issuer(service, part.ask, partial(self.note, part.name))
            for service, part in zip(services, parts, strict=True)
        ]

    def _linker(self, linker: Linker) -> OnePluginsLinker:
        part = self.part(f"linker {linker.info.id}")
        return OnePluginsLinker(linker, part, partial(self.note, part.name))

    def _sign_in(self, sign_in: SignIn) -> OnePluginsSignIn:
        part = self.part(f"sign-in {sign_in.name}")
        return OnePluginsSignIn(self.name, sign_in, part, partial(self.note, part.name))

    def linker_rows(self) -> list[LinkerRow]:
        """Return how each linker of the plugin stands; whether another has its id, others know."""
        return [
            LinkerRow(linker.info, self.name, part.why_off or self._problems.of(part.name))
            for linker in self.linkers
            for part in [self.part(f"linker {linker.info.id}")]
        ]

    async def resolve(
        self, resolver: MediaResolver, channel: Channel, record: Record
    ) -> list[MediaUrl] | None:
        """Return what a resolver of the plugin answers.

        Raises Invalid or NotFound with what it tells the asker; that is no failure of the plugin.
        """
        part = self.part("bunga_media_resolvers")
        try:
            urls = await part.run(resolver.resolve(channel, record), RESOLVE_LIMIT_S)
        except Exception as error:
            if isinstance(error, BungaError) and not isinstance(error, WrongValue | Overdue):
                told = NotFound if isinstance(error, NotFound) else Invalid
                raise told(part.describe(error)) from error
            self.note(part.name, part.describe(error))
            return None
        self.note(part.name, None)
        return None if urls is None else [*urls]

    async def check(self) -> list[HealthRow]:
        """Run all health checks, side by side."""
        found = self.started.checks if self.started else ()
        return list(await asyncio.gather(*(self._check(check) for check in found)))

    async def _check(self, check: HealthCheck) -> HealthRow:
        part = self.part(f"check {check.name}")
        try:
            return HealthRow(check.name, await part.ask(check.check(), CHECK_LIMIT_S))
        except PluginFailure as failure:
            return HealthRow(check.name, Health("failure", str(failure)))
