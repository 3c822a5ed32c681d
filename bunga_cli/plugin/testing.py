"""For authors of plugins: run a plugin without a server.

async with PluginHarness(my_plugin, site={"host": "http://127.0.0.1:5244"}) as harness:
    assert await harness.services("film-night", "ann") == {"my_service": {...}}
"""

import inspect
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from bunga_cli.clock import utc_now
from bunga_cli.errors import BungaError, Forbidden, NotFound, Unauthorized
from bunga_cli.paths import RawPaths
from bunga_cli.plugin.context import PluginContext
from bunga_cli.plugin.http import HttpClient
from bunga_cli.plugin.providers import (
    Account,
    ActionName,
    ActionRequest,
    Channel,
    EventKind,
    Health,
    HealthCheck,
    Linker,
    MediaResolver,
    PluginSettings,
    Record,
    RoomEvent,
    Service,
    ServiceProvider,
    Verdict,
)
from bunga_cli.plugin.signing import Signer
from bunga_cli.plugin.site_settings import NoSettings


class PluginHarness:
    """One plugin, started, with settings in memory; an asynchronous context manager.

    `site` are its settings, `channels` those of each channel that there is. Exceptions of the
    plugin are not caught, and its HTTP requests may go anywhere.
    """

    def __init__(
        self,
        plugin: object,
        *,
        site: Mapping[str, object] | None = None,
        channels: Mapping[str, Mapping[str, object]] | None = None,
        linkers: Sequence[Linker] = (),
    ) -> None:
        self.plugin = plugin
        self.http = HttpClient(lambda _host: True)
        self.account: Account | None = None
        """Who calls the routes; None: nobody that is known."""
        self.is_admin = False
        self.invalidated: list[tuple[str, str | None]] = []
        self._folder = tempfile.TemporaryDirectory()
        models = self.hook("bunga_settings") or PluginSettings()
        given = {"lobby": {}} if channels is None else channels
        self._site = _MemorySite(models, dict(site or {}), given, linkers, self.invalidated)
        self.context: PluginContext = PluginContext(
            "test", self._site, self.http, Path(self._folder.name), Signer("s" * 32, "test")
        )

    def hook(self, name: str, **arguments: object) -> Any:  # noqa: ANN401  each hook's own
        """Return what a hook of the plugin returns, None if it has none of this name."""
        implementation = getattr(self.plugin, name, None)
        if implementation is None or not hasattr(implementation, "bunga_impl"):
            return None
        wanted = inspect.signature(implementation).parameters
        return implementation(**{key: arguments[key] for key in wanted})

    async def __aenter__(self) -> Self:
        self.hook("bunga_start", context=self.context)
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.hook("bunga_stop")
        await self.http.aclose()
        self._folder.cleanup()

    async def issue(
        self, channel_id: str = "lobby", account: str = "ann"
    ) -> dict[str, Service | None]:
        """Return what each service issues for an account."""
        providers: Sequence[ServiceProvider] = self.hook("bunga_services") or ()
        channel = Channel(channel_id, channel_id)
        return {p.key: await p.issue(channel, Account(account)) for p in providers}

    async def services(self, channel_id: str = "lobby", account: str = "ann") -> dict[str, Any]:
        """Return what a player gets of each service when it registers."""
        issued = await self.issue(channel_id, account)
        return {key: service and service.value for key, service in issued.items()}

    async def health(self) -> dict[str, Health]:
        """Return what each health check says."""
        checks: Sequence[HealthCheck] = self.hook("bunga_health_checks") or ()
        return {check.name: await check.check() for check in checks}

    @property
    def linkers(self) -> Sequence[Linker]:
        """What the plugin adds to the gallery."""
        return self.hook("bunga_linkers") or ()

    @property
    def resolvers(self) -> Sequence[MediaResolver]:
        """What makes addresses of records."""
        return self.hook("bunga_media_resolvers") or ()

    def authorise(
        self,
        action: ActionName,
        *,
        channel_id: str = "lobby",
        account: str = "ann",
        position_us: int | None = None,
        record: Record | None = None,
    ) -> Verdict | None:
        """Return what the plugin says to an action in a room."""
        request = ActionRequest(channel_id, account, action, position_us, record)
        verdict: Verdict | None = self.hook("bunga_authorise", request=request)
        return verdict

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
        """Let something have happened in a room."""
        event = RoomEvent(channel_id, kind, account, position_us, record, text, utc_now())
        self.hook("bunga_room_event", event=event)

    @property
    def app(self) -> ASGIApp:
        """The plugin's routes, as the server serves them; `account` and `is_admin` call them."""
        app = FastAPI(redirect_slashes=False)
        app.state.plugin_access = _Access(self)
        app.exception_handler(BungaError)(_refusal)
        app.include_router(self.hook("bunga_routes"))
        return RawPaths(app)


class _Access:
    def __init__(self, harness: PluginHarness) -> None:
        self._harness = harness

    async def require_admin(self, _request: Request) -> None:
        if not self._harness.is_admin:
            raise Forbidden("Only an admin may do this.")

    async def require_account(self, _request: Request) -> Account:
        if self._harness.account is None:
            raise Unauthorized("Nobody is logged in.")
        return self._harness.account

    async def require_member(self, request: Request, _channel_id: str) -> Account:
        return await self.require_account(request)


async def _refusal(_request: Request, error: BungaError) -> Response:
    statuses = {Unauthorized: 401, Forbidden: 403, NotFound: 404}
    return JSONResponse({"detail": str(error)}, statuses.get(type(error), 400))


class _MemorySite:
    """Settings that are forgotten."""

    def __init__(
        self,
        models: PluginSettings,
        site: dict[str, object],
        channels: Mapping[str, Mapping[str, object]],
        linkers: Sequence[Linker],
        invalidated: list[tuple[str, str | None]],
    ) -> None:
        self._models, self._values, self._linkers = models, site, linkers
        self._of_channels = {channel_id: dict(values) for channel_id, values in channels.items()}
        self._invalidated = invalidated

    def site_settings(self) -> BaseModel:
        return (self._models.site or NoSettings).model_validate(self._values)

    async def channel_settings(self, channel_id: str) -> BaseModel:
        values = self._of_channels.get(channel_id, {})
        return (self._models.channel or NoSettings).model_validate(values)

    async def save_site_settings(self, changes: Mapping[str, object]) -> None:
        self._values.update(changes)
        self.site_settings()

    async def save_channel_settings(self, channel_id: str, changes: Mapping[str, object]) -> None:
        if channel_id not in self._of_channels:
            raise NotFound(f"There is no channel {channel_id!r}.")
        self._of_channels[channel_id].update(changes)
        await self.channel_settings(channel_id)

    async def channels(self) -> list[Channel]:
        return [Channel(channel_id, channel_id) for channel_id in self._of_channels]

    def linkers(self) -> Sequence[Linker]:
        return self._linkers

    def invalidate(self, service_key: str, channel_id: str | None) -> None:
        self._invalidated.append((service_key, channel_id))
