"""All live rooms of one node, and the door to them."""

import zlib
from collections.abc import Callable
from functools import partial

from bunga_cli.auth.tokens import TokenExpired, TokenInvalid, Tokens
from bunga_cli.clock import monotonic_us
from bunga_cli.plugin.rooms import RoomHooks
from bunga_cli.protocol import close_codes
from bunga_cli.server.door import Refused
from bunga_cli.server.limits import TokenBucket
from bunga_cli.server.live_room import LiveRoom
from bunga_cli.server.seat import RoomSeat
from bunga_cli.server.websocket import Connection
from bunga_cli.settings import Settings
from bunga_cli.store import Store
from bunga_cli.store.rows import ChannelRow, SeatRow
from bunga_cli.sync.policy import OnJoin, Policy
from bunga_cli.sync.room import Room
from bunga_cli.sync.snapshot import RoomSnapshot
from bunga_cli.sync.values import ConnId
from bunga_cli.sync.views import RoomView


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
        self._store, self._tokens, self._settings, self._clock = store, tokens, settings, clock
        self._deletions = 0
        self._sockets: dict[str, dict[ConnId, Connection]] = {}
        self._socket_count = 0

    # -- the door ---------------------------------------------------------------------------------

    async def admit(
        self, token: str | None, channel_id: str | None, connection: Connection
    ) -> RoomSeat:
        """Return the seat of a member of the channel; raises Refused, with a close code."""
        account_id = self._read(token)
        facts = await self._store.accounts.seat(account_id, channel_id or "")
        account = _check(facts)
        if self._socket_count >= self._settings().limits.max_connections:
            raise Refused(close_codes.TRY_LATER, "The server is full")
        live = await self._open_room(channel_id or "")
        self._enter(account, connection)
        live.open(connection, account)
        limits = self._settings().limits
        bucket = TokenBucket(limits.frames_per_second, limits.frame_burst)
        leave = partial(self._leave, account, connection.id)
        return RoomSeat(live, connection.id, bucket, self._clock, leave)

    def _read(self, token: str | None) -> int:
        if not token:
            raise Refused(close_codes.NO_TOKEN, "Token is required")
        try:
            account_id = self._tokens.read(token, "access").account_id
        except TokenExpired as error:
            raise Refused(close_codes.TOKEN_EXPIRED, str(error)) from error
        except TokenInvalid as error:
            raise Refused(close_codes.TOKEN_INVALID, str(error)) from error
        return account_id

    def _enter(self, account: str, connection: Connection) -> None:
        """Count a socket in. One too many of an account takes the place of its oldest.

        That is most likely a dead one: a player that changed networks leaves sockets behind
        which are found out only by the next ping.
        """
        sockets = self._sockets.setdefault(account, {})
        if len(sockets) >= self._settings().limits.sockets_per_account:
            oldest = sockets.pop(next(iter(sockets)))
            oldest.close(close_codes.TRY_LATER, "This account has too many connections")
        sockets[connection.id] = connection
        self._socket_count += 1

    def _leave(self, account: str, conn: ConnId) -> None:
        self._socket_count -= 1
        sockets = self._sockets.get(account, {})
        sockets.pop(conn, None)
        if not sockets:
            self._sockets.pop(account, None)

    # -- the rooms --------------------------------------------------------------------------------

    def rooms(self) -> list[RoomView]:
        """Return the rooms that are alive now."""
        return [live.view() for live in self.live.values()]

    def room(self, channel_id: str) -> RoomView | None:
        """Return one room, or None if it is not alive."""
        live = self.live.get(channel_id)
        return live.view() if live else None

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
        if live is not None:
            live.close_all(close_codes.NOT_A_MEMBER, "The channel was deleted")
            live.stop()

    async def revive(self, snapshots: list[RoomSnapshot]) -> None:
        """Bring back the rooms that an earlier process left, paused where they were."""
        for snapshot in snapshots:
            if snapshot.projection is not None or snapshot.watchers:
                await self._open_room(snapshot.channel_id, snapshot)

    def forget(self, live: LiveRoom) -> None:
        """Drop a room that was put away, unless somebody is at its door again."""
        if not live.connections and self.live.get(live.room.channel_id) is live:
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
                self.live[channel_id] = LiveRoom(room, self._clock, self._hooks)
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
            max_wait_us=sync.max_wait_us,
            reconnect_grace_us=sync.reconnect_grace_us,
            silence_us=sync.silence_us,
            seek_cooldown_us=sync.seek_cooldown_us,
            unreported_hold_us=sync.unreported_hold_us,
            put_away_us=sync.put_away_after_us,
        )


def _check(facts: SeatRow | None) -> str:
    """Return the account's name, if it may come in."""
    if facts is None:
        raise Refused(close_codes.TOKEN_INVALID, "The account does not exist")
    if not facts.channel_exists:
        raise Refused(close_codes.NOT_A_MEMBER, "The channel does not exist")
    if not facts.is_member and not facts.is_admin:
        raise Refused(close_codes.NOT_A_MEMBER, "The account is not a member of the channel")
    return facts.username
