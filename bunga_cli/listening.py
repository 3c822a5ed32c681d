"""Where the server listens, and under which addresses people find it."""

import errno
import ipaddress
import resource
import socket
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bunga_cli.errors import PortError

_SOMEWHERE_OUTSIDE = ("192.0.2.1", 9)
"""An address for documentation (RFC 5737): asking for the way to it sends nothing."""

_ADVICE = {
    errno.EADDRINUSE: "stop what uses it, or choose another one with --port",
    errno.EADDRNOTAVAIL: "this machine has no such address; choose one with --host",
    errno.EACCES: "ports below 1024 are for root; choose another one with --port",
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """What a person needs to know after a start.

    `register_url` is None without any channel; `is_closed` tells whether its channel refuses new
    players, `has_more` whether there are other channels. `first_run_url`, which is a secret, makes
    the first admin; None if there is one.
    """

    homepage: str
    console: str
    register_url: str | None
    is_closed: bool = False
    has_more: bool = False
    first_run_url: str | None = None


def allow_sockets(count: int) -> None:
    """Raise this process's limit of open files for so many, as far as the system lets it.

    Without, most systems refuse the thousandth player, and files and the database with it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


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
        advice = _ADVICE.get(error.errno or 0, "choose another one with --host or --port")
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


def addresses(
    public_url: str,
    listener: socket.socket,
    channel_id: str | None,
    *,
    is_closed: bool = False,
    has_more: bool = False,
    first_run_key: str | None = None,
) -> Addresses:
    """Return the addresses to print; `channel_id` is the one whose register URL is shown."""
    base = public_url or _base_url(listener)
    register = register_url(base, channel_id) if channel_id else None
    first_run = f"{base}/console/first-run?key={first_run_key}" if first_run_key else None
    return Addresses(f"{base}/", f"{base}/console", register, is_closed, has_more, first_run)


def register_url(base: str, channel_id: str) -> str:
    """Return what players need of a channel on the server at `base`."""
    return f"{base.rstrip('/')}/api/channels/{quote(channel_id, safe='')}/register/"


def invitation_url(base: str, channel_id: str) -> str:
    """Return the page that invites into a channel on the server at `base`."""
    return f"{base.rstrip('/')}/?channel={quote(channel_id, safe='')}"


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
