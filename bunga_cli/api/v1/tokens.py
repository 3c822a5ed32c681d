"""`/api/v1/tokens`: tokens made by hand, and the end of any token."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints, model_validator

from bunga_cli.api.context import Context
from bunga_cli.api.noting import NotedRoute
from bunga_cli.api.v1.accounts import Shown
from bunga_cli.api.v1.schema import AccountName, StrictBody
from bunga_cli.auth.api_tokens import Scope
from bunga_cli.auth.token_office import Order
from bunga_cli.auth.token_views import Inspection as Found
from bunga_cli.auth.token_views import TokenView
from bunga_cli.units import DAY, SECOND

router = APIRouter(prefix="/tokens", tags=["v1 tokens"], route_class=NotedRoute)

Kind = Literal["access", "refresh", "api"]


class Token(Shown):
    """A token made by hand. `id` is its jti or, of an API token, `tok_…`.

    `state`: `valid`, `expired` or `revoked`.
    """

    id: str
    kind: str
    name: str
    account: str | None
    channel_id: str | None
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    state: str


class Tokens(BaseModel):
    """All tokens made by hand."""

    tokens: list[Token]


class IssuedToken(Token):
    """A new token. It is shown this once."""

    token: str


class NewToken(StrictBody):
    """A token to make.

    Access and refresh tokens are for an account, which becomes a member of the channel; API tokens
    have scopes. Without `expires_us` a token lives as long as others of its kind, an API token for
    ever. `create_account` makes the account if there is none.
    """

    kind: Kind
    account: AccountName | None = None
    channel_id: str | None = None
    expires_us: Annotated[int, Field(ge=SECOND, le=36_500 * DAY)] | None = None
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    scopes: list[Scope] = Field(default_factory=list)
    create_account: bool = False

    def order(self) -> Order:
        """Return what is wanted."""
        return Order(**{name: getattr(self, name) for name in type(self).model_fields})


class TokenText(StrictBody):
    """A token."""

    token: Annotated[str, StringConstraints(max_length=10_000)]


class Inspection(BaseModel):
    """What a token is. `problem`: why it is not valid, in a sentence."""

    id: str | None
    kind: str | None
    valid: bool
    problem: str | None
    account: str | None
    channel_id: str | None
    scopes: Sequence[str]
    issued_at: datetime | None
    expires_at: datetime | None
    claims: dict[str, Any] | None

    @classmethod
    def of(cls, found: Found) -> "Inspection":
        """Return what was found, as shown."""
        return cls(
            id=found.id,
            kind=found.kind,
            valid=found.problem is None,
            problem=found.problem,
            account=found.account,
            channel_id=found.channel_id,
            scopes=found.scopes,
            issued_at=found.issued_at,
            expires_at=found.expires_at,
            claims=found.claims,
        )


class Revoke(StrictBody):
    """What to take back: one token, all of an account, or all there are."""

    id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None = None
    account: AccountName | None = None
    all: Literal[True] | None = None

    @model_validator(mode="after")
    def _is_one_of_them(self) -> "Revoke":
        if [self.id, self.account, self.all].count(None) != 2:  # noqa: PLR2004  of three
            raise ValueError("give exactly one of id, account, all")
        return self


class Revoked(BaseModel):
    """How many tokens, null if nobody can say, and how many sockets were closed."""

    revoked: int | None
    closed: int


def tokens_of(views: list[TokenView]) -> Tokens:
    """Return tokens as shown."""
    return Tokens(tokens=[Token.model_validate(view) for view in views])


@router.get("")
async def list_tokens(context: Context) -> Tokens:
    """Return the tokens made by hand, the oldest first; those of players are not written down."""
    return tokens_of(await context.token_office.list())


@router.post("", status_code=HTTPStatus.CREATED)
async def issue_token(new: NewToken, context: Context) -> IssuedToken:
    """Make a token."""
    view, token = await context.token_office.issue(new.order())
    return IssuedToken(**Token.model_validate(view).model_dump(), token=token)


@router.post("/inspect")
async def inspect_token(text: TokenText, context: Context) -> Inspection:
    """Return what a token is, and whether it is good."""
    return Inspection.of(await context.token_office.inspect(text.token))


@router.post("/revoke")
async def revoke_tokens(what: Revoke, context: Context) -> Revoked:
    """Take tokens back; sockets that were opened with them are closed."""
    office = context.token_office
    if what.id is not None:
        revocation = await office.revoke(what.id)
    else:
        revocation = await office.revoke_of(what.account)
    return Revoked(revoked=revocation.revoked, closed=revocation.closed)
