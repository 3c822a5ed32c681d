"""The plugin API: all that a plugin may import of Bunga Server.

`hookspecs` says what a plugin can do, `providers` what it gives and gets, `context` what it is
given, `http` how it reaches other servers, `routes` who may call it, and `testing` how to test it.
"""

from bunga_cli.errors import BungaError, Forbidden, Invalid, NotFound
from bunga_cli.plugin.commands import Console
from bunga_cli.plugin.context import PluginContext
from bunga_cli.plugin.hookspecs import hookimpl
from bunga_cli.plugin.http import (
    HttpClient,
    HttpFailure,
    HttpRefused,
    Response,
    StreamedResponse,
)
from bunga_cli.plugin.providers import (
    Account,
    ActionRequest,
    Channel,
    Episode,
    Health,
    HealthCheck,
    Linker,
    LinkerInfo,
    MediaDetail,
    MediaResolver,
    MediaSummary,
    MediaUrl,
    PluginFailure,
    PluginSettings,
    Record,
    RoomEvent,
    Service,
    ServiceProvider,
    Source,
    Verdict,
)
from bunga_cli.plugin.routes import (
    AccountOnly,
    AdminOnly,
    Member,
    MemberOnly,
    require_account,
    require_admin,
    require_member,
)

__all__ = [
    "Account",
    "AccountOnly",
    "ActionRequest",
    "AdminOnly",
    "BungaError",
    "Channel",
    "Console",
    "Episode",
    "Forbidden",
    "Health",
    "HealthCheck",
    "HttpClient",
    "HttpFailure",
    "HttpRefused",
    "Invalid",
    "Linker",
    "LinkerInfo",
    "MediaDetail",
    "MediaResolver",
    "MediaSummary",
    "MediaUrl",
    "Member",
    "MemberOnly",
    "NotFound",
    "PluginContext",
    "PluginFailure",
    "PluginSettings",
    "Record",
    "Response",
    "RoomEvent",
    "Service",
    "ServiceProvider",
    "Source",
    "StreamedResponse",
    "Verdict",
    "hookimpl",
    "require_account",
    "require_admin",
    "require_member",
]
