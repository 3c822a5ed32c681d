"""The HTTP API that AList and its fork OpenList share.

An answer is JSON, `{"code", "message", "data"}`, nearly always with HTTP status 200: the real
status is `code`, 401 for a token that is no longer good.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from bunga_alist.answers import Answer, Entry, Envelope, File, Hit, Hits, Listing, Login, Site, User
from bunga_alist.failures import AListError, Refused, Unreachable
from bunga_cli.plugin import HttpClient, HttpFailure, HttpRedirected, Response, one_line

TIMEOUT_S = 8.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_HITS = 100
PAGE_ENTRIES = 1000
MAX_ENTRIES = 10_000
"""How much of a folder is looked at; larger ones are no use to people."""

_OK = 200
_TOO_MANY_LOGINS = 429
_HASH_SALT = "https://github.com/alist-org/alist"
_LARGE_BYTES = 64 * 1024

A = TypeVar("A", bound=Answer)

_reading = asyncio.Semaphore(1)
"""Large answers are read in a thread, one at a time: others need the time and the threads too."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of AList at a host, such as "https://alist.example.org"."""

    host: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Folder:
    """What is in a folder, and whether that is all of it."""

    entries: list[Entry]
    is_whole: bool


class AList:
    """One server. Every method raises AListError, whose text is a sentence for a person.

    `is_trusted` is the one that the operator configured: it may be on the network inside.
    """

    def __init__(self, http: HttpClient, host: str, *, is_trusted: bool = True) -> None:
        self._http = http
        self._is_trusted = is_trusted
        self.host = host

    async def site(self) -> Site:
        """Return what the server says of itself to anybody."""
        return await self._ask(Site, "GET", "/api/public/settings")

    async def log_in(self, account: Account) -> str:
        """Return a new token.

        The password goes as it is, and where that is refused as the hash that AList's own page
        sends. AList locks an address out after five refusals, so nothing is tried after that.
        """
        try:
            return await self._log_in("/api/auth/login", account.username, account.password)
        except Unreachable:
            raise
        except AListError as refusal:
            if isinstance(refusal, Refused) and refusal.status == _TOO_MANY_LOGINS:
                raise
            return await self._log_in_hashed(account, refusal)

    async def _log_in_hashed(self, account: Account, plain_refusal: AListError) -> str:
        hashed = hash_password(account.password)
        try:
            return await self._log_in("/api/auth/login/hash", account.username, hashed)
        except Refused:
            raise
        except AListError:  # an old server has no such path
            raise plain_refusal from None

    async def _log_in(self, path: str, username: str, password: str) -> str:
        body = {"username": username, "password": password}
        return (await self._ask(Login, "POST", path, body=body)).token

    async def me(self, token: str) -> User:
        """Return the token's user."""
        return await self._ask(User, "GET", "/api/me", token)

    async def folder(self, token: str, path: str) -> Folder:
        """Return the entries of a folder, the first MAX_ENTRIES of them."""
        entries: list[Entry] = []
        try:
            async with asyncio.timeout(TIMEOUT_S):
                for page in range(1, MAX_ENTRIES // PAGE_ENTRIES + 1):
                    listing = await self._page(token, path, page)
                    entries += listing.content
                    if len(listing.content) < PAGE_ENTRIES or len(entries) >= listing.total:
                        return Folder(entries[:MAX_ENTRIES], len(entries) <= MAX_ENTRIES)
        except TimeoutError as error:
            sentence = f"AList did not list the folder within {TIMEOUT_S:g} s."
            raise Unreachable(sentence) from error
        return Folder(entries, is_whole=False)

    async def _page(self, token: str, path: str, page: int) -> Listing:
        place = {"path": path, "password": "", "refresh": False}
        body = {**place, "page": page, "per_page": PAGE_ENTRIES}
        return await self._ask(Listing, "POST", "/api/fs/list", token, body)

    async def file(self, token: str, path: str) -> File:
        """Return one file or folder."""
        body = {"path": path, "password": ""}
        return await self._ask(File, "POST", "/api/fs/get", token, body)

    async def search(self, token: str, words: str) -> list[Hit]:
        """Return the first files and folders that AList's index has under these words."""
        place = {"parent": "/", "scope": 0, "password": ""}
        body = {**place, "keywords": words, "page": 1, "per_page": MAX_HITS}
        return (await self._ask(Hits, "POST", "/api/fs/search", token, body)).content[:MAX_HITS]

    async def _ask(
        self,
        model: type[A],
        method: str,
        path: str,
        token: str = "",
        body: Mapping[str, object] | None = None,
    ) -> A:
        try:
            response = await self._http.request(
                method,
                self.host + path,
                trusted=self._is_trusted,
                same_origin=True,  # a password and a token are in it
                max_bytes=MAX_ANSWER_BYTES,
                timeout_s=TIMEOUT_S,
                headers={"Authorization": token} if token else {},
                json=body,
            )
        except HttpRedirected as failure:
            raise Unreachable(f"{failure} Set the address where AList is.") from failure
        except HttpFailure as failure:
            raise Unreachable(f"AList does not answer. {failure}") from failure
        if len(response.content) < _LARGE_BYTES:
            return self._read(model, response)
        async with _reading:
            return await asyncio.to_thread(self._read, model, response)

    def _read(self, model: type[A], response: Response) -> A:
        """Return what is in an answer's envelope."""
        try:
            envelope = Envelope.model_validate_json(response.content)
        except ValidationError as invalid:
            status = response.status
            sentence = f"{self.host} does not answer as AList does (HTTP status {status})."
            raise AListError(sentence) from invalid
        if envelope.code != _OK:
            reason = envelope.message or f"code {envelope.code}"
            raise Refused(f"{self.host} refuses: {one_line(reason)}", envelope.code)
        return _checked(model, envelope.data)


def hash_password(password: str) -> str:
    """Return what AList's page sends in a password's place."""
    return hashlib.sha256(f"{password}-{_HASH_SALT}".encode()).hexdigest()


def _checked(model: type[A], data: object) -> A:
    try:
        return model.model_validate(data)
    except ValidationError as invalid:
        raise AListError(
            f"AList's answer is not understood: {invalid.errors()[0]['msg']}"
        ) from invalid
