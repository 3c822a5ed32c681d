"""`/api/token/`: access and refresh tokens for a password, and for each other."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from pydantic import BaseModel

from bunga_cli.api.bodies import Body, Text, checked, documented, read_fields
from bunga_cli.api.context import Context
from bunga_cli.api.errors import ApiError
from bunga_cli.api.logins import address_of
from bunga_cli.auth.tokens import Claims, TokenExpired, TokenKind, Tokens, TokenWrongType
from bunga_cli.errors import Unauthorized

router = APIRouter(prefix="/api/token", tags=["players"])


class TokenPair(BaseModel):
    """Two tokens: one that opens doors, one that buys new ones."""

    refresh: str
    access: str

    @classmethod
    def issued(cls, tokens: Tokens, account_id: int) -> "TokenPair":
        """Return new tokens for an account."""
        return cls(refresh=tokens.issue_refresh(account_id), access=tokens.issue_access(account_id))


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
    account = await context.store.accounts.by_name(login.username)
    if account is None or not await request.app.state.logins.verify(
        account, login.password, address_of(request)
    ):
        detail = "No active account found with the given credentials"
        raise ApiError(HTTPStatus.UNAUTHORIZED, {"detail": detail})
    return TokenPair.issued(context.tokens, account.id)


@router.post("/refresh", openapi_extra=documented(RefreshRequest))
async def refresh(request: Request, context: Context) -> AccessToken:
    """Exchange a refresh token for an access token, if its account is still there."""
    body = checked(RefreshRequest, (await read_fields(request)).values)
    account_id = _read(context.tokens, body.refresh, "refresh").account_id
    if await context.store.accounts.by_id(account_id) is None:
        raise _not_valid("User not found")
    return AccessToken(access=context.tokens.issue_access(account_id))


@router.post("/verify", openapi_extra=documented(VerifyRequest))
async def verify(request: Request, context: Context) -> dict[str, str]:
    """Answer 200 and an empty object if a token is good."""
    body = checked(VerifyRequest, (await read_fields(request)).values)
    _read(context.tokens, body.token, None)
    return {}


def _read(tokens: Tokens, token: str, kind: TokenKind | None) -> Claims:
    try:
        return tokens.read(token, kind)
    except TokenExpired as error:
        raise _not_valid("Token is expired") from error
    except TokenWrongType as error:
        raise _not_valid("Token has wrong type") from error
    except Unauthorized as error:
        raise _not_valid("Token is invalid") from error


def _not_valid(detail: str) -> ApiError:
    body = {"detail": detail, "code": "token_not_valid"}
    return ApiError(HTTPStatus.UNAUTHORIZED, body)
