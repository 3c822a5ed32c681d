"""What the tests of the interface stand on."""

from dataclasses import dataclass, field

import httpx2
from starlette.types import ASGIApp, Receive, Scope, Send

from bunga_cli.api.context import AppContext
from bunga_cli.auth.passwords import hash_password
from bunga_cli.sync.views import RoomView

PASSWORD = "right-pass-1"
PASSWORD_HASH = hash_password(PASSWORD)


@dataclass
class FakeHub:
    """Rooms that a test puts there; remembers what it was told."""

    live: dict[str, RoomView] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)

    def rooms(self) -> list[RoomView]:
        return list(self.live.values())

    def room(self, channel_id: str) -> RoomView | None:
        return self.live.get(channel_id)

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
        return self.context.tokens.issue_access(account.id)
