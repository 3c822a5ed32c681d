"""Tokens that plugins put into addresses: signed with a key of each plugin's own.

The key is derived from the site's secret, so that no plugin can make a player's token, nor one of
another plugin.
"""

import hashlib
import hmac
import math
from collections.abc import Callable, Mapping
from typing import Any

import jwt

from bunga_cli.clock import utc_now
from bunga_cli.errors import Forbidden
from bunga_cli.keyring import Keyring

_FOREIGN = "This address was not made here."


class Signer:
    """Signs and verifies for one plugin."""

    def __init__(self, keyring: Callable[[], Keyring], plugin: str) -> None:
        self._keyring, self._plugin = keyring, plugin

    def sign(self, payload: Mapping[str, object], lifetime_s: float) -> str:
        """Return a JSON Web Token that is good for `lifetime_s` seconds."""
        expires_s = math.ceil(utc_now().timestamp() + lifetime_s)
        key = self._key(self._keyring().current)
        return jwt.encode({"p": dict(payload), "exp": expires_s}, key, algorithm="HS256")

    def verify(self, token: str) -> dict[str, Any]:
        """Return the payload. Raises Forbidden."""
        for secret in self._keyring().believed():
            try:
                payload: dict[str, Any] = self._claims(token, secret)["p"]
            except jwt.InvalidSignatureError:
                continue
            except jwt.ExpiredSignatureError as error:
                raise Forbidden("This address is too old; ask for a new one.") from error
            # A token is text from a stranger: PyJWT lets a few plain errors of decoding through.
            except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
                raise Forbidden(_FOREIGN) from error
            return payload
        raise Forbidden(_FOREIGN)

    def _claims(self, token: str, secret: str) -> dict[str, Any]:
        key, options = self._key(secret), {"require": ["exp", "p"]}
        return jwt.decode(token, key, algorithms=["HS256"], options=options)  # type: ignore[arg-type]

    def _key(self, secret: str) -> bytes:
        return hmac.digest(secret.encode(), f"plugin {self._plugin}".encode(), hashlib.sha256)
