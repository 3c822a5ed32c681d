"""What every change through the console has in common: it is written down."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from starlette.requests import Request

from bunga_cli.api.audit import Actor, action_of
from bunga_cli.api.deeds import Call, deed_of
from bunga_cli.api.logins import address_of
from bunga_cli.api.noting import is_in_vain
from bunga_cli.web.rendering import context_of


async def changed(
    request: Request, what: Callable[..., object], subject: str = "", /, **details: str
) -> None:
    """Note what was done: `what` is the function of `/api/v1` that did it. Never give secrets."""
    if is_in_vain(request):
        return
    actor = Actor(request.state.session.username, "console", address_of(request))
    await context_of(request).audit.note(actor, action_of(what), subject, details)


_NOTHING: Mapping[str, Any] = MappingProxyType({})


async def told(
    request: Request,
    what: Callable[..., object],
    path: Mapping[str, Any] = _NOTHING,
    body: Mapping[str, Any] = _NOTHING,
    answer: Mapping[str, Any] = _NOTHING,
) -> None:
    """Note what was done just as `/api/v1` would, from the JSON of a call.

    Whatever may be a secret is left out there, so all of it may be given here.
    """
    deed, call = deed_of(what), Call(path, body, answer)
    if deed.is_done_by(call):
        await changed(request, what, deed.subject_of(call), **deed.details_of(call))
