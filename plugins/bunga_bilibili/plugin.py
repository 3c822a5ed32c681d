"""The hooks."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import typer
from fastapi import APIRouter

from bunga_bilibili.accounts import Accounts, BilibiliContext
from bunga_bilibili.bilibili import Bilibili
from bunga_bilibili.commands import make_commands
from bunga_bilibili.correspond import BILIBILI_KEY
from bunga_bilibili.routes import AccountRoutes, LoginRoutes
from bunga_bilibili.service import AccountsCheck, BilibiliService
from bunga_bilibili.settings import ChannelSettings, SiteSettings
from bunga_bilibili.sign_in import PhoneSignIn
from bunga_bilibili.v1_routes import ChannelLoginRoutes
from bunga_cli.plugin import (
    Console,
    HealthCheck,
    PluginSettings,
    ServiceProvider,
    SignIn,
    SmallPictures,
    hookimpl,
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class BilibiliPlugin:
    """Lets the members of a channel watch Bilibili with one account."""

    bilibili: Bilibili
    accounts: Accounts
    _sign_in: PhoneSignIn
    _pictures: SmallPictures

    def __init__(
        self, now: Callable[[], datetime] = _utc_now, public_key: str = BILIBILI_KEY
    ) -> None:
        self._now = now
        self._public_key = public_key

    @hookimpl
    def bunga_settings(self) -> PluginSettings:
        """Return the models."""
        return PluginSettings(site=SiteSettings, channel=ChannelSettings)

    @hookimpl
    def bunga_start(self, context: BilibiliContext) -> None:
        """Begin."""
        self.bilibili = Bilibili(context.http, context.site_settings, self._now, self._public_key)
        self.accounts = Accounts(context, self.bilibili, self._now)
        self._sign_in = PhoneSignIn(self.accounts, self.bilibili)
        self._pictures = SmallPictures(context.http)

    @hookimpl
    def bunga_stop(self) -> None:
        """Give up what is under way."""
        self.accounts.stop()

    @hookimpl
    def bunga_services(self) -> Sequence[ServiceProvider]:
        """Return the account that players get."""
        return [BilibiliService(self.accounts, self.bilibili, self._now)]

    @hookimpl
    def bunga_health_checks(self) -> Sequence[HealthCheck]:
        """Return the look at each channel's account."""
        return [AccountsCheck(self.accounts, self.bilibili, self._pictures)]

    @hookimpl
    def bunga_sign_ins(self) -> Sequence[SignIn]:
        """Return the login with Bilibili's app."""
        return [self._sign_in]

    @hookimpl
    def bunga_routes(self) -> APIRouter:
        """Return the original's paths and our own."""
        router = APIRouter()
        router.include_router(AccountRoutes(self.accounts).router)
        router.include_router(LoginRoutes(self.bilibili).router)
        router.include_router(ChannelLoginRoutes(self.accounts, self._sign_in).router)
        return router

    @hookimpl
    def bunga_commands(self, console: Console) -> typer.Typer:
        """Return `bunga bilibili …`."""
        return make_commands(console)


plugin = BilibiliPlugin()
