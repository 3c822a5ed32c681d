"""What a running server does when its settings change. Most parts ask for them at each use."""

from collections.abc import Callable

from bunga_cli.auth.tokens import Tokens
from bunga_cli.listening import allow_sockets
from bunga_cli.logs import set_level
from bunga_cli.server.endpoint import Endpoint
from bunga_cli.server.http import HttpProtocol
from bunga_cli.server.hub import Hub
from bunga_cli.server.limits import Limits
from bunga_cli.settings import LimitSettings, Settings, TokenSettings

_SECOND_US = 1_000_000
_LONGEST_TURN_S = 5.0
_OTHER_FILES = 1_000
"""How many files may be open besides the players' sockets."""


class Changes:
    """Passes changed settings on to the parts that keep some of them.

    `announce` tells the commands of this machine how the server is reached.
    """

    def __init__(
        self,
        hub: Hub,
        endpoint: Endpoint,
        http: type[HttpProtocol],
        tokens: Tokens,
        announce: Callable[[str], None],
    ) -> None:
        self._hub, self._endpoint, self._http, self._tokens = hub, endpoint, http, tokens
        self._announce = announce

    async def carry_out(self, before: Settings, now: Settings) -> None:
        """Go by the settings of now."""
        set_level(now.log)
        set_lifetimes(self._tokens, now.tokens)
        if before.limits != now.limits:
            self._set_limits(now.limits)
        if before.server.public_url != now.server.public_url:
            self._announce(now.server.public_url)
        if before.sync != now.sync:
            for channel_id in [*self._hub.live]:
                await self._hub.channel_changed(channel_id)

    def _set_limits(self, settings: LimitSettings) -> None:
        allow_connections(settings)
        self._http.limits = self._endpoint.limits = limits_of(settings)


def allow_connections(settings: LimitSettings) -> None:
    """Have the system let so many sockets be open."""
    allow_sockets(settings.max_connections + _OTHER_FILES)


def set_lifetimes(tokens: Tokens, settings: TokenSettings) -> None:
    """Have tokens live as long as the settings say, from the next one on."""
    tokens.access_s = settings.access_lifetime_us // _SECOND_US
    tokens.refresh_s = settings.refresh_lifetime_us // _SECOND_US


def limits_of(settings: LimitSettings) -> Limits:
    """Return what one peer may cost."""
    return Limits(
        max_frame_bytes=settings.max_frame_bytes,
        max_buffer_bytes=settings.max_buffer_bytes,
        max_blocked_s=settings.max_blocked_us / _SECOND_US,
        handshake_timeout_s=settings.handshake_timeout_us / _SECOND_US,
        close_timeout_s=settings.close_timeout_us / _SECOND_US,
        ping_interval_s=settings.ping_interval_us / _SECOND_US,
        ping_timeout_s=settings.ping_timeout_us / _SECOND_US,
        frames_per_turn=2 * settings.frame_burst,
        turn_s=min(_LONGEST_TURN_S, settings.frame_burst / (2 * settings.frames_per_second)),
    )
