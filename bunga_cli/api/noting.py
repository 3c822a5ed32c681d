"""Routes whose changes get into the audit log."""

import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from bunga_cli.api.access import ANONYMOUS, is_local
from bunga_cli.api.audit import Actor
from bunga_cli.api.context import AppContext
from bunga_cli.api.deeds import NO_DEEDS, Call, Deed, Json, deed_of, name_of
from bunga_cli.api.logins import address_of

READING = frozenset({"GET", "HEAD"})

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class NotedRoute(APIRoute):
    """A route of admins. What it changes is noted when that is done, and before it is answered."""

    @property
    def is_noted(self) -> bool:
        """Whether it changes anything."""
        return not set(self.methods or ()) <= READING and name_of(self.endpoint) not in NO_DEEDS

    def get_route_handler(self) -> Handler:
        """Return what answers a request."""
        handle = super().get_route_handler()
        return self._noting(handle) if self.is_noted else handle

    def _noting(self, handle: Handler) -> Handler:
        deed = deed_of(self.endpoint)

        async def handle_and_note(request: Request) -> Response:
            response = await handle(request)
            if response.status_code < HTTPStatus.BAD_REQUEST:
                await _note(deed, await self._call(request, response), request)
            return response

        return handle_and_note

    async def _call(self, request: Request, response: Response) -> Call:
        # Of a route that takes no model, nobody keeps the body: it can be read only once.
        body = _object(await request.body()) if self.body_field else {}
        return Call(request.path_params, body, _object(bytes(response.body)))


def actor_of(request: Request) -> Actor:
    """Return who made a request of which it is known who asks."""
    caller = getattr(request.state, "caller", ANONYMOUS)
    return Actor(caller.actor, "socket" if is_local(request) else "api", address_of(request))


def in_vain(request: Request) -> None:
    """Keep a request out of the log: there was nothing to change."""
    request.state.is_in_vain = True


def is_in_vain(request: Request) -> bool:
    """Return whether there was nothing to change."""
    return getattr(request.state, "is_in_vain", False)


async def _note(deed: Deed, call: Call, request: Request) -> None:
    context: AppContext = request.app.state.context
    if deed.is_done_by(call) and not is_in_vain(request):
        actor = actor_of(request)
        await context.audit.note(actor, deed.action, deed.subject_of(call), deed.details_of(call))


def _object(content: bytes) -> Json:
    """Return JSON that was read or written already; all but objects tell nothing."""
    value = json.loads(content) if content else None
    return value if isinstance(value, dict) else {}
