"""Access and refresh tokens: JSON Web Tokens (RFC 7519), signed HS256 with the site's secret."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal
from uuid import uuid4

import jwt

from bunga_cli.clock import utc_now
from bunga_cli.errors import Unauthorized

TokenKind = Literal["access", "refresh"]

# 18 digits fit a database's integer.
_ACCOUNT_ID = re.compile(r"[0-9]{1,18}")

_CLAIMS = ("token_type", "exp", "iat", "jti", "user_id")


class TokenInvalid(Unauthorized):
    """Report a token that this site did not sign, or that is not a token at all."""

    code: ClassVar[str] = "token_invalid"


class TokenExpired(Unauthorized):
    """Report a token of this site whose time is over."""

    code: ClassVar[str] = "token_expired"


class TokenWrongType(TokenInvalid):
    """Report a refresh token where an access token is needed, or the reverse."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. `user_id` is an account's id as text."""

    user_id: str
    kind: TokenKind
    jti: str
    issued_at: datetime
    expires_at: datetime

    @property
    def account_id(self) -> int:
        """The account's id; 0, which none has, where `user_id` cannot be one."""
        return int(self.user_id) if _ACCOUNT_ID.fullmatch(self.user_id) else 0


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues and reads the tokens of one site; lifetimes are in seconds."""

    secret: str
    access_s: int
    refresh_s: int

    def issue_access(self, user_id: int | str, now: datetime | None = None) -> str:
        """Return a token that opens doors for `access_s` seconds."""
        return self._issue("access", user_id, self.access_s, now)

    def issue_refresh(self, user_id: int | str, now: datetime | None = None) -> str:
        """Return a token that buys access tokens for `refresh_s` seconds."""
        return self._issue("refresh", user_id, self.refresh_s, now)

    def _issue(
        self, kind: TokenKind, user_id: int | str, lifetime_s: int, now: datetime | None
    ) -> str:
        issued_at = int((now or utc_now()).timestamp())
        claims = {
            "token_type": kind,
            "exp": issued_at + lifetime_s,
            "iat": issued_at,
            "jti": uuid4().hex,
            "user_id": str(user_id),
        }
        return jwt.encode(claims, self.secret, algorithm="HS256")

    def read(
        self, token: str, kind: TokenKind | None = None, now: datetime | None = None
    ) -> Claims:
        """Return what a token says; `kind` None takes both.

        Raises TokenInvalid, TokenWrongType or TokenExpired. The signature counts before the date:
        whoever forges an expired token does not learn that it is expired.
        """
        claims = _claims_of(self._verified(token))
        if kind is not None and claims.kind != kind:
            raise TokenWrongType(f"This is not an {kind} token.")
        if claims.expires_at <= (now or utc_now()):
            raise TokenExpired("The token is expired; refresh it.")
        return claims

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                self.secret,
                algorithms=["HS256"],
                options={"verify_exp": False, "verify_iat": False, "require": list(_CLAIMS)},
            )
        # A token is bytes from a stranger: PyJWT lets a few plain errors of decoding through.
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise TokenInvalid("The token is not one of this site.") from error


def _claims_of(raw: dict[str, Any]) -> Claims:
    kind, user_id, jti = raw["token_type"], raw["user_id"], raw["jti"]
    if kind not in ("access", "refresh") or not isinstance(user_id, str):
        raise TokenInvalid("The token is not one of this site.")
    try:
        return Claims(user_id, kind, jti, _moment(raw["iat"]), _moment(raw["exp"]))
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise TokenInvalid("The token's dates are not dates.") from error


def _moment(seconds: object) -> datetime:
    if not isinstance(seconds, int):
        raise TypeError(seconds)
    return datetime.fromtimestamp(seconds, UTC)
