"""What has to be written so that a site has all that the original has: a comparison, and no more.

What is there already is not touched. Accounts keep the numbers that they have in the original,
since those are in its tokens.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bunga_cli.api.channel_ids import ChannelId
from bunga_cli.auth.passwords import is_readable
from bunga_cli.auth.people import RESERVED
from bunga_cli.importing.existing import Existing
from bunga_cli.importing.original import OldChannel, Original, User
from bunga_cli.importing.report import Kind, Report
from bunga_cli.store.rows import AccountRow

Values = dict[str, Any]
"""A row of one of our tables."""

INACTIVE = "inactive in the original"
"""Why somebody is banned who was switched off there."""

_CHANNEL_ID: TypeAdapter[str] = TypeAdapter(ChannelId)


@dataclass(slots=True)
class Plan:
    """Rows to be written, by table. `highest_account_id`: none below it is ever given anew.

    `positions` are those of records that are there: number and microseconds.
    """

    highest_account_id: int = 0
    accounts: list[Values] = field(default_factory=list)
    exclusions: list[Values] = field(default_factory=list)
    channels: list[Values] = field(default_factory=list)
    members: list[Values] = field(default_factory=list)
    channel_plugin_settings: list[Values] = field(default_factory=list)
    records: list[Values] = field(default_factory=list)
    positions: list[tuple[int, int]] = field(default_factory=list)
    subtitles: list[Values] = field(default_factory=list)
    client_logs: list[Values] = field(default_factory=list)


@dataclass(slots=True)
class Comparison:
    """What all comparisons have: both sides, when it is, and where the outcome goes.

    `accounts` are the numbers here of the original's users; a user that is not taken over has none.
    """

    original: Original
    existing: Existing
    now: datetime
    report: Report
    plan: Plan = field(default_factory=Plan)
    accounts: dict[int, int] = field(default_factory=dict)
    channels: set[str] = field(default_factory=set)


def compare_channels(on: Comparison) -> None:
    """Plan the channels."""
    on.channels |= on.existing.channels
    for channel in on.original.channels:
        if channel.channel_id in on.channels:
            on.report.is_there(Kind.CHANNEL)
        elif not _can_be_id(channel.channel_id):
            sentence = "such an id cannot stand in an address."
            on.report.loss(Kind.CHANNEL, channel.channel_id, sentence)
        else:
            on.plan.channels.append(_channel(channel, on.now))
            on.channels.add(channel.channel_id)
            on.report.comes(Kind.CHANNEL)


def _can_be_id(channel_id: str) -> bool:
    try:
        return _CHANNEL_ID.validate_python(channel_id) == channel_id
    except ValidationError:
        return False


def _channel(channel: OldChannel, now: datetime) -> Values:
    return {
        "id": channel.channel_id,
        "name": channel.name or channel.channel_id,
        "allow_new_client": channel.allow_new_client,
        "on_join": None,
        "created_at": now,
    }


def compare_accounts(on: Comparison) -> None:
    """Plan the accounts."""
    names = {account.username: account for account in on.existing.accounts}
    taken = {account.id for account in on.existing.accounts}
    highest = max((*taken, on.original.highest_user_id), default=0)
    came: set[str] = set()
    for user in on.original.users:
        kind = Kind.ADMIN if user.is_admin else Kind.ACCOUNT
        if user.username in came or user.id in on.accounts:
            sentence = f"the original has another user of this name, or of its number {user.id}."
            on.report.loss(kind, user.username, sentence)
        elif user.username in names:
            _keep(on, kind, user, names[user.username])
        elif not user.username or (user.username in RESERVED and not user.is_admin):
            on.report.loss(kind, user.username, "nobody may have such a name here.")
        else:
            account_id = user.id
            if account_id in taken:
                highest = account_id = highest + 1
                sentence = f"its number {user.id} is another's here; it gets {account_id}."
                on.report.warn(kind, user.username, sentence)
            came.add(user.username)
            _add(on, kind, user, account_id)
    on.plan.highest_account_id = highest


def is_same(user: User, account: AccountRow) -> bool:
    """Return whether an account is the one that was made of this user before.

    A login replaces the hash. What then remains is the moment at which the original made it.
    """
    return user.username == account.username and (
        user.password == account.password_hash or user.date_joined == account.created_at
    )


def strangers(original: Original, existing: Existing) -> list[AccountRow]:
    """Return the accounts whose doors the original's tokens would open, though not made for them.

    A token names its account by number.
    """
    users = {user.id: user for user in original.users}

    def is_stranger(account: AccountRow) -> bool:
        user = users.get(account.id)
        is_known = user is not None and is_same(user, account)
        return account.id <= original.highest_user_id and not is_known

    return [account for account in existing.accounts if is_stranger(account)]


def _keep(on: Comparison, kind: Kind, user: User, account: AccountRow) -> None:
    if is_same(user, account):
        on.accounts[user.id] = account.id
        on.report.is_there(kind)
        return
    sentence = (
        "an account of this name is here already, with another password. It is kept as it is, and"
        " gets none of the memberships."
    )
    on.report.conflict(kind, user.username, sentence)


def _add(on: Comparison, kind: Kind, user: User, account_id: int) -> None:
    on.accounts[user.id] = account_id
    on.report.comes(kind)
    on.plan.accounts.append(
        {
            "id": account_id,
            "username": user.username,
            "password_hash": user.password,
            "is_admin": user.is_admin,
            "created_at": user.date_joined,
        }
    )
    if not is_readable(user.password):
        sentence = (
            "its password is kept in a way that is not known here, or it has none; set one with"
            " `bunga accounts reset-password`."
        )
        on.report.warn(kind, user.username, sentence)
    if not user.is_active:
        on.report.warn(kind, user.username, "it was switched off, and is banned here.")
        on.plan.exclusions.append(
            {"account_id": account_id, "reason": INACTIVE, "created_at": on.now}
        )


def compare_memberships(on: Comparison) -> None:
    """Plan who is a member of what."""
    users = {user.id: user for user in on.original.users}
    known = set(on.existing.members)
    for channel_id, user_id in on.original.memberships:
        account_id = on.accounts.get(user_id)
        if channel_id not in on.channels:
            sentence = f"there is no channel {channel_id!r}."
            on.report.loss(Kind.MEMBERSHIP, _name(users, user_id), sentence)
        elif account_id is None:
            sentence = f"its account is not taken over; it was a member of {channel_id!r}."
            on.report.loss(Kind.MEMBERSHIP, _name(users, user_id), sentence)
        elif (channel_id, account_id) in known:
            on.report.is_there(Kind.MEMBERSHIP)
        else:
            known.add((channel_id, account_id))
            joined_at = users[user_id].date_joined
            row = {"channel_id": channel_id, "account_id": account_id, "joined_at": joined_at}
            on.plan.members.append(row)
            on.report.comes(Kind.MEMBERSHIP)


def _name(users: Mapping[int, User], user_id: int) -> str:
    user = users.get(user_id)
    return user.username if user else f"user {user_id}"
