"""What the hooks return: objects whose methods may wait."""

from collections.abc import Sequence

from bunga_cli.plugin import (
    Account,
    Channel,
    Episode,
    Health,
    LinkerInfo,
    MediaDetail,
    MediaSummary,
    MediaUrl,
    PluginContext,
    PluginFailure,
    Record,
    Service,
    Source,
)

from .settings import Room, Site

NAME = "example"
Context = PluginContext[Site, Room]


class NoteService:
    """Hands the channel's note to players that register."""

    key = NAME

    def __init__(self, context: Context) -> None:
        self._context = context

    async def issue(self, channel: Channel, _account: Account) -> Service | None:
        """Return the note, None if there is none."""
        note = (await self._context.channel_settings(channel.id)).note
        return Service({"note": note}, per_account=False) if note else None


class ShelfLinker:
    """Shows the shelf in the gallery."""

    info = LinkerInfo(NAME, "The shelf", "")

    def __init__(self, context: Context) -> None:
        self._context = context

    async def search(self, keyword: str) -> Sequence[MediaSummary]:
        """Return the films whose titles hold the keyword."""
        wanted = keyword.casefold()
        titles = self._context.site_settings().films
        return [MediaSummary(title, title) for title in titles if wanted in title.casefold()]

    async def detail(self, key: str) -> MediaDetail:
        """Return a film. Raises PluginFailure."""
        return MediaDetail(self._address(key), key, episodes=[Episode("1", key)])

    async def sources(self, key: str, _episode_id: str) -> Sequence[Source]:
        """Return where the film is. Raises PluginFailure."""
        return [Source(key, self._address(key))]

    def _address(self, title: str) -> str:
        address = self._context.site_settings().films.get(title)
        if address is None:
            raise PluginFailure(f"There is no film {title!r} on the shelf.")
        return address


class ShelfResolver:
    """Knows the addresses of records whose source is the shelf; their path is the title."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def resolve(self, _channel: Channel, record: Record) -> Sequence[MediaUrl] | None:
        """Return where the film is, None if it is not from the shelf."""
        if record.source != NAME:
            return None
        address = self._context.site_settings().films.get(record.path)
        return [] if address is None else [MediaUrl(address)]


class ShelfCheck:
    """Looks whether the addresses on the shelf can be opened by a player."""

    name = "shelf"

    def __init__(self, context: Context) -> None:
        self._context = context

    async def check(self) -> Health:
        """Look at the settings; a check may ask another server as well."""
        films = self._context.site_settings().films
        if not films:
            return Health("off", "The shelf is empty.")
        for title, address in films.items():
            if not address.startswith(("http://", "https://")):
                return Health("warning", f"{title} has no address that begins with http.")
        return Health("ok", f"Films on the shelf: {len(films)}.")
