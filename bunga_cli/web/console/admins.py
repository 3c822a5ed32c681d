"""`/console/security`: the admins, where they are signed in, and who did not come in."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api.audit import SIGN_IN_FAILED
from bunga_cli.api.v1 import accounts, sessions
from bunga_cli.api.v1 import admins as api
from bunga_cli.errors import BungaError, NotFound
from bunga_cli.web.agents import browser_name
from bunga_cli.web.changing import told
from bunga_cli.web.console.asking import ask
from bunga_cli.web.forms import FormProblem, checked
from bunga_cli.web.guard import SIGN_IN, fields_of
from bunga_cli.web.notices import go_to
from bunga_cli.web.paging import Part
from bunga_cli.web.rendering import context_of, page, translate

HOME = "/console/security"
_SHOWN_FAILURES = 5
_SHOWN_BROWSERS = 20
_NOTHING: Mapping[str, str] = MappingProxyType({})


async def index(request: Request) -> Response:
    """Show the admins, the browsers they use, and the last sign-ins that failed."""
    context = context_of(request)
    browsers = (await sessions.list_sessions(context)).sessions
    return page(
        request,
        "console/admins.html",
        page_name="security",
        admins=(await api.list_admins(context)).admins,
        browsers=Part.of(browsers, request, _SHOWN_BROWSERS),
        browser_name=browser_name,
        own=request.state.session,
        failures=await context.audit.list(action=SIGN_IN_FAILED, limit=_SHOWN_FAILURES),
    )


async def ask_new(request: Request) -> Response:
    """Show the form of a new admin."""
    return _new(request)


async def create(request: Request) -> Response:
    """Make an admin."""
    fields = await fields_of(request)
    values = {"username": fields.get("username", ""), "password": fields.get("password", "")}
    try:
        new = checked(api.NewAdmin, values)
        _require_twice(request, fields)
        made = await api.create_admin(new, context_of(request))
    except FormProblem as problem:
        return _new(request, problem.problems, values["username"])
    except BungaError as error:
        return _new(request, {"username": str(error)}, values["username"])
    await told(request, api.create_admin, answer=made.model_dump(mode="json"))
    return go_to(request, HOME, translate(request, "{name} is an admin now.", name=made.username))


def _new(request: Request, problems: Mapping[str, str] = _NOTHING, username: str = "") -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return page(
        request,
        "console/admin_new.html",
        status,
        page_name="security",
        problems=problems,
        username=username,
    )


# -- passwords ------------------------------------------------------------------------------------


async def ask_password(request: Request) -> Response:
    """Show the form of an admin's new password."""
    return await _ask(request, "admin_password", request.query_params.get("name", ""))


async def change_password(request: Request) -> Response:
    """Give an admin another password, which ends what was signed in with the old one."""
    fields = await fields_of(request)
    name = fields.get("name", "")
    try:
        new = checked(api.NewPassword, {"password": fields.get("password", "")})
        _require_twice(request, fields)
    except FormProblem as problem:
        return await _ask(request, "admin_password", name, problem.problems)
    admin = await api.change_password(name, new, context_of(request))
    await told(request, api.change_password, {"name": admin.username})
    if admin.id == request.state.session.account_id:
        return go_to(request, SIGN_IN)
    text = translate(request, "{name} has another password now.", name=admin.username)
    return go_to(request, HOME, text)


def _require_twice(request: Request, fields: Mapping[str, str]) -> None:
    """Raise FormProblem unless a password was typed the same twice."""
    if fields.get("password") != fields.get("again"):
        raise FormProblem({"again": translate(request, "The two passwords are not the same.")})


# -- the end of an admin --------------------------------------------------------------------------


async def ask_delete(request: Request) -> Response:
    """Ask whether an admin shall be deleted, and say what would go."""
    return await _ask(request, "delete_admin", request.query_params.get("name", ""))


async def delete(request: Request) -> Response:
    """Delete an admin, if the name was typed."""
    fields = await fields_of(request)
    name = fields.get("name", "")
    if fields.get("confirm", "").strip() != name.strip():
        problem = translate(request, "Type the name as it is written here, to be sure.")
        return await _ask(request, "delete_admin", name, {"confirm": problem})
    admin = await _admin(request, name)
    await api.delete_admin(name, context_of(request))
    await told(request, api.delete_admin, {"name": name})
    if admin.id == request.state.session.account_id:
        return go_to(request, SIGN_IN)
    return go_to(request, HOME, translate(request, "The admin {name} was deleted.", name=name))


async def _ask(
    request: Request, question: str, name: str, problems: Mapping[str, str] = _NOTHING
) -> Response:
    context, admin = context_of(request), await _admin(request, name)
    browsers = (await sessions.list_sessions(context)).sessions
    verb = "password" if question == "admin_password" else "delete"
    return ask(
        request,
        question,
        f"{HOME}/{verb}",
        back=HOME,
        page_name="security",
        problems=problems,
        account=await accounts.show_account(admin.username, context),
        is_self=admin.id == request.state.session.account_id,
        is_last=len((await api.list_admins(context)).admins) == 1,
        browsers=sum(one.username == admin.username for one in browsers),
    )


async def _admin(request: Request, name: str) -> api.Admin:
    """Return an admin. Raises NotFound."""
    found = (await api.list_admins(context_of(request))).admins
    admin = next((one for one in found if one.username == name), None)
    if admin is None:
        raise NotFound(translate(request, "There is no such admin any more."))
    return admin


# -- browsers -------------------------------------------------------------------------------------


async def end_session(request: Request) -> Response:
    """Sign a browser out."""
    session_id = (await fields_of(request)).get("id", "")
    ended = await sessions.end_session(session_id, context_of(request))
    await told(request, sessions.end_session, answer=ended.model_dump(mode="json"))
    if ended.id == request.state.session.id:
        return go_to(request, SIGN_IN)
    text = translate(request, "{name} was signed out there.", name=ended.username)
    return go_to(request, HOME, text)


ROUTES = (
    ("GET", HOME, index),
    ("GET", f"{HOME}/admins/new", ask_new),
    ("POST", f"{HOME}/admins/new", create),
    ("GET", f"{HOME}/password", ask_password),
    ("POST", f"{HOME}/password", change_password),
    ("GET", f"{HOME}/delete", ask_delete),
    ("POST", f"{HOME}/delete", delete),
    ("POST", f"{HOME}/browsers/end", end_session),
)
