"""The composition root: settings in, a running server out.

The only place that chooses implementations and the only one that knows all parts.
"""

import gc
import signal
import socket
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn
from pydantic.warnings import UnsupportedFieldAttributeWarning
from starlette.types import ASGIApp

from bunga_cli import loop
from bunga_cli.api import AppContext, create_app
from bunga_cli.api.audit import AuditLog
from bunga_cli.api.logins import Logins
from bunga_cli.api.status import ServerStatus
from bunga_cli.auth.first_run import FirstRun
from bunga_cli.auth.people import People
from bunga_cli.auth.sessions import BrowserSessions
from bunga_cli.auth.token_office import TokenOffice
from bunga_cli.auth.tokens import Tokens
from bunga_cli.changes import Changes, allow_connections, limits_of
from bunga_cli.clock import EPOCH, monotonic_us, utc_now
from bunga_cli.configuration.live import LiveSettings
from bunga_cli.configuration.plugin_models import RunningPlugins
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import PortError
from bunga_cli.keyring import Keyring
from bunga_cli.listening import Addresses, addresses, listen_tcp, listen_unix
from bunga_cli.logs import RecentLines, set_up_logging
from bunga_cli.plugin.http import HttpClient
from bunga_cli.plugin.manager import Plugins
from bunga_cli.plugin.providers import Channel
from bunga_cli.protocol import v2
from bunga_cli.server.endpoint import Endpoint
from bunga_cli.server.http import HttpProtocol
from bunga_cli.server.hub import Hub
from bunga_cli.server.keeper import Keeper
from bunga_cli.server.limits import Limits
from bunga_cli.settings import TokenSettings
from bunga_cli.settings.files import LoadedSettings, remove_left_behind
from bunga_cli.store import Store
from bunga_cli.store.revision import check
from bunga_cli.store.rows import ChannelRow
from bunga_cli.web import create_pages

_SECOND_US = 1_000_000
_GRACEFUL_S = 5
_GC_THRESHOLDS = (5_000, 20, 100)
LOBBY = "lobby"


class PluginSite:
    """What the plugins may know of the server (`plugin.site.SitePort`)."""

    def __init__(
        self, settings: LiveSettings, store: Store, tokens: Tokens, data: DataFolder
    ) -> None:
        self.data = data.path
        self._settings, self._store, self._tokens = settings, store, tokens

    def keyring(self) -> Keyring:
        """Return the site's secrets as they are now."""
        return self._tokens.keyring

    def plugin_tables(self) -> Mapping[str, Mapping[str, object]]:
        """Return what is set of each plugin."""
        return self._settings.now.plugins

    async def save_plugin_table(self, plugin: str, changes: Mapping[str, object]) -> None:
        """Change what is set of a plugin."""
        await self._settings.save_of_plugin(plugin, changes)

    def public_url(self) -> str:
        """Return how the server is reached, if the operator says so."""
        return self._settings.now.server.public_url

    async def channels(self) -> list[Channel]:
        """Return all channels."""
        return [Channel(row.id, row.name) for row in await self._store.channels.list()]

    async def channel_table(self, channel_id: str, plugin: str) -> Mapping[str, object]:
        """Return what is set of a plugin in a channel."""
        return await self._store.plugin_settings.get(channel_id, plugin)

    async def save_channel_table(
        self, channel_id: str, plugin: str, values: Mapping[str, object]
    ) -> None:
        """Set this of a plugin in a channel."""
        await self._store.plugin_settings.set(channel_id, plugin, values)


def serve(loaded: LoadedSettings, data: DataFolder, announce: Callable[[Addresses], None]) -> None:
    """Run the server until SIGINT or SIGTERM; `announce` is called when it listens.

    Raises PortError, DataFolderError, DatabaseError or SettingsError before anything is touched.
    """
    settings = loaded.settings
    recent = set_up_logging(settings.log)
    # FastAPI silences it while it makes a route, which fails when plugins make theirs side by side.
    warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)
    allow_connections(settings.limits)
    with ExitStack() as stack:
        listener = stack.enter_context(_listen(settings.server.host, settings.server.port, data))
        check(data.database)
        data.create()
        stack.enter_context(data.lock())
        remove_left_behind(data)
        control_path = stack.enter_context(data.control_socket())
        control = stack.enter_context(listen_unix(control_path))
        sockets = _Sockets(listener, control, control_path)
        server = _Running(LiveSettings(loaded, data), data, recent, announce, sockets)
        loop.run(server.run())


def _listen(host: str, port: int, data: DataFolder) -> socket.socket:
    """Return the listening socket; if the folder is served already, that is what is to be told."""
    try:
        return listen_tcp(host, port)
    except PortError:
        data.refuse_if_served()
        raise


@dataclass(frozen=True, slots=True)
class _Sockets:
    """The server's ears: for everybody, and for whoever may read the data folder."""

    public: socket.socket
    control: socket.socket
    control_path: Path


class _Running:
    """One run of the server, from an open database to a closed one."""

    def __init__(
        self,
        settings: LiveSettings,
        data: DataFolder,
        recent: RecentLines,
        announce: Callable[[Addresses], None],
        sockets: _Sockets,
    ) -> None:
        self._settings, self._data, self._recent = settings, data, recent
        self._announce, self._sockets = announce, sockets

    async def run(self) -> None:
        is_first_start = not self._data.database.exists()
        store = await Store.open(self._data.database)
        try:
            if is_first_start:
                await store.channels.create(LOBBY, "Lobby")
            await store.purge(utc_now())
            await self._serve(store)
        finally:
            await store.close()

    async def _serve(self, store: Store) -> None:
        settings = self._settings.now
        tokens = _tokens(self._data.read_keyring(), settings.tokens)
        plugins = self._plugins(store, tokens)
        hub = Hub(store, tokens, lambda: self._settings.now, hooks=plugins.rooms)
        keeper = Keeper(hub, store, epoch=EPOCH, clock=monotonic_us)
        endpoint = Endpoint(hub, limits_of(settings.limits), subprotocols=(v2.SUBPROTOCOL,))
        channels = await store.channels.list()
        shown = _channel_to_show(channels)
        context = self._context(store, hub, tokens, plugins)
        found = addresses(
            settings.server.public_url,
            self._sockets.public,
            shown.id if shown else None,
            is_closed=shown is not None and not shown.allow_new_client,
            has_more=len(channels) > 1,
            first_run_key=context.first_run.key if await context.first_run.is_open() else None,
        )
        app = create_app(context, create_pages(context))
        protocol = _http_protocol(endpoint.limits)
        config = _config(app, endpoint, protocol)
        self._settings.plugins = RunningPlugins(plugins)
        changes = Changes(hub, endpoint, protocol, tokens, self._announce_at)
        self._settings.on_change(changes.carry_out)
        await plugins.start()
        await keeper.start()
        try:
            announced = self._data.announced(self._sockets.control_path, found.homepage)
            with announced, context.status.sampled():
                server = _Server(
                    config, lambda: self._on_started(found), lambda: _drain(hub, endpoint)
                )
                await server.serve(sockets=[self._sockets.public, self._sockets.control])
        finally:
            endpoint.keepalive.stop()
            await keeper.stop()
            await plugins.stop()
            await context.audit.close()

    def _plugins(self, store: Store, tokens: Tokens) -> Plugins:
        http = HttpClient(lambda host: host in self._settings.now.http.allow_hosts)
        return Plugins(PluginSite(self._settings, store, tokens, self._data), http)

    def _context(self, store: Store, hub: Hub, tokens: Tokens, plugins: Plugins) -> AppContext:
        people = People(store, hub)
        return AppContext(
            data=self._data,
            logins=Logins(store),
            sessions=BrowserSessions(store, lambda: self._settings.now.console),
            first_run=FirstRun(store, people),
            store=store,
            hub=hub,
            tokens=tokens,
            people=people,
            token_office=TokenOffice(store, tokens, people, hub, self._data.write_keyring),
            settings=lambda: self._settings.now,
            media=self._data.media,
            live_settings=self._settings,
            started_at=utc_now(),
            logs=self._recent,
            audit=AuditLog(store),
            status=ServerStatus(hub),
            plugins=plugins,
        )

    def _announce_at(self, public_url: str) -> None:
        """Let commands know how the server is reached since its address was changed."""
        found = addresses(public_url, self._sockets.public, None)
        self._data.announce(self._sockets.control_path, found.homepage)

    def _on_started(self, found: Addresses) -> None:
        # What is here now stays: the collector need not look at it again and again. And a full
        # collection stops every room: 350 ms with 19,000 players, every 9 s by Python's own
        # thresholds. What players leave behind is freed by reference counts; so let it be rare.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)
        self._announce(found)


class _Server(uvicorn.Server):
    """uvicorn's server, which also tells that it has started, and says goodbye before it ends."""

    def __init__(
        self,
        config: uvicorn.Config,
        on_started: Callable[[], None],
        drain: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(config)
        self._on_started, self._drain = on_started, drain

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._drain()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """End in order, and at a second Ctrl-C at once; a signal is a wish, not a failure."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


async def _drain(hub: Hub, endpoint: Endpoint) -> None:
    """Let go those who look on, and send the players away."""
    hub.feed.end()
    await endpoint.drain()


def _tokens(keyring: Keyring, lives: TokenSettings) -> Tokens:
    return Tokens(
        keyring, lives.access_lifetime_us // _SECOND_US, lives.refresh_lifetime_us // _SECOND_US
    )


def _channel_to_show(channels: Sequence[ChannelRow]) -> ChannelRow | None:
    """Return the lobby, or, if it was deleted, the first channel there is."""
    lobby = [channel for channel in channels if channel.id == LOBBY]
    return next(iter([*lobby, *channels]), None)


def _config(app: ASGIApp, endpoint: Endpoint, protocol: type[HttpProtocol]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=protocol,
        ws=endpoint,  # type: ignore[arg-type]  # uvicorn calls it as it would call a class
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACEFUL_S,
    )


def _http_protocol(limits: Limits) -> type[HttpProtocol]:
    return type("HttpProtocol", (HttpProtocol,), {"limits": limits})
