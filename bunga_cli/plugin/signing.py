"""Tokens that plugins put into addresses: signed with a key of each plugin's own.

The key is derived from the site's secret, so that no plugin can make a player's token, nor one of
another plugin.
"""

import hashlib
import hmac
import math
from collections.abc import Mapping
from typing import Any

import jwt

from bunga_cli.clock import utc_now
from bunga_cli.errors import Forbidden


class Signer:
    """Signs and verifies for one plugin."""

    def __init__(self, secret: str, plugin: str) -> None:
        self._key = hmac.digest(secret.encode(), f"plugin {plugin}".encode(), hashlib.sha256)

    def sign(self, payload: Mapping[str, object], lifetime_s: float) -> str:
        """Return a JSON Web Token that is good for `lifetime_s` seconds."""
        expires_s = math.ceil(utc_now().timestamp() + lifetime_s)
        return jwt.encode({"p": dict(payload), "exp": expires_s}, self._key, algorithm="HS256")

    def verify(self, token: str) -> dict[str, Any]:
        """Return the payload. Raises Forbidden."""
        try:
            claims = jwt.decode(
                token, self._key, algorithms=["HS256"], options={"require": ["exp", "p"]}
            )
        except jwt.ExpiredSignatureError as error:
            raise Forbidden("This address is too old; ask for a new one.") from error
        # A token is text from a stranger: PyJWT lets a few plain errors of decoding through.
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise Forbidden("This address was not made here.") from error
        payload: dict[str, Any] = claims["p"]
        return payload
