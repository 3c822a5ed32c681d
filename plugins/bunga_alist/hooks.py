"""The hooks."""

import typer
from fastapi import APIRouter

from bunga_alist.browsing import BrowsingRoutes
from bunga_alist.commands import make_commands
from bunga_alist.library import Context, Library
from bunga_alist.providers import AListHealth, AListResolver, AListService
from bunga_alist.routes import AccountRoutes, PictureRoutes, SiteRoutes
from bunga_alist.settings import AListChannel, AListSite
from bunga_cli.plugin import Console, PluginSettings, hookimpl


class AListPlugin:
    """Lets the members of a channel watch what its user of AList can see."""

    _context: Context
    _library: Library

    @hookimpl
    def bunga_settings(self) -> PluginSettings:
        """Return the models."""
        return PluginSettings(site=AListSite, channel=AListChannel)

    @hookimpl
    def bunga_start(self, context: Context) -> None:
        """Begin, with nobody logged in."""
        self._context = context
        self._library = Library(context)

    @hookimpl
    def bunga_settings_changed(self, channel_id: str | None) -> None:
        """Try again what AList refused."""
        self._library.settings_changed(channel_id)

    @hookimpl
    def bunga_services(self) -> list[AListService]:
        """Return the login that players get."""
        return [AListService(self._library)]

    @hookimpl
    def bunga_media_resolvers(self) -> list[AListResolver]:
        """Return what knows the addresses of AList's files."""
        return [AListResolver(self._library)]

    @hookimpl
    def bunga_health_checks(self) -> list[AListHealth]:
        """Return the look at the server and at each channel's login."""
        return [AListHealth(self._context, self._library)]

    @hookimpl
    def bunga_routes(self) -> APIRouter:
        """Return the original's paths and our own."""
        router = APIRouter()
        router.include_router(SiteRoutes(self._context, self._library).router)
        router.include_router(AccountRoutes(self._context, self._library).router)
        router.include_router(PictureRoutes(self._context, self._library).router)
        router.include_router(BrowsingRoutes(self._library).router)
        return router

    @hookimpl
    def bunga_commands(self, console: Console) -> typer.Typer:
        """Return `bunga alist …`."""
        return make_commands(console)


plugin = AListPlugin()
