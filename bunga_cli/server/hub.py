"""All live rooms of one node, and the door to them."""

import zlib
from collections.abc import Callable
from datetime import datetime
from heapq import nlargest
from typing import TypeVar

from bunga_cli.auth.live import ConnectionView
from bunga_cli.auth.tokens import Claims, TokenExpired, TokenInvalid, Tokens
from bunga_cli.clock import monotonic_us
from bunga_cli.errors import Conflict, NotFound
from bunga_cli.plugin.rooms import RoomHooks
from bunga_cli.protocol import close_codes, v2
from bunga_cli.server.door import Refused
from bunga_cli.server.feed import Feed, Happening
from bunga_cli.server.limits import TokenBucket
from bunga_cli.server.live_room import LiveRoom
from bunga_cli.server.seat import RoomSeat, RoomSeatV2
from bunga_cli.server.sockets import Guest, Sockets
from bunga_cli.server.traffic import Load, Traffic
from bunga_cli.server.websocket import Connection
from bunga_cli.settings import Settings
from bunga_cli.store import Store
from bunga_cli.store.rows import AccountRow, ChannelRow, SeatRow
from bunga_cli.sync.commands import Order, Project
from bunga_cli.sync.policy import OnJoin, Policy
from bunga_cli.sync.room import Room
from bunga_cli.sync.snapshot import RoomSnapshot
from bunga_cli.sync.values import User
from bunga_cli.sync.views import RoomView

T = TypeVar("T")

_REVOKED = "The token was revoked"


class Hub:
    """Opens rooms when somebody comes, and decides who may come."""

    def __init__(
        self,
        store: Store,
        tokens: Tokens,
        settings: Callable[[], Settings],
        clock: Callable[[], int] = monotonic_us,
        hooks: RoomHooks | None = None,
    ) -> None:
        self._hooks = hooks or RoomHooks()
        self.live: dict[str, LiveRoom] = {}
        self.feed = Feed()
        self.traffic = Traffic()
        self._store, self._tokens, self._settings, self._clock = store, tokens, settings, clock
        self._deletions = 0
        self._sockets = Sockets()

    # -- the door ---------------------------------------------------------------------------------

    async def admit(
        self, token: str | None, channel_id: str | None, connection: Connection
    ) -> RoomSeat:
        """Return the seat of a member of the channel; raises Refused, with a close code."""
        claims, account, live = await self._ask_in(token, channel_id or "")
        limits = self._settings().limits
        leave = self._sockets.enter(
            connection, claims, channel_id or "", limits.sockets_per_account
        )
        live.open(connection, account)
        bucket = TokenBucket(limits.frames_per_second, limits.frame_burst)
        kind = RoomSeatV2 if connection.subprotocol == v2.SUBPROTOCOL else RoomSeat
        return kind(live, connection.id, bucket, self._clock, leave)

    async def _ask_in(self, token: str | None, channel_id: str) -> tuple[Claims, str, LiveRoom]:
        """Return what a token says, its account's name, and the room; nobody was sent away since.

        Who was sent away while this waited may have been this one: then all is asked again.
        """
        while True:
            dismissals = self._sockets.dismissals
            claims = self._read(token)
            facts = await self._store.accounts.seat(
                claims.account_id, channel_id, claims.jti, claims.refresh_jti
            )
            account = _check(facts, claims, channel_id)
            if self._sockets.count >= self._settings().limits.max_connections:
                raise Refused(close_codes.TRY_LATER, "The server is full")
            live = await self._open_room(channel_id)
            if dismissals == self._sockets.dismissals:
                return claims, account, live

    def _read(self, token: str | None) -> Claims:
        if not token:
            raise Refused(close_codes.NO_TOKEN, "Token is required")
        try:
            return self._tokens.read(token, "access")
        except TokenExpired as error:
            raise Refused(close_codes.TOKEN_EXPIRED, str(error)) from error
        except TokenInvalid as error:
            raise Refused(close_codes.TOKEN_INVALID, str(error)) from error

    # -- sending away (`auth.live.LiveSockets`) ---------------------------------------------------

    def connections(self, account_id: int) -> list[ConnectionView]:
        """Return the open sockets of an account, the oldest first."""
        return [self._shown(guest) for guest in self._sockets.of(account_id)]

    async def token_revoked(self, jti: str) -> int:
        """Close the sockets of a token, and of those that it bought."""
        concerned = (guest for guest in self._sockets.all() if guest.came_with(jti))
        return self._sockets.dismiss(concerned, close_codes.TOKEN_INVALID, _REVOKED)

    async def tokens_revoked(self, before: datetime, account_id: int | None = None) -> int:
        """Close all sockets, or an account's, whose token was issued before."""
        guests = self._sockets.all() if account_id is None else self._sockets.of(account_id)
        concerned = (guest for guest in guests if guest.claims.is_older_than(before))
        return self._sockets.dismiss(concerned, close_codes.TOKEN_INVALID, _REVOKED)

    async def account_excluded(self, account: AccountRow, channel_id: str | None) -> int:
        """Send an account out of a channel, or of all; its watchers leave at once."""
        self._expel(account.username, channel_id)
        guests = self._sockets.of(account.id)
        concerned = (guest for guest in guests if channel_id in (None, guest.channel_id))
        reason = "You were removed from the channel"
        return self._sockets.dismiss(concerned, close_codes.NOT_A_MEMBER, reason)

    async def account_deleted(self, account: AccountRow) -> int:
        """Send an account out of all channels; its watchers leave at once."""
        self._expel(account.username, None)
        guests = iter(self._sockets.of(account.id))
        return self._sockets.dismiss(guests, close_codes.TOKEN_INVALID, "The account was deleted")

    def _expel(self, username: str, channel_id: str | None) -> None:
        for live in [*self.live.values()]:
            if channel_id in (None, live.room.channel_id):
                live.expel(username)

    def _shown(self, guest: Guest) -> ConnectionView:
        live, generation = self.live.get(guest.channel_id), None
        socket = live and live.room.roster.sockets.get(guest.connection.id)
        if socket and (socket.joined or socket.speaks):
            generation = socket.generation
        return ConnectionView(guest.channel_id, guest.since, guest.connection.peer, generation)

    # -- the rooms --------------------------------------------------------------------------------

    def rooms(self) -> list[RoomView]:
        """Return the rooms that are alive now."""
        return [live.view() for live in self.live.values()]

    def busiest(self, most: int) -> tuple[list[RoomView], int]:
        """Return rooms, those with the most watchers first; and in how many somebody is."""
        busy = [live for live in self.live.values() if live.room.roster.watchers]
        found = nlargest(most, busy, key=lambda live: len(live.room.roster.watchers))
        return [live.view() for live in found], len(busy)

    def room(self, channel_id: str) -> RoomView | None:
        """Return one room, or None if it is not alive."""
        live = self.live.get(channel_id)
        return live.view() if live else None

    def load(self) -> Load:
        """Return how much there is to do."""
        return Load(
            rooms=len(self.live),
            watchers=sum(len(live.room.roster.watchers) for live in self.live.values()),
            connections=self._sockets.count,
            received=self.traffic.received,
            sent=self.traffic.sent,
        )

    def events(self, channel_id: str | None, last: int) -> list[Happening]:
        """Return the last events of a room, or of all together, the latest last."""
        if channel_id is not None:
            live = self.live.get(channel_id)
            return live.history.last(last) if live else []
        events = [event for live in self.live.values() for event in live.history.last(last)]
        return sorted(events, key=lambda event: event.at_us)[-last:] if last else []

    async def command(self, channel_id: str, actor: User, command: Order) -> None:
        """Do what somebody asks of a room from outside.

        Raises Conflict where that is in vain, NotFound if the channel is gone.
        """
        live = self.live.get(channel_id)
        if live is None and isinstance(command, Project):
            try:
                live = await self._open_room(channel_id)
            except Refused as refusal:
                raise NotFound(f"{refusal.reason}.") from refusal
        if live is None:
            raise Conflict("Nobody is connected to this room, and nothing is projected in it.")
        live.command(actor, command)

    async def reset(self, channel_id: str) -> bool:
        """Empty a live room and tell its clients; False if it is not alive."""
        live = self.live.get(channel_id)
        if live is not None:
            live.reset()
        return live is not None

    async def channel_changed(self, channel_id: str) -> None:
        """Read a channel's policies again; called after the change is in the store."""
        live, channel = self.live.get(channel_id), await self._store.channels.get(channel_id)
        if live is not None and channel is not None:
            live.set_policy(self._policy(channel))

    async def channel_deleted(self, channel_id: str) -> None:
        """Close a channel's connections; called after it is gone from the store."""
        self._deletions += 1
        live = self.live.pop(channel_id, None)
        self.feed.end(channel_id)
        if live is not None:
            live.close_all(close_codes.NOT_A_MEMBER, "The channel was deleted")
            live.stop()

    async def revive(self, snapshots: list[RoomSnapshot]) -> None:
        """Bring back the rooms that an earlier process left, paused where they were."""
        for snapshot in snapshots:
            if snapshot.projection is not None or snapshot.watchers:
                await self._open_room(snapshot.channel_id, snapshot)

    def forget(self, live: LiveRoom) -> None:
        """Drop a room that was put away, unless something goes on in it again."""
        is_in_use = live.connections or live.room.projection is not None
        if not is_in_use and self.live.get(live.room.channel_id) is live:
            live.stop()
            del self.live[live.room.channel_id]

    def stop(self) -> None:
        """Stop all timers."""
        for live in self.live.values():
            live.stop()

    async def _open_room(self, channel_id: str, snapshot: RoomSnapshot | None = None) -> LiveRoom:
        """Return the channel's live room, made if nobody made it meanwhile."""
        while channel_id not in self.live:
            deletions = self._deletions
            room = await self._make_room(channel_id, snapshot)
            if deletions == self._deletions and channel_id not in self.live:
                self.live[channel_id] = LiveRoom(
                    room, self._clock, self._hooks, self.feed, self.traffic
                )
        return self.live[channel_id]

    async def _make_room(self, channel_id: str, snapshot: RoomSnapshot | None) -> Room:
        channel = await self._store.channels.get(channel_id)
        if channel is None:
            raise Refused(close_codes.NOT_A_MEMBER, "The channel does not exist")
        policy = self._policy(channel)
        return Room(
            channel_id,
            policy,
            self._clock(),
            progress=await self._store.rooms.progress(channel_id),
            phase_us=zlib.crc32(channel_id.encode()) % policy.heartbeat_us,
            snapshot=snapshot,
        )

    def _policy(self, channel: ChannelRow) -> Policy:
        sync = self._settings().sync
        return Policy(
            on_join=OnJoin(channel.on_join or sync.on_join),
            max_wait_us=_first(channel.max_wait_us, sync.max_wait_us),
            reconnect_grace_us=_first(channel.reconnect_grace_us, sync.reconnect_grace_us),
            legacy_compensation=_first(channel.legacy_compensation, sync.legacy_compensation),
            silence_us=sync.silence_us,
            seek_cooldown_us=sync.seek_cooldown_us,
            unreported_hold_us=sync.unreported_hold_us,
            put_away_us=sync.put_away_after_us,
        )


def _first(own: T | None, of_site: T) -> T:
    """Return a channel's own value where it has one, which may be 0 or no."""
    return of_site if own is None else own


def _check(facts: SeatRow | None, claims: Claims, channel_id: str) -> str:
    """Return the account's name, if it may come in."""
    if facts is None:
        raise Refused(close_codes.TOKEN_INVALID, "The account does not exist")
    if facts.is_revoked or claims.is_older_than(facts.tokens_valid_from):
        raise Refused(close_codes.TOKEN_INVALID, _REVOKED)
    if not facts.channel_exists:
        raise Refused(close_codes.NOT_A_MEMBER, "The channel does not exist")
    if claims.channel_id not in (None, channel_id):
        raise Refused(close_codes.NOT_A_MEMBER, "The token is for another channel")
    if facts.is_excluded:
        raise Refused(close_codes.NOT_A_MEMBER, "The account is banned, or was just sent away")
    if not facts.is_member and not facts.is_admin:
        raise Refused(close_codes.NOT_A_MEMBER, "The account is not a member of the channel")
    return facts.username
