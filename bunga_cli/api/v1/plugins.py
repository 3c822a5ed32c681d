"""`/api/v1/plugins`, and what is set of plugins in channels."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.noting import NotedRoute
from bunga_cli.api.v1.channels import existing_channel
from bunga_cli.errors import SettingsError
from bunga_cli.paths import CHANNEL_ID, PLUGIN
from bunga_cli.plugin.providers import PluginFailure
from bunga_cli.plugin.site_settings import FieldView, NoSettings, in_time, views
from bunga_cli.plugin.status import HealthRow, PluginStatus
from bunga_cli.plugin.texts import one_line

router = APIRouter(tags=["v1 plugins"], route_class=NotedRoute)


class Check(BaseModel):
    """What a health check says. `state`: `ok`, `warning`, `failure` or `off`.

    `picture`: a small one, as an address that holds all of it, `data:image/…`; or empty.
    """

    name: str
    state: str
    text: str
    details: Mapping[str, str]
    picture: str = ""

    @classmethod
    def of(cls, row: HealthRow) -> "Check":
        """Return a result as shown."""
        health = row.health
        return cls(
            name=row.check,
            state=health.state,
            text=health.text,
            details=health.details,
            picture=health.picture,
        )


class Checks(BaseModel):
    """What all health checks of a plugin say."""

    checks: list[Check]


class Plugin(BaseModel):
    """A plugin. `state`: `starting`, `active`, `disabled`, `failed`. `reason`: what is wrong."""

    name: str
    version: str
    source: str
    state: str
    reason: str
    hooks: list[str]

    @classmethod
    def of(cls, status: PluginStatus) -> "Plugin":
        """Return a plugin as shown."""
        return cls(
            name=one_line(status.name),
            version=one_line(status.version),
            source=one_line(status.source, 1000),
            state=status.state,
            reason=one_line(status.reason, 2000),
            hooks=list(status.hooks),
        )


class CheckedPlugin(Plugin):
    """A plugin, and what its health checks say."""

    checks: list[Check]


class Plugins(BaseModel):
    """All plugins."""

    plugins: list[CheckedPlugin]


class Setting(BaseModel):
    """A setting. Of a secret, the value shows only whether there is one."""

    name: str
    description: str
    value: Any
    default: Any
    is_secret: bool

    @classmethod
    def all_of(cls, fields: Iterable[FieldView]) -> "list[Setting]":
        """Return settings as shown."""
        return [
            cls(
                name=field.name,
                description=field.description,
                value=field.value,
                default=field.default,
                is_secret=field.is_secret,
            )
            for field in fields
        ]


class PluginSettings(BaseModel):
    """A plugin's settings, for the site or for a channel. `problem`: why they are not valid.

    `channel_settings` are, beside those for the site, what there is for each channel.
    """

    settings: list[Setting]
    channel_settings: list[Setting] = []
    problem: str = ""


@router.get("/plugins")
async def list_plugins(context: Context) -> Plugins:
    """Return all plugins, and what their health checks say now."""
    statuses = context.plugins.statuses()
    rows = await asyncio.gather(*(_checks(status, context) for status in statuses))
    return Plugins(
        plugins=[
            CheckedPlugin(**Plugin.of(status).model_dump(), checks=checks)
            for status, checks in zip(statuses, rows, strict=True)
        ]
    )


@router.get(f"/plugins/{PLUGIN}")
async def show_plugin(plugin: str, context: Context) -> Plugin:
    """Return one plugin."""
    return Plugin.of(context.plugins.status(plugin))


@router.post(f"/plugins/{PLUGIN}/enable")
async def enable(plugin: str, context: Context) -> Plugin:
    """Start a plugin, now and whenever the server starts."""
    return Plugin.of(await context.plugins.enable(plugin))


@router.post(f"/plugins/{PLUGIN}/disable")
async def disable(plugin: str, context: Context) -> Plugin:
    """Stop a plugin, now and whenever the server starts."""
    return Plugin.of(await context.plugins.disable(plugin))


@router.post(f"/plugins/{PLUGIN}/check")
async def check(plugin: str, context: Context) -> Checks:
    """Run a plugin's health checks."""
    return Checks(checks=[Check.of(row) for row in await context.plugins.check(plugin)])


@router.get(f"/plugins/{PLUGIN}/settings")
async def show_settings(plugin: str, context: Context) -> PluginSettings:
    """Return what is set of a plugin for the whole site."""
    models, problem = await context.plugins.models(plugin), ""
    try:
        settings = await context.plugins.site_settings(plugin)
    except SettingsError as error:
        settings, problem = None, str(error)
    return PluginSettings(
        settings=await _shown(plugin, models.site, settings),
        channel_settings=await _shown(plugin, models.channel),
        problem=problem,
    )


@router.patch(f"/plugins/{PLUGIN}/settings")
async def change_settings(plugin: str, changes: dict[str, Any], context: Context) -> PluginSettings:
    """Change what is set of a plugin for the whole site; null goes back to the default."""
    await context.plugins.change_site_settings(plugin, changes)
    return await show_settings(plugin, context)


@router.get(f"/channels/{CHANNEL_ID}/plugins/{PLUGIN}")
async def show_channel_settings(channel_id: str, plugin: str, context: Context) -> PluginSettings:
    """Return what is set of a plugin in a channel."""
    await existing_channel(channel_id, context)
    models, problem = await context.plugins.models(plugin), ""
    try:
        settings = await context.plugins.channel_settings(plugin, channel_id)
    except PluginFailure as error:
        settings, problem = None, str(error)
    rows = await _shown(plugin, models.channel, settings)
    return PluginSettings(settings=rows, problem=problem)


@router.patch(f"/channels/{CHANNEL_ID}/plugins/{PLUGIN}")
async def change_channel_settings(
    channel_id: str, plugin: str, changes: dict[str, Any], context: Context
) -> PluginSettings:
    """Change what is set of a plugin in a channel; null goes back to the default."""
    await existing_channel(channel_id, context)
    await context.plugins.change_channel_settings(plugin, channel_id, changes)
    return await show_channel_settings(channel_id, plugin, context)


async def _shown(
    plugin: str, model: type[BaseModel] | None, settings: BaseModel | None = None
) -> list[Setting]:
    """Return settings, or else the defaults, as shown. Raises SettingsError.

    To make and to show them is the plugin's code, and may take its time.
    """

    def look() -> list[FieldView]:
        return views((model or NoSettings).model_construct() if settings is None else settings)

    return Setting.all_of(await in_time(look, f"plugins.{plugin}"))


async def _checks(status: PluginStatus, context: AppContext) -> list[Check]:
    if status.state != "active":
        return []
    return [Check.of(row) for row in await context.plugins.check(status.name)]
