"""The plugin API: all that a plugin may import of Bunga Server.

`hookspecs` says what a plugin can do, `providers` what it gives and gets, `context` what it is
given, `http` how it reaches other servers, `texts` and `pictures` what to do with what they say and
show, `routes` who may call it, `bodies` what it is sent, `refusals` what it answers to that, and
`testing` how to test it.
"""

from bunga_cli.errors import BungaError, Forbidden, Invalid, NotFound
from bunga_cli.plugin.bodies import Body, Fields, Text, checked, documented, read_fields
from bunga_cli.plugin.commands import Console
from bunga_cli.plugin.context import PluginContext
from bunga_cli.plugin.hookspecs import hookimpl
from bunga_cli.plugin.http import (
    HttpClient,
    HttpFailure,
    HttpRedirected,
    HttpRefused,
    Response,
)
from bunga_cli.plugin.pictures import SmallPictures
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
    SignIn,
    SignInCode,
    SignInState,
    Source,
    Verdict,
)
from bunga_cli.plugin.refusals import ApiError, bad_request
from bunga_cli.plugin.routes import (
    AccountOnly,
    AdminOnly,
    MemberOnly,
    require_account,
    require_admin,
    require_member,
)
from bunga_cli.plugin.texts import one_line

__all__ = [
    "Account",
    "AccountOnly",
    "ActionRequest",
    "AdminOnly",
    "ApiError",
    "Body",
    "BungaError",
    "Channel",
    "Console",
    "Episode",
    "Fields",
    "Forbidden",
    "Health",
    "HealthCheck",
    "HttpClient",
    "HttpFailure",
    "HttpRedirected",
    "HttpRefused",
    "Invalid",
    "Linker",
    "LinkerInfo",
    "MediaDetail",
    "MediaResolver",
    "MediaSummary",
    "MediaUrl",
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
    "SignIn",
    "SignInCode",
    "SignInState",
    "SmallPictures",
    "Source",
    "Text",
    "Verdict",
    "bad_request",
    "checked",
    "documented",
    "hookimpl",
    "one_line",
    "read_fields",
    "require_account",
    "require_admin",
    "require_member",
]
