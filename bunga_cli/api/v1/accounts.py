"""`/api/v1/accounts`: everybody who ever registered."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from bunga_cli.api.context import Context
from bunga_cli.api.noting import NotedRoute
from bunga_cli.api.v1.schema import Password, StrictBody
from bunga_cli.auth.people import AccountDetails, AccountView
from bunga_cli.paths import ACCOUNT

router = APIRouter(prefix="/accounts", tags=["v1 accounts"], route_class=NotedRoute)

Search = Annotated[
    str, Query(max_length=200, description="A part of the name, or of what it was seen as.")
]
SeenAs = Annotated[bool, Query(description="Whether `name` may be what it was last seen as.")]
Among = Annotated[str | None, Query(description="With `seen_as`: only who is of this channel.")]
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000)]


class Shown(BaseModel):
    """Made from a value that has the same attributes."""

    model_config = ConfigDict(from_attributes=True)


class Account(Shown):
    """An account. `channels` and `sockets` are numbers; `banned`: from the whole site.

    `seen_as`: what it was last called in a room, at `seen_at`.
    """

    id: int
    username: str
    is_admin: bool
    created_at: datetime
    channels: int
    sockets: int
    banned: bool
    seen_as: str | None
    seen_at: datetime | None


class Accounts(BaseModel):
    """Some accounts, and how many there are in all."""

    accounts: list[Account]
    total: int


class Membership(Shown):
    """A channel of an account. `excluded`: null, `ban`, or `kick`, which is over at `until`."""

    channel_id: str
    joined_at: datetime
    excluded: str | None
    until: datetime | None


class Exclusion(Shown):
    """What keeps an account out. `kind`: `ban` or `kick`; no channel means the whole site."""

    kind: str
    channel_id: str | None
    until: datetime | None
    reason: str
    created_at: datetime


class Connection(Shown):
    """An open socket. `generation` is what its player speaks, null until it has joined."""

    channel_id: str
    since: datetime
    address: str
    generation: str | None


class WholeAccount(Account):
    """An account, and all that is known of it."""

    memberships: list[Membership]
    exclusions: list[Exclusion]
    connections: list[Connection]

    @classmethod
    def of(cls, details: AccountDetails) -> "WholeAccount":
        """Return an account as shown."""
        return cls(
            **Account.model_validate(details.account).model_dump(),
            memberships=[Membership.model_validate(one) for one in details.memberships],
            exclusions=[Exclusion.model_validate(one) for one in details.exclusions],
            connections=[Connection.model_validate(one) for one in details.connections],
        )


class Place(StrictBody):
    """Where: in one channel; null or left out means everywhere."""

    channel_id: str | None = None


class Ban(Place):
    """Where somebody may not come in any more, and why; the reason is for admins."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = ""


class Closed(BaseModel):
    """How many sockets were closed."""

    closed: int


class Kick(Closed):
    """Who was kicked stays out of these channels until then."""

    channels: list[str]
    until: datetime


class NewPassword(StrictBody):
    """A password; null or left out: one is made."""

    password: Password | None = None


class ResetPassword(BaseModel):
    """An account's password, shown this once."""

    password: str


def accounts_of(views: list[AccountView], total: int) -> Accounts:
    """Return accounts as shown."""
    return Accounts(accounts=[Account.model_validate(view) for view in views], total=total)


@router.get("")
async def list_accounts(
    context: Context, search: Search = "", limit: Limit = 100, offset: Offset = 0
) -> Accounts:
    """Return accounts by name, at most `limit` of them, from number `offset` on."""
    return accounts_of(*await context.people.search(search, limit, offset))


@router.get(f"/{ACCOUNT}")
async def show_account(
    name: str, context: Context, seen_as: SeenAs = False, channel_id: Among = None
) -> WholeAccount:
    """Return one account."""
    return WholeAccount.of(await context.people.show(name, channel_id, seen_as=seen_as))


@router.delete(f"/{ACCOUNT}")
async def delete_account(name: str, context: Context) -> Closed:
    """Delete an account with its memberships; its uploads stay."""
    return Closed(closed=await context.people.delete(name))


@router.post(f"/{ACCOUNT}/ban")
async def ban(name: str, ban: Ban, context: Context) -> Closed:
    """Keep an account out of a channel, or of the whole site."""
    return Closed(closed=await context.people.ban(name, ban.channel_id, ban.reason))


@router.post(f"/{ACCOUNT}/unban", status_code=HTTPStatus.NO_CONTENT, response_class=Response)
async def unban(name: str, place: Place, context: Context) -> None:
    """End a ban, and a kick."""
    await context.people.unban(name, place.channel_id)


@router.post(f"/{ACCOUNT}/kick")
async def kick(name: str, place: Place, context: Context) -> Kick:
    """Send an account out of a channel, or of all it is connected to, for ten minutes."""
    kicked = await context.people.kick(name, place.channel_id)
    return Kick(closed=kicked.closed, channels=kicked.channels, until=kicked.until)


@router.post(f"/{ACCOUNT}/reset-password")
async def reset_password(name: str, new: NewPassword, context: Context) -> ResetPassword:
    """Give an account another password, and revoke its tokens."""
    return ResetPassword(password=await context.people.reset_password(name, new.password))
