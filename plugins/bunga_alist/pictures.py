"""The pictures that AList has of videos: found in the folder's listing, fetched, kept in memory.

Anybody may ask for them. So whoever wants the same one waits for the same answer, few are fetched
at once, none is waited for long, and what failed is not tried again for a while.
"""

import asyncio
import posixpath
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bunga_alist.addresses import complete, origin
from bunga_alist.client import Account
from bunga_alist.failures import AListError, Busy, NoPicture
from bunga_alist.remembered import Limits, Remembered
from bunga_alist.sessions import Sessions
from bunga_cli.plugin import HttpClient, HttpFailure, Response, one_line

MAX_PICTURE_BYTES = 4 * 1024 * 1024
MAX_KEPT_BYTES = 64 * 1024 * 1024
MAX_LISTED = 50_000
"""How many entries of folders are kept."""
LIFETIME_S = 3600.0
LISTING_LIFETIME_S = 30.0
FETCH_LIMIT_S = 5.0
TOTAL_LIMIT_S = 8.0
QUEUE_LIMIT_S = 3.0
MAX_AT_ONCE = 16
MAX_LISTINGS_AT_ONCE = 8
MAX_UNDER_WAY = 64

_OK = 200
_PICTURE_TYPE = re.compile(r"image/(?!svg)[a-z0-9.+-]+")  # a script may be in an SVG

Place = tuple[Account, str]
"""A path, as an account sees it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's bytes, and of which type its server says they are."""

    content: bytes
    content_type: str


class Pictures:
    """The pictures of all accounts."""

    def __init__(
        self, http: HttpClient, sessions: Sessions, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = http
        self._sessions = sessions
        self._fetching = asyncio.Semaphore(MAX_AT_ONCE)
        self._listing = asyncio.Semaphore(MAX_LISTINGS_AT_ONCE)
        self._pictures: Remembered[Place, Picture] = Remembered(
            self._find,
            lambda picture: len(picture.content),
            Limits(LIFETIME_S, MAX_KEPT_BYTES, MAX_UNDER_WAY, TOTAL_LIMIT_S),
            now_s,
        )
        self._folders: Remembered[Place, Mapping[str, str]] = Remembered(
            self._list,
            len,
            Limits(LISTING_LIFETIME_S, MAX_LISTED, MAX_UNDER_WAY, TOTAL_LIMIT_S),
            now_s,
        )

    async def of(self, account: Account, path: str) -> Picture:
        """Return the picture of a file. Raises AListError."""
        return await self._pictures.get((account, path))

    def forget_failures(self, account: Account | None = None) -> None:
        """Try again what failed, with one account or with any."""
        for remembered in (self._pictures, self._folders):
            remembered.forget(lambda place: account in (None, place[0]))

    async def _find(self, place: Place) -> Picture:
        account, path = place
        folder, name = posixpath.split(path)
        thumbs = await self._folders.get((account, folder))
        if not thumbs.get(name):
            raise NoPicture("AList has no picture of this file, or no such file.")
        async with _turn(self._fetching):
            return await self._fetch(account, complete(thumbs[name], account.host))

    async def _list(self, place: Place) -> Mapping[str, str]:
        """Return the addresses of pictures by the names of files."""
        account, path = place
        async with _turn(self._listing):
            folder = await self._sessions.run(
                account, lambda alist, token: alist.folder(token, path)
            )
        return {entry.name: entry.thumb for entry in folder.entries if entry.thumb}

    async def _fetch(self, account: Account, address: str) -> Picture:
        """Return what is at an address that AList named: any server's, for all we know."""
        try:
            response = await self._http.get(
                address,
                trusted=origin(address) == origin(account.host),
                max_bytes=MAX_PICTURE_BYTES,
                timeout_s=FETCH_LIMIT_S,
            )
        except HttpFailure as failure:
            raise AListError(f"The picture cannot be fetched: {failure}") from failure
        return _checked(response)


@asynccontextmanager
async def _turn(places: asyncio.Semaphore) -> AsyncIterator[None]:
    """Wait for one's turn, but not for long: that others are slow is no failure to remember."""
    try:
        await asyncio.wait_for(places.acquire(), QUEUE_LIMIT_S)
    except TimeoutError as error:
        raise Busy("Too much is being asked of AList.") from error
    try:
        yield
    finally:
        places.release()


def _checked(response: Response) -> Picture:
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status != _OK:
        raise AListError(f"The picture's server answers with HTTP status {response.status}.")
    if not _PICTURE_TYPE.fullmatch(content_type):
        kind = one_line(content_type) or "of no type"
        raise AListError(f"What AList names as the picture is {kind}.")
    return Picture(response.content, content_type)
