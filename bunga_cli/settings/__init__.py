"""What an operator can set: one model per section of `bunga.toml`.

A key is the field's name without its unit: the file says `max_wait = "20s"`, code reads
`settings.sync.max_wait_us`. Make settings as the file does: `Settings.model_validate({"sync":
{"max_wait": "5s"}})`. How they are found and merged is in `settings/files.py`.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bunga_cli.public_address import check_link, check_name, check_public_url
from bunga_cli.units import (
    DAY,
    HOUR,
    KIB,
    MIB,
    MILLISECOND,
    MINUTE,
    SECOND,
    parse_duration,
    parse_size,
)


class Applies(StrEnum):
    """When a changed setting counts; a field without this mark counts at once."""

    AT_ONCE = "at_once"
    NEW_CONNECTIONS = "new_connections"
    RESTART = "restart"


Duration = Annotated[int, BeforeValidator(parse_duration)]
"""Microseconds; written as "20s"."""

Size = Annotated[int, BeforeValidator(parse_size)]
"""Bytes; written as "64KiB"."""


def _parse_count(value: object) -> int:
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value[:20])
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("must be a whole number")


Count = Annotated[int, BeforeValidator(_parse_count)]
"""A whole number; the environment has it as text."""


def _parse_hosts(value: object) -> object:
    if isinstance(value, str):
        value = [host for host in value.replace(",", " ").split() if host]
    if isinstance(value, list | tuple):
        return tuple(host.lower() if isinstance(host, str) else host for host in value)
    return value


Hosts = Annotated[tuple[str, ...], BeforeValidator(_parse_hosts)]
"""Names or addresses of machines; the environment has them as text, with commas between."""


def _strip_unit(field_name: str) -> str:
    return field_name.removesuffix("_us").removesuffix("_bytes")


PublicUrl = Annotated[str, AfterValidator(check_public_url)]
Link = Annotated[str, Field(max_length=2000), AfterValidator(check_link)]

_MANY = 10_000_000
"""More of anything than one machine can bear; a larger number is a slip."""


class Section(BaseModel):
    """One table of `bunga.toml`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=_strip_unit, use_attribute_docstrings=True
    )


class ServerSettings(Section):
    """Where the server listens, and how it is reached."""

    host: Annotated[str, Field(min_length=1), Applies.RESTART] = "0.0.0.0"  # noqa: S104  friends are on other machines
    """The address to listen on; "127.0.0.1" when a reverse proxy is in front."""
    port: Annotated[Count, Field(ge=0, le=65535), Applies.RESTART] = 8000
    """The TCP port to listen on; 0 takes any free one."""
    public_url: PublicUrl = ""
    """How players reach this server, such as "https://bunga.example.org"; empty: as it listens."""


class SiteSettings(Section):
    """What people see."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(check_name)] = "Bunga"
    """The name of the site, shown on the homepage."""


class SyncSettings(Section):
    """How long a room is patient."""

    max_wait_us: Duration = 20 * SECOND
    """How long one watcher may keep a room waiting in any minute; then the room plays on."""
    reconnect_grace_us: Duration = 20 * SECOND
    """How long a watcher that lost its connection keeps its place."""
    on_join: Literal["pause", "continue"] = "pause"
    """What a new watcher does to a playing room; a channel can choose otherwise."""
    legacy_compensation: bool = True
    """Whether 1.4 and 1.5 are told where the room will be when they hear of it, and squeezed."""
    silence_us: Annotated[Duration, Field(ge=2 * SECOND)] = 5 * SECOND
    """A player with a heartbeat that is silent for so long has lost its connection."""
    seek_cooldown_us: Duration = 2 * SECOND
    """How long after the last seek everybody is brought to the same position."""
    unreported_hold_us: Duration = 5 * SECOND
    """How long a joiner that never says whether it is ready is waited for."""
    put_away_after_us: Duration = 5 * MINUTE
    """When a room with nobody in it is put away; its progress stays."""


class LimitSettings(Section):
    """What one client may cost."""

    max_frame_bytes: Annotated[Size, Field(ge=KIB, le=16 * MIB), Applies.NEW_CONNECTIONS] = 64 * KIB
    """The largest message a client may send."""
    frames_per_second: Annotated[Count, Field(ge=1, le=_MANY), Applies.NEW_CONNECTIONS] = 50
    """How many messages a connection may send in the long run."""
    frame_burst: Annotated[Count, Field(ge=1, le=_MANY), Applies.NEW_CONNECTIONS] = 500
    """How many messages a connection may send at once."""
    max_buffer_bytes: Annotated[Size, Field(ge=64 * KIB)] = MIB
    """How much may wait for a client that reads slowly; then its connection is closed."""
    max_blocked_us: Annotated[Duration, Field(ge=SECOND)] = 10 * SECOND
    """How long a client may read nothing; then its connection is closed."""
    ping_interval_us: Annotated[Duration, Field(ge=SECOND), Applies.RESTART] = 20 * SECOND
    """How often a connection is asked for a sign of life."""
    ping_timeout_us: Annotated[Duration, Field(ge=SECOND), Applies.RESTART] = 20 * SECOND
    """How long the sign of life may take; then the connection is gone."""
    handshake_timeout_us: Annotated[Duration, Field(ge=100 * MILLISECOND)] = 10 * SECOND
    """How long the head of a request may take."""
    close_timeout_us: Annotated[Duration, Field(ge=100 * MILLISECOND)] = 5 * SECOND
    """How long a client may take to answer a close."""
    max_connections: Annotated[Count, Field(ge=1, le=_MANY)] = 20_000
    """How many sockets may be open at once."""
    sockets_per_account: Annotated[Count, Field(ge=1, le=_MANY)] = 10
    """How many sockets one account may have open at once."""
    max_streams: Annotated[Count, Field(ge=1, le=_MANY)] = 200
    """How many may look on at once (one account or token: half; all tokens: three quarters)."""
    subtitle_max_bytes: Size = 5 * MIB
    """The largest subtitle file that can be uploaded."""
    client_log_max_bytes: Size = MIB
    """The largest log file that a player can upload."""


class TokenSettings(Section):
    """How long a player stays logged in."""

    access_lifetime_us: Annotated[Duration, Field(ge=SECOND)] = 2 * DAY
    """How long an access token is valid; players renew it by themselves."""
    refresh_lifetime_us: Annotated[Duration, Field(ge=HOUR)] = 90 * DAY
    """How long a player may stay away without registering again."""


class ConsoleSettings(Section):
    """How long an admin's browser stays signed in to the console."""

    session_idle_us: Annotated[Duration, Field(ge=MINUTE, le=366 * DAY)] = 12 * HOUR
    """How long a browser may do nothing before it has to sign in again."""
    session_lifetime_us: Annotated[Duration, Field(ge=MINUTE, le=366 * DAY)] = 30 * DAY
    """When a browser has to sign in again in any case."""


_RELEASES = "https://github.com/joodo/bunga_player/releases/latest"


class DownloadSettings(Section):
    """Where the homepage sends people for the player; an empty address leaves a platform out."""

    windows: Link = _RELEASES
    """The address of the player for Windows."""
    macos: Link = _RELEASES
    """The address of the player for macOS."""
    linux: Link = _RELEASES
    """The address of the player for Linux."""
    android: Link = _RELEASES
    """The address of the player for Android."""
    ios: Link = _RELEASES
    """The address of the player for iPhone and iPad."""


class HttpSettings(Section):
    """What plugins may reach on behalf of players and other services."""

    allow_hosts: Hosts = ()
    """Hosts that may be reached although they are on a private network, such as "nas.lan"."""


class LogSettings(Section):
    """What the server says about itself, on stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important messages to show."""
    format: Annotated[Literal["text", "json"], Applies.RESTART] = "text"
    """How to show them: "text" for people, "json" for programs, one object a line."""


class Settings(Section):
    """Everything that can be set."""

    server: ServerSettings = ServerSettings()
    site: SiteSettings = SiteSettings()
    sync: SyncSettings = SyncSettings()
    limits: LimitSettings = LimitSettings()
    tokens: TokenSettings = TokenSettings()
    console: ConsoleSettings = ConsoleSettings()
    downloads: DownloadSettings = DownloadSettings()
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()
    plugins: dict[str, dict[str, Any]] = {}
    """One table for each plugin, which that plugin's own model checks."""
