"""What a WebSocket expects of the rooms behind it."""

from typing import TYPE_CHECKING, ClassVar, Protocol

from bunga_cli.errors import BungaError

if TYPE_CHECKING:
    from bunga_cli.server.websocket import Connection


class Refused(BungaError):
    """Report that a peer may not come in; `close_code` tells its client what to do next."""

    code: ClassVar[str] = "refused"

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(reason)
        self.close_code = close_code
        self.reason = reason


class Seat(Protocol):
    """Where the messages of one admitted connection go."""

    def received(self, payload: bytes) -> None:
        """Take one whole text message, valid UTF-8; called in the order of the stream.

        An exception closes the connection with 1011 and leaves the others alone.
        """

    def measured(self, round_trip_us: int) -> None:
        """Learn how long a ping took to the peer and back."""

    def lost(self) -> None:
        """Learn that the socket is gone; called once, and nothing is called after it."""


class Door(Protocol):
    """Who decides which connections come in."""

    async def admit(
        self, token: str | None, channel_id: str | None, connection: "Connection"
    ) -> Seat:
        """Return a seat, or raise `Refused`.

        Cancelled when the peer leaves, when the connection is closed, or when the time for it is
        over; then no seat may stay taken. Frames may be sent to the connection from the start.
        """
