"""Ask the running server, over the Unix socket in its data folder, or the one that was chosen."""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from bunga_cli.cli import remote
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import (
    BungaError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    ServerUnreachable,
    Unauthorized,
)

if TYPE_CHECKING:
    from httpx2 import Response

TIMEOUT_S = 10.0
_SILENCE_S = 25.0
"""How long a stream may be silent; a server that lives says something every 10 s."""

_MOST_BYTES = 64 * 1024 * 1024
"""Of one answer; thousands of channels are less."""
_JSON = {"Content-Type": "application/json"}

_REFUSALS = {kind.code: kind for kind in (Conflict, Forbidden, Invalid, NotFound, Unauthorized)}


def call(
    data: DataFolder,
    method: str,
    *path: str,
    query: Mapping[str, object] | None = None,
    body: Mapping[str, object] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> dict[str, Any]:
    """Send a request for `/api/v1/<path>?<query>`, as `call_path` does; each part is encoded."""
    asked = f"?{urlencode(query)}" if query else ""
    return call_path(data, method, _encoded(path) + asked, body=body, timeout_s=timeout_s)


def call_path(
    data: DataFolder,
    method: str,
    path: str,
    *,
    body: Mapping[str, object] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> dict[str, Any]:
    """Send a request, and return the answer's object.

    Raise ServerUnreachable when no server runs on `data`, RemoteUnreachable for one elsewhere, else
    the refusal that the server sent.
    """
    import httpx2

    server = _server(data)
    sent = _encoded_body(body)
    headers = server.headers if body is None else {**server.headers, **_JSON}
    url, transport = f"{server.url}{path}", httpx2.HTTPTransport(uds=server.socket)
    try:
        with (
            httpx2.Client(transport=transport, timeout=timeout_s) as client,
            client.stream(method, url, headers=headers, content=sent) as response,
        ):
            content = b""
            for part in response.iter_bytes():
                content += part
                if len(content) > _MOST_BYTES:
                    raise _no_bunga(server)
    except httpx2.ConnectError as error:
        raise server.unreachable(error) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise BungaError(f"{server.name} does not answer: {reason}.") from error
    if not response.is_success:
        raise _refusal(server, response, content)
    return _object(server, content) if content else {}


async def stream(data: DataFolder, *path: str, last: int = 0) -> AsyncGenerator[dict[str, Any]]:
    """Yield the objects of a stream of `/api/v1/<path>` until the server ends it.

    `last` asks for so many past ones first. Raises as `call` does, also when the server is lost.
    """
    import httpx2

    server = _server(data)
    transport = httpx2.AsyncHTTPTransport(uds=server.socket)
    url, query = f"{server.url}{_encoded(path)}", {"last": last} if last else {}
    try:
        async with (
            httpx2.AsyncClient(transport=transport, timeout=_SILENCE_S) as client,
            client.stream("GET", url, headers=server.headers, params=query) as response,
        ):
            if not response.is_success:
                raise _refusal(server, response, await response.aread())
            async for line in response.aiter_lines():
                if line:
                    yield _object(server, line)
    except httpx2.ConnectError as error:
        raise ServerUnreachable(str(server.unreachable(error))) from error
    except httpx2.HTTPError as error:
        raise ServerUnreachable(f"{server.name} is gone.") from error


def _encoded(path: tuple[str, ...]) -> str:
    if not all(path):
        raise Invalid("An id must not be empty.")
    try:
        return "/api/v1/" + "/".join(quote(part, safe="") for part in path)
    except UnicodeEncodeError as error:
        raise Invalid("An id must be valid text.") from error


def _encoded_body(body: Mapping[str, object] | None) -> bytes | None:
    if body is None:
        return None
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Invalid("What was typed is no text that can be sent: it is not UTF-8.") from error


def _object(server: "_Server", content: bytes | str) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _no_bunga(server) from error
    if not isinstance(answer, dict):
        raise _no_bunga(server)
    return answer


def _no_bunga(server: "_Server") -> BungaError:
    return BungaError(f"{server.name} answers, but not as a Bunga server does.")


def _refusal(server: "_Server", response: "Response", content: bytes) -> BungaError:
    if response.is_redirect:  # Not followed: the token is not for whoever stands there.
        target = response.headers.get("location", "another address")
        return BungaError(f"{server.name} sends its visitors to {target}; use that address.")
    try:
        error = json.loads(content)["error"]
        message = f"{error['message']}{_about_token(server, response.status_code)}"
        return _REFUSALS.get(error["code"], BungaError)(message)
    except (ValueError, TypeError, KeyError, RecursionError):
        status = response.status_code
        return BungaError(f"The server answered with HTTP status {status}; its log may say why.")


def _about_token(server: "_Server", status: int) -> str:
    is_refused = server.socket is None and status == HTTPStatus.UNAUTHORIZED
    return f" {server.name} does not accept the token in BUNGA_TOKEN." if is_refused else ""


def base_url(data: DataFolder) -> str | None:
    """Return the address of the running server for people; None if none runs here."""
    elsewhere = remote.chosen()
    if elsewhere is not None:
        return elsewhere.url
    server = data.read_running()
    return None if server is None else server.url.rstrip("/")


@dataclass(frozen=True, slots=True)
class _Server:
    """Where to ask. `socket` None: over the network."""

    url: str
    name: str
    data: DataFolder
    socket: str | None = None
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def unreachable(self, error: Exception) -> BungaError:
        """Return what is to be said if it cannot be connected to."""
        if self.socket is None:
            return remote.RemoteUnreachable(f"{self.name} {remote.problem(error)}")
        return _none_runs(self.data)


def _server(data: DataFolder) -> _Server:
    elsewhere = remote.chosen()
    if elsewhere is not None:
        headers = {"Authorization": f"Bearer {elsewhere.token}"}
        name = f"The server {elsewhere.url}"
        return _Server(elsewhere.url, name, data, headers=headers)
    running = data.read_running()
    if running is None:
        raise _none_runs(data)
    name = f"The server (process {running.pid})"
    return _Server("http://bunga", name, data, str(running.socket))


def _none_runs(data: DataFolder) -> ServerUnreachable:
    return ServerUnreachable(
        f"No server runs on {data.path}; start one with: bunga{data.option} serve"
    )
