"""What the plugins need of the rest of the server, and what of that one plugin is shown."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel

from bunga_cli.errors import Invalid, SettingsError
from bunga_cli.keyring import Keyring
from bunga_cli.plugin.isolation import Errand
from bunga_cli.plugin.providers import Channel, Linker, PluginFailure, PluginSettings
from bunga_cli.plugin.setting_values import changed, from_text
from bunga_cli.plugin.site_settings import back_in_time, showable, validated
from bunga_cli.settings.keys import ENABLED

MAX_CHANNELS = 1000
"""Of how many channels the settings are kept as they were checked last."""

_Checked = tuple[Mapping[str, object], BaseModel]
"""A table, and what it says."""


class SitePort(Protocol):
    """The server as all plugins need it; the composition root implements it.

    Tables are plain values by field, as files and databases hold them, checked by nobody yet.
    """

    data: Path

    def keyring(self) -> Keyring:
        """Return the site's secrets as they are now."""

    def plugin_tables(self) -> Mapping[str, Mapping[str, object]]:
        """Return what is set of each plugin, site-wide."""

    async def save_plugin_table(self, plugin: str, changes: Mapping[str, object]) -> None:
        """Change some of a plugin's values for good; None takes one away. Raises SettingsError."""

    def public_url(self) -> str:
        """Return how the operator says the server is reached; empty: nothing was said."""

    async def channels(self) -> list[Channel]:
        """Return all channels."""

    async def channel_table(self, channel_id: str, plugin: str) -> Mapping[str, object]:
        """Return what is set of a plugin in a channel; nothing if there is no such channel."""

    async def save_channel_table(
        self, channel_id: str, plugin: str, values: Mapping[str, object]
    ) -> None:
        """Keep this and nothing else of a plugin in a channel. Raises NotFound."""


class OnePluginsSite:
    """The server as one plugin sees it, through its context. All settings are checked."""

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
        self._checked: _Checked | None = None
        self._checked_of: dict[str, _Checked] = {}
        self._looking = asyncio.Lock()
        self._errand: Errand[BaseModel] | None = None

    def site_settings(self) -> BaseModel:
        """Return the settings for the whole site. Raises SettingsError if they are not valid.

        After a change from inside they are checked already, and nothing has to be waited for.
        """
        table = self._table()
        if self._checked is None or self._checked[0] != table:
            self._checked = table, validated(self._models.site, table, self._prefix)
        return self._checked[1]

    async def checked_site_settings(self) -> BaseModel:
        """Return the same, but look at them, if that has to be, without keeping anybody waiting."""
        table = self._table()
        if self._checked is None or self._checked[0] != table:
            work = partial(validated, self._models.site, table, self._prefix)
            self._checked = table, await self._look(work)
        return self._checked[1]

    async def save_site_settings(
        self, changes: Mapping[str, object], *, is_new: bool = False
    ) -> None:
        """Change settings for the whole site, for good. Raises Invalid, SettingsError.

        `is_new` is what an operator sets, not what the plugin itself keeps.
        """
        async with self._saving:
            if self._models.site is None:
                raise Invalid(f"The plugin {self._name} has no settings for the whole site.")
            new = self._new(self._models.site, self._table(), changes)
            look = partial(showable, self._models.site, new, self._prefix, is_new=is_new)
            settings = await self._look(look)
            values = {name: new.get(name) for name in changes}
            await self._port.save_plugin_table(self._name, values)
            if self._table() == new:
                self._checked = new, settings
            await self.checked_site_settings()  # where a file says more, what it says counts

    async def channel_settings(self, channel_id: str) -> BaseModel:
        """Return the settings for one channel; defaults if there is none. Raises PluginFailure."""
        table = await self._port.channel_table(channel_id, self._name)
        known = self._checked_of.get(channel_id)
        if known is not None and known[0] == table:
            return known[1]
        try:
            work = partial(validated, self._models.channel, table, self._prefix)
            settings = await self._look(work)
        except SettingsError as error:
            raise PluginFailure(f"In channel {channel_id!r}: {error}") from error
        self._keep(channel_id, (table, settings))
        return settings

    async def save_channel_settings(
        self,
        channel_id: str,
        changes: Mapping[str, object],
        expected: BaseModel | None = None,
    ) -> bool:
        """Change settings for one channel, for good. Raises Invalid, SettingsError, NotFound.

        If they have to be `expected`, and are not, leave them alone and return False.
        """
        async with self._saving:
            if self._models.channel is None:
                raise Invalid(f"The plugin {self._name} has no settings for a channel.")
            if expected is not None and await self.channel_settings(channel_id) != expected:
                return False
            old = await self._port.channel_table(channel_id, self._name)
            new = self._new(self._models.channel, old, changes)
            settings = await self._look(partial(showable, self._models.channel, new, self._prefix))
            await self._port.save_channel_table(channel_id, self._name, new)
            self._keep(channel_id, (new, settings))
            return True

    async def channels(self) -> list[Channel]:
        """Return all channels."""
        return await self._port.channels()

    def linkers(self) -> Sequence[Linker]:
        """Return the linkers of all plugins that are active now."""
        return self._all_linkers()

    def public_url(self) -> str:
        """Return how the operator says the server is reached; empty: nothing was said."""
        return self._port.public_url()

    def invalidate(self, service_key: str, channel_id: str | None) -> None:
        """Forget issued credentials, of one channel or of all; from any thread."""
        self._invalidate(service_key, channel_id)

    def _new(
        self, model: type[BaseModel], old: Mapping[str, object], changes: Mapping[str, object]
    ) -> dict[str, object]:
        return changed(old, from_text(model, changes), self._prefix)

    async def _look(self, work: Callable[[], BaseModel]) -> BaseModel:
        """Have settings looked at, which is the plugin's code, one after the other."""
        async with self._looking:
            if self._errand is not None and self._errand.is_out:
                sentence = "an earlier look at the settings has not come back yet"
                raise SettingsError(f"{self._prefix}: {sentence}; try again later.")
            self._errand = Errand(work, self._prefix)
            return await back_in_time(self._errand, self._prefix)

    def _keep(self, channel_id: str, checked: _Checked) -> None:
        if len(self._checked_of) >= MAX_CHANNELS:
            del self._checked_of[next(iter(self._checked_of))]
        self._checked_of[channel_id] = checked

    def _table(self) -> dict[str, object]:
        table = self._port.plugin_tables().get(self._name, {})
        return {name: value for name, value in table.items() if name != ENABLED}
