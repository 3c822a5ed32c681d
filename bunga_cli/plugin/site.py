"""What the plugins need of the rest of the server, and what of that one plugin is shown."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel

from bunga_cli.errors import Invalid, SettingsError
from bunga_cli.plugin.checks import ENABLED
from bunga_cli.plugin.providers import Channel, Linker, PluginFailure, PluginSettings
from bunga_cli.plugin.site_settings import changed, from_text, validated


class SitePort(Protocol):
    """The server as all plugins need it; the composition root implements it.

    Tables are plain values by field, as files and databases hold them, checked by nobody yet.
    """

    secret: str
    data: Path

    def plugin_tables(self) -> Mapping[str, Mapping[str, object]]:
        """Return what is set of each plugin, site-wide."""

    async def save_plugin_table(self, plugin: str, changes: Mapping[str, object]) -> None:
        """Change some of a plugin's values for good; None takes one away. Raises SettingsError."""

    async def channels(self) -> list[Channel]:
        """Return all channels."""

    async def channel_table(self, channel_id: str, plugin: str) -> Mapping[str, object]:
        """Return what is set of a plugin in a channel; nothing if there is no such channel."""

    async def save_channel_table(
        self, channel_id: str, plugin: str, values: Mapping[str, object]
    ) -> None:
        """Keep this and nothing else of a plugin in a channel. Raises NotFound."""


class OnePluginsSite:
    """The server as one plugin sees it (`context.PluginSite`)."""

    def __init__(
        self,
        name: str,
        models: PluginSettings,
        port: SitePort,
        linkers: Callable[[], Sequence[Linker]],
        invalidate: Callable[[str, str | None], None],
    ) -> None:
        self._name, self._models, self._port = name, models, port
        self._all_linkers, self._invalidate = linkers, invalidate
        self._prefix = f"plugins.{name}"
        self._saving = asyncio.Lock()
        self._checked: tuple[Mapping[str, object], BaseModel] | None = None

    def site_settings(self) -> BaseModel:
        """Return the settings for the whole site. Raises SettingsError if they are not valid."""
        table = self._table()
        if self._checked is None or self._checked[0] != table:
            self._checked = table, validated(self._models.site, table, self._prefix)
        return self._checked[1]

    async def save_site_settings(self, changes: Mapping[str, object]) -> None:
        """Change settings for the whole site, if the result is valid."""
        async with self._saving:
            if self._models.site is None:
                raise Invalid(f"The plugin {self._name} has no settings for the whole site.")
            new = changed(self._table(), from_text(self._models.site, changes))
            validated(self._models.site, new, self._prefix)
            values = {name: new.get(name) for name in changes}
            await self._port.save_plugin_table(self._name, values)

    async def channel_settings(self, channel_id: str) -> BaseModel:
        """Return the settings for one channel. Raises PluginFailure if they are not valid."""
        table = await self._port.channel_table(channel_id, self._name)
        try:
            return validated(self._models.channel, table, self._prefix)
        except SettingsError as error:
            raise PluginFailure(f"In channel {channel_id!r}: {error}") from error

    async def save_channel_settings(self, channel_id: str, changes: Mapping[str, object]) -> None:
        """Change settings for one channel, if the result is valid."""
        async with self._saving:
            if self._models.channel is None:
                raise Invalid(f"The plugin {self._name} has no settings for a channel.")
            old = await self._port.channel_table(channel_id, self._name)
            new = changed(old, from_text(self._models.channel, changes))
            validated(self._models.channel, new, self._prefix)
            await self._port.save_channel_table(channel_id, self._name, new)

    async def channels(self) -> list[Channel]:
        """Return all channels."""
        return await self._port.channels()

    def linkers(self) -> Sequence[Linker]:
        """Return the linkers of all plugins."""
        return self._all_linkers()

    def invalidate(self, service_key: str, channel_id: str | None) -> None:
        """Forget what was issued."""
        self._invalidate(service_key, channel_id)

    def _table(self) -> dict[str, object]:
        table = self._port.plugin_tables().get(self._name, {})
        return {name: value for name, value in table.items() if name != ENABLED}
