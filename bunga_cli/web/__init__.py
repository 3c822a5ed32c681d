"""Pages for people. Everything they need is served from here: no foreign address is ever opened."""

from collections.abc import Callable
from html import escape
from http import HTTPStatus
from importlib.resources import files
from string import Template

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bunga_cli.settings import Settings

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_STATIC = files(__name__) / "static"
_STYLE = (_STATIC / "pages.css").read_bytes()
_HOME = Template((_STATIC / "home.html").read_text("utf-8"))
_CONSOLE = Template((_STATIC / "console.html").read_text("utf-8"))
_NOT_FOUND = Template((_STATIC / "not_found.html").read_text("utf-8"))


def create_pages(settings: Callable[[], Settings]) -> Starlette:
    """Return the pages as an application, for paths without a slash at the end."""

    async def home(request: Request) -> Response:
        base_url = settings().server.public_url or str(request.base_url).rstrip("/")
        return _page(_HOME, settings().site.name, base_url=base_url)

    async def console(_request: Request) -> Response:
        return _page(_CONSOLE, settings().site.name)

    async def not_found(_request: Request, _error: Exception) -> Response:
        return _page(_NOT_FOUND, settings().site.name, status=HTTPStatus.NOT_FOUND)

    return Starlette(
        routes=[Route("/", home), Route("/console", console), Route("/static/pages.css", _style)],
        exception_handlers={HTTPStatus.NOT_FOUND: not_found},
    )


async def _style(_request: Request) -> Response:
    return Response(_STYLE, media_type="text/css", headers={"Cache-Control": "no-cache"})


def _page(
    page: Template, site_name: str, status: HTTPStatus = HTTPStatus.OK, **texts: str
) -> Response:
    escaped = {key: escape(text) for key, text in {"site_name": site_name, **texts}.items()}
    headers = {"Content-Security-Policy": _POLICY}
    return HTMLResponse(page.substitute(escaped), status, headers)
