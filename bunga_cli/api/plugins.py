"""The HTTP interface as plugins meet it: their routes behind ours, and who may call them."""

import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Message, Receive, Scope, Send

from bunga_cli.api.access import caller_of
from bunga_cli.api.context import AppContext
from bunga_cli.api.errors import no_credentials, no_permission
from bunga_cli.api.plugin_changes import PluginChanges
from bunga_cli.plugin.manager import Plugins
from bunga_cli.plugin.parts import Part, outside
from bunga_cli.plugin.providers import Account
from bunga_cli.plugin.refusals import refused
from bunga_cli.plugin.threads import keep_plugins_out_of_anyio

RESERVED = ("/api/docs", "/api/v1", "/chat", "/console", "/docs", "/healthz", "/media", "/static")
"""What is below these is ours, even where there is nothing."""

ROUTES = "bunga_routes"
_PLUGIN, _MATCH, _PART = "bunga.plugin", "bunga.plugin_match", "bunga.plugin_part"
_ENDING = "ending", "The server is ending."
_FAILED = "server_error", "Server error."
_CAUSE, _TRACEBACK = vars(BaseException)["__cause__"], vars(BaseException)["__traceback__"]
_TRACED_CALLS = 6
_LONGEST_TRACE = 3000


class PluginRoutes(BaseRoute):
    """The routes of all plugins, which come and go: the last route of the interface.

    What one of our routes or of the pages answers, with whatever method, no plugin is asked for.
    """

    def __init__(self, app: FastAPI, pages: Sequence[BaseRoute], plugins: Plugins) -> None:
        self._app, self._plugins = app, plugins
        self._api = [*app.router.routes]
        self._ours = [*self._api, *pages]
        self._routers: dict[str, APIRouter] = {}
        self._schema: dict[str, Any] | None = None
        self._changes = PluginChanges()
        app.router.routes.append(self)
        app.openapi = self.openapi  # type: ignore[method-assign]  # as FastAPI wants it
        keep_plugins_out_of_anyio()

    def mount(self, name: str, router: APIRouter | None) -> None:
        """Serve a plugin's routes from now on, or (None) no longer."""
        self._schema = None
        self._routers.pop(name, None)
        if router is not None:
            self._routers[name] = self._part(name).call(self._included, name, router)

    # -- serving ----------------------------------------------------------------------------------

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Find the first plugin that serves this, or else that serves it with another method."""
        if scope["type"] != "http" or _match(self._ours, scope) is not Match.NONE:
            return Match.NONE, {}
        found = {name: self._match_of(name, scope) for name in self._names()}
        for wanted in (Match.FULL, Match.PARTIAL):
            for name, match in found.items():
                if match is wanted:
                    return Match.FULL, {_PLUGIN: name, _MATCH: match}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the plugin answer; what it does not answer for is a failure of the server."""
        name: str = scope[_PLUGIN]
        scope.setdefault("state", {})  # for the plugin's side and ours
        request = Request(scope)
        part = self._part(name)
        answer = _Answer(send, lambda status: self._changes.note(name, request, status))
        router = self._routers[name]
        try:
            await part.run(router(scope, outside(receive), _plain(outside(answer.send))))
        except HTTPException:  # such as for a method that it does not have
            raise
        except asyncio.CancelledError:  # the server ends
            await answer.refuse(scope, HTTPStatus.SERVICE_UNAVAILABLE, _ENDING)
        except Exception as error:
            self._note(name, scope, error)
            if scope[_MATCH] is Match.PARTIAL:  # whatever it failed in, it does not have the method
                raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED) from error
            await answer.refuse(scope, HTTPStatus.INTERNAL_SERVER_ERROR, _FAILED)
        else:
            self._plugins.note(name, _part_in(scope, part).name, None)

    def _names(self) -> list[str]:
        return [name for name in self._plugins.names() if name in self._routers]

    def _part(self, name: str) -> Part:
        return self._plugins.part(name, ROUTES)

    def _match_of(self, name: str, scope: Scope) -> Match:
        path = f"{scope['path']}/"
        is_reserved = any(path.startswith(f"{reserved}/") for reserved in RESERVED)
        if is_reserved and not path.startswith(f"/api/v1/plugins/{name}/"):
            return Match.NONE
        try:
            return self._part(name).call(_match, self._routers[name].routes, scope)
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            self._note(name, scope, error)
            return Match.NONE

    def _included(self, name: str, router: APIRouter) -> APIRouter:
        included = APIRouter(redirect_slashes=False)
        included.include_router(router)
        paths = {
            id(context.original_route): context.path
            for context in iter_route_contexts(included.routes)
        }
        included.routes.clear()
        included.include_router(router, dependencies=[Depends(self._entering(name, paths))])
        return included

    def _entering(
        self, name: str, paths: dict[int, str | None]
    ) -> Callable[[Request], Awaitable[None]]:
        """Return a dependency that lets each route answer for itself from here on."""

        async def enter(request: Request) -> None:
            route = request.scope.get("route")
            path = paths.get(id(route)) or getattr(route, "path", "")
            part = self._plugins.part(name, f"{request.method} {path}")
            if part.why_off:
                reason = "This part of the server is switched off, because it failed."
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, reason)
            request.scope[_PART] = part
            part.take_over()

        return enter

    def _note(self, name: str, scope: Scope, error: Exception) -> None:
        part = _part_in(scope, self._part(name))
        self._plugins.note(name, part.name, part.describe(error), _trace(error))

    # -- describing -------------------------------------------------------------------------------

    def openapi(self) -> dict[str, Any]:
        """Return the description of the interface, without routes that have none."""
        if self._schema is None:
            routes = [*self._api]
            for name in self._names():
                routes += self._describable(name)
            self._schema = self._describe(routes)
        return self._schema

    def _describe(self, routes: Sequence[BaseRoute]) -> dict[str, Any]:
        app = self._app
        return get_openapi(
            title=app.title, version=app.version, description=app.description, routes=routes
        )

    def _describable(self, name: str) -> Sequence[BaseRoute]:
        routes = self._routers[name].routes
        try:
            part = self._plugins.part(name, "description")
            json.dumps(part.call(self._describe, routes))
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            sentence = f"They are not in the description of the interface. {part.describe(error)}"
            self._plugins.note(name, ROUTES, sentence)
            return ()
        return routes


class _Answer:
    """Passes an answer on, and knows whether it has begun."""

    def __init__(self, send: Send, on_start: Callable[[int], Awaitable[None]]) -> None:
        self._has_begun = False
        self._send, self._on_start = send, on_start

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and not self._has_begun:
            await self._on_start(message["status"])
        self._has_begun = True
        await self._send(message)

    async def refuse(self, scope: Scope, status: HTTPStatus, why: tuple[str, str]) -> None:
        """Answer this, if nothing else was answered yet; what has begun is broken off."""
        if not self._has_begun:
            refusal = refused(Request(scope), status, *why)
            await refusal(scope, _nothing_received, self._send)


def _plain(send: Send) -> Send:
    """Return `send` for a plugin: what comes out of it has no methods of the plugin's."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(_bytes(name), _bytes(value)) for name, value in message.get("headers", ())]
            status = int(message["status"])
            await send({"type": "http.response.start", "status": status, "headers": headers})
        elif message["type"] == "http.response.body":
            body, has_more = _bytes(message.get("body", b"")), bool(message.get("more_body"))
            await send({"type": "http.response.body", "body": body, "more_body": has_more})
        else:
            raise RuntimeError("A message that is no part of an answer.")

    return sending


def _bytes(value: Any) -> bytes:  # noqa: ANN401  whatever an application sends
    return value if type(value) is bytes else bytes(memoryview(value))


async def _nothing_received() -> Message:
    return {"type": "http.disconnect"}


def _match(routes: Sequence[BaseRoute], scope: Scope) -> Match:
    """Return how the best of the routes matches."""
    best = Match.NONE
    for route in routes:
        match, _ = route.matches(scope)
        if match is Match.FULL:
            return match
        best = max(best, match, key=lambda each: each.value)
    return best


def _part_in(scope: Scope, otherwise: Part) -> Part:
    part: Part = scope.get(_PART, otherwise)
    return part


def _trace(error: Exception) -> str:
    """Return the innermost calls, without what the exceptions say: that is anybody's text."""
    # Looked at as what every exception is: a plugin's own may have methods that hang.
    cause = _CAUSE.__get__(error)
    tb = _TRACEBACK.__get__(error if cause is None else cause)
    calls = "".join(traceback.format_tb(tb, limit=-_TRACED_CALLS))
    return f"\n{calls[-_LONGEST_TRACE:]}".rstrip()


class PluginAccess:
    """Who may call a plugin's route (`plugin.routes.Access`), worded as the original does."""

    def __init__(self, context: AppContext) -> None:
        self._context = context

    async def require_admin(self, request: Request) -> None:
        """Refuse everybody but admins and the owner of the data folder."""
        caller = await caller_of(request, self._context)
        if caller.is_anonymous:
            raise no_credentials()
        if not caller.is_admin:
            raise no_permission()
        request.state.is_admins = True

    async def require_account(self, request: Request) -> Account:
        """Return the account that asks; refuse the anonymous."""
        account = (await caller_of(request, self._context)).account
        if account is None:
            raise no_credentials()
        return Account(account.username)

    async def require_member(self, request: Request, channel_id: str) -> Account:
        """Return the account that asks, if it is a member of the channel or an admin."""
        caller = await caller_of(request, self._context)
        account, accounts = caller.account, self._context.store.accounts
        if account is None:
            raise no_credentials()
        is_member = caller.is_admin or await accounts.is_member(channel_id, account.id)
        if not is_member or not caller.may_enter(channel_id):
            raise no_permission()
        return Account(account.username)
