"""Where the server listens, and under which addresses people find it."""

import ipaddress
import socket
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bunga_cli.errors import PortError

_SOMEWHERE_OUTSIDE = ("192.0.2.1", 9)
"""An address for documentation (RFC 5737): asking for the way to it sends nothing."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """What a person needs to know after a start. `register_url` is None without any channel."""

    homepage: str
    console: str
    register_url: str | None


def listen_tcp(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises PortError if the address cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise PortError(f"Cannot listen on {host}: {error.strerror}.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        advice = "stop what uses it, or choose another one with --port"
        raise PortError(
            f"Cannot listen on {host} port {port}: {error.strerror}; {advice}."
        ) from error
    return listener


def listen_unix(path: Path) -> socket.socket:
    """Return a listening socket that only its owner can open. Raises PortError."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortError(f"Cannot listen on {path}: {error.strerror}.") from error
    return listener


def addresses(public_url: str, listener: socket.socket, channel_id: str | None) -> Addresses:
    """Return the addresses to print; `channel_id` is the one whose register URL is shown."""
    base = public_url or _base_url(listener)
    path = f"/api/channels/{quote(channel_id, safe='')}/register/" if channel_id else None
    return Addresses(f"{base}/", f"{base}/console", path and base + path)


def _base_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host.partition("%")[0]).is_unspecified:
        host = _own_address()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _own_address() -> str:
    """Return the address under which other machines of the network reach this one."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(_SOMEWHERE_OUTSIDE)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
