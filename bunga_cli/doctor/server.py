"""The running server, asked over the socket in its data folder."""

from dataclasses import dataclass
from socket import AF_UNIX, socket
from time import monotonic
from typing import Any, Literal

import httpx2

from bunga_cli.data_folder import DataFolder, RunningServer
from bunga_cli.errors import BungaError, ServerUnreachable

_TIMEOUT_S = 5.0

Life = Literal["running", "stopped", "gone", "silent"]
"""`gone` ended without a goodbye; `silent` is there and does not answer."""


@dataclass(frozen=True, slots=True)
class Server:
    """The server on a data folder, as it answered a moment ago. `seen` is of `/healthz/seen`."""

    life: Life
    announced: RunningServer | None = None
    seen: dict[str, Any] | None = None
    answered_in_ms: int = 0
    problem: str = ""

    def get(self, path: str, timeout_s: float = _TIMEOUT_S) -> dict[str, Any]:
        """Return what `GET path` answers. Raises ServerUnreachable if it is no success."""
        if self.announced is None:
            raise ServerUnreachable("No server runs.")
        transport = httpx2.HTTPTransport(uds=str(self.announced.socket))
        try:
            with httpx2.Client(transport=transport, timeout=timeout_s) as client:
                response = client.get(f"http://bunga{path}").raise_for_status()
                answer: dict[str, Any] = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise ServerUnreachable(f"The server did not answer: {error}.") from error
        return answer


def look_for_server(data: DataFolder) -> Server:
    """Return how the server on a data folder stands."""
    try:
        announced = data.read_running()
    except BungaError as error:
        return Server("gone", problem=str(error))
    if announced is None:
        return Server("stopped")
    try:
        with socket(AF_UNIX) as probe:
            probe.connect(str(announced.socket))
    except OSError as error:
        return Server("gone", announced, problem=f"{announced.socket}: {error.strerror}")
    started = monotonic()
    try:
        seen = Server("running", announced).get("/healthz/seen", _TIMEOUT_S)
    except ServerUnreachable as error:
        return Server("silent", announced, problem=str(error))
    return Server("running", announced, seen, round(1000 * (monotonic() - started)))
