"""The linker of what lies on the server's own disk."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from bunga_cli.plugin import (
    Episode,
    LinkerInfo,
    MediaDetail,
    MediaSummary,
    NotFound,
    PluginContext,
    PluginFailure,
    Source,
)
from bunga_gallery.bodies import MAX_EPISODES
from bunga_gallery.library import Media, StoredFile, labelled
from bunga_gallery.opening import OpenFile
from bunga_gallery.settings import SiteSettings
from bunga_gallery.shelves import Shelf
from bunga_gallery.text import folded, natural_order, readable
from bunga_gallery.workers import Workers

LOCAL = LinkerInfo("local", "This server", "")
FILES = "/api/gallery/files"
WAIT_S = 3.0
"""How long a folder that is being looked through is waited for: what is known may do."""

_GONE = "This file is not there any more."
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
        self._shelves: dict[Path, Shelf] = {}
        self._workers = Workers("gallery local")

    async def search(self, keyword: str) -> list[MediaSummary]:
        """Return media whose titles or files have all the words, the first ones by title."""
        shelves = await self.looked_through()
        found = await self._workers.do(lambda: _matching(shelves, folded(keyword).split()))
        if not found:
            _check_all_are_known(shelves)
        return [
            MediaSummary(media.key, media.title, self._poster_url(media), media.year)
            for media in found
        ]

    async def detail(self, key: str) -> MediaDetail:
        """Return a media, with MAX_EPISODES of its episodes at most. Raises PluginFailure."""
        media = await self._media(key)
        return MediaDetail(
            origin="",
            title=media.title,
            thumb_url=self._poster_url(media),
            year=media.year,
            episodes=[Episode(f.key, f.title) for f in media.episodes[:MAX_EPISODES]],
        )

    async def sources(self, key: str, episode_id: str) -> list[Source]:
        """Return the address of an episode. Raises PluginFailure."""
        media = await self._media(key)
        for file in media.episodes:
            if file.key == episode_id:
                lifetime_s = self._context.site_settings().link_hours * 3600
                return [Source(readable(file.path.name), self._url(file, lifetime_s))]
        raise PluginFailure("There is no such episode.")

    async def open(self, token: str) -> tuple[StoredFile, OpenFile]:
        """Return the file that an address is for. Raises Forbidden, NotFound, PluginFailure."""
        key = str(self._context.verify(token).get("file"))
        known = _file(self.shelves(), key) or _file(await self.looked_through(), key)
        if known is None:
            raise NotFound(_GONE)
        shelf, file = known
        try:
            opened = await shelf.open(file)
        except TimeoutError as error:
            raise PluginFailure("The server's disk does not answer.") from error
        if opened is None:
            raise NotFound(_GONE)
        return file, opened

    def shelves(self) -> list[Shelf]:
        """Return the folders as they are set now, and what is known of each."""
        settings = self._context.site_settings()
        shelves = {}
        for label, root in labelled(settings.local_folders):
            shelf = self._shelves.get(root)
            if shelf is None or (shelf.label, shelf.max_files) != (label, settings.max_files):
                shelf = Shelf(root, label, settings.max_files, self._clock)
            shelves[root] = shelf
        self._shelves = shelves
        return [*shelves.values()]

    async def looked_through(
        self, *, anew: bool = False, wait_s: float | None = None
    ) -> list[Shelf]:
        """Return the folders with what is there; what was seen a few seconds ago is good enough.

        Unless `anew`. Those that take long have what was seen before.
        """
        shelves = self.shelves()
        looks = [look for shelf in shelves if (look := shelf.look(anew=anew)) is not None]
        if looks:
            done, _late = await asyncio.wait(looks, timeout=WAIT_S if wait_s is None else wait_s)
            for look in done:
                look.result()
        return shelves

    async def _media(self, key: str) -> Media:
        shelves = await self.looked_through()
        for shelf in shelves:
            if shelf.library is not None and (media := shelf.library.media.get(key)) is not None:
                return media
        _check_all_are_known(shelves)
        raise PluginFailure("There is no such media.")

    def _poster_url(self, media: Media) -> str | None:
        return self._url(media.poster, _POSTER_LIFETIME_S) if media.poster else None

    def _url(self, file: StoredFile, lifetime_s: float) -> str:
        """Return a path on this server. The name at its end is for people and players only."""
        token = self._context.sign({"file": file.key}, lifetime_s)
        return f"{FILES}/{token}/{quote(readable(file.path.name), safe='')}"


def _matching(shelves: list[Shelf], words: list[str]) -> list[Media]:
    found = [
        media
        for shelf in shelves
        if shelf.library is not None
        for media in shelf.library.media.values()
        if media.has_all(words)
    ]
    return sorted(found, key=lambda media: natural_order(media.title))[:_MAX_FINDS]


def _file(shelves: list[Shelf], key: str) -> tuple[Shelf, StoredFile] | None:
    for shelf in shelves:
        if shelf.library is not None and (file := shelf.library.files.get(key)) is not None:
            return shelf, file
    return None


def _check_all_are_known(shelves: list[Shelf]) -> None:
    if any(shelf.library is None for shelf in shelves):
        raise PluginFailure("The folders are still being read. Try again in a moment.")
