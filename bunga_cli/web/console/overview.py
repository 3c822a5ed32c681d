"""`/console`: what goes on, at a glance."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.server.feed import Listener
from bunga_cli.web.console.board import board_of
from bunga_cli.web.guard import is_partial
from bunga_cli.web.languages import language_of, marked
from bunga_cli.web.rendering import page, translate
from bunga_cli.web.streams import stream

_NO_ROOM = ""
"""No channel has this id: who listens to it hears nothing but the end."""
_GRAVE = ("failure", "warning")


async def show(request: Request) -> Response:
    """Show the overview; what takes long to find out comes afterwards."""
    look = await board_of(request).look()
    return page(request, "console/overview.html", page_name="overview", look=look)


async def watch(request: Request) -> Response:
    """Stream what changes on the overview."""
    return stream(request, _NO_ROOM, partial(_changes, request))


async def _changes(request: Request, listener: Listener) -> AsyncIterator[str]:
    """Yield the pieces of the page that are others now, once a second, as all readers do."""
    board, language = board_of(request), language_of(request)
    clock = asyncio.get_running_loop().time
    seen: dict[str, str] = {}
    while not listener.has_ended:
        pieces = (await board.look()).pieces(language)
        changed = {name: html for name, html in pieces.items() if seen.get(name) != html}
        seen = pieces
        yield json.dumps(changed) if changed else ""
        await listener.news(1 - clock() % 1)


async def health(request: Request) -> Response:
    """Show how the plugins do."""
    plugins = await board_of(request).health()
    return _part(request, "parts/overview_health.html", marked("Integrations"), plugins=plugins)


async def findings(request: Request) -> Response:
    """Show what the doctor finds: the worst first, and how many are well."""
    found = await board_of(request).findings()
    grave = [one for one in found if one.state in _GRAVE]
    grave.sort(key=lambda one: _GRAVE.index(one.state))
    return _part(
        request,
        "parts/overview_findings.html",
        marked("Worth a look"),
        findings=grave,
        well=[one for one in found if one.state not in _GRAVE],
    )


def _part(request: Request, template: str, title: str, **values: object) -> Response:
    """Return a part of the overview; without scripts it is a page of its own."""
    if is_partial(request):
        return page(request, template, **values)
    return page(
        request,
        "console/overview_part.html",
        page_name="overview",
        part=template,
        title=translate(request, title),
        **values,
    )


ROUTES = (
    ("GET", "/console", show),
    ("GET", "/console/stream", watch),
    ("GET", "/console/health", health),
    ("GET", "/console/findings", findings),
)
