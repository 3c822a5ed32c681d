"""The settings in force, and the one way to change them.

The API, the console, plugins and commands all come here; a command without a server does so too. A
change is checked as a whole, written to `bunga.auto.toml`, and then carried out by those who listen
and by the plugins that it concerns.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from bunga_cli.configuration.checks import checked, is_of_plugin, split, unknown, unknown_of_plugin
from bunga_cli.configuration.plugin_models import PluginModels, StoppedPlugins
from bunga_cli.configuration.rows import Rows, SettingRow
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import BungaError, Conflict, NotFound
from bunga_cli.plugin.site_settings import in_time
from bunga_cli.settings import Settings
from bunga_cli.settings.files import COMMAND_LINE, LoadedSettings, Sources, save_overrides
from bunga_cli.settings.keys import ENABLED, PLUGINS, is_on, plugin_key, sections
from bunga_cli.settings.tables import Table, value_at

Listener = Callable[[Settings, Settings], Awaitable[None]]
"""Carries a change out, from the settings before to those of now."""

_log = logging.getLogger(__name__)


class LiveSettings:
    """The settings of a server, or of a data folder without one.

    `plugins` are those on the data folder until a server puts its own in their place.
    """

    def __init__(
        self, loaded: LoadedSettings, data: DataFolder, plugins: PluginModels | None = None
    ) -> None:
        self.plugins = plugins or StoppedPlugins(data)
        self._started, self._loaded, self._data = loaded.settings, loaded, data
        self._listeners: list[Listener] = []
        self._changing = asyncio.Lock()

    @property
    def now(self) -> Settings:
        """What is set now; of what needs a restart, what will be in force after it."""
        return self._loaded.settings

    @property
    def sources(self) -> Sources:
        """Where all of it comes from."""
        return self._loaded.sources

    def on_change(self, listener: Listener) -> None:
        """Have `listener` called after each change of anything but plugins."""
        self._listeners.append(listener)

    # -- what is set ------------------------------------------------------------------------------

    async def rows(self) -> list[SettingRow]:
        """Return a row for each setting. Plugins that are not used are not imported for it."""
        rows, tables = self.core_rows(), self.now.plugins
        for name in dict.fromkeys([*await self.plugins.names(), *tables]):
            if is_on(tables.get(name, {}).get(ENABLED, True)):
                rows += await self.rows_of_plugin(name)
            else:
                rows += self._rows.of_strange_plugin(name, "")
        return rows

    async def row(self, key: str) -> SettingRow:
        """Return the row of one setting. Raises NotFound."""
        _, plugin, field = key.split(".", 2) if is_of_plugin(key) else ("", "", "")
        if field == ENABLED and plugin in await self.plugins.names():
            return self._rows.switch(plugin)
        rows = await self.rows_of_plugin(plugin) if plugin else self.core_rows()
        found = next((row for row in rows if row.key == key), None)
        if found is None:
            known = [row.key.rpartition(".")[2] for row in rows]
            raise NotFound(unknown_of_plugin(plugin, field, known) if plugin else unknown(key))
        return found

    def core_rows(self) -> list[SettingRow]:
        """Return a row for each setting but those of plugins."""
        return [*self._rows.core()]

    async def rows_of_plugin(self, name: str) -> list[SettingRow]:
        """Return a row for each setting of a plugin, which is imported for it. Raises NotFound."""
        try:
            model = await self.plugins.model(name)
            make_rows = partial(self._rows.of_plugin, name, model)
            return await in_time(make_rows, f"{PLUGINS}.{name}")
        except NotFound as error:
            if name not in self.now.plugins:
                raise
            return self._rows.of_strange_plugin(name, str(error))
        except BungaError as error:
            return self._rows.of_strange_plugin(name, str(error))

    @property
    def _rows(self) -> Rows:
        return Rows(self._loaded, self._started)

    # -- changing ---------------------------------------------------------------------------------

    async def set(self, changes: Mapping[str, object]) -> list[SettingRow]:
        """Change settings by key, all or none, and return their rows.

        Values are of their type, or texts; None takes back what was set from inside. Raises
        Conflict for a key that is fixed, SettingsError with everything else that is wrong.
        """
        for key in changes:
            self._refuse_fixed(key)
        async with self._changing:
            wanted = await checked(changes, self.sources, self.plugins)
            before = self.now
            await self._write(wanted)
        await self._carry_out(before, wanted)
        return [row for key in changes for row in await self._row_if_any(key)]

    async def save_of_plugin(self, plugin: str, changes: Mapping[str, object]) -> None:
        """Change what is set of a plugin, by field, as it was checked already.

        None takes back what was set from inside; of `enabled`, None is yes. Raises Conflict.
        """
        async with self._changing:
            wanted = self._new_of_plugin(plugin, changes)
            for key in wanted:
                self._refuse_fixed(key)
            if wanted:
                await self._write(wanted)

    def _new_of_plugin(self, plugin: str, changes: Mapping[str, object]) -> dict[str, object]:
        """Return by key what is not so already."""
        wanted: dict[str, object] = {}
        for field, value in changes.items():
            key = plugin_key(plugin, field)
            if field == ENABLED:
                wanted |= self._new_switch(key, wanted=value is None or is_on(value))
            elif value is None and self.sources.auto_value(key) is not None:
                wanted[key] = None
            elif value is not None and value != value_at(self.sources.tables()[0], key):
                wanted[key] = value
        return wanted

    def _new_switch(self, key: str, *, wanted: bool) -> dict[str, object]:
        """Return what makes a plugin used or not, as little as is needed."""
        if wanted == _is_on(self.sources.tables()[0], key):
            return {}
        return {key: None if wanted == _is_on(self.sources.without_auto(), key) else wanted}

    async def _write(self, wanted: Mapping[str, object]) -> None:
        table = await asyncio.to_thread(save_overrides, self._data, wanted)
        self._loaded = self.sources.with_auto(table).load()
        if wanted:
            _log.info("Changed from inside: %s.", ", ".join(wanted))

    async def _carry_out(self, before: Settings, wanted: Mapping[str, object]) -> None:
        now = self.now
        if any(getattr(before, name) != getattr(now, name) for name in sections()):
            for listener in self._listeners:
                await listener(before, now)
        names = await self.plugins.names()
        for plugin, fields in split(wanted)[0].items():
            if plugin in names:
                await self.plugins.changed(plugin, fields)

    async def _row_if_any(self, key: str) -> list[SettingRow]:
        try:
            return [await self.row(key)]
        except NotFound:  # it was taken back, and nobody else knows it
            return []

    def _refuse_fixed(self, key: str) -> None:
        fixed_by = self.sources.fixed_by(key)
        if fixed_by is None:
            return
        where = "on the command line" if fixed_by == COMMAND_LINE else f"by {fixed_by}"
        raise Conflict(
            f"{key} is set {where} of the server, which wins; start the server without that to"
            " change it from inside."
        )


def _is_on(table: Table, key: str) -> bool:
    value = value_at(table, key)
    return value is None or is_on(value)
