"""`/console/security/tokens`: tokens made by hand. A new one is shown once, in the answer."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api.v1 import tokens as api
from bunga_cli.auth.api_tokens import SCOPES
from bunga_cli.errors import BungaError, NotFound
from bunga_cli.units import parse_duration
from bunga_cli.web.changing import told
from bunga_cli.web.console.admins import HOME
from bunga_cli.web.console.asking import ask
from bunga_cli.web.forms import FormProblem, checked
from bunga_cli.web.guard import fields_of
from bunga_cli.web.notices import go_to
from bunga_cli.web.paging import Part
from bunga_cli.web.rendering import context_of, page, translate

_TOKENS = f"{HOME}/tokens"
_MOST_CHANNELS = 200
_NOTHING: Mapping[str, str] = MappingProxyType({})


async def index(request: Request) -> Response:
    """List the tokens, the newest first."""
    found = (await api.list_tokens(context_of(request))).tokens
    part = Part.of(found[::-1], request)
    return page(request, "console/api_tokens.html", page_name="security", part=part)


async def ask_new(request: Request) -> Response:
    """Show the form of a new token."""
    return await _new(request)


async def create(request: Request) -> Response:
    """Make a token and show it: here, and nowhere else ever."""
    fields = await fields_of(request)
    try:
        new = checked(api.NewToken, _wanted(request, fields))
        made = await api.issue_token(new, context_of(request))
    except FormProblem as problem:
        return await _new(request, problem.problems, fields)
    except NotFound as error:
        field = "channel_id" if fields.get("channel_id") else ""
        return await _new(request, {field: str(error)}, fields)
    except BungaError as error:
        return await _new(request, {"": str(error)}, fields)
    body = new.model_dump(mode="json", exclude={"expires_us"})
    await told(request, api.issue_token, body=body, answer={"id": made.id})
    return page(request, "console/api_token_made.html", page_name="security", token=made)


def _wanted(request: Request, fields: Mapping[str, str]) -> dict[str, object]:
    """Return the token that a form describes, as `/api/v1` takes it. Raises FormProblem."""
    scopes = [scope for scope in SCOPES if f"scope.{scope}" in fields]
    problems = {}
    if not scopes:
        problems["scopes"] = translate(request, "Choose what it is good for.")
    expires_us = None
    try:
        expires_us = parse_duration(fields["expires"]) if fields.get("expires") else None
    except ValueError:
        problems["expires"] = translate(request, "Must be a duration, such as “90d” or “12h”.")
    if expires_us == 0:
        problems["expires"] = translate(request, "It would be of no use to anybody.")
    if problems:
        raise FormProblem(problems)
    return {
        "kind": "api",
        "name": fields.get("name", ""),
        "scopes": scopes,
        "channel_id": fields.get("channel_id", "").strip() or None,
        "expires_us": expires_us,
    }


async def _new(
    request: Request,
    problems: Mapping[str, str] = _NOTHING,
    fields: Mapping[str, str] = _NOTHING,
) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    known = {"expires_us": "expires"}
    return page(
        request,
        "console/api_token_new.html",
        status,
        page_name="security",
        problems={known.get(name, name): text for name, text in problems.items()},
        fields=fields,
        channels=await _channels(request),
    )


async def _channels(request: Request) -> list[tuple[str, str]]:
    """Return what can be chosen for a token to be good for; nothing if it is too much to choose."""
    channels = await context_of(request).store.channels.list()
    if len(channels) > _MOST_CHANNELS:
        return []
    named = [(one.id, f"{one.name} ({one.id})" if one.name else one.id) for one in channels]
    return [("", translate(request, "all of them")), *named]


async def ask_revoke(request: Request) -> Response:
    """Ask whether a token shall be taken back."""
    found = (await api.list_tokens(context_of(request))).tokens
    token_id = request.query_params.get("id", "")
    token = next((one for one in found if one.id == token_id), None)
    if token is None:
        raise NotFound(translate(request, "There is no such token."))
    return ask(
        request,
        "revoke_token",
        f"{_TOKENS}/revoke",
        back=_TOKENS,
        page_name="security",
        token=token,
    )


async def revoke(request: Request) -> Response:
    """Take a token back."""
    what = checked(api.Revoke, {"id": (await fields_of(request)).get("id", "")})
    await api.revoke_tokens(what, context_of(request))
    await told(request, api.revoke_tokens, body=what.model_dump())
    return go_to(request, _TOKENS, translate(request, "The token was revoked."))


ROUTES = (
    ("GET", _TOKENS, index),
    ("GET", f"{_TOKENS}/new", ask_new),
    ("POST", f"{_TOKENS}/new", create),
    ("GET", f"{_TOKENS}/revoke", ask_revoke),
    ("POST", f"{_TOKENS}/revoke", revoke),
)
