"""What every visitor may choose on every page: the language and the colours, kept in cookies."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bunga_cli.plugin.bodies import read_fields
from bunga_cli.web import languages
from bunga_cli.web.addresses import parts_of

THEMES = ("auto", "light", "dark")
_THEME_COOKIE = "bunga_theme"
_YEAR_S = 31_536_000
_LONGEST_PATH = 2000


def theme_of(request: Request) -> str:
    """Return the colours to show: as the device is set, if nothing was chosen."""
    chosen = request.cookies.get(_THEME_COOKIE, "")
    return chosen if chosen in THEMES else "auto"


def path_of(request: Request) -> str:
    """Return the path and query of a page, to come back to it."""
    query = request.url.query
    return f"{request.scope['path']}?{query}" if query else str(request.scope["path"])


async def choose(request: Request) -> Response:
    """Keep what was chosen, and go back. Nothing else depends on it, so anybody may ask."""
    fields = (await read_fields(request)).values
    response = RedirectResponse(_local(str(fields.get("next", ""))), HTTPStatus.SEE_OTHER)
    for name, cookie, known in (
        ("language", languages.COOKIE, languages.LANGUAGES),
        ("theme", _THEME_COOKIE, THEMES),
    ):
        value = fields.get(name)
        if isinstance(value, str) and value in known:
            response.set_cookie(cookie, value, max_age=_YEAR_S, httponly=True, samesite="lax")
    return response


def _local(path: str) -> str:
    """Return a path on this server, or the homepage's."""
    parts = parts_of(path)
    is_plain = path.isascii() and path.isprintable() and "\\" not in path
    is_here = path.startswith("/") and not path.startswith("//")
    is_ours = is_here and parts is not None and not parts.netloc
    return path if is_plain and is_ours and len(path) <= _LONGEST_PATH else "/"
