"""uvicorn's HTTP protocol, without the patience it has for peers that never finish a request."""

import asyncio
import socket
from typing import Any, ClassVar, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bunga_cli.server.limits import Limits

LOCAL_KEY = "bunga.local"
"""The key of an ASGI scope that tells whether the request came over the Unix socket."""
ABORT_KEY = "bunga.abort"
"""The key of an ASGI scope for what ends a connection at once, also if its peer reads nothing."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class _HeadTooLargeError(Exception):
    """Stop the parser in a head that is over the limit."""


class HttpProtocol(HttpToolsProtocol):
    """Serve HTTP as uvicorn does, with five additions.

    - Bytes are passed on that come in one packet with the head of a WebSocket handshake.
    - A request head is bounded in time and size, a body in time.
    - What comes of a body after its request was answered is no head, and bounded in size.
    - Requests that come over the Unix socket are marked.
    - An answer can end its connection at once.
    """

    limits: ClassVar[Limits] = Limits()

    _is_local = False
    _head_timer: asyncio.TimerHandle | None = None
    _body_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _unparsed_bytes = 0
    _is_draining = False
    _drained_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first request."""
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        self._is_local = sock is not None and sock.family == socket.AF_UNIX
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._have_head()
        self._have_body()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End when the request at hand is answered; one that is not here yet never will be."""
        if self._body_timer:
            self.transport.abort()
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Take bytes of requests, up to the end of the head of a WebSocket handshake."""
        self._unset_keepalive_if_required()
        if not self._is_serving() and not self._is_draining:
            self._expect_head()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse()
        else:
            self._count_unparsed(len(data))

    def on_message_begin(self) -> None:
        """Note the first byte of a request; it may be behind another one that is being served."""
        super().on_message_begin()
        scope = cast(dict[str, Any], self.scope)
        scope[LOCAL_KEY], scope[ABORT_KEY] = self._is_local, self.transport.abort
        self._expect_head()

    def on_url(self, url: bytes) -> None:
        """Take a part of the request line."""
        self._count_parsed(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count_parsed(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Note the end of a head."""
        self._have_head()
        self._body_timer = self.loop.call_later(self.limits.body_timeout_s, self.transport.abort)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body; throw it away if the answer was given without it."""
        super().on_body(body)
        if self._is_draining:
            self._drained_bytes += len(body)
            if self._drained_bytes > self.limits.max_drained_bytes:
                self.transport.close()

    def on_message_complete(self) -> None:
        """Note the end of a request."""
        self._have_body()
        super().on_message_complete()
        if self._is_draining:
            self._is_draining = False
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        """Note the end of an answer; if it did not need the whole body, the rest is read on.

        To close at once would throw away, with the rest, the answer that is on its way.
        """
        super().on_response_complete()
        self._is_draining = self._body_timer is not None and not self._is_serving()
        self._drained_bytes = 0

    def _is_serving(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _expect_head(self) -> None:
        if self._head_timer is None:
            timeout_s = self.limits.handshake_timeout_s
            self._head_timer = self.loop.call_later(timeout_s, self.transport.abort)
            self._head_bytes = self._unparsed_bytes = 0

    def _have_head(self) -> None:
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None

    def _have_body(self) -> None:
        if self._body_timer:
            self._body_timer.cancel()
            self._body_timer = None

    def _count_parsed(self, count: int) -> None:
        self._head_bytes += count
        if self._head_bytes > self.limits.max_head_bytes:
            raise _HeadTooLargeError

    def _count_unparsed(self, count: int) -> None:
        """Bound what the parser holds of a line that does not end."""
        if self._head_timer:
            self._unparsed_bytes += count
            if self._unparsed_bytes > self.limits.max_head_bytes:
                self._refuse()

    def _refuse(self) -> None:
        self._have_head()
        if self._is_serving():
            # The answer to an earlier request is still being written: nothing can be said.
            self.transport.close()
        elif max(self._head_bytes, self._unparsed_bytes) > self.limits.max_head_bytes:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        else:
            self.send_400_response("Invalid HTTP request received.")

    def _upgrade(self, rest: bytes) -> None:
        self._have_head()
        self._have_body()
        if not self._should_upgrade():
            self._unsupported_upgrade_warning()
        elif self._is_serving():
            self._refuse()
        else:
            self.handle_websocket_upgrade()
            # This object and its parser know each other. Break the circle: it is done with.
            self.parser = None  # type: ignore[assignment]
            if rest:
                cast(asyncio.Protocol, self.transport.get_protocol()).data_received(rest)
