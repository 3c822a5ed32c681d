"""The HTTP API that AList and its fork OpenList share.

An answer is JSON, `{"code", "message", "data"}`, nearly always with HTTP status 200: the real
status is `code`, 401 for a token that is no longer good.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from bunga_alist.addresses import origin
from bunga_alist.answers import Answer, Entry, File, Hit, Hits, Listing, Login, Site, User
from bunga_alist.failures import AListError, Refused, Unreachable
from bunga_cli.plugin import HttpClient, HttpFailure, Response

TIMEOUT_S = 8.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
MAX_HITS = 100

_OK = 200
_TOO_MANY_LOGINS = 429
_HASH_SALT = "https://github.com/alist-org/alist"

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True, slots=True)
class Account:
    """A user of AList at a host, such as "https://alist.example.org"."""

    host: str
    username: str
    password: str = field(repr=False)


class _Envelope(BaseModel):
    code: int
    message: str = ""
    data: object = None


class AList:
    """One server. Every method raises AListError, whose text is a sentence for a person."""

    def __init__(self, http: HttpClient, host: str) -> None:
        self._http = http
        self.host = host

    async def site(self) -> Site:
        """Return what the server says of itself to anybody."""
        return _checked(Site, await self._ask("GET", "/api/public/settings"))

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
        return _checked(Login, await self._ask("POST", path, body=body)).token

    async def me(self, token: str) -> User:
        """Return the token's user."""
        return _checked(User, await self._ask("GET", "/api/me", token))

    async def folder(self, token: str, path: str) -> list[Entry]:
        """Return all entries of a folder."""
        body = {"path": path, "password": "", "page": 1, "per_page": 0, "refresh": False}
        return _checked(Listing, await self._ask("POST", "/api/fs/list", token, body)).content

    async def file(self, token: str, path: str) -> File:
        """Return one file or folder."""
        body = {"path": path, "password": ""}
        return _checked(File, await self._ask("POST", "/api/fs/get", token, body))

    async def search(self, token: str, words: str) -> list[Hit]:
        """Return the first files and folders that AList's index has under these words."""
        body = {
            "parent": "/",
            "keywords": words,
            "scope": 0,
            "page": 1,
            "per_page": MAX_HITS,
            "password": "",
        }
        return _checked(Hits, await self._ask("POST", "/api/fs/search", token, body)).content

    async def _ask(
        self, method: str, path: str, token: str = "", body: Mapping[str, object] | None = None
    ) -> object:
        try:
            response = await self._http.request(
                method,
                self.host + path,
                trusted=True,
                max_bytes=MAX_ANSWER_BYTES,
                timeout_s=TIMEOUT_S,
                headers={"Authorization": token} if token else {},
                json=body,
            )
        except HttpFailure as failure:
            raise Unreachable(f"AList does not answer. {failure}") from failure
        return self._data(response)

    def _data(self, response: Response) -> object:
        """Return what is in an answer's envelope."""
        if origin(response.url) != origin(self.host):
            # It was followed, but a redirected POST may have lost its body.
            raise AListError(
                f"{self.host} redirects to {response.url}; set the address where AList is."
            )
        try:
            envelope = _Envelope.model_validate_json(response.content)
        except ValidationError as invalid:
            status = response.status
            sentence = f"{self.host} does not answer as AList does (HTTP status {status})."
            raise AListError(sentence) from invalid
        if envelope.code != _OK:
            raise Refused(f"{self.host} refuses: {envelope.message}", envelope.code)
        return envelope.data


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
