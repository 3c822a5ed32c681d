"""What the administration of accounts and tokens needs of the live sockets."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bunga_cli.store.rows import AccountRow


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """An open socket of an account.

    `generation` is what its player speaks (`1.4`, `1.5`, `2`), None until it has joined the room.
    `address` is the peer's address and port, or `local`.
    """

    channel_id: str
    since: datetime
    address: str
    generation: str | None


class LiveSockets(Protocol):
    """The sockets that are open now, and how they end at once.

    Each method is called after the change is in the store, and holds for sockets that are being
    admitted at that moment as well. What closes sockets returns how many it closed.
    """

    def connections(self, account_id: int) -> list[ConnectionView]:
        """Return the open sockets of an account, the oldest first."""

    async def token_revoked(self, jti: str) -> int:
        """Close the sockets of a token, and of those that it bought, with 4001."""

    async def tokens_revoked(self, before: datetime, account_id: int | None = None) -> int:
        """Close all sockets, or an account's, whose token was issued before, with 4001."""

    async def account_excluded(self, account: AccountRow, channel_id: str | None) -> int:
        """Send an account out of a channel, or (None) of all, with 4003."""

    async def account_deleted(self, account: AccountRow) -> int:
        """Send an account out of all channels with 4001."""


class NoSockets:
    """Nobody is connected, because no server runs (`LiveSockets`)."""

    def connections(self, account_id: int) -> list[ConnectionView]:  # noqa: ARG002
        """Return none."""
        return []

    async def token_revoked(self, jti: str) -> int:  # noqa: ARG002
        """Close none."""
        return 0

    async def tokens_revoked(self, before: datetime, account_id: int | None = None) -> int:  # noqa: ARG002
        """Close none."""
        return 0

    async def account_excluded(self, account: AccountRow, channel_id: str | None) -> int:  # noqa: ARG002
        """Send nobody out."""
        return 0

    async def account_deleted(self, account: AccountRow) -> int:  # noqa: ARG002
        """Send nobody out."""
        return 0
