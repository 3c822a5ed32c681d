"""What happens in the rooms while it happens: a line of JSON at a time, or server-sent events.

A stream goes on until its reader leaves or may not read any more, its channel is deleted or the
server ends. While nothing happens, an empty line (or comment) each 10 s shows that it lives. All
who watch a room are shown the same, which is made once.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from bunga_cli.api.access import identify
from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.streams import Look
from bunga_cli.api.v1.channels import existing_channel
from bunga_cli.api.v1.room_models import Event, Room
from bunga_cli.api.v1.rooms import room_now
from bunga_cli.errors import BungaError
from bunga_cli.paths import CHANNEL_ID

router = APIRouter(tags=["v1 rooms"])

KEEPALIVE_S = 10.0
_TICK_S = 1.0
_RECHECK_S = 1.0
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
    return _stream(request, context, _events(context, None, last))


@router.get(f"/rooms/{CHANNEL_ID}/events", response_class=StreamingResponse, responses=_ANSWER)
async def room_events(
    channel_id: str, request: Request, context: Context, last: Last = 0
) -> StreamingResponse:
    """Stream what happens in one room."""
    await existing_channel(channel_id, context)
    return _stream(request, context, _events(context, channel_id, last))


@router.get(f"/rooms/{CHANNEL_ID}/watch", response_class=StreamingResponse, responses=_ANSWER)
async def watch(channel_id: str, request: Request, context: Context) -> StreamingResponse:
    """Stream a room as it is: now, at each change, and each second while it plays."""
    await existing_channel(channel_id, context)
    return _stream(request, context, _looks(context, channel_id))


async def _events(context: AppContext, channel_id: str | None, last: int) -> AsyncIterator[str]:
    """Yield events; nothing, as a sign of life, when none came for a while."""
    with context.hub.feed.listen(channel_id) as listener:
        for event in context.hub.events(channel_id, last):
            yield Event.of(event).model_dump_json()
        while not listener.has_ended:
            if not await listener.news(KEEPALIVE_S):
                yield ""
            lost, events = listener.take()
            if lost:
                yield Event.lost(lost).model_dump_json()
            for event in events:
                yield Event.of(event).model_dump_json()


async def _looks(context: AppContext, channel_id: str) -> AsyncIterator[str]:
    """Yield the room as it changes; nothing, as a sign of life, when it did not for a while."""
    clock, shown, shown_at_s = asyncio.get_running_loop().time, None, 0.0
    with context.hub.feed.listen(channel_id, sees_changes=True) as listener:
        while not listener.has_ended:
            look = _look(context, channel_id, clock())
            listener.take()
            if look.is_moving or look.lasting != shown:
                shown, shown_at_s = look.lasting, clock()
                yield look.line
                await asyncio.sleep(_LEAST_GAP_S)
            elif clock() - shown_at_s >= KEEPALIVE_S:
                shown_at_s = clock()
                yield ""
            await listener.news(_until_tick_s(clock()) if look.is_moving else KEEPALIVE_S)


def _look(context: AppContext, channel_id: str, now_s: float) -> Look:
    change = context.hub.feed.last_change(channel_id)

    def make() -> Look:
        room = room_now(channel_id, context)
        line, is_moving = room.model_dump_json(), bool(room.rate)
        return Look(line, _lasting(room), is_moving, change, now_s)

    return context.streams.look(channel_id, change, now_s, make)


def _until_tick_s(now_s: float) -> float:
    """Return how long it is until a moment at which all look who look at rooms that move."""
    return _TICK_S - now_s % _TICK_S


def _lasting(room: Room) -> dict[str, Any]:
    """Return what of a room does not change by time alone, as long as it rests."""
    passing = {"watchers": {"__all__": {"since_us"}}, "waiting_for": {"__all__": {"for_us"}}}
    return room.model_dump(exclude=passing)


class _Stream(StreamingResponse):
    """A stream that takes up a place for as long as it is being sent."""

    def __init__(self, context: AppContext, lines: AsyncIterator[str], *, is_sse: bool) -> None:
        super().__init__(
            _framed(lines, is_sse=is_sse),
            media_type=_SSE if is_sse else _NDJSON,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. Raises HTTPException (503) before anything of it if there are too many."""
        with self._context.streams.place(self._context.settings().limits.max_streams):
            await super().__call__(scope, receive, send)


def _stream(request: Request, context: AppContext, lines: AsyncIterator[str]) -> StreamingResponse:
    is_sse = _SSE in request.headers.get("accept", "")
    return _Stream(context, _while_allowed(request, context, lines), is_sse=is_sse)


async def _while_allowed(
    request: Request, context: AppContext, lines: AsyncIterator[str]
) -> AsyncIterator[str]:
    """Yield the lines until the one who reads them may do so no more, or a second longer."""
    clock = asyncio.get_running_loop().time
    looked_at_s = clock()
    async for line in lines:
        if clock() - looked_at_s >= _RECHECK_S:
            looked_at_s = clock()
            if not await _may_read(request, context):
                return
        yield line


async def _may_read(request: Request, context: AppContext) -> bool:
    try:
        return "rooms:read" in (await identify(request, context)).scopes
    except BungaError:
        return False


async def _framed(lines: AsyncIterator[str], *, is_sse: bool) -> AsyncIterator[str]:
    async for line in lines:
        if is_sse:
            yield f"data: {line}\n\n" if line else ":\n\n"
        else:
            yield f"{line}\n"
