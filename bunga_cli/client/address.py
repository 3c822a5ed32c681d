"""The register URL: the only address that a person gives to a client."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self
from urllib.parse import unquote, urlencode, urlsplit

from bunga_cli.errors import Invalid

REGISTER_PATH = re.compile(r"/api/channels/(?P<channel_id>.+)/register/?")


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where one channel of one server is."""

    register_url: str
    is_tls: bool
    netloc: str
    channel_id: str

    @classmethod
    def parse(cls, register_url: str) -> Self:
        """Read a register URL as a person pastes it.

        Raises Invalid.
        """
        url = register_url.strip()
        parts = urlsplit(url)
        found = REGISTER_PATH.fullmatch(parts.path)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not found:
            raise Invalid(
                f"{url!r} is not a register URL; "
                "it looks like https://example.org/api/channels/lobby/register/"
            )
        return cls(url, parts.scheme == "https", parts.netloc, unquote(found["channel_id"]))

    @property
    def host(self) -> str:
        """Return the host without port and credentials."""
        return urlsplit(self.register_url).hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Return whether the server is on this machine; a proxy cannot reach that one."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:  # a name
            return False

    @property
    def refresh_url(self) -> str:
        """Return where a refresh token is exchanged for an access token."""
        return f"http{self._s}://{self.netloc}/api/token/refresh/"

    def chat_url(self, access_token: str) -> str:
        """Return the WebSocket's address on the same origin."""
        query = urlencode({"token": access_token, "channel_id": self.channel_id})
        return f"ws{self._s}://{self.netloc}/chat/?{query}"

    @property
    def _s(self) -> str:
        return "s" if self.is_tls else ""
