"""The hooks."""

from collections.abc import Sequence

from fastapi import APIRouter

from bunga_agora.calls import CertificateCheck, VoiceCalls
from bunga_agora.routes import VoiceRoutes
from bunga_agora.settings import AgoraSettings
from bunga_cli.plugin import (
    HealthCheck,
    PluginContext,
    PluginSettings,
    ServiceProvider,
    hookimpl,
)


class AgoraPlugin:
    """Lets players talk to each other over Agora."""

    _context: PluginContext[AgoraSettings]
    _calls: VoiceCalls

    @hookimpl
    def bunga_settings(self) -> PluginSettings:
        """Return the project's settings."""
        return PluginSettings(site=AgoraSettings)

    @hookimpl
    def bunga_start(self, context: PluginContext[AgoraSettings]) -> None:
        """Begin."""
        self._context = context
        self._calls = VoiceCalls(context.site_settings)

    @hookimpl
    def bunga_services(self) -> Sequence[ServiceProvider]:
        """Return the tokens."""
        return [self._calls]

    @hookimpl
    def bunga_health_checks(self) -> Sequence[HealthCheck]:
        """Return the check of the certificate."""
        return [CertificateCheck(self._calls, self._context.site_settings)]

    @hookimpl
    def bunga_routes(self) -> APIRouter:
        """Return the original's path."""
        return VoiceRoutes(self._context).router


plugin = AgoraPlugin()
