"""What can go wrong between a client and its server."""

from http import HTTPStatus
from typing import Final

from bunga_cli.errors import BungaError
from bunga_cli.protocol.close_codes import NO_TOKEN, NOT_A_MEMBER, TOKEN_EXPIRED, TOKEN_INVALID

REFUSALS: Final = frozenset({NO_TOKEN, TOKEN_INVALID, TOKEN_EXPIRED, NOT_A_MEMBER})


def is_passing(status: int) -> bool:
    """Return whether an HTTP status says no more than that the server cannot answer just now."""
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


class RegisterRefused(BungaError):
    """Report that the server does not let this account in; `body` is its answer."""

    code = "register_refused"

    def __init__(self, status: int, body: object) -> None:
        super().__init__(f"The server refused to register this client: {status} {body}")
        self.status = status
        self.body = body


class Disconnected(BungaError):
    """Report that the socket is closed, with the close code and reason that say why."""

    code = "disconnected"

    def __init__(self, close_code: int, reason: str = "") -> None:
        super().__init__(f"The connection is closed: {close_code} {reason}".rstrip())
        self.close_code = close_code
        self.reason = reason


class Refused(Disconnected):
    """Report that the server closed the socket because of the token or the channel."""

    code = "refused"


def disconnection(close_code: int, reason: str = "") -> Disconnected:
    """Return the error that a close code stands for."""
    kind = Refused if close_code in REFUSALS else Disconnected
    return kind(close_code, reason)
