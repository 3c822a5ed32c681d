"""The linker of what lies on the server's own disk."""

import asyncio
import time
from collections.abc import Callable
from urllib.parse import quote

from bunga_cli.plugin import (
    Episode,
    LinkerInfo,
    MediaDetail,
    MediaSummary,
    PluginContext,
    PluginFailure,
    Source,
)
from bunga_gallery.library import Library, Media, StoredFile, scan
from bunga_gallery.settings import SiteSettings
from bunga_gallery.text import has_all_words, natural_order, readable

LOCAL = LinkerInfo("local", "This server", "")
FILES = "/api/gallery/files"

_FRESH_S = 10.0
_REST = 20
"""A look at the disk is followed by a rest of so many times its length: others need the time."""
_MAX_FINDS = 200
_POSTER_LIFETIME_S = 30 * 86_400
"""Players keep the addresses of posters in what they remember of the evening."""


class LocalLinker:
    """Lists the local folders, and knows the files behind the addresses that it hands out."""

    info = LOCAL

    def __init__(
        self,
        context: PluginContext[SiteSettings],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context, self._clock = context, clock
        self._library, self._fresh_until = Library(), float("-inf")
        self._scanning: asyncio.Task[None] | None = None

    async def search(self, keyword: str) -> list[MediaSummary]:
        """Return media whose titles have all the words, the first ones by title."""
        library = await self.library()
        found = await asyncio.to_thread(_matching, library, keyword)
        return [
            MediaSummary(media.key, media.title, self._poster_url(media), _year(media))
            for media in found
        ]

    async def detail(self, key: str) -> MediaDetail:
        """Return a media. Raises PluginFailure."""
        media = await self._media(key)
        return MediaDetail(
            origin="",
            title=media.title,
            thumb_url=self._poster_url(media),
            year=_year(media),
            episodes=[Episode(file.key, file.title) for file in media.episodes],
        )

    async def sources(self, key: str, episode_id: str) -> list[Source]:
        """Return the address of an episode. Raises PluginFailure."""
        media = await self._media(key)
        for file in media.episodes:
            if file.key == episode_id:
                lifetime_s = self._context.site_settings().link_hours * 3600
                return [Source(readable(file.path.name), self._url(file, lifetime_s))]
        raise PluginFailure("There is no such episode.")

    async def file(self, token: str) -> StoredFile | None:
        """Return the file that an address is for, None if it is gone. Raises Forbidden."""
        key = str(self._context.verify(token).get("file"))
        file = self._library.files.get(key) or (await self.library()).files.get(key)
        is_offered = file and file.root in self._context.site_settings().local_folders
        return file if is_offered else None

    async def library(self) -> Library:
        """Return what is there; what was looked up a few seconds ago is good enough.

        All who wait share one look, which goes on when they give up.
        """
        if self._clock() >= self._fresh_until:
            if self._scanning is None or self._scanning.done():
                self._scanning = asyncio.create_task(self._scan())
            await asyncio.shield(self._scanning)
        return self._library

    async def _scan(self) -> None:
        settings, began_at = self._context.site_settings(), self._clock()
        self._library = await asyncio.to_thread(scan, settings.local_folders, settings.max_files)
        ended_at = self._clock()
        self._fresh_until = ended_at + max(_FRESH_S, _REST * (ended_at - began_at))

    async def _media(self, key: str) -> Media:
        media = (await self.library()).media.get(key)
        if media is None:
            raise PluginFailure("There is no such media.")
        return media

    def _poster_url(self, media: Media) -> str | None:
        return self._url(media.poster, _POSTER_LIFETIME_S) if media.poster else None

    def _url(self, file: StoredFile, lifetime_s: float) -> str:
        """Return a path on this server. The name at its end is for people and players only."""
        token = self._context.sign({"file": file.key}, lifetime_s)
        return f"{FILES}/{token}/{quote(readable(file.path.name), safe='')}"


def _matching(library: Library, keyword: str) -> list[Media]:
    found = [media for media in library.media.values() if has_all_words(media.title, keyword)]
    return sorted(found, key=lambda media: natural_order(media.title))[:_MAX_FINDS]


def _year(media: Media) -> str | None:
    return None if media.year is None else str(media.year)
