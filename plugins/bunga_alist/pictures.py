"""The pictures that AList has of videos: found in the folder's listing, fetched, kept in memory."""

import asyncio
import posixpath
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from bunga_alist.addresses import complete, origin
from bunga_alist.client import Account
from bunga_alist.failures import AListError
from bunga_alist.sessions import Sessions
from bunga_cli.plugin import HttpClient, HttpFailure, Response

MAX_PICTURE_BYTES = 4 * 1024 * 1024
MAX_KEPT_BYTES = 64 * 1024 * 1024
LIFETIME_S = 3600.0
TIMEOUT_S = 8.0
MAX_AT_ONCE = 8

_OK = 200
_PICTURE_TYPE = re.compile(r"image/(?!svg)[a-z0-9.+-]+")  # a script may be in an SVG


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's bytes, and of which type its server says they are."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class _Kept:
    picture: Picture
    expires_at_s: float


class Pictures:
    """The pictures of all accounts, the least recently used ones forgotten first.

    Anybody may ask for them, so few are fetched at once.
    """

    def __init__(
        self, http: HttpClient, sessions: Sessions, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = http
        self._sessions = sessions
        self._now_s = now_s
        self._kept: OrderedDict[tuple[Account, str], _Kept] = OrderedDict()
        self._kept_bytes = 0
        self._places = asyncio.Semaphore(MAX_AT_ONCE)

    async def of(self, account: Account, path: str) -> Picture:
        """Return the picture of a file. Raises AListError."""
        key = account, path
        kept = self._kept.get(key)
        if kept is not None and kept.expires_at_s > self._now_s():
            self._kept.move_to_end(key)
            return kept.picture
        async with self._places:
            picture = await self._fetch(account, await self._address(account, path))
        self._keep(key, picture)
        return picture

    async def _address(self, account: Account, path: str) -> str:
        folder, name = posixpath.split(path)
        entries = await self._sessions.run(
            account, lambda alist, token: alist.folder(token, folder)
        )
        thumb = next((entry.thumb for entry in entries if entry.name == name), None)
        if thumb is None:
            raise AListError(f"AList has no {path}.")
        if not thumb:
            raise AListError(f"AList has no picture of {path}.")
        return complete(thumb, account.host)

    async def _fetch(self, account: Account, address: str) -> Picture:
        """Return what is at an address that AList named: any server's, for all we know."""
        try:
            response = await self._http.get(
                address,
                trusted=origin(address) == origin(account.host),
                max_bytes=MAX_PICTURE_BYTES,
                timeout_s=TIMEOUT_S,
            )
        except HttpFailure as failure:
            raise AListError(f"The picture cannot be fetched: {failure}") from failure
        return _checked(response)

    def _keep(self, key: tuple[Account, str], picture: Picture) -> None:
        self._drop(key)
        self._kept[key] = _Kept(picture, self._now_s() + LIFETIME_S)
        self._kept_bytes += len(picture.content)
        while self._kept_bytes > MAX_KEPT_BYTES:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[Account, str]) -> None:
        if (kept := self._kept.pop(key, None)) is not None:
            self._kept_bytes -= len(kept.picture.content)


def _checked(response: Response) -> Picture:
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status != _OK:
        raise AListError(f"The picture's server answers with HTTP status {response.status}.")
    if not _PICTURE_TYPE.fullmatch(content_type):
        raise AListError(f"What AList names as the picture is {content_type or 'of no type'}.")
    return Picture(response.content, content_type)
