"""API tokens: for programs and for commands from afar. Shown once, stored as a hash."""

import hashlib
import secrets
from collections.abc import Container
from typing import Literal, get_args

PREFIX = "bunga_"
ID_PREFIX = "tok_"

Scope = Literal["rooms:read", "rooms:control", "channels:write", "admin"]
"""What an API token is good for. Whoever may change something may look at it, too."""

SCOPES: tuple[Scope, ...] = get_args(Scope)

ALL_SCOPES: frozenset[Scope] = frozenset(SCOPES)

_INCLUDED: dict[Scope, frozenset[Scope]] = {
    "rooms:read": frozenset(),
    "rooms:control": frozenset({"rooms:read"}),
    "channels:write": frozenset({"rooms:read"}),
    "admin": ALL_SCOPES,
}


def granted(scopes: Container[str]) -> frozenset[Scope]:
    """Return these scopes and all that they include; unknown ones grant nothing."""
    known = {scope for scope in SCOPES if scope in scopes}
    return frozenset(known).union(*(_INCLUDED[scope] for scope in known))


def new_token() -> str:
    """Return a token that nobody can guess: the prefix and 43 characters."""
    return PREFIX + secrets.token_urlsafe(32)


def new_token_id() -> str:
    """Return an id to name a token by; it opens nothing."""
    return ID_PREFIX + secrets.token_hex(5)


def hash_token(token: str) -> str:
    """Return what is stored of a token. It is random, so that a plain hash tells nothing of it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
