"""`/console/channels/ID/members`: who belongs to a channel, and who may not come in."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api.v1 import accounts
from bunga_cli.api.v1 import members as api
from bunga_cli.errors import BungaError, NotFound
from bunga_cli.web.changing import told
from bunga_cli.web.console.accounts import called
from bunga_cli.web.console.asking import ask
from bunga_cli.web.console.channel import channel_page, place_of, shown
from bunga_cli.web.forms import FormProblem, checked
from bunga_cli.web.guard import fields_of, is_partial
from bunga_cli.web.languages import marked
from bunga_cli.web.notices import go_to
from bunga_cli.web.paging import Part
from bunga_cli.web.rendering import context_of, page, translate

_MOST_FOUND = 20
_NO_PROBLEMS: Mapping[str, str] = MappingProxyType({})


async def index(request: Request) -> Response:
    """List the members that a search finds, those who are there first."""
    channel, context = await shown(request), context_of(request)
    search = request.query_params.get("search", "").strip()
    wanted = search.casefold()
    found = [
        one
        for one in (await api.list_members(channel.id, context)).members
        if wanted in one.username.casefold() or wanted in (one.seen_as or "").casefold()
    ]
    found.sort(key=lambda one: (not one.sockets, called(one).casefold()))
    part = Part.of(found, request)
    if is_partial(request):
        return page(
            request,
            "console/member_rows.html",
            channel=channel,
            place=place_of(channel.id),
            part=part,
            search=search,
        )
    return channel_page(request, channel, "members", part=part, search=search)


async def find(request: Request) -> Response:
    """Look for accounts that could become members."""
    channel, context = await shown(request), context_of(request)
    search = request.query_params.get("search", "").strip()[:200]
    members = {one.username for one in (await api.list_members(channel.id, context)).members}
    found = await accounts.list_accounts(context, search, limit=_MOST_FOUND)
    values = {"accounts": found.accounts, "total": found.total, "members": members}
    if is_partial(request):
        place = place_of(channel.id)
        return page(request, "console/found_accounts.html", place=place, search=search, **values)
    return channel_page(request, channel, "add_member", search=search, **values)


async def add(request: Request) -> Response:
    """Make an account a member."""
    channel, name = await shown(request), (await fields_of(request)).get("name", "")
    member = await api.add_member(channel.id, name, context_of(request))
    await told(request, api.add_member, {"channel_id": channel.id, "name": name})
    notice = translate(request, "{name} is a member now.", name=called(member))
    return go_to(request, place_of(channel.id, "members"), notice)


Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Step:
    """Something that is done to a member: the function of `/api/v1`, and what is said then."""

    function: Callable[..., Awaitable[object]]
    take: Callable[[Request, str, str, Mapping[str, str]], Awaitable[Body]]
    notice: str


async def _kick(request: Request, channel_id: str, name: str, _fields: Mapping[str, str]) -> Body:
    place = accounts.Place(channel_id=channel_id)
    await accounts.kick(name, place, context_of(request))
    return place.model_dump()


async def _ban(request: Request, channel_id: str, name: str, fields: Mapping[str, str]) -> Body:
    where = None if fields.get("where") == "site" else channel_id
    ban = checked(accounts.Ban, {"channel_id": where, "reason": fields.get("reason", "")})
    await accounts.ban(name, ban, context_of(request))
    return ban.model_dump()


async def _unban(request: Request, channel_id: str, name: str, fields: Mapping[str, str]) -> Body:
    place = accounts.Place(channel_id=None if fields.get("where") == "site" else channel_id)
    await accounts.unban(name, place, context_of(request))
    return place.model_dump()


async def _remove(request: Request, channel_id: str, name: str, _fields: Mapping[str, str]) -> Body:
    await api.remove_member(channel_id, name, context_of(request))
    return {"channel_id": channel_id}


_STEPS = {
    "kick": _Step(accounts.kick, _kick, marked("{name} was sent out for ten minutes.")),
    "ban": _Step(accounts.ban, _ban, marked("{name} is banned.")),
    "unban": _Step(accounts.unban, _unban, marked("{name} may come in again.")),
    "remove": _Step(api.remove_member, _remove, marked("{name} is no longer a member.")),
}


async def ask_step(request: Request) -> Response:
    """Ask whether something shall be done to a member, and say what it means."""
    return await _ask(request, request.query_params.get("name", ""))


async def take_step(request: Request) -> Response:
    """Do something to a member."""
    channel, step = await shown(request), _step_of(request)
    fields = await fields_of(request)
    name = fields.get("name", "")
    account = await accounts.show_account(name, context_of(request))
    try:
        body = await step.take(request, channel.id, name, fields)
    except FormProblem as problem:
        return await _ask(request, name, problem.problems, fields)
    except NotFound:
        raise
    except BungaError as error:
        return await _ask(request, name, {"": str(error)}, fields)
    await told(request, step.function, {"name": name}, body)
    notice = translate(request, step.notice, name=called(account))
    return go_to(request, place_of(channel.id, "members"), notice)


async def _ask(
    request: Request,
    name: str,
    problems: Mapping[str, str] = _NO_PROBLEMS,
    fields: Mapping[str, str] = _NO_PROBLEMS,
) -> Response:
    channel, step = await shown(request), request.path_params["step"]
    _step_of(request)
    account = await accounts.show_account(name, context_of(request))
    return ask(
        request,
        f"{step}_member",
        place_of(channel.id, "members", step),
        back=place_of(channel.id, "members"),
        problems=problems,
        channel=channel,
        name=account.username,
        called=called(account),
        sockets=sum(one.channel_id == channel.id for one in account.connections),
        site_ban=next((one for one in account.exclusions if one.channel_id is None), None),
        exclusion=next((one for one in account.exclusions if one.channel_id == channel.id), None),
        reason=fields.get("reason", ""),
        where=fields.get("where", ""),
    )


def _step_of(request: Request) -> _Step:
    step = _STEPS.get(request.path_params["step"])
    if step is None:
        raise NotFound(translate(request, "There is no such page."))
    return step


_MEMBERS = "/console/channels/{channel_id:id}/members"

ROUTES = (
    ("GET", _MEMBERS, index),
    ("GET", f"{_MEMBERS}/add", find),
    ("POST", f"{_MEMBERS}/add", add),
    ("GET", f"{_MEMBERS}/{{step:id}}", ask_step),
    ("POST", f"{_MEMBERS}/{{step:id}}", take_step),
)
