"""The page that plays a room in the browser; `static/watch/` is a player like any other."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.web.rendering import allow, context_of, page

# What a room plays lies at any address: videos and pictures, which no script can read, and streams,
# which hls.js fetches and hands to the browser as a blob.
_MORE = {
    "media-src": "* data: blob:",
    "connect-src": "'self' http: https:",
    "img-src": "'self' data: http: https:",
    "worker-src": "'self'",
}
_EMOJIS = ("👍", "😂", "😮", "😭", "🎉", "💖", "🔥")
_SPARKS = ("❤️", "☝️", "🙈", "💩", "💀")


async def show(request: Request) -> Response:
    """Show the player of a channel; who it is that watches, its script tells the server."""
    channel = await context_of(request).store.channels.get(request.path_params["channel_id"])
    if channel is None:
        return page(request, "invitation_gone.html", HTTPStatus.NOT_FOUND)
    response = page(request, "watch.html", channel=channel, emojis=_EMOJIS, sparks=_SPARKS)
    allow(response, _MORE)
    return response
