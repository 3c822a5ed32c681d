"""Small pictures of services and accounts, as `Health.picture` has them: logos, portraits.

What a picture is, its first bytes say; nobody's headers are believed. SVG is none of them, as it is
a document, in which a script may be.
"""

import base64
import re
import time
from collections.abc import Callable
from http import HTTPStatus

from bunga_cli.plugin.http import HttpClient, HttpFailure

MAX_BYTES = 64 * 1024
FETCH_LIMIT_S = 1.5
LIFETIME_S = 3600.0
FAILURE_LIFETIME_S = 60.0
MAX_KEPT = 64

_KINDS = {
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "gif": re.compile(rb"GIF8[79]a"),
    "webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
_MAX_CHARACTERS = len("data:image/jpeg;base64,") + 4 * -(-MAX_BYTES // 3)
_DATA = re.compile(r"data:image/([a-z]+);base64,([A-Za-z0-9+/]+={0,2})")


class NoPicture(ValueError):
    """Report what cannot be shown as a picture; the text ends a sentence."""


def as_data(content: bytes) -> str:
    """Return a picture as an address that holds all of it. Raises NoPicture."""
    if len(content) > MAX_BYTES:
        raise NoPicture(f"it has more than {MAX_BYTES // 1024} KiB")
    kind = next((name for name, beginning in _KINDS.items() if beginning.match(content)), None)
    if kind is None:
        raise NoPicture("it is neither PNG nor JPEG, GIF or WebP")
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def verified(value: object) -> str:
    """Return an address that holds a picture, as `as_data` makes it. Raises NoPicture."""
    if not isinstance(value, str):
        raise NoPicture("it is no text")
    if len(value) > _MAX_CHARACTERS:
        raise NoPicture(f"it has more than {MAX_BYTES // 1024} KiB")
    parts = _DATA.fullmatch(value)
    if parts is None:
        raise NoPicture("it is not of the form data:image/…;base64,…")
    try:
        made = as_data(base64.b64decode(parts[2], validate=True))
    except ValueError as error:
        reason = str(error) if isinstance(error, NoPicture) else "it is no base64"
        raise NoPicture(reason) from error
    if not made.startswith(f"data:image/{parts[1]};"):
        raise NoPicture(f"it is no image/{parts[1]}")
    return made


class SmallPictures:
    """Fetches the pictures for `Health.picture`, and keeps them for an hour."""

    def __init__(self, http: HttpClient, now_s: Callable[[], float] = time.monotonic) -> None:
        self._http, self._now_s = http, now_s
        self._kept: dict[str, tuple[str, float]] = {}

    async def at(self, url: str, *, trusted: bool = False) -> str:
        """Return the picture at an address as `data:…`, within 1.5 s; empty if there is none.

        `trusted` is as requests have it: the operator has set this address.
        """
        picture, until_s = self._kept.get(url, ("", 0.0))
        if until_s > self._now_s():
            return picture
        picture = await self._fetched(url, trusted=trusted)
        lifetime_s = LIFETIME_S if picture else FAILURE_LIFETIME_S
        self._kept.pop(url, None)
        self._kept[url] = picture, self._now_s() + lifetime_s
        if len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        return picture

    async def _fetched(self, url: str, *, trusted: bool) -> str:
        try:
            response = await self._http.get(
                url, trusted=trusted, max_bytes=MAX_BYTES, timeout_s=FETCH_LIMIT_S
            )
            return as_data(response.content) if response.status == HTTPStatus.OK else ""
        except (HttpFailure, NoPicture):
            return ""
