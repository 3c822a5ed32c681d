"""The HTTP interface as plugins meet it: their routes beside ours, and who may call them."""

from fastapi import APIRouter, FastAPI, Request
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from bunga_cli.api.access import caller_of, no_credentials, no_permission
from bunga_cli.api.context import AppContext
from bunga_cli.plugin.providers import Account
from bunga_cli.plugin.watchdog import Watchdog


class PluginRoutes:
    """Serves the routes of plugins, which come and go."""

    def __init__(self, app: FastAPI, watchdog: Watchdog) -> None:
        self._app, self._watchdog = app, watchdog
        self._routes: dict[str, list[BaseRoute]] = {}

    def mount(self, name: str, router: APIRouter | None) -> None:
        """Serve a plugin's routes from now on, or (None) no longer."""
        gone = self._routes.pop(name, [])
        routes = self._app.router.routes
        routes[:] = [route for route in routes if route not in gone]
        if router is not None:
            before = len(routes)
            self._app.include_router(router)
            self._routes[name] = routes[before:]
            for route in routes[before:]:
                self._watch(route)
        self._app.openapi_schema = None  # it is made again when it is asked for

    def _watch(self, route: BaseRoute) -> None:
        """Let a route not keep the whole server waiting."""
        handle = route.handle

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            await self._watchdog.run(handle(scope, receive, send))

        route.handle = watched  # type: ignore[method-assign]


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

    async def require_account(self, request: Request) -> Account:
        """Return the account that asks; refuse the anonymous."""
        account = (await caller_of(request, self._context)).account
        if account is None:
            raise no_credentials()
        return Account(account.username)

    async def require_member(self, request: Request, channel_id: str) -> Account:
        """Return the account that asks, if it is a member of the channel or an admin."""
        account = (await caller_of(request, self._context)).account
        if account is None:
            raise no_credentials()
        accounts = self._context.store.accounts
        if not account.is_admin and not await accounts.is_member(channel_id, account.id):
            raise no_permission()
        return Account(account.username)
