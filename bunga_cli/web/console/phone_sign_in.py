"""Signing in at a service by phone: a code to scan, how far it is, and forgetting the login.

The pages of channels and of plugins have these in common; a `Place` says what differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.api.v1 import sign_ins as api
from bunga_cli.clock import utc_now
from bunga_cli.errors import BungaError
from bunga_cli.web.changing import told
from bunga_cli.web.console.asking import ask
from bunga_cli.web.forms import FormProblem, checked
from bunga_cli.web.guard import fields_of, is_partial
from bunga_cli.web.notices import go_to
from bunga_cli.web.qr_codes import qr_code
from bunga_cli.web.rendering import context_of, page, translate

_MOST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody signs in: in a channel, or (None) for the whole site.

    `root` is the address above those of the plugin's sign-ins, `back` the page to go to afterwards.
    """

    channel: str | None
    root: str
    back: str
    page_name: str

    def address(self, verb: str, name: str, *more: str) -> str:
        """Return the address of something about a sign-in."""
        return "/".join([self.root, verb, quote(name, safe=""), *more])


async def begin(request: Request, place: Place) -> Response:
    """Show a code for a phone."""
    plugin, name = _names(request)
    code = await api.begin_sign_in(plugin, name, _whose(place), context_of(request))
    return page(
        request,
        "parts/sign_in_code.html" if is_partial(request) else "console/sign_in_code.html",
        page_name=place.page_name,
        back=place.back,
        poll=place.address("sign-in", name, "poll"),
        title=_title(request),
        qr=qr_code(code.url),
        key=code.key,
        until=int(utc_now().timestamp() + code.expires_s),
        state="waiting",
        text="",
    )


async def poll(request: Request, place: Place, notice: str) -> Response:
    """Tell how far a sign-in is, if that has changed; when it is done, go on and tell `notice`."""
    fields = await fields_of(request)
    progress = await _progress(request, place, fields)
    if progress.state == "done":
        text = translate(request, notice, title=_title(request))
        return led(go_to(request, place.back, text))
    if progress.state == fields.get("state"):
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return page(
        request,
        "parts/sign_in_progress.html",
        poll=request.scope["path"],
        key=fields.get("key", ""),
        until=fields.get("until", ""),
        state=progress.state,
        text=progress.text,
    )


async def ask_sign_out(request: Request, place: Place) -> Response:
    """Ask whether a login shall be forgotten."""
    return ask(
        request,
        "sign_out",
        place.address("sign-out", _names(request)[1]),
        back=place.back,
        page_name=place.page_name,
        title=_title(request),
        is_channels=place.channel is not None,
    )


async def sign_out(request: Request, place: Place) -> Response:
    """Forget a login."""
    (plugin, name), whose = _names(request), _whose(place)
    await api.sign_out(plugin, name, whose, context_of(request))
    path = {"plugin": plugin, "sign_in": name}
    await told(request, api.sign_out, path, whose.model_dump())
    return go_to(request, place.back, translate(request, "The login was forgotten."))


def led(response: Response) -> Response:
    """Have the whole page go where a redirect leads, and not a part of it."""
    response.status_code = HTTPStatus.NO_CONTENT
    response.headers["HX-Redirect"] = response.headers["Location"]
    del response.headers["Location"]
    return response


async def _progress(request: Request, place: Place, fields: Mapping[str, str]) -> api.Progress:
    """Return how far it is: `failed`, with the reason, if the plugin cannot tell."""
    until = fields.get("until", "")[:_MOST_DIGITS]
    if not (until.isdecimal() and utc_now().timestamp() < int(until)):
        return api.Progress(state="expired", text="")
    plugin, name = _names(request)
    try:
        begun = checked(api.Begun, {"channel": place.channel, "key": fields.get("key", "")})
        progress = await api.poll_sign_in(plugin, name, begun, context_of(request))
    except FormProblem:
        return api.Progress(state="expired", text="")
    except BungaError as error:
        return api.Progress(state="failed", text=str(error))
    path, body = {"plugin": plugin, "sign_in": name}, {"channel": place.channel}
    await told(request, api.poll_sign_in, path, body, progress.model_dump())
    return progress


def _whose(place: Place) -> api.Whose:
    return api.Whose(channel=place.channel)


def _title(request: Request) -> str:
    """Return where a sign-in leads. Raises NotFound."""
    return context_of(request).plugins.sign_in(*_names(request)).title


def _names(request: Request) -> tuple[str, str]:
    return request.path_params["plugin"], request.path_params["sign_in"]
