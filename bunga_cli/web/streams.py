"""Streams of server-sent events for pages that are open; `static/live.js` reads them."""

from collections.abc import AsyncIterator, Callable
from functools import partial

from starlette.requests import Request

from bunga_cli.api.streams import Viewer
from bunga_cli.api.v1.room_streams import Stream
from bunga_cli.server.feed import Listener
from bunga_cli.web.rendering import context_of


def stream(
    request: Request, channel_id: str | None, lines: Callable[[Listener], AsyncIterator[str]]
) -> Stream:
    """Return what a listener to a room, or to all, is sent as long as the session goes on.

    `lines` makes it: one event each, without line breaks; an empty one is a sign of life. Reading
    is no use of the session, so that a page that was left open does not keep it alive for ever.
    """
    context = context_of(request)
    session = request.state.session
    may_read = partial(context.sessions.is_open, session.secret)
    return Stream(context, Viewer(session.username), channel_id, lines, may_read)
