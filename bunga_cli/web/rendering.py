"""Templates to pages: the one place that renders, and that says what a browser may do with it."""

import asyncio
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus

from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket
from jinja2.runtime import Macro
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bunga_cli.api.context import AppContext
from bunga_cli.auth.sessions import Session
from bunga_cli.web import languages, notices, preferences, wordings
from bunga_cli.web.assets import asset_url

_POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def context_of(request: Request) -> AppContext:
    """Return the server's parts."""
    context: AppContext = request.app.state.context
    return context


def page(
    request: Request, template: str, status: HTTPStatus = HTTPStatus.OK, /, **values: object
) -> Response:
    """Return a page, or a part of one, made from a template and these values."""
    language = languages.language_of(request)
    session: Session | None = getattr(request.state, "session", None)
    common = {
        "site_name": context_of(request).settings().site.name,
        "language": language,
        "languages": [*languages.LANGUAGES.items()],
        "theme": preferences.theme_of(request),
        "admin_name": session.username if session else "",
        "csrf_token": session.csrf_token if session else "",
        "notices": notices.take(request, session),
        "page_path": preferences.path_of(request),
    }
    html = _environment(language).get_template(template).render(common | values)
    response = HTMLResponse(html, status)
    allow(response, {})
    # With no referrer at all, browsers say of our own forms that they come from nowhere.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept-Language, Cookie"
    if common["notices"]:
        notices.forget(response)
    return response


def allow(response: Response, more: Mapping[str, str]) -> None:
    """Let a page do what all pages may, and more: directives of its Content-Security-Policy."""
    policy = {**_POLICY, **more}
    response.headers["Content-Security-Policy"] = "; ".join(
        f"{directive} {sources}" for directive, sources in policy.items()
    )


def translate(request: Request, message: str, /, **values: object) -> str:
    """Return a text of a handler in the visitor's language, with these values in it."""
    text = languages.translations(languages.language_of(request)).gettext(message)
    return text.format(**values) if values else text


@cache
def macros(language: str, template: str) -> Mapping[str, Callable[..., str]]:
    """Return the macros of a template, to be called for parts of a page that is open."""
    module = _environment(language).get_template(template).module
    return {name: macro for name, macro in vars(module).items() if isinstance(macro, Macro)}


class Prepared:
    """Let the first visitor of a language wait until its pages are ready to be made.

    To read a catalogue and to compile the templates takes a second, in which the rooms would wait.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] == "http" and not scope["path"].startswith("/static/"):
            language = languages.language_of(Request(scope))
            if language not in _READY:
                await asyncio.to_thread(_make_ready, language)
                _READY.add(language)
        await self.app(scope, receive, send)


class _InMemory(BytecodeCache):
    """Shares what is compiled among the languages."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what is compiled already."""
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._known[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _InMemory()
_READY: set[str] = set()


def _make_ready(language: str) -> None:
    environment = _environment(language)
    for name in environment.list_templates():
        environment.get_template(name)


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("bunga_cli.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
        bytecode_cache=_COMPILED,
    )
    environment.install_gettext_translations(  # type: ignore[attr-defined]  # the extension's
        languages.translations(language), newstyle=True
    )
    environment.globals["assets"] = asset_url
    environment.filters.update(wordings.filters(language))
    return environment
