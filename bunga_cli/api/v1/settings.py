"""`/api/v1/settings`: everything that can be set, and where each value comes from."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from bunga_cli.api.context import Context
from bunga_cli.api.noting import NotedRoute
from bunga_cli.configuration.rows import SettingRow
from bunga_cli.paths import SETTING

router = APIRouter(prefix="/settings", tags=["v1 settings"], route_class=NotedRoute)


class Files(BaseModel):
    """Where settings are kept: the operator's file, if there is one, and what was changed here."""

    operator: str | None
    auto: str


class Settings(BaseModel):
    """All settings."""

    settings: list[SettingRow]
    files: Files


class Changed(BaseModel):
    """The settings that were changed, and the keys of those that wait for a restart."""

    settings: list[SettingRow]
    restart: list[str]


@router.get("")
async def list_settings(context: Context) -> Settings:
    """Return all settings; of plugins that are not used, only what is set."""
    live = context.live_settings
    return Settings(settings=await live.rows(), files=Files.model_validate(live.sources.files()))


@router.get(f"/{SETTING}")
async def show_setting(key: str, context: Context) -> SettingRow:
    """Return one setting."""
    return await context.live_settings.row(key)


@router.patch("")
async def change_settings(changes: dict[str, Any], context: Context) -> Changed:
    """Change settings by key, all or none; null takes back what was changed here.

    A value is of its type, or a text as people write it, such as "20s".
    """
    rows = await context.live_settings.set(changes)
    return Changed(settings=rows, restart=[row.key for row in rows if row.pending_restart])
