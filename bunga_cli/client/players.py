"""Clients that behave as the installed generations of bunga_player do; `v2` has the next one.

What they do on their own, beside sending what they are told:

| | 1.4 | 1.5 |
|---|---|---|
| readiness | `buffer-state-changed`, on change | `client-status`, every second from joining on |
| after connecting | nothing | asks `whats-on` after 2 s unless it joined |
| `who-are-you` | not known | joins again |
| 3 s without a frame | nothing | closes with 3000 |
| connection lost | one attempt after 1 s, joins not again | attempts until refused, joins again |
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Final

from bunga_cli.client.account import Account
from bunga_cli.client.client import Client
from bunga_cli.client.failures import Disconnected, Refused, disconnection
from bunga_cli.client.inbox import Message
from bunga_cli.errors import BungaError, ServerUnreachable
from bunga_cli.protocol.close_codes import (
    ABNORMAL,
    HEARTBEAT_LOST,
    NORMAL,
    PROTOCOL_ERROR,
    TOKEN_EXPIRED,
)

NO_BACK_OFF: Final = frozenset({PROTOCOL_ERROR, HEARTBEAT_LOST})


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a player waits for what, in seconds; `whats_on_s` None: it does not ask.

    `asks_time` is whether a v2 player asks for the time by itself.
    """

    heartbeat_s: float = 1.0
    silence_s: float = 3.0
    whats_on_s: float | None = 2.0
    first_retry_s: float = 0.5
    max_retry_s: float = 10.0
    only_retry_s: float = 1.0
    asks_time: bool = True


class Player(Client):
    """Be a client that comes back by itself when its connection is lost.

    What was sent to a lost connection is lost, as it is with the real players.
    """

    generation: ClassVar[str]
    pace: ClassVar[Pace] = Pace()

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.is_buffering = False
        self._joined: Message | None = None

    async def set_buffering(self, is_buffering: bool) -> None:
        """Change whether this player has too little of the video to play."""
        self.is_buffering = is_buffering

    async def _join_in(self, message: Message) -> None:
        self._joined = message
        await super()._join_in(message)

    async def bye(self) -> None:
        """Stop being a watcher, on later connections too."""
        self._joined = None
        await super().bye()

    async def _live(self) -> None:
        lost: Disconnected | None = None
        while lost is None:
            lost = await self._reconnect(await self._read())
        self._inbox.end(lost)

    async def _reconnect(self, lost: Disconnected) -> Disconnected | None:
        """Return None when connected again, or why this player gives up."""
        raise NotImplementedError

    async def _try_to_open(self) -> Disconnected | None:
        try:
            await self._open()
        except ServerUnreachable as error:
            return disconnection(ABNORMAL, str(error))
        return None


class Player14(Player):
    """Behave as bunga_player 1.4 does."""

    generation = "1.4"

    async def set_buffering(self, is_buffering: bool) -> None:
        """Report readiness when it changes, and only then."""
        if is_buffering != self.is_buffering:
            await super().set_buffering(is_buffering)
            await self.send({"code": "buffer-state-changed", "is_buffering": is_buffering})

    async def _reconnect(self, lost: Disconnected) -> Disconnected | None:
        if isinstance(lost, Refused):
            return lost
        await asyncio.sleep(self.pace.only_retry_s)
        return await self._try_to_open()


class Player15(Player):
    """Behave as bunga_player 1.5 does."""

    generation = "1.5"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._retry_s = self.pace.first_retry_s
        self._heart: asyncio.Task[None] | None = None

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close the socket and stop everything this player does by itself."""
        self.stop_heartbeat()
        await super().close(code, reason)

    # -- heartbeat --

    async def start_heartbeat(self) -> None:
        """Say now, and every second from now on, whether this player is ready."""
        if self._heart is None:
            await self._report()
            self._heart = self._begin(self._beat())

    def stop_heartbeat(self) -> None:
        """Fall silent, as a frozen player does."""
        if self._heart is not None:
            self._heart.cancel()
            self._heart = None

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.pace.heartbeat_s)
            with suppress(Disconnected):  # the connection is coming back, or close() ends this
                await self._report()

    async def _report(self) -> None:
        await self.send({"code": "client-status", "is_pending": self.is_buffering})

    # -- being a watcher --

    async def _join_in(self, message: Message) -> None:
        await self.start_heartbeat()
        await super()._join_in(message)

    async def bye(self) -> None:
        """Stop being a watcher; the last heartbeat may already be behind it."""
        await super().bye()
        self.stop_heartbeat()

    async def _join_again(self) -> None:
        if self._joined is not None:
            await self.send({**self._joined, "my_share": None})

    async def _ask_whats_on(self) -> None:
        if self.pace.whats_on_s is None:
            return
        await asyncio.sleep(self.pace.whats_on_s)
        if self._joined is None:
            with suppress(Disconnected):
                await self.whats_on()

    # -- the connection --

    async def _read(self) -> Disconnected:
        curiosity = self._begin(self._ask_whats_on())
        try:
            return await super()._read()
        finally:
            curiosity.cancel()

    async def _receive(self) -> str | bytes:
        try:
            async with asyncio.timeout(self.pace.silence_s):
                return await super()._receive()
        except TimeoutError:
            raise disconnection(HEARTBEAT_LOST, "heartbeat lost") from None

    async def _handle(self, message: Message) -> None:
        self._retry_s = self.pace.first_retry_s
        await super()._handle(message)
        if message["code"] == "who-are-you":
            await self._join_again()

    async def _reconnect(self, lost: Disconnected) -> Disconnected | None:
        while await self._may_retry(lost):
            failed = await self._try_to_open()
            if failed is None:
                with suppress(Disconnected):  # the next read says why
                    await self._join_again()
                return None
            lost = failed
        return lost

    async def _may_retry(self, lost: Disconnected) -> bool:
        """Wait as this end of a connection demands; False: there is no use in trying again."""
        if lost.close_code == TOKEN_EXPIRED:
            return await self._refresh()
        if isinstance(lost, Refused):
            return False
        await self._back_off(is_longer=lost.close_code not in NO_BACK_OFF)
        return True

    async def _back_off(self, *, is_longer: bool = True) -> None:
        if is_longer:
            self._retry_s = min(self._retry_s * 2, self.pace.max_retry_s)
        await asyncio.sleep(self._retry_s)

    async def _refresh(self) -> bool:
        """Take a new token. A player whose refresh fails stays dead until it is started anew."""
        try:
            await self.account.refresh()
        except BungaError:
            return False
        return True
