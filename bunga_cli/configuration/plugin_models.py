"""The plugins as settings see them: those of a running server, and those that only lie there."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property, partial
from typing import Protocol

from pydantic import BaseModel

from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import NotFound
from bunga_cli.plugin.discovery import Found, discover, name_problem
from bunga_cli.plugin.isolation import describe, in_thread
from bunga_cli.plugin.loading import load
from bunga_cli.plugin.manager import FOLDER, Plugins
from bunga_cli.plugin.providers import PluginFailure
from bunga_cli.plugin.slot import LIMIT_S


class PluginModels(Protocol):
    """What settings need of the plugins."""

    async def names(self) -> Sequence[str]:
        """Return all plugins there are, whether they work or not."""

    async def require(self, name: str) -> None:
        """Raise NotFound or PluginFailure unless there is such a plugin, and it can be switched.

        Nothing is imported for that.
        """

    async def model(self, name: str) -> type[BaseModel] | None:
        """Return the model of a plugin's settings for the whole site, None if it has none.

        Raises NotFound, or PluginFailure if the plugin cannot be imported.
        """

    async def changed(self, name: str, fields: Collection[str]) -> None:
        """Let a plugin know which fields were changed. What is set of them now is for it to see."""


class RunningPlugins:
    """The plugins of this server."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    async def names(self) -> Sequence[str]:
        """Return all plugins there are."""
        return [*dict.fromkeys(status.name for status in self._plugins.statuses())]

    async def require(self, name: str) -> None:
        """Refuse a name that no plugin has, or that settings cannot have."""
        self._plugins.status(name)
        _refuse_unnameable(name)

    async def model(self, name: str) -> type[BaseModel] | None:
        """Return the model; one that could not be imported before is not tried again."""
        self._refuse_unimportable(name)
        models = await self._plugins.models(name)
        self._refuse_unimportable(name)
        return models.site

    async def changed(self, name: str, fields: Collection[str]) -> None:
        """Have the plugin go by what is set now, start or stop."""
        await self._plugins.follow(name, fields)

    def _refuse_unimportable(self, name: str) -> None:
        status = self._plugins.status(name)
        if status.state == "failed" and not status.hooks:
            raise _unusable(name, status.reason)


class StoppedPlugins:
    """The plugins that a server on this data folder would have. None of them is started."""

    def __init__(self, data: DataFolder) -> None:
        self._folder = data.path / FOLDER

    async def names(self) -> Sequence[str]:
        """Return all plugins there are."""
        return [*await asyncio.to_thread(lambda: self._found)]

    async def require(self, name: str) -> None:
        """Refuse a name that no plugin has, or that settings cannot have."""
        names = await self.names()
        if name not in names:
            close = get_close_matches(name, names, n=1)
            hint = f"did you mean {close[0]}?" if close else "`bunga config list` shows all."
            raise NotFound(f"There is no plugin {name!r}: {hint}")
        _refuse_unnameable(name)

    async def model(self, name: str) -> type[BaseModel] | None:
        """Return the model; the plugin is imported for that, in a thread and for a while only."""
        await self.require(name)
        try:
            loaded = await in_thread(partial(load, self._found[name]), LIMIT_S, name)
        except Exception as error:
            raise _unusable(name, describe(error)) from error
        return loaded.models.site

    async def changed(self, name: str, fields: Collection[str]) -> None:
        """Do nothing: a server reads what is set when it starts."""

    @cached_property
    def _found(self) -> Mapping[str, Found]:
        """The plugins by name; of two with one name the first counts."""
        found: dict[str, Found] = {}
        for plugin in discover(self._folder):
            found.setdefault(plugin.name, plugin)
        return found


def _refuse_unnameable(name: str) -> None:
    if problem := name_problem(name):
        raise _unusable(name, problem)


def _unusable(name: str, why: str) -> PluginFailure:
    return PluginFailure(f"The settings of the plugin {name} are not known. {why}")
