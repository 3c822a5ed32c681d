"""The one-time link by which a new server gets its first admin."""

import asyncio
import secrets

from bunga_cli.auth.people import People
from bunga_cli.errors import Forbidden
from bunga_cli.store import Store
from bunga_cli.store.rows import AccountRow


class FirstRun:
    """Holds the link's key, which is good for this process, until there is an admin.

    It never is again: whoever has read it in a log must not come in when the last admin is gone.
    """

    def __init__(self, store: Store, people: People) -> None:
        self.key = secrets.token_urlsafe(24)
        self._store, self._people = store, people
        self._making = asyncio.Lock()

    async def is_open(self) -> bool:
        """Return whether the server still waits for its first admin."""
        if not self._people.had_admin and await self._store.accounts.admins():
            self._people.had_admin = True
        return not self._people.had_admin

    async def is_good(self, key: str) -> bool:
        """Return whether this key opens the server now."""
        return secrets.compare_digest(key.encode(), self.key.encode()) and await self.is_open()

    async def make_admin(self, key: str, username: str, password: str) -> AccountRow:
        """Return the first admin, new. Raises Forbidden if the key is wrong or was used."""
        async with self._making:
            if not await self.is_good(key):
                raise Forbidden(
                    "This link is not good any more: sign in, or make another admin with"
                    " `bunga admins create`."
                )
            return await self._people.create_admin(username, password)
