"""Linkers of the bunga-link kind, as their authors write them: one working, the others not."""

from pathlib import Path

BASE = """
from abc import abstractmethod
from dataclasses import dataclass


@dataclass
class LinkerInfo:
    id: str
    name: str
    url: str


@dataclass
class SearchResult:
    title: str
    key: str
    thumb_url: str | None
    year: int | None
    country: str | None


@dataclass
class Episode:
    id: str
    title: str
    thumb_url: str | None = None


@dataclass
class Source:
    title: str
    url: str


@dataclass
class Media:
    origin: str
    title: str
    thumb_url: str | None
    year: int | None
    country: str | None
    aka: str | None
    director: list[str] | None
    cast: list[str] | None
    genres: list[str] | None
    summary: str | None
    episodes: list[Episode]

    def fetch_sources(self, ep_id):
        return [Source("HD", f"{self.origin}?ep={ep_id}")]


class BungaLinker:
    @classmethod
    @abstractmethod
    def info(cls) -> LinkerInfo: ...

    @classmethod
    @abstractmethod
    def search(cls, keyword: str) -> list[SearchResult]: ...

    @classmethod
    @abstractmethod
    def detail(cls, key: str) -> Media: ...


def media(key, **changes):
    fields = dict(
        origin=f"https://site.test/{key}", title=f"Film {key}", thumb_url=None, year="1999-03-31",
        country="DE", aka=None, director=["Ann"], cast=None, genres=["Drama"], summary=None,
        episodes=[Episode("1", "One"), Episode("2", "Two")],
    )
    return Media(**fields | changes)
"""

LINKERS = {
    "working": """
    @classmethod
    def search(cls, keyword):
        return [SearchResult(title=keyword, key="v/1", thumb_url=None, year=1999, country="DE")]

    @classmethod
    def detail(cls, key):
        return media(key)
""",
    "coroutines": """
    @classmethod
    async def search(cls, keyword):
        await asyncio.sleep(0)
        return [SearchResult(title=keyword, key="a", thumb_url=None, year=None, country=None)]

    @classmethod
    async def detail(cls, key):
        return AsyncMedia(**vars(media(key)))
""",
    "older": """
    @classmethod
    def search(cls, keyword):
        yield {"title": keyword, "key": 5}

    @classmethod
    def detail(cls, key):
        return {"title": "Old", "episodes": [{"id": 1, "title": None}]}

    @classmethod
    def sources(cls, key, ep_id):
        return [{"title": "SD", "url": f"https://old.test/{key}/{ep_id}"}]
""",
    "raising": """
    @classmethod
    def search(cls, keyword):
        raise ValueError("secret-token-in-here")

    @classmethod
    def detail(cls, key):
        raise SystemExit(3)
""",
    "hanging": """
    @classmethod
    def search(cls, keyword):
        threading.Event().wait()

    @classmethod
    def detail(cls, key):
        threading.Event().wait()
""",
    "wrong": """
    @classmethod
    def search(cls, keyword):
        return 42

    @classmethod
    def detail(cls, key):
        return media(key, title=None, episodes="none")
""",
    "odd": """
    @classmethod
    def search(cls, keyword):
        return [SearchResult(title=None, key="x", thumb_url=None, year=None, country=None)]

    @classmethod
    def detail(cls, key):
        return None
""",
    "stopping": """
    @classmethod
    def search(cls, keyword):
        raise StopIteration

    @classmethod
    def detail(cls, key):
        return media(key, director="Ann", genres=("A", "B"), year=[])
""",
}

_HEAD = """
import asyncio
import threading
from {base} import *


class AsyncMedia(Media):
    async def fetch_sources(self, ep_id):
        return [Source("HD", f"{{self.origin}}#{{ep_id}}")]


class Linker(BungaLinker):
    @classmethod
    def info(cls):
        return LinkerInfo(id="{name}", name="{title}", url="https://{name}.test")
"""


def write_zoo(folder: Path, *names: str, base: str = ".bunga_link") -> Path:
    """Write a folder with these linkers, a file each."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bunga_link.py").write_text(BASE)
    for name in names:
        head = _HEAD.format(base=base, name=name, title=name.title())
        (folder / f"{name}.py").write_text(head + LINKERS[name])
    return folder
