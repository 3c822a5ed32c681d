"""The composition root: settings in, a running server out.

The only place that chooses implementations and the only one that knows all parts.
"""

import asyncio
import gc
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn

from bunga_cli.api import AppContext, create_app
from bunga_cli.auth.tokens import Tokens
from bunga_cli.clock import monotonic_us, utc_now
from bunga_cli.data_folder import DataFolder
from bunga_cli.listening import Addresses, addresses, listen_tcp, listen_unix
from bunga_cli.logs import RecentLines, set_up_logging
from bunga_cli.server.endpoint import Endpoint
from bunga_cli.server.http import HttpProtocol
from bunga_cli.server.hub import Hub
from bunga_cli.server.keeper import Keeper
from bunga_cli.server.limits import Limits
from bunga_cli.settings import LimitSettings, Settings
from bunga_cli.settings_file import save_override
from bunga_cli.store import Store
from bunga_cli.store.revision import check
from bunga_cli.web import create_pages

_SECOND_US = 1_000_000
_GRACEFUL_S = 5
_GC_THRESHOLDS = (5_000, 20, 100)
LOBBY = "lobby"


class Site:
    """The settings in force, which a running server may change."""

    def __init__(self, settings: Settings, data: DataFolder) -> None:
        self.settings = settings
        self._data = data

    def set_name(self, name: str) -> None:
        """Give the site another name, now and for later starts."""
        save_override(self._data, "site.name", name)
        site = self.settings.site.model_copy(update={"name": name})
        self.settings = self.settings.model_copy(update={"site": site})


def serve(settings: Settings, data: DataFolder, announce: Callable[[Addresses], None]) -> None:
    """Run the server until SIGINT or SIGTERM; `announce` is called when it listens.

    Raises PortError, DataFolderError, DatabaseError or SettingsError before anything is touched.
    """
    recent = set_up_logging(settings.log)
    with ExitStack() as stack:
        listener = stack.enter_context(listen_tcp(settings.server.host, settings.server.port))
        check(data.database)
        data.create()
        stack.enter_context(data.lock())
        control_path = stack.enter_context(data.control_socket())
        control = stack.enter_context(listen_unix(control_path))
        sockets = _Sockets(listener, control, control_path)
        server = _Running(Site(settings, data), data, recent, announce, sockets)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(server.run())


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
        site: Site,
        data: DataFolder,
        recent: RecentLines,
        announce: Callable[[Addresses], None],
        sockets: _Sockets,
    ) -> None:
        self._site, self._data, self._recent = site, data, recent
        self._announce, self._sockets = announce, sockets

    async def run(self) -> None:
        is_first_start = not self._data.database.exists()
        store = await Store.open(self._data.database)
        try:
            if is_first_start:
                await store.channels.create(LOBBY, "Lobby")
            await self._serve(store)
        finally:
            await store.close()

    async def _serve(self, store: Store) -> None:
        settings = self._site.settings
        tokens = Tokens(
            self._data.read_secret(),
            settings.tokens.access_lifetime_us // _SECOND_US,
            settings.tokens.refresh_lifetime_us // _SECOND_US,
        )
        hub = Hub(store, tokens, lambda: self._site.settings)
        keeper = Keeper(hub, store, epoch=secrets.token_hex(8), clock=monotonic_us)
        endpoint = Endpoint(hub, _limits(settings.limits))
        channel_id = await _channel_to_show(store)
        found = addresses(settings.server.public_url, self._sockets.public, channel_id)
        config = uvicorn.Config(
            create_app(
                self._context(store, hub, tokens), create_pages(lambda: self._site.settings)
            ),
            http=_http_protocol(endpoint.limits),
            ws=endpoint,  # type: ignore[arg-type]  # uvicorn calls it as it would call a class
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACEFUL_S,
        )
        await keeper.start()
        try:
            with self._data.announced(self._sockets.control_path, found.homepage):
                server = _Server(config, lambda: self._on_started(found), endpoint.drain)
                await server.serve(sockets=[self._sockets.public, self._sockets.control])
        finally:
            endpoint.keepalive.stop()
            await keeper.stop()

    def _context(self, store: Store, hub: Hub, tokens: Tokens) -> AppContext:
        return AppContext(
            store=store,
            hub=hub,
            tokens=tokens,
            settings=lambda: self._site.settings,
            media=self._data.media,
            rename_site=self._site.set_name,
            started_at=utc_now(),
            logs=self._recent.lines,
        )

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


async def _channel_to_show(store: Store) -> str | None:
    """Return the lobby, or, if it was deleted, the first channel there is."""
    ids = [channel.id for channel in await store.channels.list()]
    return LOBBY if LOBBY in ids else next(iter(ids), None)


def _limits(settings: LimitSettings) -> Limits:
    return Limits(
        max_frame_bytes=settings.max_frame_bytes,
        max_buffer_bytes=settings.max_buffer_bytes,
        max_blocked_s=settings.max_blocked_us / _SECOND_US,
        handshake_timeout_s=settings.handshake_timeout_us / _SECOND_US,
        close_timeout_s=settings.close_timeout_us / _SECOND_US,
        ping_interval_s=settings.ping_interval_us / _SECOND_US,
        ping_timeout_s=settings.ping_timeout_us / _SECOND_US,
    )


def _http_protocol(limits: Limits) -> type[HttpProtocol]:
    return type("HttpProtocol", (HttpProtocol,), {"limits": limits})


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's where there is one (not on Windows)."""
    try:
        import uvloop  # noqa: PLC0415  not on every system
    except ImportError:
        return None
    return uvloop.new_event_loop
