"""The homepage, and the page that an invitation opens."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api.urls import completed_url
from bunga_cli.listening import register_url
from bunga_cli.store.rows import ChannelRow
from bunga_cli.sync.views import RoomView
from bunga_cli.web.qr_codes import qr_code
from bunga_cli.web.rendering import context_of, page

# What a browser's name of itself contains, in this order: Android's says Linux, an iPhone's Mac.
_PLATFORMS = (
    ("Android", "android"),
    ("iPhone", "ios"),
    ("iPad", "ios"),
    ("Windows", "windows"),
    ("Mac OS", "macos"),
    ("Linux", "linux"),
)
_NAMES = {
    "windows": "Windows",
    "macos": "macOS",
    "linux": "Linux",
    "android": "Android",
    "ios": "iPhone, iPad",
}


async def show(request: Request) -> Response:
    """Show what this is, or, with `?channel=ID`, into what somebody is invited."""
    channel_id = request.query_params.get("channel")
    downloads = _downloads(request)
    if channel_id is None:
        return page(request, "home.html", downloads=downloads)
    context = context_of(request)
    channel = await context.store.channels.get(channel_id)
    if channel is None:
        return page(request, "invitation_gone.html", HTTPStatus.NOT_FOUND, downloads=downloads)
    address = register_url(completed_url("/", request, context), channel.id)
    return page(
        request,
        "invitation.html",
        downloads=downloads,
        channel=channel,
        room=_room_to_show(channel, context.hub.room(channel.id)),
        address=address,
        watch_url=f"/watch/{quote(channel.id, safe='')}",
        qr=qr_code(address),
    )


def _room_to_show(channel: ChannelRow, room: RoomView | None) -> RoomView | None:
    """Return what is going on in a channel that lets the invited know, if anybody is there."""
    return room if channel.shows_room and room and room.watchers else None


def _downloads(request: Request) -> list[Mapping[str, object]]:
    """Return where to get the player, for the visitor's platform first."""
    agent = request.headers.get("user-agent", "")
    own = next((platform for sign, platform in _PLATFORMS if sign in agent), None)
    links = context_of(request).settings().downloads.model_dump()
    found = [
        {"platform": platform, "name": _NAMES[platform], "url": url, "is_own": platform == own}
        for platform, url in links.items()
        if url
    ]
    return sorted(found, key=lambda link: not link["is_own"])
