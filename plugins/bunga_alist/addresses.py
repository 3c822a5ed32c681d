"""Addresses that AList names: pictures and files are often on other servers than its own."""

from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from bunga_alist.failures import AListError
from bunga_cli.plugin import one_line

_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """The server that an address is on."""

    scheme: str
    host: str | None
    port: int | None


def origin(address: str) -> Origin:
    """Return the server that an address is on. Raises AListError."""
    try:
        parts = urlsplit(address)
        return Origin(parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme))
    except ValueError as error:
        raise _no_address(address) from error


def complete(address: str, host: str) -> str:
    """Return an address of the web that AList named, perhaps below its own. Raises AListError."""
    try:
        whole = urljoin(f"{host}/", address)
    except ValueError as error:
        raise _no_address(address) from error
    if origin(whole).scheme not in _PORTS:
        raise _no_address(address)
    return whole


def _no_address(address: str) -> AListError:
    return AListError(f"AList names an address that is none: {one_line(address)!r}")
