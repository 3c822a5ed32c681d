"""One socket's place in a room: where bytes become commands."""

from collections.abc import Callable

from bunga_cli.protocol import v2
from bunga_cli.protocol.client_messages import Malformed, decode
from bunga_cli.server.limits import TokenBucket
from bunga_cli.server.live_room import LiveRoom
from bunga_cli.sync.events import Refused
from bunga_cli.sync.values import ConnId


class RoomSeat:
    """Receives one admitted socket's messages. A refused one is answered to its sender alone."""

    __slots__ = ("_bucket", "_clock", "_conn", "_left", "_live", "_warned")

    def __init__(
        self,
        live: LiveRoom,
        conn: ConnId,
        bucket: TokenBucket,
        clock: Callable[[], int],
        left: Callable[[], None],
    ) -> None:
        self._live, self._conn, self._bucket = live, conn, bucket
        self._clock, self._left = clock, left
        self._warned = False

    def received(self, payload: bytes) -> None:
        """Take one whole text message."""
        self._live.traffic.received += 1
        now_us = self._clock()
        if self._warned and self._bucket.is_full(now_us):
            self._warned = False
        if not self._bucket.take(now_us):
            self._warn()
            return
        try:
            command = decode(payload)
        except Malformed as wrong:
            self._live.tell(Refused(wrong.reason, str(wrong), wrong.ref), to=self._conn)
        else:
            self._live.handle(self._conn, command, now_us)

    def measured(self, round_trip_us: int) -> None:
        """Learn how long a ping took to the peer and back."""
        self._live.measure(self._conn, round_trip_us)

    def lost(self) -> None:
        """Give the place up."""
        self._live.close(self._conn)
        self._left()

    def _warn(self) -> None:
        """Say once, until it was quiet for a while, that a sender is too fast."""
        if not self._warned:
            self._warned = True
            detail = "You send too many messages; those over the limit have no effect."
            self._live.tell(Refused("rate-limited", detail, None), to=self._conn)


class RoomSeatV2(RoomSeat):
    """Receives the messages of a socket that speaks bunga.v2.

    The other seat's way is the hot one: it shares no step with this one that would cost a call.
    """

    __slots__ = ()

    def received(self, payload: bytes) -> None:
        """Take one whole text message."""
        now_us = self._clock()
        self._live.traffic.received += 1
        if self._is_too_fast(now_us):
            self._warn()
            return
        try:
            request = v2.decode(payload)
        except Malformed as wrong:
            self._live.tell(Refused(wrong.reason, str(wrong), wrong.ref), to=self._conn)
        else:
            self._act(request, now_us)

    def _act(self, request: v2.AnyRequest, now_us: int) -> None:
        if isinstance(request, v2.ClockRequest):
            self._live.tell_time(request, now_us, to=self._conn)
        else:
            self._live.answer(self._conn, request.command(), now_us, request.ref)

    def _is_too_fast(self, now_us: int) -> bool:
        if self._warned and self._bucket.is_full(now_us):
            self._warned = False
        return not self._bucket.take(now_us)
