"""`/console/channels/ID`: how one channel is run, who is invited, and its end."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api.urls import completed_url
from bunga_cli.api.v1 import channels as api
from bunga_cli.listening import invitation_url, register_url
from bunga_cli.units import format_duration, parse_duration
from bunga_cli.web.changing import told
from bunga_cli.web.console.asking import ask
from bunga_cli.web.forms import FormProblem, checked
from bunga_cli.web.guard import fields_of
from bunga_cli.web.notices import go_to
from bunga_cli.web.qr_codes import qr_code
from bunga_cli.web.rendering import context_of, page, translate

_NO_PROBLEMS: Mapping[str, str] = MappingProxyType({})
_CHOICE = {None: "", True: "yes", False: "no"}
_DURATIONS = ("max_wait", "reconnect_grace")
_SWITCHES = ("allow_new_client", "shows_room")


def place_of(channel_id: str, *parts: str) -> str:
    """Return the address of a page of a channel."""
    return "/".join(["/console/channels", *(quote(part, safe="") for part in (channel_id, *parts))])


def channel_page(
    request: Request,
    channel: api.Channel,
    tab: str,
    status: HTTPStatus = HTTPStatus.OK,
    /,
    **values: object,
) -> Response:
    """Return a page of a channel: `tab` is `settings`, `members` or `integrations`."""
    return page(
        request,
        f"console/channel_{tab}.html",
        status,
        page_name="channel",
        tab=tab,
        channel=channel,
        place=place_of(channel.id),
        room=context_of(request).hub.room(channel.id),
        **values,
    )


async def shown(request: Request) -> api.ChannelInFull:
    """Return the channel of a page's address. Raises NotFound."""
    return await api.show_channel(request.path_params["channel_id"], context_of(request))


async def show(request: Request) -> Response:
    """Show how a channel is run, and how to get into it."""
    channel = await shown(request)
    return _settings(request, channel, _values(channel))


async def save(request: Request) -> Response:
    """Change a channel; its name and its rules count at once."""
    channel, fields = await shown(request), await fields_of(request)
    try:
        changes = _changes(channel, _policy(request, fields))
        patch = checked(api.ChannelPatch, changes) if changes else None
    except FormProblem as problem:
        typed = _values(channel) | fields | {name: name in fields for name in _SWITCHES}
        return _settings(request, channel, typed, HTTPStatus.UNPROCESSABLE_ENTITY, problem.problems)
    if patch is None:
        return go_to(request, place_of(channel.id), translate(request, "Nothing was changed."))
    now = await api.change_channel(channel.id, patch, context_of(request))
    body = patch.model_dump(mode="json", exclude_unset=True)
    await told(request, api.change_channel, {"channel_id": now.id}, body)
    return go_to(request, place_of(now.id), translate(request, "The channel was changed."))


async def ask_delete(request: Request) -> Response:
    """Ask whether a channel shall be deleted, and say what would go with it."""
    return _ask_delete(request, await shown(request))


async def delete(request: Request) -> Response:
    """Delete a channel, if its name was typed."""
    channel, fields = await shown(request), await fields_of(request)
    if fields.get("confirm", "") not in (channel.name.strip(), channel.id):
        problem = translate(request, "Type the name as it is written here, to be sure.")
        return _ask_delete(request, channel, {"confirm": problem})
    await api.delete_channel(channel.id, context_of(request))
    await told(request, api.delete_channel, {"channel_id": channel.id})
    notice = translate(request, "The channel {name} was deleted.", name=channel.name)
    return go_to(request, "/console/channels", notice)


def _ask_delete(
    request: Request, channel: api.ChannelInFull, problems: Mapping[str, str] = _NO_PROBLEMS
) -> Response:
    room = context_of(request).hub.room(channel.id)
    return ask(
        request,
        "delete_channel",
        place_of(channel.id, "delete"),
        back=place_of(channel.id),
        problems=problems,
        channel=channel,
        watchers=len(room.watchers) if room else 0,
    )


def _settings(
    request: Request,
    channel: api.Channel,
    values: Mapping[str, object],
    status: HTTPStatus = HTTPStatus.OK,
    problems: Mapping[str, str] = _NO_PROBLEMS,
) -> Response:
    context = context_of(request)
    base, sync = completed_url("/", request, context), context.settings().sync
    address = register_url(base, channel.id)
    return channel_page(
        request,
        channel,
        "settings",
        status,
        values=values,
        problems=problems,
        of_site={
            "on_join": sync.on_join,
            "legacy_compensation": sync.legacy_compensation,
            "max_wait": format_duration(sync.max_wait_us),
            "reconnect_grace": format_duration(sync.reconnect_grace_us),
        },
        invitation=invitation_url(base, channel.id),
        address=address,
        qr=qr_code(address),
    )


def _values(channel: api.Channel) -> dict[str, object]:
    """Return a channel as its form shows it."""
    return {
        "name": channel.name,
        "allow_new_client": channel.allow_new_client,
        "on_join": channel.on_join or "",
        "legacy_compensation": _CHOICE[channel.legacy_compensation],
        "max_wait": _written(channel.max_wait_us),
        "reconnect_grace": _written(channel.reconnect_grace_us),
        "shows_room": channel.shows_room,
    }


def _policy(request: Request, fields: Mapping[str, str]) -> dict[str, object]:
    """Return what a form says, as `/api/v1` takes it. Raises FormProblem."""
    said: dict[str, object] = {name: name in fields for name in _SWITCHES}
    said["name"], said["on_join"] = fields.get("name", ""), fields.get("on_join") or None
    choice = fields.get("legacy_compensation", "")
    said["legacy_compensation"] = {text: value for value, text in _CHOICE.items()}.get(choice)
    problems = {}
    for name in _DURATIONS:
        try:
            text = fields.get(name, "")
            said[f"{name}_us"] = parse_duration(text) if text else None
        except ValueError:
            problems[name] = translate(
                request, "Must be a duration, such as “20s”, “1m30s” or “500ms”."
            )
    if not said["name"]:
        problems["name"] = translate(request, "Give it a name.")
    if problems:
        raise FormProblem(problems)
    return said


def _changes(channel: api.Channel, said: Mapping[str, object]) -> dict[str, object]:
    now = channel.model_dump()
    return {name: value for name, value in said.items() if value != now[name]}


def _written(duration_us: int | None) -> str:
    return "" if duration_us is None else format_duration(duration_us)


ROUTES = (
    ("GET", "/console/channels/{channel_id:id}", show),
    ("POST", "/console/channels/{channel_id:id}", save),
    ("GET", "/console/channels/{channel_id:id}/delete", ask_delete),
    ("POST", "/console/channels/{channel_id:id}/delete", delete),
)
