"""The durable facts: channels, accounts, sessions, tokens, rooms, uploads, in one SQLite file."""

from datetime import datetime
from pathlib import Path
from typing import Self

from bunga_cli.store.accounts import Accounts
from bunga_cli.store.audit import Audit
from bunga_cli.store.channels import Channels
from bunga_cli.store.database import Database
from bunga_cli.store.exclusions import Exclusions
from bunga_cli.store.plugin_settings import PluginTables
from bunga_cli.store.rooms import Rooms
from bunga_cli.store.sessions import KEPT_UNUSED, Sessions
from bunga_cli.store.tokens import TokenRecords
from bunga_cli.store.uploads import Uploads

__all__ = ["Database", "Store"]


class Store:
    """All queries there are, by subject. They return values of `store/rows.py`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.channels = Channels(database)
        self.accounts = Accounts(database)
        self.exclusions = Exclusions(database)
        self.tokens = TokenRecords(database)
        self.sessions = Sessions(database)
        self.audit = Audit(database)
        self.rooms = Rooms(database)
        self.plugin_settings = PluginTables(database)
        self.uploads = Uploads(database)

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Return the store in the file `path`, made or migrated first. Raises DatabaseError."""
        return cls(await Database.open(path))

    async def purge(self, now: datetime) -> None:
        """Forget tokens, exclusions and sessions that are over, and what was changed long ago."""
        await self.tokens.purge(now)
        await self.exclusions.purge(now)
        await self.sessions.purge(now - KEPT_UNUSED)
        await self.audit.purge()

    async def close(self) -> None:
        """Close the file; nothing else may be asked afterwards."""
        await self._database.close()
