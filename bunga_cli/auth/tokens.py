"""Access and refresh tokens: JSON Web Tokens (RFC 7519), signed HS256 with the site's secret.

Their dates are whole seconds. So "all tokens issued before this moment" is `valid_from`, the next
whole second: a token dated before it is revoked, and one that is issued within that same second is
dated to `valid_from` itself, a fraction of a second ahead, and good at once. The next revocation
within that second has to revoke that one as well, so each moves `valid_from` on by a second at
least; how it gets them all is in `store.revocation`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal
from uuid import uuid4

import jwt

from bunga_cli.clock import utc_now
from bunga_cli.errors import Unauthorized
from bunga_cli.keyring import Keyring

TokenKind = Literal["access", "refresh"]

# 18 digits fit a database's integer.
_ACCOUNT_ID = re.compile(r"[0-9]{1,18}")

_CLAIMS = ("token_type", "exp", "iat", "jti", "user_id")
_FOREIGN = "The token is not one of this site."


class TokenInvalid(Unauthorized):
    """Report a token that this site did not sign, or that is not a token at all."""

    code: ClassVar[str] = "token_invalid"


class TokenExpired(Unauthorized):
    """Report a token of this site whose time is over."""

    code: ClassVar[str] = "token_expired"


class TokenWrongType(TokenInvalid):
    """Report a refresh token where an access token is needed, or the reverse."""


class TokenRevoked(TokenInvalid):
    """Report a token of this site that was taken back."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a token is for.

    `channel_id`: the only channel it opens, None for all. `refresh_jti` is the id of the refresh
    token that bought it: it is revoked with that one. `valid_from`: the account's.
    """

    account_id: int | str
    channel_id: str | None = None
    refresh_jti: str | None = None
    valid_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. `user_id` is an account's id as text; for the rest see `Subject`."""

    user_id: str
    kind: TokenKind
    jti: str
    issued_at: datetime
    expires_at: datetime
    channel_id: str | None = None
    refresh_jti: str | None = None

    @property
    def account_id(self) -> int:
        """The account's id; 0, which none has, where `user_id` cannot be one."""
        return int(self.user_id) if _ACCOUNT_ID.fullmatch(self.user_id) else 0

    def is_older_than(self, valid_from: datetime | None) -> bool:
        """Return whether it was issued before the tokens of its account were revoked."""
        return valid_from is not None and self.issued_at < valid_from


class Tokens:
    """Issues and reads the tokens of one site; lifetimes are in seconds.

    Keyring and lifetimes may be replaced at any moment, for all tokens from then on.
    """

    def __init__(self, keyring: Keyring, access_s: int, refresh_s: int) -> None:
        self.keyring = keyring
        self.access_s = access_s
        self.refresh_s = refresh_s

    def issue(
        self,
        kind: TokenKind,
        subject: Subject,
        lifetime_s: int | None = None,
        now: datetime | None = None,
    ) -> str:
        """Return a token for somebody; without `lifetime_s` it lives as long as others do.

        `now` is a moment before it was asked whether its subject may have it.
        """
        moment = max(now or utc_now(), subject.valid_from or datetime.min.replace(tzinfo=UTC))
        issued_at = int(moment.timestamp())
        usual_s = self.access_s if kind == "access" else self.refresh_s
        claims: dict[str, object] = {
            "token_type": kind,
            "exp": issued_at + (usual_s if lifetime_s is None else lifetime_s),
            "iat": issued_at,
            "jti": uuid4().hex,
            "user_id": str(subject.account_id),
        }
        if subject.channel_id is not None:
            claims["channel_id"] = subject.channel_id
        if subject.refresh_jti is not None:
            claims["refresh_jti"] = subject.refresh_jti
        return jwt.encode(claims, self.keyring.current, algorithm="HS256")

    def read(
        self, token: str, kind: TokenKind | None = None, now: datetime | None = None
    ) -> Claims:
        """Return what a token says; `kind` None takes both.

        Raises TokenInvalid, TokenWrongType or TokenExpired. The signature counts before the date:
        whoever forges an expired token does not learn that it is expired. Whether it was revoked
        is in the store.
        """
        now = now or utc_now()
        claims = claims_of(self.verified(token, now))
        if kind is not None and claims.kind != kind:
            raise TokenWrongType(f"This is not an {kind} token.")
        if claims.expires_at <= now:
            raise TokenExpired("The token is expired; refresh it.")
        return claims

    def verified(self, token: str, now: datetime | None = None) -> dict[str, Any]:
        """Return the claims of a token that this site signed, expired or not.

        Raises TokenInvalid.
        """
        for secret in self.keyring.believed(now):
            try:
                return jwt.decode(
                    token,
                    _key(secret),
                    algorithms=["HS256"],
                    options={"verify_exp": False, "verify_iat": False, "require": list(_CLAIMS)},
                )
            except (jwt.InvalidSignatureError, jwt.InvalidKeyError):
                continue
            # A token is bytes from a stranger: PyJWT lets a few plain errors of decoding through.
            except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
                raise TokenInvalid(_FOREIGN) from error
        raise TokenInvalid(_FOREIGN)


def _key(secret: str) -> bytes:
    """Return the key that a secret is.

    That of another site may be of any length, and PyJWT complains of less than 32 bytes. HMAC fills
    a short key up with zeros (RFC 2104), so this one signs the same.
    """
    return secret.encode().ljust(32, b"\0")


def claims_of(raw: dict[str, Any]) -> Claims:
    """Return the claims of a token of this site. Raises TokenInvalid."""
    kind, user_id, jti = raw["token_type"], raw["user_id"], raw["jti"]
    channel_id, refresh_jti = raw.get("channel_id"), raw.get("refresh_jti")
    if kind not in ("access", "refresh") or not isinstance(user_id, str):
        raise TokenInvalid(_FOREIGN)
    if not isinstance(channel_id, str | None) or not isinstance(refresh_jti, str | None):
        raise TokenInvalid(_FOREIGN)
    try:
        issued_at, expires_at = _moment(raw["iat"]), _moment(raw["exp"])
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise TokenInvalid("The token's dates are not dates.") from error
    return Claims(user_id, kind, jti, issued_at, expires_at, channel_id, refresh_jti)


def _moment(seconds: object) -> datetime:
    if not isinstance(seconds, int):
        raise TypeError(seconds)
    return datetime.fromtimestamp(seconds, UTC)
