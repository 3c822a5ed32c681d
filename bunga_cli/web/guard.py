"""Who may see and change what in the console, and that it was meant.

Every route of the console is wrapped by `for_admins`. A change needs the session's cookie, the
token that its forms carry, and, if the browser says where the request comes from, that it is here.
"""

import hmac
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bunga_cli.api.errors import ApiError
from bunga_cli.errors import BungaError, Forbidden, Invalid
from bunga_cli.plugin.bodies import read_fields
from bunga_cli.plugin.refusals import status_of
from bunga_cli.web.addresses import parts_of
from bunga_cli.web.forms import FormProblem
from bunga_cli.web.languages import marked
from bunga_cli.web.rendering import context_of, page, translate

Page = Callable[[Request], Awaitable[Response]]

COOKIE = "bunga_session"
SIGN_IN = "/console/sign-in"
_SAFE = frozenset({"GET", "HEAD"})
_CSRF_HEADER = "x-csrf-token"
_log = logging.getLogger(__name__)


def for_admins(handler: Page) -> Page:
    """Return a page that only a signed-in admin gets, and that only one of our forms can change."""

    async def guarded(request: Request) -> Response:
        session = await context_of(request).sessions.of(request.cookies.get(COOKIE, ""))
        if session is None:
            return _to_sign_in(request)
        request.state.session = session
        try:
            if request.method not in _SAFE:
                await _require_intent(request, session.csrf_token)
            response = await handler(request)
        except (BungaError, ApiError) as error:
            response = refused(request, error)
        except FormProblem as problem:  # of a form that has no place to show it
            response = refused(request, Invalid(" ".join(problem.problems.values())))
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return guarded


async def fields_of(request: Request) -> dict[str, str]:
    """Return the fields of a form as they were typed, by name; of several of one name, the last.

    Raises ApiError for a body that is no form, or not text.
    """
    known: dict[str, str] | None = getattr(request.state, "fields", None)
    if known is None:
        sent = await read_fields(request)
        known = {name: str(value) for name, value in sent.values.items()}
        if not sent.is_form or not all(_is_text(name + value) for name, value in known.items()):
            raise ApiError(HTTPStatus.BAD_REQUEST, {"detail": "Form parse error"})
        request.state.fields = known
    return known


def _is_text(value: str) -> bool:
    """Return whether this can be kept and shown: half of a character cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_from_here(request: Request) -> bool:
    """Return whether a request comes from a page of ours, as far as the browser tells.

    All browsers of today send `Origin` with a form; a program that sends neither has no cookies
    that it could be tricked to use.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    sender, public = parts_of(origin), parts_of(context_of(request).settings().server.public_url)
    if sender is None or not sender.netloc:
        return False
    # A proxy may ask us under another name than the browser asked it.
    if public and sender.netloc == public.netloc:
        return sender.scheme == public.scheme
    return sender.netloc == request.headers.get("host", "")


def refused(request: Request, error: BungaError | ApiError) -> Response:
    """Return the page, or for a part of a page the alert, that says why something was not done."""
    if isinstance(error, ApiError):
        status, text = error.status, translate(request, UNREADABLE)
    else:
        known = status_of(error)
        if known is None:
            raise error
        status, text = known, str(error)
    if not is_partial(request):
        return page(request, "console/refused.html", status, problem=text, page_name="")
    return toast(request, text, "failure", status)


def toast(
    request: Request, text: str, tone: str = "ok", status: HTTPStatus = HTTPStatus.OK
) -> Response:
    """Return a sentence for a script's request, which is shown in the corner of its page."""
    response = page(request, "parts/toast.html", status, tone=tone, text=text)
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#toasts", "beforeend"
    return response


UNREADABLE = marked("That cannot be read: reload the page and try again.")


def is_partial(request: Request) -> bool:
    """Return whether a script of the page asks, for a part of it."""
    return request.headers.get("hx-request") == "true"


def safe_next(path: str) -> str:
    """Return where to go after signing in: only ever a page of the console."""
    parts = parts_of(path)
    if parts is None:
        return "/console"
    is_ours = not parts.scheme and not parts.netloc and f"{parts.path}/".startswith("/console/")
    is_plain = path.isascii() and path.isprintable() and "\\" not in path and "//" not in path
    return path if is_ours and is_plain and not parts.path.startswith(SIGN_IN) else "/console"


async def _require_intent(request: Request, csrf_token: str) -> None:
    """Raise Forbidden for a change that nobody made on one of this session's pages."""
    sent = request.headers.get(_CSRF_HEADER)
    if sent is None:
        sent = (await fields_of(request)).get("csrf_token", "")
    if not is_from_here(request) or not hmac.compare_digest(sent.encode(), csrf_token.encode()):
        _log.warning("A change in the console was refused: it came from another page or session.")
        raise Forbidden(translate(request, _STALE))


_STALE = marked(
    "This page is out of date or not one of ours, so nothing was changed: reload it and try again."
)


def _page_of(request: Request) -> str:
    """Return the page that a request belongs to; a script says which one it is on."""
    shown = parts_of(request.headers.get("hx-current-url", ""))
    public = parts_of(context_of(request).settings().server.public_url)
    hosts = {request.headers.get("host", ""), public.netloc if public else ""} - {""}
    if is_partial(request) and shown and shown.netloc in hosts:
        return shown._replace(scheme="", netloc="", fragment="").geturl()
    return request.url.path if request.method in _SAFE else "/console"


def _to_sign_in(request: Request) -> Response:
    """Send the browser to the sign-in; a script's request and a stream get a plain refusal."""
    where = f"{SIGN_IN}?next={quote(safe_next(_page_of(request)), safe='')}"
    if is_partial(request) or request.cookies.get(COOKIE):
        where += "&ended=1"
    if is_partial(request):
        return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": where})
    if "text/event-stream" in request.headers.get("accept", ""):
        return Response(status_code=HTTPStatus.UNAUTHORIZED)
    return RedirectResponse(where, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
