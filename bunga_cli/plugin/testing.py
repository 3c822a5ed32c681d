"""For authors of plugins: run a plugin without a server.

async with PluginHarness(my_plugin, site={"host": "http://127.0.0.1:5244"}) as harness:
    assert await harness.services("lobby", "ann") == {"my_service": {...}}

    harness.account, harness.is_admin = Account("ann"), True
    transport = httpx2.ASGITransport(harness.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/api/v1/plugins/my_plugin/films")).status_code == 200
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import ismodule
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from fastapi import FastAPI, Request
from starlette.types import ASGIApp

from bunga_cli.clock import utc_now
from bunga_cli.errors import Invalid, NotFound
from bunga_cli.keyring import Keyring
from bunga_cli.paths import RawPaths
from bunga_cli.plugin import loading
from bunga_cli.plugin.context import PluginContext
from bunga_cli.plugin.discovery import Found
from bunga_cli.plugin.hooks import NAMES
from bunga_cli.plugin.http import HttpClient
from bunga_cli.plugin.loading import Started
from bunga_cli.plugin.providers import (
    Account,
    ActionName,
    ActionRequest,
    Channel,
    EventKind,
    Health,
    Linker,
    MediaResolver,
    Record,
    RoomEvent,
    Service,
    SignIn,
    Verdict,
)
from bunga_cli.plugin.refusals import install_error_handlers, no_credentials, no_permission
from bunga_cli.plugin.signing import Signer
from bunga_cli.plugin.site import OnePluginsSite
from bunga_cli.plugin.site_settings import validated
from bunga_cli.plugin.values import verdict

_NAME = "test"
_KEYRING = Keyring("s" * 32)


class PluginHarness:
    """One plugin, started, with settings in memory; an asynchronous context manager.

    `plugin` is the object or, of a plugin of one file, the module. `site` are its settings,
    `channels` those of each channel that there is, `linkers` what `context.linkers()` returns,
    `public_url` what the operator set.

    A plugin that a server would not start, and a value that it would not take, raise PluginFailure
    or SettingsError here. Other exceptions are the plugin's own, its HTTP requests may go anywhere,
    and nobody watches how long anything takes.
    """

    context: PluginContext
    """What the plugin is given."""
    account: Account | None = None
    """Who calls the routes; None: nobody that is known."""
    is_admin: bool = False
    """Whether an admin calls the routes."""
    invalidated: list[tuple[str, str | None]]
    """What the plugin has had issued anew: the services, each with the channel or None for all."""

    def __init__(
        self,
        plugin: object,
        *,
        site: Mapping[str, object] | None = None,
        channels: Mapping[str, Mapping[str, object]] | None = None,
        linkers: Sequence[Linker] = (),
        public_url: str = "",
    ) -> None:
        self.plugin = getattr(plugin, "plugin", plugin) if ismodule(plugin) else plugin
        self.http = HttpClient(lambda _host: True)
        self.invalidated = []
        self._loaded = loading.load(Found(_NAME, "", "a test", lambda: self.plugin))
        self._started: Started | None = None
        self._channels = {"lobby": {}} if channels is None else dict(channels)
        self._check_settings(site or {})
        self._folder = Path(tempfile.gettempdir()) / f"bunga-harness-{uuid4().hex}"
        port = _MemoryPort(self._folder, site or {}, self._channels, public_url)
        note = self._note_invalidated
        self.context = PluginContext(
            _NAME,
            OnePluginsSite(_NAME, self._loaded.models, port, lambda: linkers, note),
            self.http,
            self._folder,
            Signer(port.keyring, _NAME),
        )

    def hook(self, name: str, **arguments: object) -> Any:  # noqa: ANN401  each hook's own
        """Call a hook of the plugin, and return what it returns; None if it does not have it."""
        if name not in NAMES:
            raise Invalid(f"{name} is no hook.")
        hook = self._loaded.hooks.get(name)
        if hook is None:
            return None
        return hook.function(*[arguments[argument] for argument in hook.arguments])

    async def __aenter__(self) -> Self:
        try:
            self._started = loading.start(self._loaded, self.context)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._started = None
        try:
            self.hook("bunga_stop")
        finally:
            await self._close()

    async def issue(
        self, channel_id: str = "lobby", account: str = "ann"
    ) -> dict[str, Service | None]:
        """Return what each service issues for an account. Raises NotFound."""
        channel = self._channel(channel_id)
        services = self._running.services
        return {each.key: await each.issue(channel, Account(account)) for each in services}

    async def services(self, channel_id: str = "lobby", account: str = "ann") -> dict[str, Any]:
        """Return what a player gets of each service when it registers. Raises NotFound."""
        issued = await self.issue(channel_id, account)
        return {key: service and service.value for key, service in issued.items()}

    async def health(self) -> dict[str, Health]:
        """Return what each health check says."""
        return {check.name: await check.check() for check in self._running.checks}

    @property
    def linkers(self) -> Sequence[Linker]:
        """What the plugin adds to the gallery."""
        return self._running.linkers

    @property
    def resolvers(self) -> Sequence[MediaResolver]:
        """What makes addresses of records."""
        return self._running.resolvers

    @property
    def sign_ins(self) -> dict[str, SignIn]:
        """The ways to sign in at services, by name."""
        return {sign_in.name: sign_in for sign_in in self._running.sign_ins}

    def authorise(
        self,
        action: ActionName,
        *,
        channel_id: str = "lobby",
        account: str = "ann",
        position_us: int | None = None,
        record: Record | None = None,
    ) -> Verdict | None:
        """Return what the plugin says to an action in a room. Raises NotFound."""
        channel = self._channel(channel_id)
        request = ActionRequest(channel.id, account, action, position_us, record)
        return verdict(self.hook("bunga_authorise", request=request), "bunga_authorise")

    def event(
        self,
        kind: EventKind,
        *,
        channel_id: str = "lobby",
        account: str | None = "ann",
        position_us: int | None = None,
        record: Record | None = None,
        text: str | None = None,
    ) -> None:
        """Let something have happened in a room. Raises NotFound."""
        channel = self._channel(channel_id)
        event = RoomEvent(channel.id, kind, account, position_us, record, text, utc_now())
        self.hook("bunga_room_event", event=event)

    @property
    def app(self) -> ASGIApp:
        """The plugin's routes as an ASGI application; `account` and `is_admin` say who calls."""
        app = FastAPI(redirect_slashes=False)
        app.state.plugin_access = _Access(self)
        install_error_handlers(app)
        if self._running.router is not None:
            app.include_router(self._running.router)
        return RawPaths(app)

    # -- inside -----------------------------------------------------------------------------------

    @property
    def _running(self) -> Started:
        if self._started is None:
            raise Invalid("The plugin does not run: `async with PluginHarness(…) as harness:`.")
        return self._started

    def _check_settings(self, site: Mapping[str, object]) -> None:
        models = self._loaded.models
        validated(models.site, site, f"plugins.{_NAME}")
        for channel_id, table in self._channels.items():
            validated(models.channel, table, f"{channel_id}: plugins.{_NAME}")

    def _channel(self, channel_id: str) -> Channel:
        if channel_id not in self._channels:
            raise _no_channel(channel_id)
        return Channel(channel_id, channel_id)

    def _note_invalidated(self, service_key: str, channel_id: str | None) -> None:
        self.invalidated.append((service_key, channel_id))

    async def _close(self) -> None:
        await self.http.aclose()
        shutil.rmtree(self._folder, ignore_errors=True)


class _Access:
    def __init__(self, harness: PluginHarness) -> None:
        self._harness = harness

    async def require_admin(self, _request: Request) -> None:
        if not self._harness.is_admin:
            raise no_credentials() if self._harness.account is None else no_permission()

    async def require_account(self, _request: Request) -> Account:
        if self._harness.account is None:
            raise no_credentials()
        return self._harness.account

    async def require_member(self, request: Request, _channel_id: str) -> Account:
        return await self.require_account(request)


@dataclass
class _MemoryPort:
    """A server that forgets (`plugin.site.SitePort`)."""

    data: Path
    table: Mapping[str, object]
    channel_tables: dict[str, Mapping[str, object]]  # shared with the harness
    url: str

    def keyring(self) -> Keyring:
        return _KEYRING

    def plugin_tables(self) -> Mapping[str, Mapping[str, object]]:
        return {_NAME: self.table}

    async def save_plugin_table(self, _plugin: str, changes: Mapping[str, object]) -> None:
        table = {**self.table, **changes}
        self.table = {name: value for name, value in table.items() if value is not None}

    def public_url(self) -> str:
        return self.url

    async def channels(self) -> list[Channel]:
        return [Channel(channel_id, channel_id) for channel_id in self.channel_tables]

    async def channel_table(self, channel_id: str, _plugin: str) -> Mapping[str, object]:
        return self.channel_tables.get(channel_id, {})

    async def save_channel_table(
        self, channel_id: str, _plugin: str, values: Mapping[str, object]
    ) -> None:
        if channel_id not in self.channel_tables:
            raise _no_channel(channel_id)
        self.channel_tables[channel_id] = values


def _no_channel(channel_id: str) -> NotFound:
    return NotFound(f"There is no channel {channel_id!r}: `channels` of PluginHarness has all.")
