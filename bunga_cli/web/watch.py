"""The page that plays a room in the browser; `static/watch/` is a player like any other."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.web.rendering import context_of, page

# What a room plays lies at any address, and a script cannot read what an element plays.
_ALLOWED = "media-src * data: blob:; worker-src 'self'"
_EMOJIS = ("👍", "😂", "😮", "😢", "🎉", "💖")


async def show(request: Request) -> Response:
    """Show the player of a channel; who it is that watches, its script tells the server."""
    channel = await context_of(request).store.channels.get(request.path_params["channel_id"])
    if channel is None:
        return page(request, "invitation_gone.html", HTTPStatus.NOT_FOUND)
    response = page(request, "watch.html", channel=channel, emojis=_EMOJIS)
    response.headers["Content-Security-Policy"] += f"; {_ALLOWED}"
    return response
