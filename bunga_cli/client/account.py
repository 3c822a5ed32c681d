"""An account and its tokens: the HTTP side of a client."""

import secrets
import string
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, Self

import httpx2

from bunga_cli.client.address import ServerAddress
from bunga_cli.client.failures import RegisterRefused, is_passing
from bunga_cli.errors import ServerUnreachable, Unauthorized

USERNAME_LENGTH: Final = 8
USERNAME_ALPHABET: Final = string.ascii_letters + string.digits
PASSWORD_BYTES: Final = 48


def random_username() -> str:
    """Return an id as players make it up: nobody is asked for one."""
    return "".join(secrets.choice(USERNAME_ALPHABET) for _ in range(USERNAME_LENGTH))


def random_password() -> str:
    """Return a password that no person has to remember."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


class Account:
    """Who a client is at its server.

    `username` is also the id of its `User`; `registration` is the server's whole answer.
    """

    def __init__(
        self, address: ServerAddress, http: httpx2.AsyncClient, username: str, password: str
    ) -> None:
        self.address = address
        self.username = username
        self.password = password
        self.registration: dict[str, Any] = {}
        self.access_token = ""
        self.refresh_token = ""
        self._http = http

    @classmethod
    @asynccontextmanager
    async def registered(
        cls, register_url: str, username: str | None = None, password: str | None = None
    ) -> AsyncIterator[Self]:
        """Register at a server and keep the HTTP connection; a missing name is made up.

        Raises Invalid, RegisterRefused, ServerUnreachable.
        """
        address = ServerAddress.parse(register_url)
        async with httpx2.AsyncClient(trust_env=not address.is_loopback) as http:
            account = cls(
                address, http, username or random_username(), password or random_password()
            )
            await account.register()
            yield account

    @property
    def chat_url(self) -> str:
        """Return the WebSocket's address with the current access token in it."""
        return self.address.chat_url(self.access_token)

    async def register(self) -> None:
        """Create the account or prove that it is ours, and take new tokens.

        Raises RegisterRefused, ServerUnreachable.
        """
        form = {"username": self.username, "password": self.password}
        answer = await self._post(self.address.register_url, form)
        if not answer.is_success:
            raise RegisterRefused(answer.status_code, _body(answer))
        with _understood(self.address.register_url):
            registration = answer.json()
            token = registration["token"]
            self.access_token, self.refresh_token = token["access"], token["refresh"]
        self.registration = registration

    async def refresh(self) -> None:
        """Exchange the refresh token for a new access token.

        Raises Unauthorized, ServerUnreachable.
        """
        form = {"refresh": self.refresh_token, "access": self.access_token}
        answer = await self._post(self.address.refresh_url, form)
        if is_passing(answer.status_code):
            raise ServerUnreachable(f"The server renews no token just now: {_body(answer)}")
        if not answer.is_success:
            raise Unauthorized(f"The server does not refresh this token: {_body(answer)}")
        with _understood(self.address.refresh_url):
            self.access_token = answer.json()["access"]

    async def _post(self, url: str, form: dict[str, str]) -> httpx2.Response:
        try:
            return await self._http.post(url, data=form)
        except httpx2.RequestError as error:
            raise ServerUnreachable(f"No answer from {url}: {error!r}") from error


@contextmanager
def _understood(url: str) -> Iterator[None]:
    """Take what cannot be read for the word of something on the way to the server."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise ServerUnreachable(f"What answers at {url} is no Bunga server: {error!r}") from error


def _body(answer: httpx2.Response) -> object:
    try:
        return answer.json()
    except ValueError:
        return answer.text
