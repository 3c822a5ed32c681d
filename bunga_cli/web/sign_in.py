"""The console's door: the first admin by a one-time link, everybody's sign-in, and the way out."""

import asyncio
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bunga_cli.api.audit import SIGNED_IN, Actor, action_of
from bunga_cli.api.errors import ApiError
from bunga_cli.api.logins import address_of, too_many_attempts
from bunga_cli.api.throttle import FailureLimit
from bunga_cli.api.v1.admins import NewAdmin, create_admin
from bunga_cli.auth.passwords import SHORTEST, hash_password
from bunga_cli.clock import monotonic_us, utc_now
from bunga_cli.errors import BungaError, Forbidden
from bunga_cli.store.rows import AccountRow, StandingRow
from bunga_cli.web.forms import problems_of
from bunga_cli.web.guard import COOKIE, SIGN_IN, fields_of, for_admins, is_from_here, safe_next
from bunga_cli.web.notices import go_to
from bunga_cli.web.rendering import context_of, page, translate

FIRST_RUN = "/console/first-run"
_FAILURES_OF_ADDRESS = 30


class Door:
    """Lets admins in and out."""

    def __init__(self) -> None:
        self._by_address = FailureLimit(_FAILURES_OF_ADDRESS)
        self._hash_of_nobody = ""

    def routes(self) -> list[Route]:
        """Return the routes that nobody has to be signed in for, and the way out."""
        return [
            Route(SIGN_IN, self.show, methods=["GET"]),
            Route(SIGN_IN, self.sign_in, methods=["POST"]),
            Route(FIRST_RUN, self.show_first_run, methods=["GET"]),
            Route(FIRST_RUN, self.first_run, methods=["POST"]),
            Route("/console/sign-out", for_admins(sign_out), methods=["POST"]),
        ]

    # -- signing in -------------------------------------------------------------------------------

    async def show(self, request: Request) -> Response:
        """Show the form; whoever is signed in already goes on."""
        context, where = context_of(request), safe_next(request.query_params.get("next", ""))
        if await context.sessions.of(request.cookies.get(COOKIE, "")):
            return go_to(request, where)
        return await _form(request, where, has_ended="ended" in request.query_params)

    async def sign_in(self, request: Request) -> Response:
        """Let an admin in."""
        try:
            fields = await fields_of(request)
        except ApiError as error:
            return await _form(request, "/console", HTTPStatus(error.status))
        where, name = safe_next(fields.get("next", "")), fields.get("username", "").strip()
        problem = _not_from_here(request)
        if problem:
            return await _form(request, where, HTTPStatus.FORBIDDEN, problem, name)
        try:
            self._require_patience(request)
            account = await self._admin(request, name, fields.get("password", ""))
        except ApiError as error:
            return await _form(request, where, error.status, _too_many(request), name)
        if account is None:
            await self._failed(request, name)
            problem = translate(request, "No admin has this name and this password.")
            return await _form(request, where, HTTPStatus.UNPROCESSABLE_ENTITY, problem, name)
        return await _let_in(request, account, where)

    async def _admin(self, request: Request, name: str, password: str) -> StandingRow | None:
        """Return the admin of this name and password, after the same time whoever it is.

        Raises ApiError after too many wrong passwords.
        """
        context = context_of(request)
        found = await context.store.accounts.by_name(name) if name.isprintable() else None
        account = found if found and found.is_admin else None
        verified = await context.logins.verify(
            account or await self._nobody(name), password, address_of(request)
        )
        if account is None or verified is None:
            return None
        standing = await context.logins.confirmed(verified)
        return standing if standing and standing.is_admin and not standing.is_banned else None

    async def _nobody(self, name: str) -> AccountRow:
        """Return an admin that there is not, whose password takes as long as another's."""
        if not self._hash_of_nobody:
            self._hash_of_nobody = await asyncio.to_thread(hash_password, secrets.token_hex())
        return AccountRow(0, name, self._hash_of_nobody, True, utc_now())

    def _require_patience(self, request: Request) -> None:
        """Raise ApiError after too many failures of this address, whatever the names."""
        if self._by_address.is_blocked(address_of(request), monotonic_us()):
            raise too_many_attempts()

    async def _failed(self, request: Request, name: str) -> None:
        self._by_address.failed(address_of(request), monotonic_us())
        await context_of(request).audit.sign_in_failed(name[:200], address_of(request))

    # -- the first admin --------------------------------------------------------------------------

    async def show_first_run(self, request: Request) -> Response:
        """Show the form that makes the first admin, to whoever has the link.

        Whoever is signed in already goes on.
        """
        key, context = request.query_params.get("key", ""), context_of(request)
        if not await context.first_run.is_good(key):
            if await context.sessions.of(request.cookies.get(COOKIE, "")):
                return go_to(request, "/console")
            return await self._link_is_used(request)
        return _first_run_form(request, key)

    async def first_run(self, request: Request) -> Response:
        """Make the first admin, and let them in."""
        fields = await fields_of(request)
        key, name = fields.get("key", ""), fields.get("username", "").strip()
        problem = _not_from_here(request)
        if problem or self._by_address.is_blocked(address_of(request), monotonic_us()):
            return await _form(
                request, "/console", HTTPStatus.FORBIDDEN, problem or _too_many(request)
            )
        if not await context_of(request).first_run.is_good(key):
            self._by_address.failed(address_of(request), monotonic_us())
            return await self._link_is_used(request)
        problems = _wrong_with(request, name, fields)
        try:
            standing = None if problems else await _first_admin(request, key, name, fields)
        except Forbidden:
            return await self._link_is_used(request)
        except BungaError as error:
            problems = {"username": str(error)}
        else:
            if standing is not None:
                return await _let_in(request, standing, "/console")
        return _first_run_form(request, key, HTTPStatus.UNPROCESSABLE_ENTITY, problems, name)

    async def _link_is_used(self, request: Request) -> Response:
        problem = translate(
            request, "This link does not work. A server without admins prints one when it starts."
        )
        return await _form(request, "/console", HTTPStatus.FORBIDDEN, problem)


async def sign_out(request: Request) -> Response:
    """End the session."""
    await context_of(request).sessions.close(request.state.session.secret)
    response = go_to(request, SIGN_IN)
    response.delete_cookie(COOKIE, path="/")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


async def _form(
    request: Request,
    where: str,
    status: HTTPStatus = HTTPStatus.OK,
    problem: str = "",
    username: str = "",
    *,
    has_ended: bool = False,
) -> Response:
    context = context_of(request)
    has_admin = bool(await context.store.accounts.admins())
    return page(
        request,
        "console/sign_in.html",
        status,
        next=where,
        problem=problem,
        username=username,
        has_admin=has_admin,
        has_link=not has_admin and await context.first_run.is_open(),
        has_ended=has_ended,
    )


def _first_run_form(
    request: Request,
    key: str,
    status: HTTPStatus = HTTPStatus.OK,
    problems: Mapping[str, str] = MappingProxyType({}),
    username: str = "",
) -> Response:
    return page(
        request,
        "console/first_run.html",
        status,
        key=key,
        shortest=SHORTEST,
        username=username,
        problems=problems,
    )


async def _first_admin(
    request: Request, key: str, name: str, fields: Mapping[str, str]
) -> StandingRow | None:
    """Return the first admin, new; None if it is gone already."""
    context = context_of(request)
    account = await context.first_run.make_admin(key, name, fields["password"])
    await context.audit.note(
        Actor(name, "console", address_of(request)), action_of(create_admin), name
    )
    return await context.logins.confirmed(account)


async def _let_in(request: Request, account: StandingRow, where: str) -> Response:
    context = context_of(request)
    actor = Actor(account.username, "console", address_of(request))
    await context.audit.note(actor, SIGNED_IN, account.username)
    await context.sessions.close(request.cookies.get(COOKIE, ""))  # nobody has its cookie any more
    secret = await context.sessions.open(
        account, address_of(request), request.headers.get("user-agent", "")
    )
    response = RedirectResponse(where, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
    settings = context.settings()
    response.set_cookie(
        COOKIE,
        secret,
        max_age=settings.console.session_lifetime_us // 1_000_000,
        httponly=True,
        samesite="lax",
        secure=settings.server.public_url.startswith("https:"),
    )
    return response


def _not_from_here(request: Request) -> str:
    """Return why a form cannot be taken, or nothing."""
    public_url = context_of(request).settings().server.public_url
    origin = request.headers.get("origin", "")
    if public_url.startswith("https:") and origin.startswith("http:"):
        # The cookie is for https alone: the browser would not keep it, and ask again and again.
        return translate(
            request,
            "Open the console at {url}: here it is not encrypted.",
            url=f"{public_url}/console",
        )
    if not is_from_here(request):
        return translate(request, "This form was sent from another page: sign in here.")
    return ""


def _too_many(request: Request) -> str:
    return translate(request, "Too many wrong passwords; try again in a minute.")


def _wrong_with(request: Request, name: str, fields: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with an admin to be, by field."""
    try:
        NewAdmin(username=name, password=fields.get("password", ""))
    except ValidationError as invalid:
        return problems_of(invalid)
    if fields.get("password") != fields.get("again"):
        return {"again": translate(request, "The two passwords are not the same.")}
    return {}
