"""HTTP to the outside, for plugins: limited in time and size, and kept off the network inside.

An address that a client or a third service gave may lead anywhere: to a router's admin page, to the
metadata service of a cloud. So the address that a name resolves to is checked at the moment of
connecting, and that very address is connected to: no spelling, no redirect and no change of the
name's meaning in between gets around it. What the operator configured is called with
`trusted=True`, which holds for that origin alone (scheme, host and port) and not for where it
redirects to. A body never follows a redirect to another origin, nor does a header that says who
asks; with `same_origin=True` nothing follows at all.
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypedDict, Unpack

import httpx2

from bunga_cli.plugin.guard import Connector, GuardedTransport, GuardRefused, Resolver, resolve
from bunga_cli.plugin.providers import PluginFailure
from bunga_cli.plugin.texts import one_line

MAX_REDIRECTS = 5
MAX_BYTES = 2 * 1024 * 1024
TIMEOUT_S = 10.0

_USER_AGENT = "BungaServer"
_CREDENTIALS = ("authorization", "cookie", "proxy-authorization")


class RequestParts(TypedDict, total=False):
    """What a request consists of beside its address; the values are as httpx2 takes them."""

    params: Mapping[str, str | int | float | bool | None]
    headers: Mapping[str, str]
    cookies: dict[str, str]
    json: object
    data: Mapping[str, object]
    content: bytes | str


class SendOptions(RequestParts, total=False):
    """The same, and how far a request may go.

    `trusted` it may go to the address's origin wherever that is; `same_origin` it may not be
    redirected away from there.
    """

    trusted: bool
    same_origin: bool


class RequestOptions(SendOptions, total=False):
    """The same, and the limits of `HttpClient.request`."""

    max_bytes: int
    timeout_s: float


class HttpFailure(PluginFailure):
    """Report a request that brought no answer, or one that is no use."""

    code = "http_failed"


class HttpRefused(HttpFailure):
    """Report an address that may not be reached."""

    code = "http_refused"


class HttpRedirected(HttpRefused):
    """Report a redirect to another origin that must not be followed."""

    code = "http_redirected"


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
        max_bytes: int = MAX_BYTES,
        timeout_s: float = TIMEOUT_S,
        **options: Unpack[SendOptions],
    ) -> Response:
        """Return the answer after redirects. Raises HttpFailure.

        `timeout_s` is for all of it; `options` are those of SendOptions and RequestParts.
        """
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._send(method, url, timeout_s, options)
                try:
                    content = await _content(response, max_bytes)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise HttpFailure(f"{_host(url)} did not answer within {timeout_s:g} s.") from error
        except GuardRefused as error:
            raise HttpRefused(str(error)) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            reason = one_line(str(error)) or type(error).__name__
            raise HttpFailure(f"{_host(url)}: {reason}.") from error
        return Response(str(response.url), response.status_code, response.headers, content)

    async def _send(
        self, method: str, url: str, timeout_s: float, options: SendOptions
    ) -> httpx2.Response:
        """Send a request and follow redirects; trust ends where the origin does."""
        parts = {**options}
        trusted, same_origin = (bool(parts.pop(key, False)) for key in ("trusted", "same_origin"))
        request = self._request(method, url, timeout_s, parts)
        home = _origin(request.url)
        for _ in range(MAX_REDIRECTS + 1):
            _check_scheme(request.url)
            client = self._client(trusted and _origin(request.url) == home)
            response = await client.send(request, stream=True)
            if response.next_request is None:
                return response
            await response.aclose()
            request = _redirected(request, response.next_request, same_origin=same_origin)
        raise HttpFailure(f"{_host(url)} redirects more than {MAX_REDIRECTS} times.")

    def _request(
        self, method: str, url: str, timeout_s: float, parts: dict[str, Any]
    ) -> httpx2.Request:
        try:
            return self._client(trusted=False).build_request(
                method, url, timeout=timeout_s, **parts
            )
        except (UnicodeError, ValueError) as error:
            raise HttpFailure(f"{_host(url)} cannot be asked: {one_line(str(error))}.") from error

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


async def _content(response: httpx2.Response, max_bytes: int) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > max_bytes:
            raise HttpFailure(f"{response.url.host} sent more than {max_bytes} bytes.")
    return bytes(content)


def _anything(_host: str) -> bool:
    return True


def _redirected(
    request: httpx2.Request, following: httpx2.Request, *, same_origin: bool
) -> httpx2.Request:
    """Return the request that a redirect asks for, if it may be sent. Raises HttpRedirected."""
    if _origin(following.url) == _origin(request.url):
        return following
    has_body = following.headers.get("content-length", "0") != "0"
    if same_origin or has_body or "transfer-encoding" in following.headers:
        target = following.url.copy_with(userinfo=b"", raw_path=b"", fragment=None)
        raise HttpRedirected(
            f"{request.url.host} redirects to {one_line(str(target))}, which is another server:"
            " nothing was sent there."
        )
    for name in _CREDENTIALS:
        following.headers.pop(name, None)
    return following


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    """Return the server that an address is on."""
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _check_scheme(url: httpx2.URL) -> None:
    if url.scheme not in ("http", "https") or not url.host:
        shown = url.copy_with(userinfo=b"", query=None, fragment=None)
        raise HttpRefused(f"{one_line(str(shown))!r} is no address of a web server.")


def _host(url: str) -> str:
    try:
        return one_line(httpx2.URL(url).host) or "The address"
    except (httpx2.InvalidURL, TypeError):
        return "The address"
