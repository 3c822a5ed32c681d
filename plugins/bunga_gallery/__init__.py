"""The gallery: what all linkers offer, for players to search; and a linker of local folders."""

from collections.abc import Sequence

from fastapi import APIRouter

from bunga_cli.plugin import (
    HealthCheck,
    Linker,
    MediaResolver,
    PluginContext,
    PluginSettings,
    hookimpl,
)
from bunga_gallery.gallery import Gallery
from bunga_gallery.health import LinkersCheck, LocalFoldersCheck
from bunga_gallery.local import LOCAL, LocalLinker
from bunga_gallery.modules import Modules
from bunga_gallery.records import GalleryResolver
from bunga_gallery.routes import GalleryRoutes
from bunga_gallery.settings import SiteSettings

__all__ = ["GalleryPlugin", "plugin"]


class GalleryPlugin:
    """The plugin `gallery`."""

    _context: PluginContext[SiteSettings]
    _gallery: Gallery
    _local: LocalLinker
    _modules: Modules

    @hookimpl
    def bunga_settings(self) -> PluginSettings:
        """Return the model of the settings."""
        return PluginSettings(site=SiteSettings)

    @hookimpl
    def bunga_start(self, context: PluginContext[SiteSettings]) -> None:
        """Import the linkers that the settings name."""
        self._context = context
        self._local = LocalLinker(context)
        self._modules = Modules(context.site_settings)
        self._gallery = Gallery(context, self._modules, live=frozenset({LOCAL.id}))
        for problem in self._modules.loaded.problems:
            context.log.warning("Linkers in %s: %s", problem.module, problem.message)

    @hookimpl
    def bunga_linkers(self) -> Sequence[Linker]:
        """Return the local folders. The linkers of modules come and go with the settings."""
        return [self._local]

    @hookimpl
    def bunga_media_resolvers(self) -> Sequence[MediaResolver]:
        """Return what opens records of the gallery."""
        return [GalleryResolver(self._gallery)]

    @hookimpl
    def bunga_routes(self) -> APIRouter:
        """Return the gallery's paths."""
        return GalleryRoutes(self._context, self._gallery, self._local, self._modules).router

    @hookimpl
    def bunga_health_checks(self) -> Sequence[HealthCheck]:
        """Return how folders and modules stand."""
        local = LocalFoldersCheck(self._context, self._local)
        return [local, LinkersCheck(self._gallery, self._modules)]


plugin = GalleryPlugin()
