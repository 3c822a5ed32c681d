"""What players get, and what the admin is told."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bunga_bilibili.accounts import SERVICE_KEY, Accounts
from bunga_bilibili.answers import Nav
from bunga_bilibili.bilibili import Bilibili, BilibiliFailure
from bunga_bilibili.wbi import key_in, mixin_key
from bunga_cli.plugin import Account, Channel, Health, Service, SmallPictures

LIFETIME: Final = timedelta(hours=1)  # the signing keys change once a day, at no announced hour

_SMALL: Final = "@96w_96h_1c.webp"  # so its servers of pictures are asked for small ones


class BilibiliService:
    """Hands the channel's cookie to its members, with the key to sign requests with."""

    key = SERVICE_KEY

    def __init__(self, accounts: Accounts, bilibili: Bilibili, now: Callable[[], datetime]) -> None:
        self._accounts = accounts
        self._bilibili = bilibili
        self._now = now

    async def issue(self, channel: Channel, _account: Account) -> Service | None:
        """Return the channel's cookie, if Bilibili accepts it. Raises BilibiliFailure."""
        login = await self._accounts.of(channel.id)
        if not login.sess:
            return None
        nav = await self._bilibili.nav(login.sess)
        self._accounts.renew_soon(login)
        value = {"sess": login.sess, "mixin_key": _mixin_key_of(nav)}
        return Service(value, expires_at=self._now() + LIFETIME, per_account=False)


def _mixin_key_of(nav: Nav) -> str:
    try:
        return mixin_key(key_in(nav.signing.img_url), key_in(nav.signing.sub_url))
    except ValueError as error:
        raise BilibiliFailure(str(error)) from error


class AccountsCheck:
    """Looks whether Bilibili accepts the channels' logins, each of them once."""

    name = "accounts"

    def __init__(self, accounts: Accounts, bilibili: Bilibili, pictures: SmallPictures) -> None:
        self._accounts = accounts
        self._bilibili = bilibili
        self._pictures = pictures

    async def check(self) -> Health:
        """Look. The picture is the avatar of the first account that works."""
        every = await self._accounts.all()
        logins = {channel: login for channel, login in every.items() if login.sess}
        if not logins:
            return Health("off", "No channel has an account at Bilibili.")
        cookies = sorted({login.sess for login in logins.values()})
        found = dict(zip(cookies, await asyncio.gather(*map(self._look, cookies)), strict=True))
        unrenewed = self._accounts.unrenewed
        notes = {c: unrenewed[login.sess] for c, login in logins.items() if login.sess in unrenewed}
        outcomes = {c: found[login.sess] for c, login in logins.items()}
        return replace(_summary(outcomes, notes), picture=await self._avatar(outcomes.values()))

    async def _avatar(self, outcomes: Iterable[Nav | BilibiliFailure]) -> str:
        faces = [nav.face for nav in outcomes if isinstance(nav, Nav) and nav.face]
        if not faces:
            return ""
        address = f"{faces[0]}{_SMALL}"
        return await self._pictures.at(address, trusted=self._bilibili.is_at(address))

    async def _look(self, sess: str) -> Nav | BilibiliFailure:
        try:
            return await self._bilibili.nav(sess)
        except BilibiliFailure as failure:
            return failure


def _summary(found: dict[str, Nav | BilibiliFailure], unrenewed: dict[str, str]) -> Health:
    details = {channel: _told(outcome) for channel, outcome in found.items()}
    for channel, reason in unrenewed.items():
        details[channel] += f"; the login could not be renewed: {reason}"
    failures = [outcome for outcome in found.values() if isinstance(outcome, BilibiliFailure)]
    if failures:
        some_work = len(failures) < len(found)
        return Health("warning" if some_work else "failure", str(failures[0]), details)
    text = f"Logged in: {_names(found.values())}."
    if unrenewed:
        text += f" Not renewed: {', '.join(unrenewed)}. {next(iter(unrenewed.values()))}"
    return Health("warning" if unrenewed else "ok", text, details)


def _names(outcomes: Iterable[Nav | BilibiliFailure]) -> str:
    return ", ".join(sorted({nav.name for nav in outcomes if isinstance(nav, Nav)}))


def _told(outcome: Nav | BilibiliFailure) -> str:
    if isinstance(outcome, BilibiliFailure):
        return str(outcome)
    if not outcome.is_member:
        return f"{outcome.name}, no member"
    until = outcome.member_until
    return f"{outcome.name}, member{f' until {until}' if until else ''}"
