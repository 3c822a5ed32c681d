"""What happens in the rooms while it happens: a line of JSON at a time, or server-sent events.

A stream goes on until its reader leaves or may not read any more, which is asked each 5 s, takes
nothing for `limits.max_blocked`, its channel is deleted or the server ends. While nothing happens,
an empty line (or comment) each 10 s shows that it lives. All who watch a room are shown the same,
which is made once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from bunga_cli.api.access import ANONYMOUS, identify
from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.streams import Look, Viewer
from bunga_cli.api.v1.channels import existing_channel
from bunga_cli.api.v1.room_models import Event, Room
from bunga_cli.api.v1.rooms import room_now
from bunga_cli.errors import BungaError
from bunga_cli.paths import CHANNEL_ID
from bunga_cli.server.feed import Happening, Listener
from bunga_cli.server.http import ABORT_KEY
from bunga_cli.units import SECOND

router = APIRouter(tags=["v1 rooms"])

KEEPALIVE_S = 10.0
_TICK_S = 1.0
_RECHECK_S = 5.0
_GRACE_S = 1.0
"""How long the end of a stream may take that nobody may read any more."""
_LEAST_GAP_S = 0.1
"""How long a look at a room lasts at least, however much goes on in it."""
_MAX_LAST = 10_000

_NDJSON, _SSE = "application/x-ndjson", "text/event-stream"
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {_NDJSON: {"schema": {}}, _SSE: {"schema": {}}}}
}

Last = Annotated[int, Query(ge=0, le=_MAX_LAST, description="Begin with so many past events.")]


@router.get("/events", response_class=StreamingResponse, responses=_ANSWER)
async def all_events(request: Request, context: Context, last: Last = 0) -> StreamingResponse:
    """Stream what happens in all rooms."""
    return _stream(request, context, None, partial(_events, context, None, last))


@router.get(f"/rooms/{CHANNEL_ID}/events", response_class=StreamingResponse, responses=_ANSWER)
async def room_events(
    channel_id: str, request: Request, context: Context, last: Last = 0
) -> StreamingResponse:
    """Stream what happens in one room."""
    await existing_channel(channel_id, context)
    return _stream(request, context, channel_id, partial(_events, context, channel_id, last))


@router.get(f"/rooms/{CHANNEL_ID}/watch", response_class=StreamingResponse, responses=_ANSWER)
async def watch(channel_id: str, request: Request, context: Context) -> StreamingResponse:
    """Stream a room as it is: now, at each change, and each second while it plays."""
    await existing_channel(channel_id, context)
    return _stream(request, context, channel_id, partial(_look_lines, context, channel_id))


def _stream(
    request: Request,
    context: AppContext,
    channel_id: str | None,
    lines: Callable[[Listener], AsyncIterator[str]],
) -> StreamingResponse:
    is_sse = _SSE in request.headers.get("accept", "")
    may_read = partial(_may_read, request, context)
    caller = getattr(request.state, "caller", ANONYMOUS)
    viewer = Viewer(caller.name, caller.is_token)
    return Stream(context, viewer, channel_id, lines, may_read, is_sse=is_sse)


async def _may_read(request: Request, context: AppContext) -> bool:
    try:
        return "rooms:read" in (await identify(request, context)).scopes
    except BungaError:
        return False


def _events(
    context: AppContext, channel_id: str | None, last: int, listener: Listener
) -> AsyncIterator[str]:
    """Return the events that were, as of now, and those that come."""
    return _event_lines(context.hub.events(channel_id, last), listener)


async def _event_lines(past: Iterable[Happening], listener: Listener) -> AsyncIterator[str]:
    """Yield events; nothing, as a sign of life, when none came for a while."""
    for event in past:
        yield Event.of(event).model_dump_json()
    while True:
        lost, events = listener.take()
        if lost:
            yield Event.lost(lost).model_dump_json()
        for event in events:
            yield Event.of(event).model_dump_json()
        if listener.has_ended:
            return
        if not await listener.news(KEEPALIVE_S):
            yield ""


async def _look_lines(
    context: AppContext, channel_id: str, listener: Listener
) -> AsyncIterator[str]:
    async for look in looks(context, channel_id, listener):
        yield look.line if look else ""


async def looks(
    context: AppContext, channel_id: str, listener: Listener
) -> AsyncIterator[Look | None]:
    """Yield a room now, at each change, and each second while it plays.

    None, as a sign of life, when nothing was to be said for 10 s. Ends with the listener.
    """
    listener.sees_changes = True
    clock, shown, shown_at_s = asyncio.get_running_loop().time, None, 0.0
    while not listener.has_ended:
        look = _look(context, channel_id, clock())
        listener.take()
        if look.is_moving or look.lasting != shown:
            shown, shown_at_s = look.lasting, clock()
            yield look
            await asyncio.sleep(_LEAST_GAP_S)
        elif clock() - shown_at_s >= KEEPALIVE_S:
            shown_at_s = clock()
            yield None
        await listener.news(_until_tick_s(clock()) if look.is_moving else KEEPALIVE_S)


def _look(context: AppContext, channel_id: str, now_s: float) -> Look:
    change = context.hub.feed.last_change(channel_id)

    def make() -> Look:
        room = room_now(channel_id, context)
        return Look(room, _lasting(room), change, now_s)

    return context.streams.look(channel_id, change, now_s, make)


def _until_tick_s(now_s: float) -> float:
    """Return how long it is until a moment at which all look who look at rooms that move."""
    return _TICK_S - now_s % _TICK_S


def _lasting(room: Room) -> dict[str, Any]:
    """Return what of a room does not change by time alone, as long as it rests."""
    passing = {"watchers": {"__all__": {"since_us"}}, "waiting_for": {"__all__": {"for_us"}}}
    return room.model_dump(exclude=passing)


class Stream(StreamingResponse):
    """The lines that a listener hears, as long as `may_read`; that takes up a viewer's place.

    `lines` makes them of a listener to a room, or to all; an empty one is a sign of life.
    """

    def __init__(
        self,
        context: AppContext,
        viewer: Viewer,
        channel_id: str | None,
        lines: Callable[[Listener], AsyncIterator[str]],
        may_read: Callable[[], Awaitable[bool]],
        *,
        is_sse: bool = True,
    ) -> None:
        super().__init__(
            (),
            media_type=_SSE if is_sse else _NDJSON,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        self._context, self._viewer = context, viewer
        self._channel_id, self._lines = channel_id, lines
        self._may_read, self._is_sse = may_read, is_sse
        self._sending_since_s: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. Raises HTTPException (503) before anything of it if there are too many."""
        most, feed = self._context.settings().limits.max_streams, self._context.hub.feed
        place = self._context.streams.place(self._viewer, most)
        with place, feed.listen(self._channel_id) as listener:
            self.body_iterator = _framed(self._lines(listener), is_sse=self._is_sse)
            sending = asyncio.create_task(
                super().__call__(scope, receive, partial(self._send, send))
            )
            try:
                await self._wait(sending, listener)
                if not sending.done():
                    # Bytes that nobody takes would keep the connection open, too.
                    scope.get(ABORT_KEY, _do_nothing)()
            finally:
                sending.cancel()
                await asyncio.wait({sending})
        if not sending.cancelled():
            sending.result()

    async def _wait(self, sending: asyncio.Task[None], listener: Listener) -> None:
        """Return when all is sent, or when it is not to be sent any more."""
        while not (await asyncio.wait({sending}, timeout=_RECHECK_S))[0]:
            if self._is_blocked():
                return
            if not await self._may_read():
                listener.end()
                await asyncio.wait({sending}, timeout=_GRACE_S)
                return

    async def _send(self, send: Send, message: Message) -> None:
        self._sending_since_s = asyncio.get_running_loop().time()
        await send(message)
        self._sending_since_s = None

    def _is_blocked(self) -> bool:
        """Return whether the reader has taken nothing for too long."""
        since_s, now_s = self._sending_since_s, asyncio.get_running_loop().time()
        most_us = self._context.settings().limits.max_blocked_us
        return since_s is not None and now_s - since_s >= most_us / SECOND


def _do_nothing() -> None:
    """Leave it to the server what becomes of the connection."""


async def _framed(lines: AsyncIterator[str], *, is_sse: bool) -> AsyncIterator[str]:
    async for line in lines:
        if is_sse:
            yield f"data: {line}\n\n" if line else ":\n\n"
        else:
            yield f"{line}\n"
