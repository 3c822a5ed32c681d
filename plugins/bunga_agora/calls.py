"""The voice calls' tokens: what players get, and what the admin is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import Final

from bunga_agora.access_token import BadToken, Grant, is_key, pack, parse, uid_of
from bunga_agora.settings import AgoraSettings
from bunga_cli.plugin import Account, Channel, Health, PluginFailure, Service

SERVICE_KEY: Final = "voice_call"
LIFETIME: Final = timedelta(days=1)  # Agora accepts no longer one
KEPT_FOR: Final = timedelta(hours=1)  # so that whoever registers gets nearly the whole lifetime

_MAX_SALT: Final = 99_999_999
_CHANNEL: Final = Channel("check", "check")
_ACCOUNT: Final = Account("check")


class VoiceCalls:
    """Issues tokens with which an account can talk in a channel."""

    key = SERVICE_KEY

    def __init__(
        self,
        settings: Callable[[], AgoraSettings],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        salt: Callable[[], int] = lambda: SystemRandom().randint(1, _MAX_SALT),
    ) -> None:
        self._settings = settings
        self._now = now
        self._salt = salt

    async def issue(self, channel: Channel, account: Account) -> Service | None:
        """Return a token. Raises PluginFailure if the settings make none."""
        settings = self._settings()
        if not settings.app_id:
            return None
        now = self._now()
        value = {
            "service": "agora",
            "key": settings.app_id,
            "channel_token": self._token(settings, channel.id, account.id, now),
        }
        return Service(value, expires_at=now + KEPT_FOR)

    def _token(
        self, settings: AgoraSettings, channel_id: str, account_id: str, now: datetime
    ) -> str:
        if (problem := problem_of(settings)) is not None:
            raise PluginFailure(problem)
        grant = Grant(
            app_id=settings.app_id,
            channel=channel_id,
            uid=uid_of(account_id),
            issued_at_s=int(now.timestamp()),
            expires_in_s=int(LIFETIME.total_seconds()),
            salt=self._salt(),
        )
        return pack(grant, settings.app_certificate.get_secret_value())


def problem_of(settings: AgoraSettings) -> str | None:
    """Return why these settings make no tokens, None if they do."""
    certificate = settings.app_certificate.get_secret_value()
    if not is_key(settings.app_id):
        return "The app id is not 32 hexadecimal digits."
    if not certificate:
        return "There is no certificate. Enable it in Agora's console, and set it here."
    if not is_key(certificate):
        return "The certificate is not 32 hexadecimal digits."
    return None


class CertificateCheck:
    """Looks whether tokens can be made; whether Agora takes them, only a call can tell."""

    name = "certificate"

    def __init__(self, calls: VoiceCalls, settings: Callable[[], AgoraSettings]) -> None:
        self._calls = calls
        self._settings = settings

    async def check(self) -> Health:
        """Make a token and read it; tell for whom it is, and until when."""
        settings = self._settings()
        try:
            service = await self._calls.issue(_CHANNEL, _ACCOUNT)
            if service is None:
                return Health("off", "No app id is set.")
            certificate = settings.app_certificate.get_secret_value()
            grant = parse(str(service.value["channel_token"]), certificate)
        except (PluginFailure, BadToken) as failure:
            return Health("failure", str(failure))
        told = grant.app_id, grant.channel, grant.uid
        if told != (settings.app_id, _CHANNEL.id, uid_of(_ACCOUNT.id)):
            return Health("failure", "The token that was made says something else than it should.")
        return Health("ok", f"Tokens are good for {grant.expires_in_s / 3600:g} h.", _facts(grant))


def _facts(grant: Grant) -> dict[str, str]:
    """Return what a token that was read says."""
    until = datetime.fromtimestamp(grant.issued_at_s + grant.expires_in_s, UTC)
    return {
        "app_id": grant.app_id,
        "made for": f"account {_ACCOUNT.id} (number {grant.uid}) in channel {grant.channel}",
        "good until": f"{until:%Y-%m-%d %H:%M} UTC",
    }
