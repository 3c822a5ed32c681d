"""What admins change through the routes of plugins, of which nobody knows what they mean."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

from fastapi import Request

from bunga_cli.api.audit import Actor
from bunga_cli.api.context import AppContext
from bunga_cli.api.noting import READING, actor_of
from bunga_cli.api.throttle import MINUTE_US
from bunga_cli.clock import monotonic_us

_ACTION = "plugins.request"


@dataclass(frozen=True, slots=True)
class _Deed:
    actor: Actor
    plugin: str
    request: str


class PluginChanges:
    """Notes the requests that admins alone may make, and that may change something.

    The same one again within a minute, such as the question how a login goes, is one with it.
    """

    def __init__(self, now_us: Callable[[], int] = monotonic_us) -> None:
        self._now_us = now_us
        self._last: _Deed | None = None
        self._last_us = 0

    async def note(self, plugin: str, request: Request, status: int) -> None:
        """Note a request that is about to be answered like this, if it is of that kind."""
        is_admins = getattr(request.state, "is_admins", False)
        if not is_admins or request.method in READING or status >= HTTPStatus.BAD_REQUEST:
            return
        asked = f"{request.method} {unquote(request.scope['path'])}"
        deed = _Deed(actor_of(request), plugin, asked)
        if not self._is_repeated(deed):
            context: AppContext = request.app.state.context
            await context.audit.note(deed.actor, _ACTION, plugin, {"request": asked})

    def _is_repeated(self, deed: _Deed) -> bool:
        now_us, before = self._now_us(), (self._last, self._last_us)
        self._last, self._last_us = deed, now_us
        return before[0] == deed and now_us - before[1] < MINUTE_US
