"""What the page after a change tells of it: one sentence, in a cookie that is good once."""

import hmac
from http import HTTPStatus
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bunga_cli.api.context import AppContext
from bunga_cli.auth.sessions import Session

_COOKIE = "bunga_notice"
_PATH = "/console"
_LONGEST = 500
_LIFETIME_S = 60


def go_to(request: Request, path: str, notice: str = "") -> Response:
    """Return the answer to a change that was made: the browser goes to a page, which tells it.

    `path` is encoded, and one of ours.
    """
    response = RedirectResponse(path, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
    session: Session | None = getattr(request.state, "session", None)
    context: AppContext = request.app.state.context
    if notice and session:
        text = quote(notice[:_LONGEST], safe="")
        response.set_cookie(
            _COOKIE,
            f"{_signature(session, text)}.{text}",
            max_age=_LIFETIME_S,
            path=_PATH,
            httponly=True,
            samesite="strict",
            secure=context.settings().server.public_url.startswith("https:"),
        )
    return response


def take(request: Request, session: Session | None) -> list[tuple[str, str]]:
    """Return what is to be told on this page, with its tone.

    What was not said in this session is not told.
    """
    signature, _, text = request.cookies.get(_COOKIE, "").partition(".")
    if session is None or not hmac.compare_digest(
        signature.encode(), _signature(session, text).encode()
    ):
        return []
    return [("ok", unquote(text))]


def forget(response: Response) -> None:
    """Let it be told once."""
    response.delete_cookie(_COOKIE, path=_PATH)


def _signature(session: Session, text: str) -> str:
    """Return a signature that is good for notices alone: nothing else that is signed is one."""
    return session.sign(f"notice:{text}")
