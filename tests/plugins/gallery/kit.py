"""What the gallery's tests stand on: the plugin behind a port, made-up linkers and videos."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

from bunga_cli.plugin import (
    Account,
    Episode,
    Linker,
    LinkerInfo,
    MediaDetail,
    MediaSummary,
    Source,
)
from bunga_cli.plugin.testing import PluginHarness
from bunga_gallery import GalleryPlugin
from bunga_gallery import library as gallery_library
from bunga_gallery.library import Library, labelled
from bunga_gallery.opening import open_beneath
from bunga_gallery.workers import Workers

Answer = Callable[..., Awaitable[Any]]


@dataclass
class StandIn:
    """A linker as a plugin may have it: tells what it was asked, and answers what a test wants."""

    info: LinkerInfo = field(
        default_factory=lambda: LinkerInfo("films", "Films", "https://films.test")
    )
    asked: list[tuple[str, ...]] = field(default_factory=list)
    answer_search: Answer | None = None
    answer_detail: Answer | None = None

    async def search(self, keyword: str) -> Sequence[MediaSummary]:
        self.asked.append(("search", keyword))
        if self.answer_search is not None:
            found: Sequence[MediaSummary] = await self.answer_search(keyword)
            return found
        return [MediaSummary("m/1", f"About {keyword}")]

    async def detail(self, key: str) -> MediaDetail:
        self.asked.append(("detail", key))
        if self.answer_detail is not None:
            media: MediaDetail = await self.answer_detail(key)
            return media
        return MediaDetail(
            f"https://films.test/{key}", "A film", director=["Ann"], episodes=[Episode("1", "One")]
        )

    async def sources(self, key: str, episode_id: str) -> Sequence[Source]:
        self.asked.append(("sources", key, episode_id))
        return [Source("HD", f"https://cdn.test/{key}/{episode_id}.mp4")]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_ready.set()


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve an application on a port for the length of a block; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = _Server(uvicorn.Config(app, lifespan="off", log_config=None, ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await server.is_ready.wait()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@dataclass
class Site:
    """The running plugin, and a client of it."""

    harness: PluginHarness
    client: httpx2.AsyncClient

    async def get(self, path: str, **arguments: Any) -> httpx2.Response:
        return await self.client.get(path, **arguments)

    async def found(self, keyword: str, linker: str = "This server") -> list[dict[str, Any]]:
        """Search, and return what one linker found."""
        answer = await self.get("/api/gallery/search/", params={"keyword": keyword})
        results: list[dict[str, Any]] = answer.json()[linker]["results"]
        return results

    async def detail_of(self, key: str, linker: str = "local") -> dict[str, Any]:
        answer = await self.get(f"/api/gallery/{key}/", params={"linker": linker})
        media: dict[str, Any] = answer.raise_for_status().json()
        return media

    async def address_of(self, keyword: str) -> str:
        """Return the address of the first episode of what is found first."""
        [media, *_] = await self.found(keyword)
        detail = await self.detail_of(media["key"])
        query = {"linker": "local", "ep": detail["episodes"][0]["id"]}
        answer = await self.get(f"/api/gallery/{media['key']}/sources/", params=query)
        address: str = answer.json()["sources"][0]["url"]
        return address


@asynccontextmanager
async def gallery_site(
    *linkers: Linker, public_url: str = "", **settings: object
) -> AsyncIterator[Site]:
    """Serve the gallery with these linkers beside its own, to a member who is no admin."""
    known: list[Linker] = []
    async with PluginHarness(
        GalleryPlugin(), site=settings, linkers=known, public_url=public_url
    ) as harness:
        known += [*harness.linkers, *linkers]
        harness.account = Account("ann")
        async with (
            served(harness.app) as address,
            httpx2.AsyncClient(base_url=address, timeout=30) as client,
        ):
            yield Site(harness, client)


def scan(roots: Iterable[Path], max_files: int) -> Library:
    """Look through folders, and put together what is in them."""
    whole = Library()
    for label, root in labelled(roots):
        found = gallery_library.scan(root, label, max_files)
        whole.media |= found.media
        whole.files |= found.files
        whole.problems += found.problems
    return whole


def opened_beneath(root: Path, path: Path) -> bytes | None:
    """Return what is read of a file that is opened below a folder, None if it is not opened."""
    file = open_beneath(root, path, Workers("test"))
    if file is None:
        return None
    assert file._descriptor is not None
    content = os.pread(file._descriptor, 100, 0)
    file.close()
    return content


def put(folder: Path, *places: str, content: bytes = b"video") -> None:
    """Make files, and the folders they are in."""
    for place in places:
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
