"""The opening handshake: a request head in, an answer out, and what the peer asked for."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

PATHS: Final = frozenset({"/chat", "/chat/"})

LIBRARY_LOG: Final = logging.getLogger("bunga_cli.server.websockets")
"""The log of the `websockets` library, which would note every connection's begin and end."""
LIBRARY_LOG.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a peer that shook hands correctly asked for; None is what it left out."""

    token: str | None
    channel_id: str | None
    subprotocol: str | None


def shake_hands(
    head: bytes, subprotocols: Sequence[str], *, draining: bool = False
) -> tuple[bytes, Ticket | None]:
    """Return the answer to a request head, and the ticket if the answer is a yes.

    Source: RFC 6455, section 4.2.
    """
    protocol = ServerProtocol(
        subprotocols=[Subprotocol(name) for name in subprotocols],
        select_subprotocol=_select,
        logger=LIBRARY_LOG,
    )
    protocol.receive_data(head)
    request = next(iter(protocol.events_received()), None)
    if not isinstance(request, Request):
        return _complaint(protocol), None
    response = _respond(protocol, request, draining=draining)
    if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        return response.serialize(), None
    return response.serialize(), _ticket(request, protocol.subprotocol)


def _complaint(protocol: ServerProtocol) -> bytes:
    """Return what the library says to a head it cannot read, which may be nothing."""
    said = b"".join(protocol.data_to_send())
    return said or protocol.reject(HTTPStatus.BAD_REQUEST, "Malformed request.\n").serialize()


def _respond(protocol: ServerProtocol, request: Request, *, draining: bool) -> Response:
    if request.path.partition("?")[0] not in PATHS:
        return protocol.reject(HTTPStatus.NOT_FOUND, "There is no WebSocket here.\n")
    if draining:
        return protocol.reject(HTTPStatus.SERVICE_UNAVAILABLE, "The server is restarting.\n")
    return protocol.accept(request)


def _select(protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Pick the first of ours that is offered; a peer that offers none of them may come in."""
    ours = protocol.available_subprotocols or ()
    return next((name for name in ours if name in offered), None)


def _ticket(request: Request, subprotocol: str | None) -> Ticket:
    query = parse_qs(request.path.partition("?")[2])
    token, channel_id = (query.get(name, [None])[0] for name in ("token", "channel_id"))
    return Ticket(token, channel_id, subprotocol)
