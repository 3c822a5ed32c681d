"""A client that speaks `bunga.v2`: it knows the room's truth, and the time it is told in."""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from bunga_cli.client.account import Account
from bunga_cli.client.failures import Disconnected, disconnection
from bunga_cli.client.inbox import Message
from bunga_cli.client.players import Player15
from bunga_cli.clock import monotonic_us
from bunga_cli.protocol.close_codes import ABNORMAL
from bunga_cli.protocol.v2 import SUBPROTOCOL

ANSWER_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class ClockExchange:
    """The four moments of a question for the time, in microseconds, as NTP has them (RFC 5905).

    `sent_us` and `received_us` are of this process's monotonic clock, the two between of the
    server's, which `epoch` names; it is None where no `state` has told it.
    """

    sent_us: int
    t1_us: int
    t2_us: int
    received_us: int
    epoch: str | None

    @property
    def round_trip_us(self) -> int:
        """Return how long it took, without the server's part."""
        return self.received_us - self.sent_us - (self.t2_us - self.t1_us)

    @property
    def offset_us(self) -> int:
        """Return how far the server's clock is ahead; wrong by half the round trip at most."""
        return (self.t1_us - self.sent_us + self.t2_us - self.received_us) // 2

    def server_us(self, local_us: int) -> int:
        """Return what the server's clock shows when ours shows `local_us`."""
        return local_us + self.offset_us


class PlayerV2(Player15):
    """Be a 1.5 player, with the whole truth in `state` and answers to what is asked."""

    generation = "2"
    subprotocols: ClassVar[tuple[str, ...]] = (SUBPROTOCOL,)

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.state: Message | None = None
        """The last `state`, None before the first."""
        self._refs = itertools.count(1)
        self._asked: dict[int, asyncio.Future[tuple[Message, int]]] = {}

    def position_us(self, server_us: int) -> int | None:
        """Return where the room is when the server's clock shows `server_us`; None: not known."""
        if self.state is None:
            return None
        position_us, rate, at_us = (int(self.state[key]) for key in ("position", "rate", "at"))
        return position_us + max(0, server_us - at_us) * rate

    # -- asking --

    async def ask(
        self, message: Mapping[str, Any], *, timeout_s: float = ANSWER_TIMEOUT_S
    ) -> Message:
        """Send a request and return the direct answer to it, which may be an `error`.

        Raises TimeoutError, and Disconnected if the connection is lost before.
        """
        return (await self._ask(message, timeout_s))[0]

    async def clock(self, *, timeout_s: float = ANSWER_TIMEOUT_S) -> ClockExchange:
        """Ask what time it is at the server.

        Raises TimeoutError, Disconnected.
        """
        sent_us = monotonic_us()
        answer, received_us = await self._ask({"code": "clock", "t0": sent_us}, timeout_s)
        epoch = self.state["epoch"] if self.state else None
        return ClockExchange(sent_us, answer["t1"], answer["t2"], received_us, epoch)

    async def _ask(self, message: Mapping[str, Any], timeout_s: float) -> tuple[Message, int]:
        ref = next(self._refs)
        answer: asyncio.Future[tuple[Message, int]] = asyncio.get_running_loop().create_future()
        self._asked[ref] = answer
        try:
            async with asyncio.timeout(timeout_s):
                await self.send({**message, "ref": ref})
                return await answer
        finally:
            del self._asked[ref]

    # -- saying --

    async def tell_status(
        self,
        *,
        position_us: int | None = None,
        at_us: int | None = None,
        rtt_us: int | None = None,
        buffered_us: int | None = None,
    ) -> None:
        """Say whether this player is ready, and what else it knows.

        `position_us` is where its picture was at `at_us` by the server's clock (None: now),
        `rtt_us` how long a question for the time takes, `buffered_us` how much is loaded ahead.
        """
        told = {"position": position_us, "at": at_us, "rtt": rtt_us, "buffered": buffered_us}
        known = {name: value for name, value in told.items() if value is not None}
        await self.send({"code": "client-status", "is_pending": self.is_buffering, **known})

    # -- hearing --

    async def _handle(self, message: Message) -> None:
        now_us = monotonic_us()
        if message["code"] == "state":
            self._learn(message)
        answer = self._asked.get(_number(message.get("ref")))
        if answer is not None and not answer.done():
            answer.set_result((message, now_us))
        await super()._handle(message)

    def _learn(self, state: Message) -> None:
        """Keep the newer of two states; those of another clock are always newer."""
        known = self.state
        is_old = known is not None and (
            known["epoch"] == state["epoch"] and state["revision"] < known["revision"]
        )
        if not is_old:
            self.state = state

    async def _read(self) -> Disconnected:
        lost = disconnection(ABNORMAL, "this client was closed")
        try:
            lost = await super()._read()
        finally:
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(disconnection(lost.close_code, lost.reason))
        return lost


def _number(ref: object) -> int:
    """Return a `ref` of ours, 0 for what cannot be one."""
    return ref if isinstance(ref, int) else 0
