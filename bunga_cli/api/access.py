"""Who may ask for what, worded as the original does."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.errors import ApiError
from bunga_cli.auth.tokens import TokenExpired, TokenInvalid
from bunga_cli.errors import BungaError, Forbidden, Unauthorized
from bunga_cli.store.rows import AccountRow


class BadHeader(Unauthorized):
    """Report an `Authorization: Bearer` header without exactly one token."""

    code = "bad_authorization_header"


class UserNotFound(Unauthorized):
    """Report a good token of an account that is gone."""

    code = "user_not_found"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an account, the owner of the data folder through the Unix socket, or nobody."""

    account: AccountRow | None
    is_local: bool

    @property
    def is_admin(self) -> bool:
        """Whether the caller may do everything."""
        return self.is_local or (self.account is not None and self.account.is_admin)

    @property
    def is_anonymous(self) -> bool:
        """Whether nothing is known of the caller."""
        return self.account is None and not self.is_local


async def identify(request: Request, context: AppContext) -> Caller:
    """Return who asks, perhaps nobody. Raises Unauthorized for a bearer token that is not good."""
    token = _bearer_token(request.headers.get("authorization", ""))
    account = None if token is None else await account_of(token, context)
    return Caller(account, is_local=request.scope.get("bunga.local") is True)


async def account_of(token: str, context: AppContext) -> AccountRow:
    """Return the account an access token was issued to. Raises Unauthorized."""
    claims = context.tokens.read(token, "access")
    account = await context.store.accounts.by_id(claims.account_id)
    if account is None:
        raise UserNotFound("User not found")
    return account


def _bearer_token(header: str) -> str | None:
    scheme, *tokens = header.split() or [""]
    if scheme.lower() != "bearer":
        return None
    if len(tokens) != 1:
        raise BadHeader("Authorization header must contain two space-delimited values")
    return tokens[0]


# Of FastAPI's own scheme only the description is used: it makes the docs page ask for a token.
_BEARER = Depends(HTTPBearer(auto_error=False, description="An access token."))


async def _caller(
    request: Request, context: Context, _documented: Annotated[object, _BEARER]
) -> Caller:
    return await caller_of(request, context)


async def caller_of(request: Request, context: AppContext) -> Caller:
    """Return who asks, perhaps nobody. Raises ApiError for a bearer token that is not good."""
    try:
        return await identify(request, context)
    except BungaError as error:
        raise _as_original(error) from error


def _as_original(error: BungaError) -> ApiError:
    body = {"code": error.code}
    if not isinstance(error, TokenExpired | TokenInvalid):
        body["detail"] = str(error)
    return ApiError(HTTPStatus.FORBIDDEN, body)


ANY_CALLER = Depends(_caller)
"""A route dependency: anybody, but a bad token is refused."""


async def _account(caller: Annotated[Caller, ANY_CALLER]) -> AccountRow:
    if caller.account is None:
        raise no_credentials()
    return caller.account


Account = Annotated[AccountRow, Depends(_account)]
"""The account that asks; anonymous callers are refused."""


async def _admin(caller: Annotated[Caller, ANY_CALLER]) -> None:
    if caller.is_anonymous:
        raise no_credentials()
    if not caller.is_admin:
        raise no_permission()


ADMIN_ONLY = Depends(_admin)
"""A route dependency: admins, and whoever may open the Unix socket."""


def no_credentials() -> ApiError:
    """Return the refusal for somebody who did not say who it is."""
    detail = "Authentication credentials were not provided."
    return ApiError(HTTPStatus.FORBIDDEN, {"detail": detail})


def no_permission() -> ApiError:
    """Return the refusal for an account that may not do this."""
    detail = "You do not have permission to perform this action."
    return ApiError(HTTPStatus.FORBIDDEN, {"detail": detail})


async def _v1_admin(
    request: Request, context: Context, _documented: Annotated[object, _BEARER]
) -> None:
    caller = await identify(request, context)
    if caller.is_anonymous:
        raise Unauthorized("Send an admin's access token as `Authorization: Bearer <token>`.")
    if not caller.is_admin:
        raise Forbidden("Only an admin may do this.")


V1_ADMIN_ONLY = Depends(_v1_admin)
"""As ADMIN_ONLY, with the errors of `/api/v1`."""
