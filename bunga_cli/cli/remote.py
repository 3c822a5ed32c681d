"""A server on another machine: what `--server` and BUNGA_TOKEN choose in place of a data folder.

Only the commands that talk to a running server can do so from elsewhere; the others work on files.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from bunga_cli.errors import BungaError, Invalid
from bunga_cli.public_address import is_plain_url

ON_FILES = frozenset({"serve", "backup", "restore", "import-django", "doctor", "completion"})
"""Commands that are of no use to a server elsewhere."""


class RemoteUnreachable(BungaError):
    """Report that the server which was named does not answer; nothing here can stand in for it."""

    code = "server_unreachable"


@dataclass(frozen=True, slots=True)
class Remote:
    """A server by its address, without a slash at its end, and the token that opens it."""

    url: str
    token: str


class _Chosen:
    """The choice of this run of the command; None is the server on the data folder."""

    remote: Remote | None = None


def choose(url: str, token: str | None, command: str | None) -> None:
    """Let the commands of this run talk to the server at `url`. Raises Invalid."""
    if command in ON_FILES:
        raise Invalid(f"`bunga {command}` works on files of this machine, not through --server.")
    if not token:
        raise Invalid(
            f"To administer {url}, set BUNGA_TOKEN: on its machine,"
            " `bunga tokens issue --kind api --scope admin` makes one."
        )
    if not token.isascii() or not token.isprintable():
        raise Invalid("The token is no token: it has characters that none has.")
    _Chosen.remote = Remote(_checked(url), token.strip())


def problem(error: Exception) -> str:
    """Return what is to be said of a server that cannot be connected to."""
    reason = str(error).rstrip(".")
    if "SSL" in reason and "CERTIFICATE" not in reason:
        return "speaks no TLS; is it http://?"
    return f"cannot be reached: {reason or type(error).__name__}."


def chosen() -> Remote | None:
    """Return the server that was chosen, None for the one on the data folder."""
    return _Chosen.remote


def _checked(url: str) -> str:
    if not is_plain_url(url):
        raise Invalid(f"--server: {url!r} is no address such as https://bunga.example.org.")
    parts = urlsplit(url)
    if parts.scheme == "http" and not _is_near(parts.hostname or ""):
        raise Invalid(
            f"--server: {url} would carry the token in the clear; use https://, or a tunnel"
            " that ends on this machine."
        )
    if parts.path.strip("/"):
        raise Invalid(
            f"--server: {url} has a path; it is the address without one:"
            f" {parts.scheme}://{parts.netloc}"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _is_near(host: str) -> bool:
    """Return whether what is said to `host` stays on this machine, or on a private network."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_private
