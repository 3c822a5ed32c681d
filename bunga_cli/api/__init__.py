"""HTTP: the original's paths, which players and their owners rely on, and our own `/api/v1`."""

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from bunga_cli import __version__
from bunga_cli.api import (
    channels,
    client_logs,
    docs,
    media,
    monitor,
    register,
    seen,
    site,
    subtitles,
    tokens,
    v1,
)
from bunga_cli.api.bodies import SmallBodies
from bunga_cli.api.context import AppContext, HubPort
from bunga_cli.api.headers import SecurityHeaders
from bunga_cli.api.plugins import PluginAccess, PluginRoutes
from bunga_cli.paths import RawPaths
from bunga_cli.plugin.refusals import install_error_handlers

__all__ = ["AppContext", "HubPort", "create_app"]

health = APIRouter(tags=["site"])


@health.head("/healthz", include_in_schema=False)
@health.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answer that the server is there."""
    return {"status": "ok"}


def create_app(context: AppContext, pages: Starlette | None = None) -> ASGIApp:
    """Return the whole HTTP interface.

    `pages` answers what lies outside `/api` and is not known here: the homepage, and what is not
    found for people.
    """
    app = FastAPI(
        title="Bunga Server",
        description="A slash at the end of a path changes nothing.",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.context = context
    install_error_handlers(app)
    for module in (
        register,
        tokens,
        subtitles,
        media,
        channels,
        monitor,
        client_logs,
        site,
        v1,
        docs,
    ):
        app.include_router(module.router)
    app.include_router(health)
    app.include_router(seen.router)
    app.state.plugin_access = PluginAccess(context)
    routes = PluginRoutes(app, [] if pages is None else pages.routes, context.plugins)
    context.plugins.set_mount(routes.mount)
    if pages is not None:
        app.router.default = _Outside(pages, app.router.default)
    return SecurityHeaders(RawPaths(SmallBodies(app)))


class _Outside:
    """Leaves paths that no route knows to the pages, but for those of the API."""

    def __init__(self, pages: ASGIApp, unknown: ASGIApp) -> None:
        self._pages = pages
        self._unknown = unknown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_ours = f"{scope['path']}/".startswith(("/api/", "/media/"))
        await (self._unknown if is_ours else self._pages)(scope, receive, send)
