"""Whose the open sockets are: how many somebody has, and how they are closed from outside."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bunga_cli.auth.tokens import Claims
from bunga_cli.clock import utc_now
from bunga_cli.protocol import close_codes
from bunga_cli.server.websocket import Connection
from bunga_cli.sync.values import ConnId


@dataclass(frozen=True, slots=True)
class Guest:
    """An admitted socket: where it is, since when, and with which token it came."""

    connection: Connection
    claims: Claims
    channel_id: str
    since: datetime

    def came_with(self, jti: str) -> bool:
        """Return whether a token, or one that it bought, opened this socket."""
        return jti in (self.claims.jti, self.claims.refresh_jti)


class Sockets:
    """The admitted sockets of one node, by account.

    `dismissals` rises whenever somebody is sent away: who was asking for admission meanwhile must
    be looked at again.
    """

    def __init__(self) -> None:
        self.count = 0
        self.dismissals = 0
        self._guests: dict[int, dict[ConnId, Guest]] = {}

    def enter(
        self, connection: Connection, claims: Claims, channel_id: str, limit: int
    ) -> Callable[[], None]:
        """Count a socket in, and return how to count it out.

        One over the account's limit takes the place of its oldest. That is most likely a dead one:
        a player that changed networks leaves sockets behind which are found out only by the next
        ping.
        """
        guests = self._guests.setdefault(claims.account_id, {})
        if len(guests) >= limit:
            oldest = guests.pop(next(iter(guests)))
            oldest.connection.close(close_codes.TRY_LATER, "This account has too many connections")
        guests[connection.id] = Guest(connection, claims, channel_id, utc_now())
        self.count += 1
        return lambda: self._leave(claims.account_id, connection.id)

    def _leave(self, account_id: int, conn: ConnId) -> None:
        self.count -= 1
        guests = self._guests.get(account_id, {})
        guests.pop(conn, None)
        if not guests:
            self._guests.pop(account_id, None)

    def of(self, account_id: int) -> list[Guest]:
        """Return an account's sockets, the oldest first."""
        return [*self._guests.get(account_id, {}).values()]

    def all(self) -> Iterator[Guest]:
        """Yield every socket."""
        for guests in self._guests.values():
            yield from guests.values()

    def dismiss(self, guests: Iterator[Guest], code: int, reason: str) -> int:
        """Close sockets, and return how many were not closing already."""
        self.dismissals += 1
        leaving = [guest.connection for guest in guests if guest.connection.is_open]
        for connection in leaving:
            connection.close(code, reason)
        return len(leaving)
