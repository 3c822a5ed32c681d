"""What the tests of the interface stand on."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx2
from starlette.types import ASGIApp, Receive, Scope, Send

from bunga_cli.api.context import AppContext
from bunga_cli.auth.live import ConnectionView
from bunga_cli.auth.passwords import hash_password
from bunga_cli.auth.tokens import Subject
from bunga_cli.configuration.live import LiveSettings
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import Conflict
from bunga_cli.logs import RecentLines
from bunga_cli.server.feed import Feed, Happening
from bunga_cli.server.traffic import Load
from bunga_cli.settings.files import Sources, no_auto
from bunga_cli.settings.tables import Source
from bunga_cli.store.rows import AccountRow
from bunga_cli.sync.commands import Order
from bunga_cli.sync.values import User
from bunga_cli.sync.views import RoomView

PASSWORD = "right-pass-1"
PASSWORD_HASH = hash_password(PASSWORD)


def live_settings(folder: Path, table: dict[str, object]) -> LiveSettings:
    """Return settings as a server has them whose operator's file says this."""
    data = DataFolder(folder)
    sources = Sources(Source("bunga.toml", table), no_auto(data))
    return LiveSettings(sources.load(), data)


def logged(*messages: str) -> RecentLines:
    """Return a log that says this."""
    logs = RecentLines()
    for message in messages:
        logs.handle(logging.makeLogRecord({"msg": message, "levelname": "INFO", "name": "bunga"}))
    return logs


@dataclass
class FakeHub:
    """Rooms that a test puts there; remembers what it was told."""

    live: dict[str, RoomView] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    connected: dict[int, list[ConnectionView]] = field(default_factory=dict)
    commanded: list[tuple[str, User, Order]] = field(default_factory=list)
    happened: list[Happening] = field(default_factory=list)
    feed: Feed = field(default_factory=Feed)
    there_is: Load = field(default_factory=Load)

    def rooms(self) -> list[RoomView]:
        return list(self.live.values())

    def busiest(self, most: int) -> tuple[list[RoomView], int]:
        busy = [room for room in self.live.values() if room.watchers]
        return sorted(busy, key=lambda room: -len(room.watchers))[:most], len(busy)

    def room(self, channel_id: str) -> RoomView | None:
        return self.live.get(channel_id)

    def load(self) -> Load:
        return self.there_is

    def events(self, channel_id: str | None, last: int) -> list[Happening]:
        events = [e for e in self.happened if channel_id in (None, e.channel_id)]
        return events[-last:] if last else []

    async def command(self, channel_id: str, actor: User, command: Order) -> None:
        if channel_id not in self.live:
            raise Conflict("In vain.")
        self.commanded.append((channel_id, actor, command))

    def connections(self, account_id: int) -> list[ConnectionView]:
        return self.connected.get(account_id, [])

    async def token_revoked(self, jti: str) -> int:
        self.told.append(("token revoked", jti))
        return 1

    async def tokens_revoked(self, before: datetime, account_id: int | None = None) -> int:
        self.told.append(("tokens revoked", str(account_id)))
        return 2

    async def account_excluded(self, account: AccountRow, channel_id: str | None) -> int:
        self.told.append(("excluded", f"{account.username} {channel_id}"))
        return len(self.connected.pop(account.id, []))

    async def account_deleted(self, account: AccountRow) -> int:
        self.told.append(("account deleted", account.username))
        return len(self.connected.pop(account.id, []))

    async def reset(self, channel_id: str) -> bool:
        self.told.append(("reset", channel_id))
        return self.live.pop(channel_id, None) is not None

    async def channel_changed(self, channel_id: str) -> None:
        self.told.append(("changed", channel_id))

    async def channel_deleted(self, channel_id: str) -> None:
        self.told.append(("deleted", channel_id))


@dataclass
class Site:
    """One running interface, and what is behind it."""

    context: AppContext
    app: ASGIApp
    hub: FakeHub

    def client(self, token: str | None = None, *, is_local: bool = False) -> httpx2.AsyncClient:
        """Return a client, as an account or as the owner of the data folder."""

        async def through_unix_socket(scope: Scope, receive: Receive, send: Send) -> None:
            await self.app({**scope, "bunga.local": True}, receive, send)

        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(
                through_unix_socket if is_local else self.app, raise_app_exceptions=False
            ),
            base_url="http://bunga.test",
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )

    async def token_of(self, username: str, *channels: str, is_admin: bool = False) -> str:
        """Make an account that is a member of these channels and return its access token."""
        accounts = self.context.store.accounts
        account = await accounts.create(username, PASSWORD_HASH, is_admin=is_admin)
        for channel in channels:
            await accounts.add_member(channel, account.id)
        return self.context.tokens.issue("access", Subject(account.id))
