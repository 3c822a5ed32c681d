"""What the HTTP interface needs of the rest of the server; the composition root hands it over."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Protocol, cast

from fastapi import Depends, Request

from bunga_cli.api.audit import AuditLog
from bunga_cli.api.logins import Logins
from bunga_cli.api.status import ServerStatus
from bunga_cli.api.streams import Streams
from bunga_cli.auth.first_run import FirstRun
from bunga_cli.auth.live import LiveSockets
from bunga_cli.auth.people import People
from bunga_cli.auth.sessions import BrowserSessions
from bunga_cli.auth.token_office import TokenOffice
from bunga_cli.auth.tokens import Tokens
from bunga_cli.configuration.live import LiveSettings
from bunga_cli.data_folder import DataFolder
from bunga_cli.logs import RecentLines
from bunga_cli.plugin.manager import Plugins
from bunga_cli.server.feed import Feed, Happening
from bunga_cli.server.traffic import Load
from bunga_cli.settings import Settings
from bunga_cli.store import Store
from bunga_cli.sync.commands import Order
from bunga_cli.sync.values import User
from bunga_cli.sync.views import RoomView


class HubPort(LiveSockets, Protocol):
    """The live rooms. Every method may be called for any channel, existing or not."""

    feed: Feed
    """Where to listen to what happens in them."""

    def rooms(self) -> list[RoomView]:
        """Return the rooms that are alive now."""

    def busiest(self, most: int) -> tuple[list[RoomView], int]:
        """Return rooms, those with the most watchers first; and in how many somebody is.

        No more than `most` are returned, at little cost, however many there are.
        """

    def room(self, channel_id: str) -> RoomView | None:
        """Return one room, or None if it is not alive."""

    def load(self) -> Load:
        """Return how much there is to do, at little cost."""

    def events(self, channel_id: str | None, last: int) -> list[Happening]:
        """Return the last events of a room, or of all together, the latest last."""

    async def command(self, channel_id: str, actor: User, command: Order) -> None:
        """Do what somebody asks of a room from outside.

        Raises Conflict where that is in vain, NotFound if the channel is gone.
        """

    async def reset(self, channel_id: str) -> bool:
        """Empty a live room and tell its clients; False if it is not alive."""

    async def channel_changed(self, channel_id: str) -> None:
        """Read a channel's policies again; called after the change is in the store."""

    async def channel_deleted(self, channel_id: str) -> None:
        """Close a channel's connections; called after it is gone from the store."""


@dataclass(frozen=True, slots=True)
class AppContext:
    """Everything a request may use. `settings` answers with those of now."""

    store: Store
    hub: HubPort
    tokens: Tokens
    people: People
    token_office: TokenOffice
    settings: Callable[[], Settings]
    media: Path
    live_settings: LiveSettings
    started_at: datetime
    logs: RecentLines
    plugins: Plugins
    data: DataFolder
    logins: Logins
    sessions: BrowserSessions
    first_run: FirstRun
    audit: AuditLog
    status: ServerStatus
    streams: Streams = field(default_factory=Streams)


async def _context(request: Request) -> AppContext:
    return cast(AppContext, request.app.state.context)


Context = Annotated[AppContext, Depends(_context)]
