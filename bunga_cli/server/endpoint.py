"""What all WebSockets of one server share."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from bunga_cli.clock import monotonic_us
from bunga_cli.server.door import Door
from bunga_cli.server.keepalive import Keepalive
from bunga_cli.server.limits import Limits
from bunga_cli.server.websocket import Connection
from bunga_cli.sync.values import ConnId

_DRAIN_STEP_S = 0.01
_DRAIN_PER_STEP = 10
_DRAIN_STEPS = 200


class Endpoint:
    """The server's side of `/chat/`; given to uvicorn as `ws=`, which calls it for a connection."""

    def __init__(
        self,
        door: Door,
        limits: Limits | None = None,
        *,
        subprotocols: tuple[str, ...] = (),
        clock: Callable[[], int] = monotonic_us,
    ) -> None:
        self.door = door
        self.limits = limits or Limits()
        self.subprotocols = subprotocols
        self.is_draining = False
        """Whether the server is about to end; new handshakes are answered with 503 then."""
        self.connections: set[Connection] = set()
        """All that have a socket, admitted or not."""
        self.clock = clock
        self.keepalive = Keepalive(self.limits.ping_interval_s, self.limits.ping_timeout_s, clock)
        self._ids = itertools.count(1)

    def __call__(
        self,
        config: Config,  # noqa: ARG002  uvicorn passes these three by name
        server_state: ServerState,
        app_state: dict[str, Any],  # noqa: ARG002
    ) -> Connection:
        """Return a new connection."""
        registry = cast(set[Any], server_state.connections)
        return Connection(ConnId(next(self._ids)), self, registry)

    async def drain(self) -> None:
        """Send every client away with 1012, and let no new one in.

        The closes are spread over 1 s per 1,000 connections, but over no more than 2 s, so that the
        clients do not all come back in one moment. Returns when the last one is under way.
        """
        self.is_draining = True
        leaving = list(self.connections)
        step = max(_DRAIN_PER_STEP, -(-len(leaving) // _DRAIN_STEPS))
        for start in range(0, len(leaving), step):
            for connection in leaving[start : start + step]:
                connection.shutdown()
            await asyncio.sleep(_DRAIN_STEP_S)
