"""What a channel's user of AList can see there, and where it can be opened."""

import mimetypes
import posixpath
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

from bunga_alist.addresses import complete, origin
from bunga_alist.answers import File, Hit, Site, User
from bunga_alist.client import Account, AList, Folder
from bunga_alist.failures import AListError
from bunga_alist.pictures import Picture, Pictures
from bunga_alist.sessions import Sessions
from bunga_alist.settings import AListChannel, AListSite
from bunga_cli.plugin import MediaUrl, NotFound, PluginContext, SmallPictures, one_line

SERVICE_KEY = "alist"

Context = PluginContext[AListSite, AListChannel]


class Library:
    """All channels' view of AList. Every method that asks AList raises AListError."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.sessions = Sessions(context.http)
        self._pictures = Pictures(context.http, self.sessions)
        self._logos = SmallPictures(context.http)
        self._set_anew: set[str] = set()

    async def account(self, channel_id: str) -> Account | None:
        """Return the channel's user; None if AList is not set up for it."""
        host = self._context.site_settings().host
        channel = await self._context.channel_settings(channel_id)
        if not (host and channel.username):
            return None
        account = Account(host, channel.username, channel.password.get_secret_value())
        if channel_id in self._set_anew:
            self._set_anew.discard(channel_id)
            self._try_again(account)
        return account

    def settings_changed(self, channel_id: str | None) -> None:
        """Try again what was refused before, though nothing may be different now."""
        if channel_id is not None:
            self._set_anew.add(channel_id)
        else:
            self.sessions.forget_refusals()
            self._pictures.forget_failures()

    async def _existing_account(self, channel_id: str) -> Account:
        account = await self.account(channel_id)
        if account is not None:
            return account
        if channel_id not in {channel.id for channel in await self._context.channels()}:
            raise NotFound(f"There is no channel {one_line(channel_id)!r}.")
        raise AListError(f"AList is not set up for the channel {one_line(channel_id)}.")

    async def site(self, host: str) -> Site:
        """Return what the AList at an address says of itself.

        It may be anybody's; on the network inside only the configured one is asked.
        """
        is_trusted = origin(host) == origin(self._context.site_settings().host)
        return await AList(self._context.http, host, is_trusted=is_trusted).site()

    async def logo(self, site: Site, host: str) -> str:
        """Return a site's logo as `Health.picture`, empty if there is none that is small.

        It may have one for the day and one for the night; the first will do.
        """
        addresses = site.logo.split()
        if not addresses:
            return ""
        try:
            address = complete(addresses[0], host)
        except AListError:
            return ""
        return await self._logos.at(address, trusted=origin(address) == origin(host))

    async def user(self, account: Account) -> User:
        """Return what AList knows of an account, which may be one that no channel has."""
        return await self.sessions.run(account, lambda alist, token: alist.me(token))

    async def new_user(self, account: Account) -> User:
        """As `user`, though the login may have been refused a moment ago."""
        self._try_again(account)
        return await self.user(account)

    async def save_host(self, host: str) -> None:
        """Set where AList is."""
        await self._context.save_site_settings(host=host)
        self._context.invalidate(SERVICE_KEY)

    async def save_account(self, channel_id: str, changes: Mapping[str, str]) -> None:
        """Set a channel's `username` or `password`; what was refused before is tried again."""
        await self._context.save_channel_settings(channel_id, **changes)
        self.settings_changed(channel_id)
        self._context.invalidate(SERVICE_KEY, channel_id)

    def _try_again(self, account: Account) -> None:
        self.sessions.forget(account)
        self._pictures.forget_failures(account)

    async def browse(self, channel_id: str, path: str) -> Folder:
        """Return what is in a folder."""
        account, path = await self._existing_account(channel_id), absolute(path)
        return await self.sessions.run(account, lambda alist, token: alist.folder(token, path))

    async def search(self, channel_id: str, words: str) -> list[Hit]:
        """Return what AList's index has under these words, where the channel's user may look.

        AList names folders from its own root, unlike in all other answers, and takes "/films2" for
        a part of "/films".
        """
        account = await self._existing_account(channel_id)
        base = (await self.user(account)).base_path
        hits = await self.sessions.run(account, lambda alist, token: alist.search(token, words))
        return [
            hit.model_copy(update={"parent": parent})
            for hit in hits
            if (parent := _below(hit.parent, base)) is not None
        ]

    async def resolve(self, channel_id: str, path: str) -> MediaUrl:
        """Return where a file can be opened, without a login."""
        account, path = await self._existing_account(channel_id), absolute(path)
        file = await self.sessions.run(account, lambda alist, token: alist.file(token, path))
        mime, _encoding = mimetypes.guess_type(file.name)
        return MediaUrl(_address(file, account.host), mime=mime)

    async def picture(self, channel_id: str, path: str) -> Picture:
        """Return a file's picture."""
        return await self._pictures.of(await self._existing_account(channel_id), absolute(path))


def absolute(path: str) -> str:
    """Return a path from the root of the user's tree, in the one way to write it."""
    return posixpath.normpath("/" + path.lstrip("/"))


def _below(path: str, base: str) -> str | None:
    """Return a path from a base, None if it is not below it."""
    path, base = absolute(path), absolute(base)
    if base == "/":
        return path
    if path == base:
        return "/"
    return path.removeprefix(base) if path.startswith(f"{base}/") else None


def _address(file: File, host: str) -> str:
    if not file.raw_url:
        kind = "a folder" if file.is_dir else "a file without an address"
        raise AListError(f"{one_line(file.name)} is {kind} in AList.")
    address = complete(file.raw_url, host)
    return _signed(address, file.sign) if origin(address) == origin(host) else address


def _signed(address: str, sign: str) -> str:
    """Return one of AList's own addresses with the signature that it may want to see."""
    query = urlsplit(address).query
    if not sign or "sign" in parse_qs(query):
        return address
    return f"{address}{'&' if query else '?'}{urlencode({'sign': sign})}"
