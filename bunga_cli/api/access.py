"""Who may ask for what, worded as the original does, and on `/api/v1` as we do."""

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated, ClassVar

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency
from fastapi.security import HTTPBearer

from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.errors import ApiError, no_credentials, no_permission
from bunga_cli.auth.api_tokens import ALL_SCOPES, PREFIX, Scope, granted
from bunga_cli.auth.tokens import TokenExpired, TokenInvalid
from bunga_cli.auth.verification import account_of, api_token_of
from bunga_cli.errors import BungaError, Forbidden, StorageError, Unauthorized
from bunga_cli.store.rows import AccountRow


class BadHeader(Unauthorized):
    """Report an `Authorization: Bearer` header without exactly one token."""

    code: ClassVar[str] = "bad_authorization_header"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what for at most.

    `account` is None for an API token, for the owner of the data folder, who asks through the Unix
    socket, and for nobody. `name` is for people. `channel_id`: the only channel that the caller's
    token is for; None: all. `is_token`: an API token asks.
    """

    account: AccountRow | None = None
    scopes: frozenset[Scope] = frozenset()
    name: str = ""
    channel_id: str | None = None
    is_token: bool = False

    @property
    def actor(self) -> str:
        """The name in the audit log, where a token is not to be taken for an account."""
        return f"token {self.name}" if self.is_token else self.name

    @property
    def is_admin(self) -> bool:
        """Whether the caller may do everything."""
        return "admin" in self.scopes and self.channel_id is None

    @property
    def is_anonymous(self) -> bool:
        """Whether nothing is known of the caller."""
        return not self.name

    def may_enter(self, channel_id: str | None) -> bool:
        """Return whether the caller's token is good for this channel."""
        return self.channel_id in (None, channel_id)


OWNER = Caller(scopes=ALL_SCOPES, name="admin")
"""Whoever may open the Unix socket in the data folder."""

ANONYMOUS = Caller()


async def identify(request: Request, context: AppContext) -> Caller:
    """Return who asks, perhaps nobody, and keep it as `request.state.caller`.

    Raises Unauthorized for a token that is not good, and Forbidden for one of a banned account.
    """
    caller = request.state.caller = await _identify(request, context)
    return caller


async def _identify(request: Request, context: AppContext) -> Caller:
    token = _bearer_token(request.headers.get("authorization", ""))
    if token is None:
        return OWNER if is_local(request) else ANONYMOUS
    caller = await (_by_api_token if token.startswith(PREFIX) else _by_access)(token, context)
    return replace(caller, scopes=ALL_SCOPES, channel_id=None) if is_local(request) else caller


def is_local(request: Request) -> bool:
    """Return whether a request came through the Unix socket in the data folder."""
    return request.scope.get("bunga.local") is True


async def _by_access(token: str, context: AppContext) -> Caller:
    claims, account = await account_of(token, context.tokens, context.store)
    scopes = ALL_SCOPES if account.is_admin else frozenset()
    return Caller(account, scopes, account.username, claims.channel_id)


async def _by_api_token(token: str, context: AppContext) -> Caller:
    row = await api_token_of(token, context.store)
    name = row.account or row.name or row.id
    return Caller(None, granted(row.scopes), name, row.channel_id, is_token=True)


def _bearer_token(header: str) -> str | None:
    scheme, *tokens = header.split() or [""]
    if scheme.lower() != "bearer":
        return None
    if len(tokens) != 1:
        raise BadHeader("Authorization header must contain two space-delimited values")
    return tokens[0]


# Of FastAPI's own scheme only the description is used: it makes the docs page ask for a token.
_BEARER = Depends(HTTPBearer(auto_error=False, description="An access token, or an API token."))


async def _caller(
    request: Request, context: Context, _documented: Annotated[object, _BEARER]
) -> Caller:
    return await caller_of(request, context)


async def caller_of(request: Request, context: AppContext) -> Caller:
    """Return who asks, perhaps nobody. Raises ApiError for a bearer token that is not good."""
    try:
        return await identify(request, context)
    except StorageError:  # which says nothing of who asks
        raise
    except BungaError as error:
        raise _as_original(error) from error


def _as_original(error: BungaError) -> ApiError:
    body = {"code": error.code}
    if not isinstance(error, TokenExpired | TokenInvalid):
        body["detail"] = str(error)
    return ApiError(HTTPStatus.FORBIDDEN, body)


ANY_CALLER = Depends(_caller)
"""A route dependency: anybody, but a bad token is refused."""

AnyCaller = Annotated[Caller, ANY_CALLER]
"""Who asks, perhaps nobody."""


async def _account(request: Request, caller: AnyCaller) -> AccountRow:
    if caller.account is None:
        raise no_credentials()
    if not caller.may_enter(request.path_params.get("channel_id", caller.channel_id)):
        raise no_permission()
    return caller.account


Account = Annotated[AccountRow, Depends(_account)]
"""The account that asks; anonymous callers are refused."""


async def _admin(caller: AnyCaller) -> None:
    if caller.is_anonymous:
        raise no_credentials()
    if not caller.is_admin:
        raise no_permission()


ADMIN_ONLY = Depends(_admin)
"""A route dependency: admins, and whoever may open the Unix socket."""


async def _v1_caller(
    request: Request, context: Context, _documented: Annotated[object, _BEARER]
) -> Caller:
    caller = await identify(request, context)
    if caller.is_anonymous:
        raise Unauthorized(
            "Send an API token or an admin's access token as `Authorization: Bearer <token>`."
        )
    return caller


V1Caller = Annotated[Caller, Depends(_v1_caller)]
"""Who asks for something of `/api/v1`; anonymous callers are refused."""


class Needs:
    """What scope a caller of `/api/v1` needs, to look at something and to change it."""

    def __init__(self, read: Scope, write: Scope) -> None:
        self.read, self.write = read, write

    async def __call__(self, request: Request, caller: V1Caller) -> None:
        """Refuse a caller that may not do this."""
        scope = self.read if request.method in ("GET", "HEAD") else self.write
        if scope not in caller.scopes:
            raise Forbidden(
                "Only an admin may do this."
                if caller.account
                else f"This token may not do this: it lacks the scope {scope}."
            )
        if not caller.may_enter(request.path_params.get("channel_id", "")):
            raise Forbidden(f"This token is for the channel {caller.channel_id} alone.")


def needs(read: Scope, write: Scope | None = None) -> Dependency:
    """Return the dependency of routes that need `read` for GET, and `write` for all else."""
    dependency: Dependency = Depends(Needs(read, write or read))
    return dependency
