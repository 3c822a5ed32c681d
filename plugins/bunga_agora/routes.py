"""The original's path for its settings of voice calls."""

from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from bunga_agora.calls import SERVICE_KEY
from bunga_agora.fields import problems, read_fields, refusal
from bunga_agora.settings import AgoraSettings
from bunga_cli.plugin import AdminOnly, PluginContext

_SETTINGS: Final = {"agora_key": "app_id", "agora_certification": "app_certificate"}


class VoiceRoutes:
    """The project at Agora, under the original's names."""

    def __init__(self, context: PluginContext[AgoraSettings]) -> None:
        self._context = context
        self.router = APIRouter(prefix="/api/voice", tags=["agora"], dependencies=[AdminOnly])
        self.router.get("/config")(self.retrieve_voice_config)
        self.router.put("/config")(self.replace_voice_config)
        self.router.patch("/config")(self.change_voice_config)

    async def retrieve_voice_config(self) -> dict[str, object]:
        """Return the settings, the certificate included."""
        settings = self._context.site_settings()
        certificate = settings.app_certificate.get_secret_value()
        return {"site": 1, "agora_key": settings.app_id, "agora_certification": certificate}

    async def replace_voice_config(self, request: Request) -> Response:
        """Set `agora_key` and `agora_certification`."""
        return await self._save(await read_fields(request), _SETTINGS)

    async def change_voice_config(self, request: Request) -> Response:
        """Set what is given of `agora_key` and `agora_certification`."""
        fields = await read_fields(request)
        return await self._save(fields, [name for name in _SETTINGS if name in fields])

    async def _save(self, fields: dict[str, object], names: Iterable[str]) -> Response:
        if wrong := problems(fields, names):
            return refusal(wrong)
        changes = {_SETTINGS[name]: str(fields[name]).strip() for name in names}
        await self._context.save_site_settings(**changes)
        self._context.invalidate(SERVICE_KEY)
        return JSONResponse(await self.retrieve_voice_config())
