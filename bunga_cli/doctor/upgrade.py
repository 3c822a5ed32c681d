"""Whether a WebSocket gets through to the server.

It comes with a token that is none. So the server lets it in and closes it with the code that says
so, which nobody else would.
"""

import ssl
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from bunga_cli.doctor.findings import Finding, failure, ok
from bunga_cli.protocol.close_codes import TOKEN_INVALID

_QUERY = urlencode({"token": "doctor", "channel_id": "doctor"})
_ADVICE = (
    "Have the proxy pass WebSockets on. Caddy does by itself; nginx: proxy_http_version 1.1;"
    ' proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'
)


def check_upgrade(
    check: str, base_url: str, context: ssl.SSLContext | None, timeout_s: float
) -> Finding:
    """Return whether a WebSocket at `ws://…` or `wss://…` arrives at a server of ours."""
    try:
        code = _close_code(f"{base_url}/chat/?{_QUERY}", context, timeout_s)
    except InvalidStatus as error:
        status = error.response.status_code
        text = (
            f"The proxy at {base_url} does not let WebSockets through: it answers with HTTP status"
            f" {status}."
        )
        return failure(check, f"{text} Without them nobody can watch.", _ADVICE)
    except (InvalidHandshake, EOFError) as error:
        return failure(check, f"The proxy at {base_url} spoils WebSockets: {error}.", _ADVICE)
    except OSError as error:
        return failure(
            check,
            f"A WebSocket to {base_url} does not get through: {str(error) or 'no answer'}.",
            _ADVICE,
        )
    if code == TOKEN_INVALID:
        return ok(check, f"WebSockets get through to the server, at {base_url}.")
    return failure(
        check,
        f"A WebSocket to {base_url} is closed with {code}, not as this server does.",
        "Look which server the proxy leads /chat/ to.",
    )


def _close_code(url: str, context: ssl.SSLContext | None, timeout_s: float) -> int | None:
    """Return the code with which the server closes a socket; None if it did not in time."""
    with connect(
        url, ssl=context, open_timeout=timeout_s, close_timeout=1, proxy=None
    ) as websocket:
        try:
            websocket.recv(timeout_s)
        except ConnectionClosed:
            return websocket.close_code
        except TimeoutError:
            return None
    return websocket.close_code
