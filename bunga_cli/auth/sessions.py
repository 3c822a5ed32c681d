"""Admins who are signed in with a browser.

A browser holds a random token in a cookie; the store knows its hash alone. What ends an account's
tokens (another password, a revocation, a ban, the loss of its rights) ends its sessions as well.
"""

import builtins
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from bunga_cli.clock import utc_now
from bunga_cli.errors import NotFound
from bunga_cli.settings import ConsoleSettings
from bunga_cli.store import Store
from bunga_cli.store.rows import SessionRow, StandingRow

_SEEN_EVERY = timedelta(minutes=1)
_LONGEST_AGENT = 300


@dataclass(frozen=True, slots=True)
class Session:
    """An admin's browser. `secret` is the token in its cookie."""

    id: str
    account_id: int
    username: str
    created_at: datetime
    secret: str

    @property
    def csrf_token(self) -> str:
        """What a form of this session must bring along; it ends with the session."""
        return self.sign("csrf")

    def sign(self, text: str) -> str:
        """Return a signature that nobody else can make, of use in this session alone."""
        return hmac.new(self.secret.encode(), text.encode(), sha256).hexdigest()


class BrowserSessions:
    """Opens and finds sessions. `settings` answers with those of now."""

    def __init__(self, store: Store, settings: Callable[[], ConsoleSettings]) -> None:
        self._store, self._settings = store, settings

    async def open(self, account: StandingRow, address: str, agent: str) -> str:
        """Let an admin in, and return the token for the browser's cookie."""
        secret = secrets.token_urlsafe(32)
        # What is revoked after the account was looked up ends this session too. What was revoked
        # before is dated to the next whole second, perhaps a moment ahead: this is newer.
        opened_at = max(account.as_of, account.tokens_valid_from or account.as_of)
        await self._store.sessions.add(
            _id_of(secret), account.id, address, agent[:_LONGEST_AGENT], opened_at
        )
        return secret

    async def of(self, secret: str) -> Session | None:
        """Return the session of a cookie, None if it is over or never was."""
        row = await self._store.sessions.get(_id_of(secret))
        if row is None or not self._is_good(row):
            return None
        if utc_now() - row.seen_at >= _SEEN_EVERY:
            await self._store.sessions.touch(row.id, utc_now())
        return Session(row.id, row.account_id, row.username, row.created_at, secret)

    async def is_open(self, secret: str) -> bool:
        """Return whether a session goes on; to ask is no use of it, so it may still end idle."""
        row = await self._store.sessions.get(_id_of(secret))
        return row is not None and self._is_good(row)

    async def list(self) -> builtins.list[SessionRow]:
        """Return the sessions that go on, the one used last first."""
        return [row for row in await self._store.sessions.of_admins() if self._is_good(row)]

    async def end(self, session_id: str) -> SessionRow:
        """End a session of any admin, and return what it was. Raises NotFound."""
        row = await self._store.sessions.get(session_id)
        if row is None or not await self._store.sessions.remove(session_id):
            raise NotFound("This browser is not signed in any more.")
        return row

    async def close(self, secret: str) -> None:
        """End a session."""
        await self._store.sessions.remove(_id_of(secret))

    def _is_good(self, row: SessionRow) -> bool:
        now, settings = utc_now(), self._settings()
        is_fresh = now - row.seen_at < timedelta(microseconds=settings.session_idle_us)
        is_young = now - row.created_at < timedelta(microseconds=settings.session_lifetime_us)
        is_revoked = row.tokens_valid_from is not None and row.created_at < row.tokens_valid_from
        return row.is_admin and not row.is_banned and not is_revoked and is_fresh and is_young


def _id_of(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
