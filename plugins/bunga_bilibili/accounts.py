"""The accounts with which channels watch Bilibili, and how they stay logged in.

A cookie that is used, but never renewed, is refused after some weeks. Bilibili's own page asks once
a day whether to renew; so does this, in the background, since nobody should wait for it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from bunga_bilibili.bilibili import Bilibili, Login
from bunga_bilibili.settings import ChannelSettings, SiteSettings
from bunga_cli.plugin import BungaError, PluginContext

SERVICE_KEY: Final = "bilibili"
CHECK_EVERY: Final = timedelta(days=1)

_MAX_NOTES: Final = 100

BilibiliContext = PluginContext[SiteSettings, ChannelSettings]


class Accounts:
    """What each channel is logged in with."""

    def __init__(
        self, context: BilibiliContext, bilibili: Bilibili, now: Callable[[], datetime]
    ) -> None:
        self._context = context
        self._bilibili = bilibili
        self._now = now
        self._checked: dict[str, datetime] = {}
        self.unrenewed: dict[str, str] = {}
        """Why a login could not be renewed when that was last tried, by its cookie."""
        self._renewals: dict[str, asyncio.Task[None]] = {}

    async def of(self, channel_id: str) -> Login:
        """Return a channel's login, all empty if it has none."""
        settings = await self._context.channel_settings(channel_id)
        return Login(
            settings.sess.get_secret_value(),
            settings.bili_jct.get_secret_value(),
            settings.refresh_token.get_secret_value(),
        )

    async def exists(self, channel_id: str) -> bool:
        """Return whether there is such a channel."""
        return any(channel.id == channel_id for channel in await self._context.channels())

    async def all(self) -> dict[str, Login]:
        """Return the login of every channel, by the channel's id."""
        return {channel.id: await self.of(channel.id) for channel in await self._context.channels()}

    async def save(self, channel_id: str, login: Login) -> None:
        """Let a channel watch with this login from now on."""
        await self._context.save_channel_settings(channel_id, **asdict(login))
        self._context.invalidate(SERVICE_KEY, channel_id)

    # -- renewal ----------------------------------------------------------------------------------

    def renew_soon(self, login: Login) -> None:
        """Renew the login in the background, if it was not looked at for a day."""
        last = self._checked.get(login.sess)
        is_recent = last is not None and self._now() < last + CHECK_EVERY
        if is_recent or not login.is_renewable or login.sess in self._renewals:
            return
        task = asyncio.create_task(self._renew_quietly(login))
        self._renewals[login.sess] = task
        task.add_done_callback(lambda _: self._renewals.pop(login.sess))

    async def renewed(self) -> None:
        """Wait for the renewals that are under way."""
        await asyncio.gather(*self._renewals.values(), return_exceptions=True)

    def stop(self) -> None:
        """Give up the renewals that are under way; from any thread.

        No login is lost by that: the old one is good until the new one is saved and confirmed.
        """
        for task in list(self._renewals.values()):
            task.get_loop().call_soon_threadsafe(task.cancel)

    async def _renew_quietly(self, login: Login) -> None:
        try:
            await self._renew(login)
        except BungaError as failure:
            self._note(login, str(failure))
        except Exception as error:  # nobody waits for it, so nobody else would hear of it
            self._context.log.exception("Renewing a login at Bilibili failed.")
            self._note(login, type(error).__name__)
        else:
            self.unrenewed.pop(login.sess, None)

    def _note(self, login: Login, reason: str) -> None:
        self.unrenewed = {login.sess: reason, **self.unrenewed}
        while len(self.unrenewed) > _MAX_NOTES:
            self.unrenewed.popitem()
        self._context.log.warning("A login at Bilibili cannot be renewed: %s", reason)

    async def _renew(self, old: Login) -> None:
        timestamp_ms = await self._bilibili.renewal_due(old)
        if timestamp_ms is None:
            self._checked[old.sess] = self._now()
            return
        new = await self._bilibili.renew(old, timestamp_ms)
        await self._replace(old, new)
        await self._bilibili.confirm(old, new)
        self._context.log.info("A login at Bilibili was renewed.")

    async def _replace(self, old: Login, new: Login) -> None:
        """Save the new login wherever the old one is used still: confirming ends the old one."""
        self._checked.pop(old.sess, None)
        self._checked[new.sess] = self._now()
        for channel in await self._context.channels():
            await self._replace_in(channel.id, old, new)

    async def _replace_in(self, channel_id: str, old: Login, new: Login) -> None:
        """Save the new login in a channel, unless an admin set another one, be it right now."""
        context = self._context
        now = await context.channel_settings(channel_id)
        while now.sess.get_secret_value() == old.sess:
            if await context.replace_channel_settings(channel_id, now, **asdict(new)):
                context.invalidate(SERVICE_KEY, channel_id)
                return
            now = await context.channel_settings(channel_id)
