"""The administration of accounts: who there is, who is a member of what, who may not come in."""

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bunga_cli.auth import namesakes
from bunga_cli.auth.live import ConnectionView, LiveSockets
from bunga_cli.auth.passwords import hash_password
from bunga_cli.clock import utc_now
from bunga_cli.errors import Conflict, Invalid, NotFound
from bunga_cli.store import Store
from bunga_cli.store.rows import AccountRow, ExclusionRow

_SERVER = "server"
RESERVED = frozenset({_SERVER, "admin"})
"""Ids of senders that are no player: whoever has one speaks in its name. An admin may be admin."""

KICK = timedelta(minutes=10)
"""How long somebody who was kicked out of a channel stays out."""


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account among others. `channels` and `sockets` are numbers; `banned` from the site.

    `seen_as` is what it was last called in a room, at `seen_at`.
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


@dataclass(frozen=True, slots=True)
class ExclusionView:
    """What keeps an account out: `kind` is `ban` or `kick`, no channel means the whole site."""

    kind: str
    channel_id: str | None
    until: datetime | None
    reason: str
    created_at: datetime

    @classmethod
    def of(cls, row: ExclusionRow) -> "ExclusionView":
        """Return a stored exclusion as shown."""
        return cls(kind_of(row), row.channel_id, row.until, row.reason, row.created_at)


@dataclass(frozen=True, slots=True)
class MembershipView:
    """A channel of an account. `excluded` from it: None, `ban` or `kick`, which is until `until`.

    A ban from the site counts in every channel.
    """

    channel_id: str
    joined_at: datetime
    excluded: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """An account, and all that is known of it."""

    account: AccountView
    memberships: list[MembershipView]
    exclusions: list[ExclusionView]
    connections: list[ConnectionView]


@dataclass(frozen=True, slots=True)
class MemberView:
    """An account in a channel; for `excluded` and `until` see `MembershipView`."""

    username: str
    is_admin: bool
    joined_at: datetime
    excluded: str | None
    until: datetime | None
    sockets: int
    seen_as: str | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Kicked:
    """What a kick did: out of which channels, until when, and how many sockets were closed."""

    channels: list[str]
    until: datetime
    closed: int


class People:
    """The accounts of a running site: what is changed in the store holds for live sockets at once.

    Methods that name an account or a channel raise NotFound where there is none.
    """

    def __init__(self, store: Store, sockets: LiveSockets) -> None:
        self._store, self._sockets = store, sockets
        self.had_admin = False
        """Whether an admin was made or deleted here, so that the first one has been."""

    # -- looking ----------------------------------------------------------------------------------

    async def find(self, name: str) -> AccountRow:
        """Return the account of that name."""
        account = await self._store.accounts.by_name(name)
        if account is None:
            raise NotFound(f"There is no account {name!r}: `bunga accounts list` shows all.")
        return account

    async def recognize(self, name: str, channel_id: str | None = None) -> AccountRow:
        """Return the account of that name, or the only one that was last seen under it.

        With a channel only its members count, and who is connected to it. Raises Invalid where
        several were seen so.
        """
        account = await self._store.accounts.by_name(name)
        if account is not None:
            return account
        seen = await self._store.accounts.seen_as(name)
        if channel_id is not None:
            await self._require_channel(channel_id)
            members = {row.account_id for row in await self._store.channels.members(channel_id)}
            seen = [a for a in seen if a.id in members or self._sockets_in(channel_id, a.id)]
        if len(seen) > 1:
            raise namesakes.several(name, [account.username for account in seen])
        if not seen:
            where = f" in the channel {channel_id}" if channel_id is not None else ""
            problem = f"There is no account {name!r}, and nobody was seen as that{where}"
            raise NotFound(f"{problem}: `bunga accounts list` shows all.")
        return seen[0]

    async def search(
        self, text: str = "", limit: int = 100, offset: int = 0
    ) -> tuple[list[AccountView], int]:
        """Return the accounts whose names contain `text`, or what they were last seen as.

        They are sorted by name; and how many there are.
        """
        rows, total = await self._store.accounts.search(text, limit=limit, offset=offset)
        views = [
            AccountView(
                id=row.id,
                username=row.username,
                is_admin=row.is_admin,
                created_at=row.created_at,
                channels=row.channels,
                sockets=len(self._sockets.connections(row.id)),
                banned=row.is_banned,
                seen_as=row.seen_as,
                seen_at=row.seen_at,
            )
            for row in rows
        ]
        return views, total

    async def show(
        self, name: str, channel_id: str | None = None, *, seen_as: bool = False
    ) -> AccountDetails:
        """Return all that is known of an account; with `seen_as` it is named as in `recognize`."""
        row = await (self.recognize(name, channel_id) if seen_as else self.find(name))
        exclusions = await self._store.exclusions.of_account(row.id)
        memberships = await self._store.accounts.memberships(row.id)
        connections = self._sockets.connections(row.id)
        view = AccountView(
            id=row.id,
            username=row.username,
            is_admin=row.is_admin,
            created_at=row.created_at,
            channels=len(memberships),
            sockets=len(connections),
            banned=any(_is_site_ban(exclusion) for exclusion in exclusions),
            seen_as=row.seen_as,
            seen_at=row.seen_at,
        )
        return AccountDetails(
            view,
            [
                MembershipView(m.channel_id, m.joined_at, *_excluded(exclusions, m.channel_id))
                for m in memberships
            ],
            [ExclusionView.of(exclusion) for exclusion in exclusions],
            connections,
        )

    async def members(self, channel_id: str) -> list[MemberView]:
        """Return the members of a channel, by name."""
        await self._require_channel(channel_id)
        of_account: dict[int, list[ExclusionRow]] = {}
        for exclusion in await self._store.exclusions.of_channel(channel_id):
            of_account.setdefault(exclusion.account_id, []).append(exclusion)
        return [
            MemberView(
                row.username,
                row.is_admin,
                row.joined_at,
                *_excluded(of_account.get(row.account_id, ()), channel_id),
                sockets=self._sockets_in(channel_id, row.account_id),
                seen_as=row.seen_as,
                seen_at=row.seen_at,
            )
            for row in await self._store.channels.members(channel_id)
        ]

    # -- accounts ---------------------------------------------------------------------------------

    async def create(self, name: str) -> AccountRow:
        """Make an account with a password that nobody knows. Raises Conflict, Invalid."""
        _refuse_reserved(name)
        password_hash = await _hash(secrets.token_urlsafe(32))
        return await self._store.accounts.create(name, password_hash)

    async def create_admin(self, name: str, password: str) -> AccountRow:
        """Make an account that may do everything. Raises Conflict, Invalid."""
        check_admins_name(name)
        account = await self._store.accounts.create(name, await _hash(password), is_admin=True)
        self.had_admin = True
        return account

    async def find_admin(self, name: str) -> AccountRow:
        """Return the admin of that name. Raises NotFound."""
        account = await self._store.accounts.by_name(name)
        if account is None or not account.is_admin:
            raise NotFound(f"There is no admin {name!r}: `bunga admins list` shows all.")
        return account

    async def reset_password(self, name: str, password: str | None = None) -> str:
        """Give an account another password, by default one made here, and return it.

        Its tokens are revoked: whoever used the old password has to know the new one.
        """
        account = await self.find(name)
        password = password or secrets.token_urlsafe(12)
        password_hash = await _hash(password)
        valid_from = await self._store.accounts.reset_password(account.id, password_hash)
        await self._sockets.tokens_revoked(valid_from, account.id)
        return password

    async def delete(self, name: str) -> int:
        """Remove an account with its memberships, and return how many sockets were closed.

        Its uploads stay.
        """
        account = await self.find(name)
        self.had_admin = self.had_admin or account.is_admin
        await self._store.accounts.delete(account.id)
        return await self._sockets.account_deleted(account)

    # -- exclusions -------------------------------------------------------------------------------

    async def ban(self, name: str, channel_id: str | None = None, reason: str = "") -> int:
        """Keep an account out of a channel, or of the site, until it is unbanned.

        Returns how many sockets were closed.
        """
        account = await self.find(name)
        await self._require_channel(channel_id)
        await self._store.exclusions.add(account.id, channel_id, None, reason)
        if channel_id is None:  # or its browsers would be signed in again after an unban
            await self._store.sessions.remove_of(account.id)
        return await self._sockets.account_excluded(account, channel_id)

    async def unban(self, name: str, channel_id: str | None = None) -> None:
        """End a ban from a channel, or from the site; and a kick. Raises Conflict without one."""
        account = await self.find(name)
        await self._require_channel(channel_id)
        if await self._store.exclusions.lift(account.id, channel_id):
            return
        others = await self._store.exclusions.of_account(account.id)
        raise Conflict(f"{name} is {_not_excluded(channel_id)}{_hint(others)}.")

    async def kick(self, name: str, channel_id: str | None = None) -> Kicked:
        """Send an account out of a channel for `KICK`, or of all that it is connected to.

        Raises Conflict if it is connected to none.
        """
        account = await self.find(name)
        await self._require_channel(channel_id)
        connected = {view.channel_id for view in self._sockets.connections(account.id)}
        channels = sorted(connected) if channel_id is None else [channel_id]
        if not channels:
            memberships = await self._store.accounts.memberships(account.id)
            example = memberships[0].channel_id if memberships else "ID"
            raise Conflict(
                f"{name} is not connected: name the channel to kick it out of, with"
                f" `--channel {example}`."
            )
        until, closed = utc_now() + KICK, 0
        for channel in channels:
            await self._store.exclusions.add(account.id, channel, until)
            closed += await self._sockets.account_excluded(account, channel)
        return Kicked(channels, until, closed)

    # -- members ----------------------------------------------------------------------------------

    async def add_member(self, channel_id: str, name: str) -> MemberView:
        """Make an account a member of a channel, if it is not one yet."""
        account = await self.find(name)
        await self._require_channel(channel_id)
        await self._store.accounts.add_member(channel_id, account.id)
        return next(m for m in await self.members(channel_id) if m.username == name)

    async def remove_member(self, channel_id: str, name: str) -> int:
        """End a membership, and return how many sockets were closed.

        Unlike after a ban, the account may register again if the channel is open.
        """
        account = await self.find(name)
        await self._require_channel(channel_id)
        if not await self._store.accounts.remove_member(channel_id, account.id):
            raise NotFound(f"{name} is not a member of the channel {channel_id}.")
        return await self._sockets.account_excluded(account, channel_id)

    async def _require_channel(self, channel_id: str | None) -> None:
        if channel_id is not None and await self._store.channels.get(channel_id) is None:
            raise NotFound(f"There is no channel {channel_id!r}: `bunga channels list` shows all.")

    def _sockets_in(self, channel_id: str, account_id: int) -> int:
        connections = self._sockets.connections(account_id)
        return sum(connection.channel_id == channel_id for connection in connections)


def check_admins_name(name: str) -> None:
    """Raise Invalid for a name that no admin may have; `admin` itself is a fine one."""
    if name == _SERVER:
        raise _reserved(name)
    if not name.isprintable():  # Nobody could sign in to the console by it.
        raise Invalid(f"The name {name!r} has characters that cannot be seen: leave them out.")


def _refuse_reserved(name: str) -> None:
    if name in RESERVED:
        raise _reserved(name)


def _reserved(name: str) -> Invalid:
    return Invalid(f"The name {name!r} is reserved: choose another one.")


def kind_of(exclusion: ExclusionRow) -> str:
    """Return `ban` or `kick`."""
    return "ban" if exclusion.until is None else "kick"


def _is_site_ban(exclusion: ExclusionRow) -> bool:
    return exclusion.channel_id is None


def _excluded(
    exclusions: Iterable[ExclusionRow], channel_id: str
) -> tuple[str | None, datetime | None]:
    """Return the kind and the end of the gravest of those that hold in a channel."""
    here = (row for row in exclusions if row.channel_id in (None, channel_id))
    gravest = next(here, None)
    return (kind_of(gravest), gravest.until) if gravest else (None, None)


def _not_excluded(channel_id: str | None) -> str:
    if channel_id is None:
        return "not banned from the whole site"
    return f"neither banned from the channel {channel_id} nor kicked out of it"


def _hint(exclusions: Sequence[ExclusionRow]) -> str:
    """Return what does hold against somebody, and how that is ended."""
    if not exclusions:
        return ""
    held = ", ".join(dict.fromkeys(map(_held, exclusions)))
    channel = exclusions[0].channel_id
    option = "without --channel" if channel is None else f"with `--channel {channel}`"
    return f", but {held}: unban it {option}"


def _held(exclusion: ExclusionRow) -> str:
    where = exclusion.channel_id or "the whole site"
    return f"{'banned from' if exclusion.until is None else 'kicked out of'} {where}"


async def _hash(password: str) -> str:
    return await asyncio.to_thread(hash_password, password)
