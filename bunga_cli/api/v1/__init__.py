"""`/api/v1`: our own administration, used by the command line and by programs.

For admins, for the owner of the data folder, and for API tokens with the scope that a route needs.
"""

from fastapi import APIRouter

from bunga_cli.api.access import needs
from bunga_cli.api.v1 import (
    accounts,
    admins,
    audit,
    channels,
    linkers,
    logs,
    members,
    plugins,
    room_streams,
    rooms,
    secret,
    sessions,
    settings,
    sign_ins,
    status,
    tokens,
)

ROUTERS = (
    (channels.router, needs("rooms:read", "channels:write")),
    (members.router, needs("rooms:read", "channels:write")),
    (rooms.router, needs("rooms:read", "rooms:control")),
    (room_streams.router, needs("rooms:read")),
    (accounts.router, needs("admin")),
    (admins.router, needs("admin")),
    (sessions.router, needs("admin")),
    (tokens.router, needs("admin")),
    (secret.router, needs("admin")),
    (plugins.router, needs("admin")),
    (sign_ins.router, needs("admin")),
    (linkers.router, needs("admin")),
    (settings.router, needs("admin")),
    (status.router, needs("rooms:read")),
    (audit.router, needs("admin")),
    (logs.router, needs("admin")),
)

router = APIRouter(prefix="/api/v1")
for _router, _scope in ROUTERS:
    router.include_router(_router, dependencies=[_scope])
