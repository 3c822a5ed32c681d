"""`/console/logs`: the end of the server's log, and its lines as they come."""

import json
from collections.abc import AsyncIterator
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.logs import LEVELS
from bunga_cli.server.feed import Listener
from bunga_cli.web.guard import is_partial
from bunga_cli.web.languages import language_of
from bunga_cli.web.rendering import context_of, macros, page
from bunga_cli.web.streams import stream

HOME = "/console/logs"
_SHOWN = 200
_LONGEST_SEARCH = 200
_MOST_DIGITS = 18
_NO_ROOM = ""
"""No channel has this id: who listens to it hears nothing but the end."""
_LOOK_EVERY_S = 1.0
_ALIVE_EVERY = 10
"""After so many looks in vain a sign of life is sent."""


async def index(request: Request) -> Response:
    """Show the last lines that a filter lets through."""
    level, text = _filter(request)
    entries = context_of(request).logs.entries(level or None, text, _SHOWN)
    return page(
        request,
        "console/log_lines.html" if is_partial(request) else "console/logs.html",
        page_name="logs",
        entries=entries,
        last=entries[-1].id if entries else 0,
        level=level,
        text=text,
        shown=_SHOWN,
    )


async def follow(request: Request) -> Response:
    """Stream the lines that come after one that is shown, as far as the filter lets them."""
    return stream(request, _NO_ROOM, partial(_lines, request))


async def _lines(request: Request, listener: Listener) -> AsyncIterator[str]:
    logs, (level, text) = context_of(request).logs, _filter(request)
    render = macros(language_of(request), "parts/log.html")["line"]
    after, in_vain = _number(request.query_params.get("after", "")), 0
    while not listener.has_ended:
        entries = logs.entries(level or None, text, _SHOWN, after)
        if entries:
            after, in_vain = entries[-1].id, 0
            yield json.dumps([str(render(entry)) for entry in entries])
        else:
            in_vain += 1
            if in_vain % _ALIVE_EVERY == 1:
                yield ""
        await listener.news(_LOOK_EVERY_S)


def _filter(request: Request) -> tuple[str, str]:
    """Return the lowest level of interest, empty for all, and what is to be in a line."""
    level, text = request.query_params.get("level", ""), request.query_params.get("text", "")
    return level if level in LEVELS else "", text.strip()[:_LONGEST_SEARCH]


def _number(text: str) -> int:
    """Return an id; nonsense is 0."""
    return int(text[:_MOST_DIGITS]) if text.isascii() and text.isdigit() else 0


ROUTES = (
    ("GET", HOME, index),
    ("GET", f"{HOME}/stream", follow),
)
