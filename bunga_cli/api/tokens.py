"""`/api/token/`: access and refresh tokens for a password, and for each other."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from pydantic import BaseModel

from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.errors import ApiError
from bunga_cli.api.logins import address_of
from bunga_cli.auth.tokens import (
    Claims,
    Subject,
    TokenExpired,
    TokenKind,
    TokenRevoked,
    Tokens,
    TokenWrongType,
)
from bunga_cli.auth.verification import Banned, UserNotFound, account_of
from bunga_cli.errors import BungaError, StorageError
from bunga_cli.plugin.bodies import Body, Text, checked, documented, read_fields
from bunga_cli.store.rows import StandingRow

router = APIRouter(prefix="/api/token", tags=["players"])


class TokenPair(BaseModel):
    """Two tokens: one that opens doors, one that buys new ones."""

    refresh: str
    access: str

    @classmethod
    def issued(cls, tokens: Tokens, account: StandingRow) -> "TokenPair":
        """Return new tokens for an account."""
        subject = Subject(account.id, valid_from=account.tokens_valid_from)
        return cls(
            refresh=tokens.issue("refresh", subject, now=account.as_of),
            access=tokens.issue("access", subject, now=account.as_of),
        )


class AccessToken(BaseModel):
    """A new access token."""

    access: str


class Login(Body):
    """An account's name and password."""

    username: Text
    password: Text


class RefreshRequest(Body):
    """A refresh token."""

    refresh: Text


class VerifyRequest(Body):
    """A token of either kind."""

    token: Text


@router.post("", openapi_extra=documented(Login))
async def obtain(request: Request, context: Context) -> TokenPair:
    """Exchange a password for tokens."""
    login = checked(Login, (await read_fields(request)).values)
    standing = await _logged_in(login, request, context)
    if standing is None:
        await context.audit.sign_in_failed(login.username, address_of(request), "api")
        detail = "No active account found with the given credentials"
        raise ApiError(HTTPStatus.UNAUTHORIZED, {"detail": detail})
    if standing.is_banned:
        raise _refused(Banned())
    return TokenPair.issued(context.tokens, standing)


@router.post("/refresh", openapi_extra=documented(RefreshRequest))
async def refresh(request: Request, context: Context) -> AccessToken:
    """Exchange a refresh token for an access token, if its account is still there."""
    body = checked(RefreshRequest, (await read_fields(request)).values)
    claims, account = await _verified(body.refresh, "refresh", context)
    subject = Subject(account.id, claims.channel_id, claims.jti, account.tokens_valid_from)
    return AccessToken(access=context.tokens.issue("access", subject, now=account.as_of))


@router.post("/verify", openapi_extra=documented(VerifyRequest))
async def verify(request: Request, context: Context) -> dict[str, str]:
    """Answer 200 and an empty object if a token is good."""
    body = checked(VerifyRequest, (await read_fields(request)).values)
    await _verified(body.token, None, context)
    return {}


async def _logged_in(login: Login, request: Request, context: AppContext) -> StandingRow | None:
    logins = context.logins
    account = await context.store.accounts.by_name(login.username)
    if account is None:
        return None
    verified = await logins.verify(account, login.password, address_of(request))
    return await logins.confirmed(verified) if verified else None


async def _verified(
    token: str, kind: TokenKind | None, context: AppContext
) -> tuple[Claims, StandingRow]:
    try:
        return await account_of(token, context.tokens, context.store, kind)
    except StorageError:  # which says nothing of the token
        raise
    except BungaError as error:
        raise _refused(error) from error


_DETAILS: dict[type[BungaError], str] = {
    TokenExpired: "Token is expired",
    TokenWrongType: "Token has wrong type",
    TokenRevoked: "Token is revoked",
    UserNotFound: "User not found",
}


def _refused(error: BungaError) -> ApiError:
    if isinstance(error, Banned):
        return ApiError(HTTPStatus.FORBIDDEN, {"detail": str(error), "code": error.code})
    detail = _DETAILS.get(type(error), "Token is invalid")
    return ApiError(HTTPStatus.UNAUTHORIZED, {"detail": detail, "code": "token_not_valid"})
