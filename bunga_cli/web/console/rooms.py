"""`/console/channels/ID/room`: a room as it is, live, and an admin's hand in it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api.deeds import Call, deed_of
from bunga_cli.api.v1 import accounts, rooms
from bunga_cli.api.v1.channels import existing_channel
from bunga_cli.api.v1.room_models import Room
from bunga_cli.api.v1.room_streams import looks
from bunga_cli.api.v1.schema import StrictBody
from bunga_cli.errors import Invalid
from bunga_cli.server.feed import Listener
from bunga_cli.sync.values import User
from bunga_cli.units import parse_position
from bunga_cli.web.changing import changed
from bunga_cli.web.console.accounts import called
from bunga_cli.web.console.asking import ask
from bunga_cli.web.console.room_pieces import Pieces, event_keys, key_of, scale_us
from bunga_cli.web.forms import FormProblem, checked
from bunga_cli.web.guard import fields_of, is_partial, toast
from bunga_cli.web.languages import language_of, marked
from bunga_cli.web.notices import go_to
from bunga_cli.web.rendering import context_of, page, translate
from bunga_cli.web.streams import stream

_SECOND_US = 1_000_000

# -- to look at -----------------------------------------------------------------------------------


async def show(request: Request) -> Response:
    """Show a room, alive or not."""
    channel = await existing_channel(request.path_params["channel_id"], context_of(request))
    room = rooms.room_now(channel.id, context_of(request))
    return page(
        request,
        "console/room.html",
        page_name="room",
        channel_name=channel.name or channel.id,
        channel_url=_channel_path(request),
        action=_path(request),
        room=room,
        scale_us=scale_us(room.position_us),
        watcher_keys={watcher.id: key_of(watcher.id) for watcher in room.watchers},
        event_keys=event_keys(room.events),
        problems={},
        fields={},
    )


async def watch(request: Request) -> Response:
    """Stream what changes on the page of a room."""
    channel_id = request.path_params["channel_id"]
    await existing_channel(channel_id, context_of(request))
    return stream(request, channel_id, partial(_changes, request))


async def _changes(request: Request, listener: Listener) -> AsyncIterator[str]:
    """Yield what of the page is another one now, and at last whether the channel is gone."""
    context, channel_id = context_of(request), request.path_params["channel_id"]
    csrf_token = request.state.session.csrf_token
    pieces = Pieces(language_of(request), _path(request), csrf_token)
    clock = asyncio.get_running_loop().time
    async for look in looks(context, channel_id, listener):
        yield json.dumps(pieces.changed(look.room, clock())) if look else ""
    if await context.store.channels.get(channel_id) is None:
        yield json.dumps({"gone": True})


# -- orders ---------------------------------------------------------------------------------------


async def play(request: Request) -> Response:
    """Let the room play."""
    return await _order(request, rooms.play)


async def pause(request: Request) -> Response:
    """Pause the room where it is."""
    return await _order(request, rooms.pause)


async def seek(request: Request) -> Response:
    """Go to another place: `position_s` of the slider, or `to` as a person writes it."""
    fields = await fields_of(request)
    try:
        position_us = parse_position(fields.get("position_s") or fields.get("to", ""))
    except ValueError:
        raise Invalid(translate(request, _NO_POSITION)) from None
    return await _order(request, rooms.seek, _valid(rooms.Sought, position_us=position_us))


_NO_POSITION = marked("That is no place in a video: write it as 1:23:45, 42:07 or 90.")


async def project(request: Request) -> Response:
    """Put on a video."""
    fields = await fields_of(request)
    values = {"url": fields.get("url", ""), "title": fields.get("title") or None}
    try:
        video = checked(rooms.Projected, values)
    except FormProblem as problem:
        return _project_form(request, fields, problem.problems)
    await _order(request, rooms.project, video)
    return _project_form(request, {}, {}) if is_partial(request) else _back(request)


def _project_form(request: Request, fields: dict[str, str], problems: dict[str, str]) -> Response:
    """Return the form anew: with what is wrong, or empty for the next video."""
    if not is_partial(request):
        raise Invalid(" ".join(problems.values()))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return page(
        request,
        "parts/project.html",
        status,
        action=_path(request),
        fields=fields,
        problems=problems,
    )


async def say(request: Request) -> Response:
    """Let a line fly over everybody's picture."""
    text = (await fields_of(request)).get("text", "")
    return await _order(request, rooms.say, _valid(rooms.Said, text=text))


async def reset(request: Request) -> Response:
    """Empty the room."""
    channel_id = request.path_params["channel_id"]
    await rooms.reset(channel_id, context_of(request), request)
    return await _done(request, rooms.reset, Call({"channel_id": channel_id}))


async def ask_kick(request: Request) -> Response:
    """Ask whether somebody shall be sent out, and say what it means."""
    channel_id, context = request.path_params["channel_id"], context_of(request)
    await existing_channel(channel_id, context)
    name = request.query_params.get("account_id", "")
    account = await accounts.show_account(name, context)
    return ask(
        request,
        "kick_member",
        f"{_path(request)}/kick",
        back=_path(request),
        page_name="room",
        is_live=True,
        name=account.username,
        called=called(account),
        sockets=sum(one.channel_id == channel_id for one in account.connections),
    )


async def kick(request: Request) -> Response:
    """Send somebody out for ten minutes."""
    channel_id = request.path_params["channel_id"]
    name = (await fields_of(request)).get("name", "")
    await existing_channel(channel_id, context_of(request))
    account = await accounts.show_account(name, context_of(request))
    place = accounts.Place(channel_id=channel_id)
    await accounts.kick(name, place, context_of(request))
    call = Call({"name": name}, {"channel_id": channel_id})
    notice = translate(request, "{name} was sent out for ten minutes.", name=called(account))
    return await _done(request, accounts.kick, call, notice)


Order = Callable[..., Awaitable[Room]]


async def _order(request: Request, order: Order, body: StrictBody | None = None) -> Response:
    """Do what an admin asks of the room, and note it."""
    channel_id, context = request.path_params["channel_id"], context_of(request)
    actor = User(rooms.ADMIN, request.state.session.username, 0)
    await order(channel_id, *(() if body is None else (body,)), context, actor)
    told = {} if body is None else body.model_dump(mode="json")
    return await _done(request, order, Call({"channel_id": channel_id}, told))


async def _done(
    request: Request, what: Callable[..., object], call: Call, notice: str = ""
) -> Response:
    """Note what was done. What came of it is brought by the stream; a notice is a toast."""
    deed = deed_of(what)
    await changed(request, what, deed.subject_of(call), **deed.details_of(call))
    if not is_partial(request):
        return _back(request, notice)
    return toast(request, notice) if notice else Response(status_code=HTTPStatus.NO_CONTENT)


def _back(request: Request, notice: str = "") -> Response:
    return go_to(request, _path(request), notice)


def _valid(model: type[StrictBody], **values: object) -> StrictBody:
    """Return a model of what was sent, which has one field. Raises Invalid."""
    try:
        return checked(model, values)
    except FormProblem as problem:
        raise Invalid(" ".join(problem.problems.values())) from problem


def _channel_path(request: Request) -> str:
    return f"/console/channels/{quote(request.path_params['channel_id'], safe='')}"


def _path(request: Request) -> str:
    return f"{_channel_path(request)}/room"


_PATH = "/console/channels/{channel_id:id}/room"

ROUTES = (
    ("GET", _PATH, show),
    ("GET", f"{_PATH}/stream", watch),
    ("GET", f"{_PATH}/kick", ask_kick),
    *(
        ("POST", f"{_PATH}/{order.__name__}", order)
        for order in (play, pause, seek, project, say, kick, reset)
    ),
)
