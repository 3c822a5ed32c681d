"""What passes between the server and its plugins: values, and what plugins provide.

Providers are Protocols: any object with these attributes and methods is one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, Protocol

from pydantic import BaseModel

from bunga_cli.errors import BungaError

ActionName = Literal["play", "pause", "seek", "project", "call", "talk", "say", "join"]
EventKind = Literal[
    "joined", "left", "projected", "played", "paused", "sought", "finished", "waited", "message"
]
HealthState = Literal["ok", "warning", "failure", "off"]
SignInProgress = Literal["waiting", "scanned", "done", "expired"]


class PluginFailure(BungaError):
    """Report why a plugin cannot do what is asked, in one sentence for a person."""

    code: ClassVar[str] = "plugin_failed"


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """The models of a plugin's settings; None where there is nothing to set."""

    site: type[BaseModel] | None = None
    channel: type[BaseModel] | None = None


# -- who and what -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who is known by a password. `id` is the user name that players know."""

    id: str


@dataclass(frozen=True, slots=True)
class Record:
    """A video's identity, as the one who shared it gave it. `source` says what `path` means."""

    record_id: str
    title: str
    thumb_url: str | None
    source: str
    path: str


# -- services ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Service:
    """What players get of a service: JSON of at most 64 KiB.

    It is handed out until `expires_at`, None meaning for ten minutes, and renewed in the background
    before that. `per_account` False: one value serves all members of the channel, whoever asked.
    """

    value: Mapping[str, object]
    expires_at: datetime | None = None
    per_account: bool = True


class ServiceProvider(Protocol):
    """Issues the credentials of one service. `key` is the name that players know it by.

    A key consists of letters, digits, _ and -; `token` and `channel` are the server's own.
    """

    key: str

    async def issue(self, channel: Channel, account: Account) -> Service | None:
        """Return what the account needs in this channel; None if it is not configured there.

        Raise PluginFailure to have the reason shown. A player that registers waits 2 s at most for
        all services together; what comes later, within 30 s, is there for the next one. What is
        invalidated meanwhile is cancelled, and issued again.
        """


# -- media ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LinkerInfo:
    """A media library."""

    id: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class MediaSummary:
    """One thing that was found. `key` finds it again in its linker."""

    key: str
    title: str
    thumb_url: str | None = None
    year: int | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """One part of a media; a film has one."""

    id: str
    title: str
    thumb_url: str | None = None


@dataclass(frozen=True, slots=True)
class MediaDetail:
    """All that is known of a media. `origin` is the page that it comes from."""

    origin: str
    title: str
    thumb_url: str | None = None
    year: int | None = None
    country: str | None = None
    aka: str | None = None
    director: Sequence[str] = ()
    cast: Sequence[str] = ()
    genres: Sequence[str] = ()
    summary: str | None = None
    episodes: Sequence[Episode] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """An address at which an episode can be played."""

    title: str
    url: str


class Linker(Protocol):
    """A media library that the gallery searches.

    What begins with a slash, of the addresses in its answers, is a path on this server.
    """

    info: LinkerInfo

    async def search(self, keyword: str) -> Sequence[MediaSummary]:
        """Return what matches."""

    async def detail(self, key: str) -> MediaDetail:
        """Return all about one media. Raises PluginFailure if there is no such key."""

    async def sources(self, key: str, episode_id: str) -> Sequence[Source]:
        """Return where an episode can be played."""


@dataclass(frozen=True, slots=True)
class MediaUrl:
    """An address that a player can open, with the request headers that it must send.

    One that begins with a slash is a path on this server.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    mime: str | None = None


class MediaResolver(Protocol):
    """Makes addresses of records."""

    async def resolve(self, channel: Channel, record: Record) -> Sequence[MediaUrl] | None:
        """Return where the video can be opened, the best first; None if it is not one of mine.

        Raise NotFound or PluginFailure to tell who asks why it cannot be opened.
        """


# -- rooms ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """What somebody wants to do in a room.

    `position_us` is given for `pause` (if the player knew), `seek` and `project`, `record` for
    `project`.
    """

    channel_id: str
    account: str
    action: ActionName
    position_us: int | None = None
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether somebody may. `reason` is shown to whom it is refused."""

    allowed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RoomEvent:
    """What happened in a room.

    `account` is who did it, None where nobody did; for `waited`, who is waited for. `record` is
    what is on. `text` is what a `message` says.
    """

    channel_id: str
    kind: EventKind
    account: str | None
    position_us: int | None
    record: Record | None
    text: str | None
    at: datetime


# -- health -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Health:
    """How something stands; `off` is what is not configured. `details` are facts for the admin.

    `picture` is a small one, such as a logo: `data:image/png;base64,…`, or jpeg, gif or webp, of at
    most 64 KiB. `SmallPictures` makes it. Any other is left out, and `details` say why.
    """

    state: HealthState
    text: str
    details: Mapping[str, str] = field(default_factory=dict)
    picture: str = ""


class HealthCheck(Protocol):
    """Looks whether something works. `name` says what."""

    name: str

    async def check(self) -> Health:
        """Look, within 5 s."""


# -- signing in -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignInCode:
    """A sign-in that has begun. `key` asks how far it is.

    `url` is what a phone reads from a QR code, at most 2,000 characters. It is good for `expires_s`
    seconds, a day at most.
    """

    key: str
    url: str
    expires_s: float


@dataclass(frozen=True, slots=True)
class SignInState:
    """How far a sign-in is; `text` is a sentence for who waits, where there is more to say."""

    state: SignInProgress
    text: str = ""


class SignIn(Protocol):
    """Signs the site, or each channel, in at a service, with a phone that scans a QR code.

    `name` is unique within the plugin, and made as the key of a service is; `title` is for people.
    The channel is None unless `per_channel`; what signing in brings is kept in the plugin's
    settings, and is no admin's to see. Methods may take 10 s, and raise NotFound or PluginFailure
    to tell who asks why it does not work.
    """

    name: str
    title: str
    per_channel: bool

    async def begin(self, channel: Channel | None) -> SignInCode:
        """Begin, and return what to show."""

    async def poll(self, channel: Channel | None, key: str) -> SignInState:
        """Return how far it is; when it is done, the login is kept. Asked every other second."""

    async def sign_out(self, channel: Channel | None) -> None:
        """Forget the login."""
