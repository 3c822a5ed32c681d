"""`/api/v1/channels/…/members`: the accounts in a channel."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from bunga_cli.api.context import Context
from bunga_cli.api.noting import NotedRoute
from bunga_cli.api.v1.accounts import Closed, Shown
from bunga_cli.auth.people import MemberView
from bunga_cli.paths import ACCOUNT, CHANNEL_ID

router = APIRouter(
    prefix=f"/channels/{CHANNEL_ID}/members", tags=["v1 channels"], route_class=NotedRoute
)


class Member(Shown):
    """An account in a channel. `excluded`: null, `ban`, or `kick`, which is over at `until`."""

    username: str
    is_admin: bool
    joined_at: datetime
    excluded: str | None
    until: datetime | None
    sockets: int
    seen_as: str | None
    seen_at: datetime | None


class Members(BaseModel):
    """The members of a channel."""

    members: list[Member]


def members_of(views: list[MemberView]) -> Members:
    """Return members as shown."""
    return Members(members=[Member.model_validate(view) for view in views])


@router.get("")
async def list_members(channel_id: str, context: Context) -> Members:
    """Return the members of a channel, by name."""
    return members_of(await context.people.members(channel_id))


@router.put(f"/{ACCOUNT}")
async def add_member(channel_id: str, name: str, context: Context) -> Member:
    """Make an account a member of a channel."""
    return Member.model_validate(await context.people.add_member(channel_id, name))


@router.delete(f"/{ACCOUNT}")
async def remove_member(channel_id: str, name: str, context: Context) -> Closed:
    """End a membership. If the channel is open, the account may register again."""
    return Closed(closed=await context.people.remove_member(channel_id, name))
