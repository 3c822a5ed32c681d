"""`/console/security/sign-out`: the end of all tokens, and another secret to sign them with."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api.v1 import accounts, secret, tokens
from bunga_cli.clock import utc_now
from bunga_cli.errors import NotFound
from bunga_cli.units import SECOND, format_duration, parse_duration
from bunga_cli.web.changing import told
from bunga_cli.web.console.accounts import place_of
from bunga_cli.web.console.admins import HOME
from bunga_cli.web.console.asking import ask
from bunga_cli.web.forms import FormProblem, checked
from bunga_cli.web.guard import SIGN_IN, fields_of
from bunga_cli.web.languages import LANGUAGES, marked, translations
from bunga_cli.web.notices import go_to
from bunga_cli.web.rendering import context_of, page, translate

_PLACE = f"{HOME}/sign-out"
_EVERYBODY = marked("everybody")
_NOTHING: Mapping[str, str] = MappingProxyType({})


async def index(request: Request) -> Response:
    """Show what can be ended."""
    return _show(request)


async def find_account(request: Request) -> Response:
    """Go to where an account is signed out, if there is one of that name."""
    name = (await fields_of(request)).get("account", "").strip()
    try:
        account = await accounts.show_account(name, context_of(request))
    except NotFound as error:
        return _show(request, {"account": str(error)}, {"account": name})
    return go_to(request, place_of(account.username).replace("/one?", "/sign_out?"))


# -- everybody ------------------------------------------------------------------------------------


async def ask_everybody(request: Request) -> Response:
    """Ask whether all tokens shall be taken back, and say what that means."""
    return _ask(request, "sign_out_everybody", f"{_PLACE}/everybody")


async def sign_out_everybody(request: Request) -> Response:
    """Take all tokens back, and with them all sessions: this one as well."""
    problems = _unconfirmed(request, await fields_of(request))
    if problems:
        return _ask(request, "sign_out_everybody", f"{_PLACE}/everybody", problems)
    what = tokens.Revoke(all=True)
    await tokens.revoke_tokens(what, context_of(request))
    await told(request, tokens.revoke_tokens, body=what.model_dump())
    return go_to(request, SIGN_IN)


# -- the secret -----------------------------------------------------------------------------------


async def ask_rotate(request: Request) -> Response:
    """Ask whether the secret shall be another one, for as long as is wanted beside the old one."""
    return _ask_rotate(request, request.query_params)


async def rotate(request: Request) -> Response:
    """Sign with another secret from now on."""
    fields = await fields_of(request)
    try:
        rotation = _rotation(request, fields)
    except FormProblem as problem:
        return _ask_rotate(request, fields, problem.problems)
    done = await secret.rotate(rotation, context_of(request))
    await told(request, secret.rotate, answer=done.model_dump(mode="json"))
    notice = _OVERLAPS if done.overlap_until else _AT_ONCE
    return go_to(request, _PLACE, translate(request, notice, n=done.closed))


_OVERLAPS = marked("The secret is another one. Older tokens are good for a while.")
_AT_ONCE = marked("The secret is another one. Connections that were closed: {n}.")


def _rotation(request: Request, fields: Mapping[str, str]) -> secret.Rotation:
    """Return what a form asks for. Raises FormProblem."""
    if fields.get("how") == "now":
        problems = _unconfirmed(request, fields)
        if problems:
            raise FormProblem(problems)
        return secret.Rotation(overlap_us=0)
    try:
        overlap_us = parse_duration(fields["overlap"]) if fields.get("overlap") else None
    except ValueError:
        overlap_us = 0
    if overlap_us == 0:
        problem = translate(request, "Must be a duration, such as “90d” or “12h”.")
        raise FormProblem({"overlap": problem})
    try:
        return checked(secret.Rotation, {"overlap_us": overlap_us})
    except FormProblem as problem:
        raise FormProblem({"overlap": " ".join(problem.problems.values())}) from problem


# -- inside ---------------------------------------------------------------------------------------


def _unconfirmed(request: Request, fields: Mapping[str, str]) -> dict[str, str]:
    """Return what is missing, by field: the word that tells that it is meant, in any language."""
    typed = fields.get("confirm", "").strip().casefold()
    words = {translations(language).gettext(_EVERYBODY).casefold() for language in LANGUAGES}
    if typed in words:
        return {}
    return {"confirm": translate(request, "Type the word as it is written here, to be sure.")}


def _ask_rotate(
    request: Request, fields: Mapping[str, str], problems: Mapping[str, str] = _NOTHING
) -> Response:
    return _ask(request, "rotate_secret", f"{_PLACE}/rotate", problems, fields)


def _ask(
    request: Request,
    question: str,
    action: str,
    problems: Mapping[str, str] = _NOTHING,
    fields: Mapping[str, str] = _NOTHING,
) -> Response:
    context = context_of(request)
    return ask(
        request,
        question,
        action,
        back=_PLACE,
        page_name="security",
        problems=problems,
        word=translate(request, _EVERYBODY),
        sockets=context.hub.load().connections,
        how=fields.get("how", ""),
        overlap=fields.get("overlap", ""),
        usual=format_duration(context.tokens.refresh_s * SECOND),
    )


def _show(
    request: Request,
    problems: Mapping[str, str] = _NOTHING,
    fields: Mapping[str, str] = _NOTHING,
) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    now = utc_now()
    untils = [old.until for old in context_of(request).tokens.keyring.old if old.until > now]
    return page(
        request,
        "console/sign_outs.html",
        status,
        page_name="security",
        problems=problems,
        fields=fields,
        older_until=max(untils, default=None),
    )


ROUTES = (
    ("GET", _PLACE, index),
    ("POST", _PLACE, find_account),
    ("GET", f"{_PLACE}/everybody", ask_everybody),
    ("POST", f"{_PLACE}/everybody", sign_out_everybody),
    ("GET", f"{_PLACE}/rotate", ask_rotate),
    ("POST", f"{_PLACE}/rotate", rotate),
)
