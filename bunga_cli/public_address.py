"""How a site may be called, by what address it may be reached, and where it may send people."""

import re
import unicodedata
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

_FORM = (
    'must be "http://" or "https://", then a host, perhaps a port and a path, such as'
    ' "https://bunga.example.org"; or empty'
)
_LONGEST_HOST = 253
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_NEVER = frozenset('\\"<>{}|^`?#')
"""What no address bears, and what begins a query or a fragment."""
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})


def check_public_url(url: str) -> str:
    """Return the address without slashes at its end, or none. Raises ValueError."""
    if url and not is_plain_url(url):
        raise ValueError(_FORM)
    return url.rstrip("/")


def check_link(url: str) -> str:
    """Return the address of a page on the web, or none. Raises ValueError."""
    parts = urlsplit(url)
    is_one_word = url.isprintable() and " " not in url
    if url and not (is_one_word and parts.scheme in ("http", "https") and parts.hostname):
        raise ValueError('must be the address of a page, such as "https://example.org/"; or empty')
    return url


def is_plain_url(url: str) -> bool:
    """Return whether this is the address of a site: no login, query, fragment, or odd character."""
    if not url.isprintable() or " " in url or _NEVER.intersection(url):
        return False
    try:
        parts = urlsplit(url)
        return url.startswith(("http://", "https://")) and _has_good_host(parts)
    except ValueError:
        return False


def check_name(name: str) -> str:
    """Return a name that is one line of text. Raises ValueError."""
    if any(unicodedata.category(character) in _CONTROLS for character in name):
        raise ValueError("must be one line of text, without control characters")
    return name


def _has_good_host(parts: SplitResult) -> bool:
    """Return whether host and port can be; raises ValueError for some that cannot."""
    netloc = parts.netloc
    if "@" in netloc or "%" in netloc or netloc.endswith(":") or parts.port == 0:
        return False
    return _is_host(parts.hostname or "")


def _is_host(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return _is_name(host)
    return True


def _is_name(host: str) -> bool:
    """Return whether it is the name of a machine; raises ValueError if it cannot be encoded."""
    name = host.encode("idna").decode().removesuffix(".")
    labels = name.split(".")
    is_number = labels[-1].isdecimal()
    return len(name) <= _LONGEST_HOST and not is_number and all(map(_LABEL.fullmatch, labels))
