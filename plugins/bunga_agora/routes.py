"""The original's path for its settings of voice calls."""

from typing import Final

from fastapi import APIRouter, Request

from bunga_agora.calls import SERVICE_KEY
from bunga_agora.settings import AgoraSettings
from bunga_cli.plugin import (
    AdminOnly,
    Body,
    PluginContext,
    Text,
    checked,
    documented,
    read_fields,
)

_SETTINGS: Final = {"agora_key": "app_id", "agora_certification": "app_certificate"}


class Project(Body):
    """The project at Agora, under the original's names."""

    agora_key: Text
    agora_certification: Text


class PartOfProject(Project):
    """What to change of it. The defaults are never read: what is left out stays."""

    agora_key: Text = ""
    agora_certification: Text = ""


class VoiceRoutes:
    """What is set of the project."""

    def __init__(self, context: PluginContext[AgoraSettings]) -> None:
        self._context = context
        self.router = APIRouter(prefix="/api/voice", tags=["agora"], dependencies=[AdminOnly])
        self.router.get("/config")(self.retrieve_voice_config)
        put = self.router.put("/config", openapi_extra=documented(Project))
        put(self.replace_voice_config)
        patch = self.router.patch("/config", openapi_extra=documented(PartOfProject))
        patch(self.change_voice_config)

    async def retrieve_voice_config(self) -> dict[str, object]:
        """Return the settings, the certificate included."""
        settings = self._context.site_settings()
        certificate = settings.app_certificate.get_secret_value()
        return {"site": 1, "agora_key": settings.app_id, "agora_certification": certificate}

    async def replace_voice_config(self, request: Request) -> dict[str, object]:
        """Set `agora_key` and `agora_certification`."""
        return await self._save(checked(Project, (await read_fields(request)).values))

    async def change_voice_config(self, request: Request) -> dict[str, object]:
        """Set what is given of `agora_key` and `agora_certification`."""
        return await self._save(checked(PartOfProject, (await read_fields(request)).values))

    async def _save(self, project: Project) -> dict[str, object]:
        said = project.model_dump(exclude_unset=True)
        changes = {_SETTINGS[name]: value for name, value in said.items()}
        await self._context.save_site_settings(**changes)
        self._context.invalidate(SERVICE_KEY)
        return await self.retrieve_voice_config()
