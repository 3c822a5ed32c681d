"""Ask the running server, over the Unix socket in its data folder."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

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

_REFUSALS = {kind.code: kind for kind in (Conflict, Forbidden, Invalid, NotFound, Unauthorized)}


def call(
    data: DataFolder,
    method: str,
    *path: str,
    body: Mapping[str, object] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> dict[str, Any]:
    """Send a request for `/api/v1/<path>`, as `call_path` does; each part is encoded."""
    return call_path(data, method, _encoded(path), body=body, timeout_s=timeout_s)


def call_path(
    data: DataFolder,
    method: str,
    path: str,
    *,
    body: Mapping[str, object] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> dict[str, Any]:
    """Send a request, and return the answer's object.

    Raise ServerUnreachable when no server runs on `data`, else the refusal that the server sent.
    """
    import httpx2

    server = data.read_running()
    if server is None:
        raise _unreachable(data)
    transport = httpx2.HTTPTransport(uds=str(server.socket))
    try:
        with httpx2.Client(transport=transport, timeout=timeout_s) as client:
            response = client.request(method, f"http://bunga{path}", json=body)
    except httpx2.ConnectError as error:
        raise _unreachable(data) from error
    except httpx2.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise BungaError(f"The server (process {server.pid}) does not answer: {reason}.") from error
    if not response.is_success:
        raise _refusal(response)
    answer: dict[str, Any] = response.json() if response.content else {}
    return answer


def _encoded(path: tuple[str, ...]) -> str:
    if not all(path):
        raise Invalid("An id must not be empty.")
    try:
        return "/api/v1/" + "/".join(quote(part, safe="") for part in path)
    except UnicodeEncodeError as error:
        raise Invalid("An id must be valid text.") from error


def _refusal(response: "Response") -> BungaError:
    try:
        error = response.json()["error"]
        return _REFUSALS.get(error["code"], BungaError)(error["message"])
    except (ValueError, TypeError, KeyError):
        status = response.status_code
        return BungaError(f"The server answered with HTTP status {status}; its log may say why.")


def _unreachable(data: DataFolder) -> ServerUnreachable:
    return ServerUnreachable(f"No server runs on {data.path}; start one with: bunga serve")
