"""`/console/security/accounts`: everybody who ever registered, and what can be done to one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api.v1 import accounts as api
from bunga_cli.api.v1 import tokens
from bunga_cli.api.v1.members import Member
from bunga_cli.errors import BungaError, NotFound
from bunga_cli.web.changing import told
from bunga_cli.web.console.admins import HOME
from bunga_cli.web.console.asking import ask
from bunga_cli.web.forms import FormProblem, checked
from bunga_cli.web.guard import fields_of, is_partial
from bunga_cli.web.languages import marked
from bunga_cli.web.notices import go_to
from bunga_cli.web.paging import SIZE, Part, first_of
from bunga_cli.web.rendering import context_of, page, translate

_ACCOUNTS = f"{HOME}/accounts"
_LONGEST_SEARCH = 200
_MOST_NAMES = 500
"""Of so many channels the names are looked up; the rest goes by its ids."""
_NOTHING: Mapping[str, str] = MappingProxyType({})

Fields = Mapping[str, str]
Body = Mapping[str, Any]


async def index(request: Request) -> Response:
    """List the accounts that a search finds."""
    search = request.query_params.get("search", "").strip()[:_LONGEST_SEARCH]
    first = first_of(request)
    found = await api.list_accounts(context_of(request), search, SIZE, first)
    return page(
        request,
        "console/account_rows.html" if is_partial(request) else "console/accounts.html",
        page_name="security",
        part=Part(found.accounts, first, found.total),
        search=search,
    )


async def show(request: Request) -> Response:
    """Show all that is known of an account."""
    name = request.query_params.get("name", "")
    account = await api.show_account(name, context_of(request))
    ids = [one.channel_id for one in account.memberships]
    ids += [one.channel_id for one in account.exclusions if one.channel_id]
    channels = await context_of(request).store.channels.some(ids[:_MOST_NAMES])
    names = {channel.id: channel.name for channel in channels}
    return page(request, "console/account.html", page_name="security", account=account, names=names)


# -- what can be done -----------------------------------------------------------------------------


async def _ban(request: Request, name: str, fields: Fields) -> Body:
    ban = checked(api.Ban, {"channel_id": None, "reason": fields.get("reason", "")})
    await api.ban(name, ban, context_of(request))
    return ban.model_dump()


async def _unban(request: Request, name: str, fields: Fields) -> Body:
    place = api.Place(channel_id=fields.get("channel_id") or None)
    await api.unban(name, place, context_of(request))
    return place.model_dump()


async def _kick(request: Request, name: str, _fields: Fields) -> Body:
    await api.kick(name, api.Place(), context_of(request))
    return {}


async def _sign_out(request: Request, name: str, _fields: Fields) -> Body:
    what = checked(tokens.Revoke, {"account": name})
    await tokens.revoke_tokens(what, context_of(request))
    return what.model_dump()


async def _delete(request: Request, name: str, fields: Fields) -> Body:
    if fields.get("confirm", "").strip() != name.strip():
        problem = translate(request, "Type the name as it is written here, to be sure.")
        raise FormProblem({"confirm": problem})
    await api.delete_account(name, context_of(request))
    return {}


@dataclass(frozen=True, slots=True)
class _Step:
    """Something that is done to an account: the function of `/api/v1`, and what is said then."""

    function: Callable[..., object]
    take: Callable[[Request, str, Fields], Awaitable[Body]]
    notice: str


_STEPS = {
    "ban": _Step(api.ban, _ban, marked("{name} is banned.")),
    "unban": _Step(api.unban, _unban, marked("{name} may come in again.")),
    "kick": _Step(api.kick, _kick, marked("{name} was sent out for ten minutes.")),
    "sign_out": _Step(tokens.revoke_tokens, _sign_out, marked("{name} is signed out everywhere.")),
    "delete": _Step(api.delete_account, _delete, marked("The account {name} was deleted.")),
}
_RESET = "reset"
"""A step whose answer is a password, which no notice may tell."""


async def ask_step(request: Request) -> Response:
    """Ask whether something shall be done to an account, and say what it means."""
    return await _ask(request, request.query_params.get("name", ""), request.query_params)


async def take_step(request: Request) -> Response:
    """Do something to an account."""
    fields = await fields_of(request)
    name, step = fields.get("name", ""), _STEPS.get(request.path_params["step"])
    if step is None:
        raise NotFound(translate(request, "There is no such page."))
    account = await api.show_account(name, context_of(request))
    try:
        body = await step.take(request, name, fields)
    except FormProblem as problem:
        return await _ask(request, name, fields, problem.problems)
    except NotFound:
        raise
    except BungaError as error:
        return await _ask(request, name, fields, {"": str(error)})
    await told(request, step.function, {"name": name}, body)
    text = translate(request, step.notice, name=called(account))
    is_gone = request.path_params["step"] == "delete"
    return go_to(request, _ACCOUNTS if is_gone else place_of(name), text)


async def reset_password(request: Request) -> Response:
    """Give an account a password that is made here, and show it: here, and nowhere else."""
    name = (await fields_of(request)).get("name", "")
    account = await api.show_account(name, context_of(request))
    new = await api.reset_password(name, api.NewPassword(), context_of(request))
    await told(request, api.reset_password, {"name": name})
    return page(
        request,
        "console/account_password.html",
        page_name="security",
        name=called(account),
        place=place_of(name),
        password=new.password,
    )


async def _ask(
    request: Request, name: str, fields: Mapping[str, str], problems: Mapping[str, str] = _NOTHING
) -> Response:
    step = request.path_params.get("step", _RESET)
    if step not in (*_STEPS, _RESET):
        raise NotFound(translate(request, "There is no such page."))
    account = await api.show_account(name, context_of(request))
    return ask(
        request,
        f"{step}_account",
        f"{_ACCOUNTS}/{step}",
        back=place_of(name),
        page_name="security",
        problems=problems,
        account=account,
        is_self=account.id == request.state.session.account_id,
        reason=fields.get("reason", ""),
        channel_id=fields.get("channel_id", ""),
    )


def called(account: api.Account | Member) -> str:
    """Return what people know an account by: the name it was last seen by, if it ever was."""
    return account.seen_as or account.username


def place_of(name: str) -> str:
    """Return the address of an account's page. A name may be `..`, which no path may hold."""
    return f"{_ACCOUNTS}/one?name={quote(name, safe='')}"


ROUTES = (
    ("GET", _ACCOUNTS, index),
    ("GET", f"{_ACCOUNTS}/one", show),
    ("POST", f"{_ACCOUNTS}/{_RESET}", reset_password),
    ("GET", f"{_ACCOUNTS}/{{step:id}}", ask_step),
    ("POST", f"{_ACCOUNTS}/{{step:id}}", take_step),
)
