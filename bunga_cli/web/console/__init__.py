"""The console: everything that the command line can do on the running server, in a browser."""

from starlette.routing import Route

from bunga_cli.web.console import (
    accounts,
    admins,
    api_tokens,
    audit_log,
    channel,
    channel_plugins,
    channels,
    integration,
    integrations,
    logs,
    members,
    overview,
    player_logs,
    rooms,
    settings,
    sign_outs,
)
from bunga_cli.web.guard import for_admins

_PAGES = (
    overview,
    channels,
    rooms,
    channel,
    members,
    channel_plugins,
    integrations,
    integration,
    settings,
    admins,
    api_tokens,
    accounts,
    sign_outs,
    audit_log,
    logs,
    player_logs,
)


def routes() -> list[Route]:
    """Return all routes of the console; there is no way to one that is not guarded."""
    return [
        Route(path, for_admins(handler), methods=[method])
        for module in _PAGES
        for method, path, handler in module.ROUTES
    ]
