"""A client that speaks `bunga.v2`: it knows the room's truth, and the time it is told in."""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from bunga_cli.client.account import Account
from bunga_cli.client.asking import Asking
from bunga_cli.client.failures import Disconnected, RegisterRefused, disconnection, is_passing
from bunga_cli.client.inbox import Message
from bunga_cli.client.players import Player15
from bunga_cli.client.resuming import Hearing
from bunga_cli.clock import monotonic_us
from bunga_cli.errors import ServerUnreachable, Unauthorized
from bunga_cli.protocol.close_codes import ABNORMAL
from bunga_cli.protocol.v2 import SUBPROTOCOL
from bunga_cli.sync.clock_filter import ClockExchange, ClockFilter
from bunga_cli.sync.timeline import Timeline

ANSWER_TIMEOUT_S = 5.0


def is_news(known: Message | None, state: Message) -> bool:
    """Return whether a state is at least as new as the one that is known.

    Heartbeats repeat the last revision. A state of another epoch, which is another process of the
    server, is always news.
    """
    if known is None or known["epoch"] != state["epoch"]:
        return True
    return bool(state["revision"] >= known["revision"])


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What a player can tell of itself, in microseconds; None where it does not know.

    `position_us` is where its picture was at `at_us` by the server's clock (None: now), `rtt_us`
    how long a question for the time takes, `buffered_us` how much is loaded ahead, `start_us` how
    long it takes from being told to play until its picture moves, and `revision` that of the state
    that it acts by (None: the newest).
    """

    position_us: int | None = None
    at_us: int | None = None
    rtt_us: int | None = None
    buffered_us: int | None = None
    start_us: int | None = None
    revision: int | None = None

    @property
    def fields(self) -> dict[str, int]:
        """Return what is known, as a `client-status` says it."""
        told = {
            "position": self.position_us,
            "at": self.at_us,
            "rtt": self.rtt_us,
            "buffered": self.buffered_us,
            "start": self.start_us,
            "revision": self.revision,
        }
        return {name: value for name, value in told.items() if value is not None}


class PlayerV2(Player15):
    """Be a 1.5 player, with the whole truth in `state` and answers to what is asked.

    It asks for the time by itself, and comes back to its room without a gap: what was said
    meanwhile comes late, in order and once. `Follower` keeps a film in step with it.
    """

    generation = "2"
    subprotocols: ClassVar[tuple[str, ...]] = (SUBPROTOCOL,)

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.state: Message | None = None
        """The last `state`, None before the first."""
        self.server_clock = ClockFilter()
        """What time it is at the server, and how far that can be wrong."""
        self.where: Callable[[], Whereabouts] = Whereabouts
        """Tells each heartbeat what there is to say beside being ready."""
        self.on_change: Callable[[], None] | None = None
        """Called when the room has changed; who asks for that says itself when it is ready."""
        self._hearing = Hearing()
        self._asking = Asking()
        self._is_time_to_ask = asyncio.Event()
        self._refs = itertools.count(1)
        self._asked: dict[int, asyncio.Future[tuple[Message, int]]] = {}

    # -- the room ---------------------------------------------------------------------------------

    @property
    def timeline(self) -> Timeline | None:
        """Return the position as a function of the server's time; None: it is not known yet."""
        if self.state is None:
            return None
        position_us, rate, at_us = (int(self.state[key]) for key in ("position", "rate", "at"))
        return Timeline(position_us, rate, at_us, self.state.get("rate_before", 0))

    def position_us(self, server_us: int) -> int | None:
        """Return where the room is when the server's clock shows `server_us`; None: not known."""
        timeline = self.timeline
        return None if timeline is None else timeline.position_at(server_us)

    def server_us(self) -> int | None:
        """Return what the server's clock shows now; None: nothing has been heard of it yet."""
        if not self.server_clock.is_known:
            return None
        return self.server_clock.server_us(monotonic_us())

    # -- asking -----------------------------------------------------------------------------------

    async def ask(
        self, message: Mapping[str, Any], *, timeout_s: float = ANSWER_TIMEOUT_S
    ) -> Message:
        """Send a request and return the direct answer to it, which may be an `error`.

        Raises TimeoutError, and Disconnected if the connection is lost before.
        """
        return (await self._ask(message, timeout_s))[0]

    async def clock(self, *, timeout_s: float = ANSWER_TIMEOUT_S) -> ClockExchange:
        """Ask what time it is at the server; one exchange, which `server_clock` learns from, too.

        Raises TimeoutError, Disconnected.
        """
        answer, received_us = await self._ask({"code": "clock", "t0": monotonic_us()}, timeout_s)
        return self._exchange(answer, received_us)

    async def _ask(self, message: Mapping[str, Any], timeout_s: float) -> tuple[Message, int]:
        ref = next(self._refs)
        answer: asyncio.Future[tuple[Message, int]] = asyncio.get_running_loop().create_future()
        self._asked[ref] = answer
        try:
            async with asyncio.timeout(timeout_s):
                await self.send({**message, "ref": ref})
                return await answer
        except TimeoutError:
            raise TimeoutError(
                f"The server did not answer {message.get('code')!r} within {timeout_s:g} s. It may "
                "be busy, or asked too much of: ask again a little later."
            ) from None
        finally:
            del self._asked[ref]

    async def _keep_time(self) -> None:
        """Ask for the time for as long as this connection lasts."""
        self._asking.burst()
        with suppress(Disconnected):
            while True:
                await self.send({"code": "clock", "t0": monotonic_us()})
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._until_next_question_s()):
                        await self._is_time_to_ask.wait()
                self._is_time_to_ask.clear()

    def _until_next_question_s(self) -> float:
        now_us, clock = monotonic_us(), self.server_clock
        rest_us = self._asking.rest_us(
            now_us,
            is_playing=bool(self.state and self.state["rate"]),
            bound_us=clock.bound_us(now_us) if clock.is_known else 0,
            round_trip_us=clock.round_trip_us,
        )
        return rest_us / 1_000_000

    def _ask_anew(self) -> None:
        self._asking.burst()
        self._is_time_to_ask.set()

    # -- saying -----------------------------------------------------------------------------------

    async def tell_status(
        self,
        *,
        position_us: int | None = None,
        at_us: int | None = None,
        rtt_us: int | None = None,
        buffered_us: int | None = None,
    ) -> None:
        """Say whether this player is ready for what it knows of the room, and what else it knows.

        The arguments are those of `Whereabouts`.
        """
        await self._tell(Whereabouts(position_us, at_us, rtt_us, buffered_us))

    async def _tell(self, where: Whereabouts) -> None:
        revision = {} if self.state is None else {"revision": self.state["revision"]}
        status = {"code": "client-status", "is_pending": self.is_buffering}
        await self.send({**status, **revision, **where.fields})

    async def report(self) -> None:
        """Say now what every heartbeat says, if this player has a heartbeat.

        Raises Disconnected.
        """
        if self._heart is not None:
            await self._report()

    async def _report(self) -> None:
        await self._tell(self.where())

    async def _join_again(self) -> None:
        if self._joined is not None:
            resumed = self._hearing.resume(next(self._refs))
            await self.send({**self._joined, "my_share": None, **resumed})

    # -- hearing ----------------------------------------------------------------------------------

    async def _handle(self, message: Message) -> None:
        now_us = monotonic_us()
        is_change = message["code"] == "state" and self._learn(message)
        if message["code"] == "clock":
            self._learn_time(message, now_us)
        answer = self._asked.get(_number(message.get("ref")))
        if answer is not None and not answer.done():
            answer.set_result((message, now_us))
        for heard in self._hearing.take(message):
            await super()._handle(heard)
        if is_change:
            await self._answer_change()

    def _learn(self, state: Message) -> bool:
        """Keep a state that is news, and return whether the room is another one now."""
        known, is_same = self.state, False
        if not is_news(known, state):
            return False
        self.state = state
        if known is not None and known["epoch"] != state["epoch"]:
            self.server_clock.clear()
            self._ask_anew()
        elif known is not None:
            is_same = known["revision"] == state["revision"]
        return not is_same

    def _learn_time(self, answer: Message, received_us: int) -> None:
        if self.server_clock.add(self._exchange(answer, received_us)):
            self._ask_anew()

    def _exchange(self, answer: Message, received_us: int) -> ClockExchange:
        epoch = self.state["epoch"] if self.state else None
        return ClockExchange(answer["t0"], answer["t1"], answer["t2"], received_us, epoch)

    async def _answer_change(self) -> None:
        """Say at once whether this player is ready, if the room waits to hear it."""
        if self.on_change is not None:
            self.on_change()
        elif self.state and self.state.get("phase") == "prepare":
            with suppress(Disconnected):  # the next read says so, too
                await self.report()

    async def _read(self) -> Disconnected:
        keeping = self._begin(self._keep_time()) if self.pace.asks_time else None
        lost = disconnection(ABNORMAL, "this client was closed")
        try:
            lost = await super()._read()
        finally:
            if keeping is not None:
                keeping.cancel()
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(disconnection(lost.close_code, lost.reason))
        return lost

    async def _refresh(self) -> bool:
        """Take a new token; False: this account may not come in any more.

        A server that cannot say so just now is asked again: the old token leads here once more.
        """
        try:
            await self._renew()
        except ServerUnreachable:
            await self._back_off()
        except RegisterRefused as refused:
            if not is_passing(refused.status):
                return False
            await self._back_off()
        return True

    async def _renew(self) -> None:
        try:
            await self.account.refresh()
        except Unauthorized:
            await self.account.register()


def _number(ref: object) -> int:
    """Return a `ref` of ours, 0 for what cannot be one."""
    return ref if isinstance(ref, int) else 0
