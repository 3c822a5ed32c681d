"""HTTP to the outside, for plugins: limited in time and size, and kept off the network inside.

An address that a client or a third service gave may lead anywhere: to a router's admin page, to the
metadata service of a cloud. So the address that a name resolves to is checked at the moment of
connecting, and that very address is connected to: no spelling, no redirect and no change of the
name's meaning in between gets around it. What the operator configured is called with
`trusted=True`, which holds for that host alone and not for where it redirects to.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypedDict, Unpack

import httpx2

from bunga_cli.plugin.guard import Connector, GuardedTransport, GuardRefused, Resolver, resolve
from bunga_cli.plugin.providers import PluginFailure

MAX_REDIRECTS = 5
MAX_BYTES = 2 * 1024 * 1024
TIMEOUT_S = 10.0

_USER_AGENT = "BungaServer"


class RequestParts(TypedDict, total=False):
    """What a request consists of beside its address; the values are as httpx2 takes them."""

    params: Mapping[str, str | int | float | bool | None]
    headers: Mapping[str, str]
    cookies: dict[str, str]
    json: object
    data: Mapping[str, object]
    content: bytes | str


class RequestOptions(RequestParts, total=False):
    """The same, and the limits of `HttpClient.request`."""

    trusted: bool
    max_bytes: int
    timeout_s: float


class HttpFailure(PluginFailure):
    """Report a request that brought no answer, or one that is no use."""

    code = "http_failed"


class HttpRefused(HttpFailure):
    """Report an address that may not be reached."""

    code = "http_refused"


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer, whatever its status. `url` is where redirects ended; headers ignore case."""

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status says that it went well."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def json(self) -> Any:  # noqa: ANN401  whatever they sent
        """Return the content as JSON. Raises HttpFailure."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            host = httpx2.URL(self.url).host
            raise HttpFailure(f"{host} did not answer in JSON (HTTP {self.status}).") from error


@dataclass(frozen=True, slots=True)
class StreamedResponse:
    """An answer whose content comes in pieces."""

    url: str
    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class HttpClient:
    """The one client that all plugins share. Its connections are made when they are needed.

    `is_allowed` says of a host's name, in lower case, whether it may be anywhere.
    """

    def __init__(
        self, is_allowed: Callable[[str], bool] = lambda _host: False, resolver: Resolver = resolve
    ) -> None:
        self._is_allowed, self._resolver = is_allowed, resolver
        self._clients: dict[bool, httpx2.AsyncClient] = {}
        self._tls: ssl.SSLContext | None = None

    async def aclose(self) -> None:
        """Close all connections."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    async def get(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """As `request`."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """As `request`."""
        return await self.request("POST", url, **options)

    async def request(
        self,
        method: str,
        url: str,
        *,
        trusted: bool = False,
        max_bytes: int = MAX_BYTES,
        timeout_s: float = TIMEOUT_S,
        **parts: Unpack[RequestParts],
    ) -> Response:
        """Return the answer after redirects. Raises HttpFailure.

        `timeout_s` is for all of it; `parts` are those of RequestParts.
        """
        try:
            async with asyncio.timeout(timeout_s):
                async with self.stream(
                    method,
                    url,
                    trusted=trusted,
                    max_bytes=max_bytes,
                    timeout_s=timeout_s,
                    **parts,
                ) as answer:
                    content = b"".join([chunk async for chunk in answer.chunks])
        except TimeoutError as error:
            raise HttpFailure(f"{_host(url)} did not answer within {timeout_s:g} s.") from error
        return Response(answer.url, answer.status, answer.headers, content)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        trusted: bool = False,
        max_bytes: int | None = None,
        timeout_s: float = TIMEOUT_S,
        **parts: Unpack[RequestParts],
    ) -> AsyncIterator[StreamedResponse]:
        """Yield the answer after redirects. Raises HttpFailure, also while it is being read.

        `timeout_s` is for connecting, and for each piece; `max_bytes` None means no limit.
        """
        try:
            response = await self._send(method, url, trusted, timeout_s, parts)
            try:
                chunks = _limited(response, max_bytes)
                yield StreamedResponse(
                    str(response.url), response.status_code, response.headers, chunks
                )
            finally:
                await response.aclose()
        except GuardRefused as error:
            raise HttpRefused(str(error)) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            raise HttpFailure(f"{_host(url)}: {str(error) or type(error).__name__}.") from error

    async def _send(
        self, method: str, url: str, trusted: bool, timeout_s: float, parts: RequestParts
    ) -> httpx2.Response:
        """Send a request and follow redirects; trust ends where the host does."""
        request = self._client(trusted).build_request(method, url, timeout=timeout_s, **parts)
        host = request.url.host
        for _ in range(MAX_REDIRECTS + 1):
            _check_scheme(request.url)
            client = self._client(trusted and request.url.host == host)
            response = await client.send(request, stream=True)
            if response.next_request is None:
                return response
            await response.aclose()
            request = response.next_request
        raise HttpFailure(f"{_host(url)} redirects more than {MAX_REDIRECTS} times.")

    def _client(self, trusted: bool) -> httpx2.AsyncClient:
        """Return one of two clients: connections of a trusted call serve no other."""
        client = self._clients.get(trusted)
        if client is None:
            self._tls = self._tls or httpx2.create_ssl_context()
            is_allowed = _anything if trusted else self._is_allowed
            client = self._clients[trusted] = httpx2.AsyncClient(
                transport=GuardedTransport(self._tls, Connector(self._resolver, is_allowed)),
                trust_env=False,
                # One client serves all plugins and channels: no cookie of one may reach another.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"},
            )
        return client


async def _limited(response: httpx2.Response, max_bytes: int | None) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if max_bytes is not None and size > max_bytes:
            raise HttpFailure(f"{response.url.host} sent more than {max_bytes} bytes.")
        yield chunk


def _anything(_host: str) -> bool:
    return True


def _check_scheme(url: httpx2.URL) -> None:
    if url.scheme not in ("http", "https") or not url.host:
        raise HttpRefused(f"{str(url)[:200]!r} is no address of a web server.")


def _host(url: str) -> str:
    try:
        return httpx2.URL(url).host or "The address"
    except (httpx2.InvalidURL, TypeError):
        return "The address"
