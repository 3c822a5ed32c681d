"""One connection of one account: sends what it is told, keeps what it gets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, ClassVar, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from bunga_cli.client.account import Account
from bunga_cli.client.failures import Disconnected, disconnection
from bunga_cli.client.inbox import Inbox, Message, Received
from bunga_cli.clock import monotonic_us
from bunga_cli.errors import ServerUnreachable
from bunga_cli.protocol.close_codes import ABNORMAL, NORMAL, PROTOCOL_ERROR

OPEN_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 1.0


class Client:
    """Speak to one channel as one account.

    Messages are plain dicts, as they are on the wire. Iterating over a client yields every
    message from then on, and raises Disconnected when there will be no more, or the error that
    ended the client.
    """

    subprotocols: ClassVar[tuple[str, ...]] = ()

    def __init__(self, account: Account) -> None:
        self.account = account
        self.status: Message | None = None
        """The last `channel-status`, None before the first."""
        self._inbox = Inbox()
        self._socket: ClientConnection | None = None
        self._life: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None

    @classmethod
    @asynccontextmanager
    async def register(
        cls, url: str, *, username: str | None = None, password: str | None = None
    ) -> AsyncIterator[Self]:
        """Register at a register URL, connect, and close at the end of the block.

        Raises Invalid, RegisterRefused, ServerUnreachable. A socket that the server accepts
        and then closes shows as Refused at the first `expect`.
        """
        async with Account.registered(url, username, password) as account, cls(account) as client:
            yield client

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.close()

    # -- the connection --

    async def connect(self) -> None:
        """Open the socket and begin to receive.

        Raises ServerUnreachable.
        """
        await self._open()
        self._life = self._begin(self._live())

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close the socket and stop receiving.

        Raises the error, if there was one, that ended this client before.
        """
        if self._life is None:
            return
        life, self._life = self._life, None
        life.cancel()
        await asyncio.wait([life])
        await self._hang_up(code, reason)
        self._inbox.end(disconnection(code, reason))
        if self._failure is not None:
            raise self._failure

    def drop(self) -> None:
        """Lose the connection as a cut cable does: no close frame, no last word."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def wait_closed(self) -> Disconnected:
        """Wait until this client has lost its server for good and return why.

        Raises the error, if it was one, that ended this client.
        """
        return await self._inbox.ended()

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do this beside the rest; an error of it ends this client, and who waits hears why."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            self._failure = self._failure or failure
            self._inbox.end(failure)

    async def _open(self) -> None:
        try:
            self._socket = await connect(
                self.account.chat_url,
                subprotocols=[Subprotocol(name) for name in self.subprotocols] or None,
                proxy=None if self.account.address.is_loopback else True,
                open_timeout=OPEN_TIMEOUT_S,
                close_timeout=CLOSE_TIMEOUT_S,
            )
        except (OSError, WebSocketException) as error:
            where = self.account.address.netloc
            raise ServerUnreachable(f"No WebSocket at {where}: {error}") from error

    def _connected(self) -> ClientConnection:
        if self._socket is None:
            raise disconnection(ABNORMAL, "not connected yet")
        return self._socket

    async def _hang_up(self, code: int, reason: str) -> None:
        if self._socket is not None:
            await self._socket.close(code, reason)

    # -- receiving --

    @property
    def received(self) -> list[Received]:
        """Return every frame that arrived, oldest first, with its time of arrival."""
        return list(self._inbox.frames)

    async def expect(
        self,
        code: str,
        *,
        where: Callable[[Message], bool] | None = None,
        timeout_s: float = 5.0,
    ) -> Message:
        """Return the next message with this code, `where` being true of it.

        Next means: after the one that the last `expect` returned, arrived already or not.
        Those in between are passed over. Raises TimeoutError, Disconnected.
        """

        def is_wanted(message: Message) -> bool:
            return message["code"] == code and (where is None or where(message))

        try:
            async with asyncio.timeout(timeout_s):
                return await self._inbox.expect(is_wanted)
        except TimeoutError:
            others = [message["code"] for message in self._inbox.unexpected()]
            raise TimeoutError(f"no {code!r} within {timeout_s} s, but {others}") from None

    def skip(self) -> None:
        """Let the next `expect` begin after all that has arrived."""
        self._inbox.skip()

    def __aiter__(self) -> AsyncIterator[Message]:
        return self._inbox.messages()

    async def _live(self) -> None:
        """Receive until there is nothing more to receive."""
        self._inbox.end(await self._read())

    async def _read(self) -> Disconnected:
        """Receive until this socket is closed and return why it was."""
        try:
            while True:
                await self._handle(_decode(await self._receive()))
        except ConnectionClosed as closed:
            return _why(closed)
        except Disconnected as lost:
            await self._hang_up(lost.close_code, lost.reason)
            return lost

    async def _receive(self) -> str | bytes:
        return await self._connected().recv()

    async def _handle(self, message: Message) -> None:
        if message["code"] == "channel-status":
            self.status = message
        self._inbox.put(Received(message, monotonic_us()))

    # -- sending --

    async def send_text(self, text: str | bytes) -> None:
        """Send one frame as it is: text, or binary for bytes.

        Raises Disconnected.
        """
        try:
            await self._connected().send(text)
        except ConnectionClosed as closed:
            raise _why(closed) from closed

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send one message.

        Raises Disconnected.
        """
        await self.send_text(json.dumps(message))

    async def whats_on(self) -> None:
        """Ask what is projected; no answer means nothing is."""
        await self.send({"code": "whats-on"})

    async def join(
        self,
        *,
        name: str = "",
        color_hue: int = 0,
        share: Mapping[str, Any] | None = None,
        position_us: int = 0,
    ) -> None:
        """Become a watcher, and share a record at a position when one is given."""
        user = {"id": self.account.username, "name": name, "color_hue": color_hue}
        my_share = _projection(share, position_us) if share else None
        await self._join_in({"code": "join-in", "user": user, "my_share": my_share})

    async def _join_in(self, message: Message) -> None:
        await self.send(message)

    async def bye(self) -> None:
        """Stop being a watcher; the socket stays open."""
        await self.send({"code": "bye"})

    async def project(self, record: Mapping[str, Any], position_us: int = 0) -> None:
        """Share a record with the room."""
        await self.send(_projection(record, position_us))

    async def play(self) -> None:
        """Ask the room to play."""
        await self.send({"code": "play"})

    async def pause(self, position_us: int | None = None) -> None:
        """Tell the room that this watcher paused; None says nothing about where."""
        await self.send({"code": "pause", "position": position_us})

    async def seek(self, position_us: int) -> None:
        """Tell the room that this watcher sought."""
        await self.send({"code": "seek", "position": position_us})

    async def finish(self) -> None:
        """Tell the room that this watcher reached the end."""
        await self.send({"code": "play-finished"})

    async def say(self, text: str) -> None:
        """Send a comment that flies over the picture."""
        await self.send({"code": "danmaku", "message": text})

    async def call(self, action: str) -> None:
        """Signal in a voice call: `call`, `accept`, `reject` or `cancel`."""
        await self.send({"code": "call", "action": action})

    async def talk(self, status: str) -> None:
        """Say that this watcher's microphone opens or closes: `start` or `end`."""
        await self.send({"code": "talk-status", "status": status})


def _projection(record: Mapping[str, Any], position_us: int) -> Message:
    return {"code": "start-projection", "video_record": dict(record), "position": position_us}


def _decode(frame: str | bytes) -> Message:
    try:
        message = json.loads(frame)
    except ValueError as error:
        raise disconnection(PROTOCOL_ERROR, f"not JSON: {error}") from error
    if not isinstance(message, dict) or "code" not in message:
        raise disconnection(PROTOCOL_ERROR, "a message without a code")
    return message


def _why(closed: ConnectionClosed) -> Disconnected:
    if closed.rcvd is None:
        return disconnection(ABNORMAL, "connection lost")
    return disconnection(closed.rcvd.code, closed.rcvd.reason)
