"""Routing on the path as it was sent.

A channel's id may hold a slash, which arrives as `%2F`. Decoding the whole path before routing, as
ASGI servers do, would make it two segments. So routes match the encoded path, and what a segment
means is decoded afterwards. One slash at the end changes nothing: clients write it both ways, and a
redirected POST would lose its body.
"""

from urllib.parse import unquote

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send


class EncodedSegment(Convertor[str]):
    """One path segment, percent-decoded: `{channel_id:id}`."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        """Return the segment's meaning; bytes that are no UTF-8 become U+FFFD."""
        return unquote(value)

    def to_string(self, value: str) -> str:
        """Refuse: addresses are not made from route names here."""
        raise NotImplementedError


class RowNumber(Convertor[int]):
    """The number of a row: `{log_id:row}`. At most 18 digits, which fit a database's integer."""

    regex = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        """Return the number."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Return the digits."""
        return str(value)


register_url_convertor("id", EncodedSegment())
register_url_convertor("row", RowNumber())

CHANNEL_ID = "{channel_id:id}"
RECORD_ID = "{record_id:id}"
FILE = "{file:id}"
LOG_ID = "{log_id:row}"
PLUGIN = "{plugin:id}"
SIGN_IN = "{sign_in:id}"
ACCOUNT = "{name:id}"
SETTING = "{key:id}"
SESSION = "{session:id}"


class RawPaths:
    """Give an ASGI application the encoded path as `scope["path"]`, without its last slash."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] == "http":
            raw = scope["raw_path"].partition(b"?")[0].decode("latin-1")
            scope = {**scope, "path": raw.removesuffix("/") or "/"}
        await self.app(scope, receive, send)
