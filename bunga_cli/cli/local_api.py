"""Ask the running server, over the Unix socket in its data folder, or the one that was chosen."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from bunga_cli.cli import answers, remote
from bunga_cli.cli.answers import Server
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import BungaError, Invalid, ServerUnreachable

if TYPE_CHECKING:
    from httpx2 import Response

TIMEOUT_S = 10.0
_TIMES = 6
"""An answer that comes in parts may take so many times as long as each of them."""
_JSON = {"Content-Type": "application/json"}


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
    server, sent = _server(data), _encoded_body(body)
    headers = server.headers | answers.PLAIN | ({} if body is None else _JSON)
    limit_s = timeout_s * _TIMES

    def ask() -> "tuple[Response, bytes]":
        return _asked(server, method, path, headers, sent, timeout_s)

    try:
        response, content = answers.within(limit_s, ask)
    except TimeoutError as error:
        raise BungaError(f"{server.name} did not answer within {limit_s:g} s.") from error
    return answers.read(server, response, content)


def _asked(
    server: Server,
    method: str,
    path: str,
    headers: dict[str, str],
    sent: bytes | None,
    timeout_s: float,
) -> "tuple[Response, bytes]":
    import httpx2

    transport = httpx2.HTTPTransport(uds=server.socket)
    try:
        with (
            httpx2.Client(transport=transport, timeout=timeout_s) as client,
            client.stream(method, f"{server.url}{path}", headers=headers, content=sent) as response,
        ):
            return response, answers.content_of(server, response)
    except httpx2.ConnectError as error:
        raise server.unreachable(error) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise BungaError(f"{server.name} does not answer: {reason}.") from error


async def stream(data: DataFolder, *path: str, last: int = 0) -> AsyncGenerator[dict[str, Any]]:
    """Yield the objects of a stream of `/api/v1/<path>` until the server ends it.

    `last` asks for so many past ones first. Raises as `call` does, also when the server is lost.
    """
    import httpx2

    server = _server(data)
    transport = httpx2.AsyncHTTPTransport(uds=server.socket)
    url, query = f"{server.url}{_encoded(path)}", {"last": last} if last else {}
    headers = server.headers | answers.PLAIN
    try:
        async with httpx2.AsyncClient(transport=transport, timeout=answers.SILENCE_S) as client:
            request = client.build_request("GET", url, headers=headers, params=query)
            async with asyncio.timeout(answers.SILENCE_S):
                response = await client.send(request, stream=True)
            async with aclosing(response), aclosing(answers.objects(server, response)) as objects:
                async for each in objects:
                    yield each
    except httpx2.ConnectError as error:
        raise ServerUnreachable(str(server.unreachable(error))) from error
    except (httpx2.HTTPError, TimeoutError) as error:
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


def base_url(data: DataFolder) -> str | None:
    """Return the address of the running server for people; None if none runs here."""
    elsewhere = remote.chosen()
    if elsewhere is not None:
        return elsewhere.url
    server = data.read_running()
    return None if server is None else server.url.rstrip("/")


def _server(data: DataFolder) -> Server:
    elsewhere = remote.chosen()
    if elsewhere is not None:
        headers = {"Authorization": f"Bearer {elsewhere.token}"}
        name = f"The server {elsewhere.url}"
        return Server(elsewhere.url, name, data, headers=headers)
    running = data.read_running()
    if running is None:
        raise answers.none_runs(data)
    name = f"The server (process {running.pid})"
    return Server("http://bunga", name, data, str(running.socket))
