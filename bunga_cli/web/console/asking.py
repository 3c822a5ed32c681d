"""Questions before what cannot be taken back: in a dialog, or as a page of their own."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from bunga_cli.web.guard import is_partial
from bunga_cli.web.rendering import page

_NOTHING: Mapping[str, str] = MappingProxyType({})
_QUESTIONS = {
    "security": "parts/security_questions.html",
    "logs": "parts/security_questions.html",
}
"""Where the questions of a page are, if not among those of channels."""


def ask(
    request: Request,
    question: str,
    action: str,
    *,
    back: str,
    page_name: str = "channel",
    problems: Mapping[str, str] = _NOTHING,
    **values: object,
) -> Response:
    """Return a question: `question` is a macro of the page's questions, which gets the values.

    Its answer is posted to `action`; whoever thinks better of it goes `back`.
    """
    return page(
        request,
        "parts/asked.html" if is_partial(request) else "console/asked.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        page_name=page_name,
        among=_QUESTIONS.get(page_name, "parts/questions.html"),
        question=question,
        action=action,
        back=back,
        problems=problems,
        values=values,
    )
