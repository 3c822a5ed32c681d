"""What the server asks of AList: players' credentials, addresses of videos, and how it is."""

import asyncio
from typing import ClassVar

from bunga_alist.answers import User, in_words
from bunga_alist.library import SERVICE_KEY, Context, Library
from bunga_cli.plugin import (
    Account,
    Channel,
    Health,
    MediaUrl,
    PluginFailure,
    Record,
    Service,
    one_line,
)

SOURCE = "alist"


class AListService:
    """Gives players the channel's login in AList, so that they browse there by themselves."""

    key: ClassVar[str] = SERVICE_KEY

    def __init__(self, library: Library) -> None:
        self._library = library

    async def issue(self, channel: Channel, account: Account) -> Service | None:  # noqa: ARG002
        """Return host and token; the token is one that AList has just taken."""
        user = await self._library.account(channel.id)
        if user is None:
            return None
        await self._library.user(user)
        token = await self._library.sessions.token(user)
        return Service({"host": user.host, "token": token}, per_account=False)


class AListResolver:
    """Makes addresses of the records that players share from AList."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def resolve(self, channel: Channel, record: Record) -> list[MediaUrl] | None:
        """Return the address that AList has for the record's path."""
        if record.source != SOURCE:
            return None
        return [await self._library.resolve(channel.id, record.path)]


class AListHealth:
    """Asks AList who it is, and whether it lets every channel in."""

    name = "AList"

    def __init__(self, context: Context, library: Library) -> None:
        self._context = context
        self._library = library

    async def check(self) -> Health:
        """Return the site's title and logo, and each channel's user or why it has none."""
        host = self._context.site_settings().host
        if not host:
            return Health("off", "No AList server is set.")
        try:
            site = await self._library.site(host)
        except PluginFailure as error:
            return Health("failure", str(error))
        logo, channels = await asyncio.gather(self._library.logo(site, host), self._channels())
        users = {f"channel {channel}": text for channel, (text, _is_well) in channels.items()}
        facts = {"site": site.site_title, "version": site.version, "logo": site.logo}
        details = {**{name: fact for name, fact in facts.items() if fact}, **users}
        ill = [channel for channel, (_text, is_well) in channels.items() if not is_well]
        if ill:
            text = f"Channels that cannot log in: {', '.join(ill)}."
            return Health("warning", text, details, logo)
        return Health("ok", f"{site.site_title} at {host}", details, logo)

    async def _channels(self) -> dict[str, tuple[str, bool]]:
        """Return of each channel that has an account who it is, or what is wrong; and which."""
        ids = [channel.id for channel in await self._context.channels()]
        users = await asyncio.gather(*(self._user(id_) for id_ in ids))
        return {id_: user for id_, user in zip(ids, users, strict=True) if user is not None}

    async def _user(self, channel_id: str) -> tuple[str, bool] | None:
        try:
            account = await self._library.account(channel_id)
            if account is None:
                return None
            user = await self._library.user(account)
        except PluginFailure as error:
            return str(error), False
        return _told(user), True


def _told(user: User) -> str:
    """Return who it is, where it is and what it may do there, in words."""
    rights = "is an admin" if user.is_admin else f"may {in_words(user.effective_permission)}"
    return f"{user.username}, sees {one_line(user.base_path)}, {rights}"
