"""`/console/channels`: all channels, and making one."""

from collections.abc import Container, Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api.v1 import channels as api
from bunga_cli.errors import BungaError
from bunga_cli.web.changing import told
from bunga_cli.web.console.channel import place_of
from bunga_cli.web.forms import FormProblem, checked
from bunga_cli.web.guard import fields_of, is_partial
from bunga_cli.web.notices import go_to
from bunga_cli.web.paging import Part
from bunga_cli.web.rendering import context_of, page, translate


async def index(request: Request) -> Response:
    """List the channels that a search finds, those with somebody in their room first."""
    context, query = context_of(request), request.query_params
    search, only_live = query.get("search", "").strip(), "live" in query
    live = {room.channel_id: room for room in context.hub.rooms() if room.watchers}
    names = await context.store.channels.names()
    among = {key: name for key, name in names.items() if key in live or not only_live}
    found = Part.of(_found(among, search, live), request)
    return page(
        request,
        "console/channel_rows.html" if is_partial(request) else "console/channels.html",
        page_name="channels",
        part=found.with_rows(await context.store.channels.some(found.rows)),
        members=await context.store.channels.member_counts(),
        is_empty=not names,
        search=search,
        only_live=only_live,
        live=live,
    )


def _found(names: Mapping[str, str], search: str, first: Container[str]) -> list[str]:
    """Return the ids of the channels that are called so, by name; some of them come first."""
    wanted = search.casefold()
    folded = {key: name.casefold() for key, name in names.items()}
    found = [key for key, name in folded.items() if wanted in name or wanted in key.casefold()]
    return sorted(found, key=lambda key: (key not in first, folded[key], key))


async def ask_new(request: Request) -> Response:
    """Show the form of a new channel."""
    return _new(request, {"allow_new_client": "true"}, {})


async def create(request: Request) -> Response:
    """Make a channel."""
    fields, context = await fields_of(request), context_of(request)
    values = {
        "name": fields.get("name", ""),
        "id": fields.get("id") or None,
        "allow_new_client": "allow_new_client" in fields,
    }
    try:
        made = await api.create_channel(checked(api.NewChannel, values), context)
    except FormProblem as problem:
        return _new(request, fields, problem.problems, HTTPStatus.UNPROCESSABLE_ENTITY)
    except BungaError as error:
        return _new(request, fields, {"id": str(error)}, HTTPStatus.UNPROCESSABLE_ENTITY)
    await told(request, api.create_channel, answer=made.model_dump(mode="json"))
    notice = translate(request, "The channel {name} was made.", name=made.name)
    return go_to(request, place_of(made.id), notice)


def _new(
    request: Request,
    fields: dict[str, str],
    problems: dict[str, str],
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    return page(
        request,
        "console/channel_new.html",
        status,
        page_name="channels",
        fields=fields,
        problems=problems,
    )


ROUTES = (
    ("GET", "/console/channels", index),
    ("GET", "/console/channels/new", ask_new),
    ("POST", "/console/channels/new", create),
)
