"""Changes of settings, and what lies in files, held against what is known of each key."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from difflib import get_close_matches
from functools import partial
from typing import Any

from pydantic import BaseModel

from bunga_cli.configuration.plugin_models import PluginModels
from bunga_cli.errors import BungaError, NotFound, SettingsError
from bunga_cli.plugin.setting_values import changed, from_text
from bunga_cli.plugin.site_settings import in_time, showable
from bunga_cli.settings.files import Sources
from bunga_cli.settings.keys import (
    ENABLED,
    PLUGINS,
    core_keys,
    core_values,
    is_on,
    plugin_key,
    suggestion,
    switch_problem,
)
from bunga_cli.settings.secrets import MASKED, holds_mask
from bunga_cli.settings.tables import (
    Origins,
    Source,
    Table,
    merged,
    nested,
    remove,
    validated,
)

Changes = Mapping[str, object]
"""By key; None takes back what was set from inside."""


async def checked(changes: Changes, sources: Sources, plugins: PluginModels) -> dict[str, object]:
    """Return changes as a file can hold them. Raises SettingsError with everything that is wrong.

    What was set from inside can always be taken back, whether anybody knows it or not.
    """
    wanted = {key: value for key, value in changes.items() if _is_taken_back(key, value, sources)}
    sources = sources.with_auto(_without(sources.auto.table, wanted))
    by_plugin, core = split({key: changes[key] for key in changes if key not in wanted})
    found, problems = _core(core)
    wanted |= found
    for plugin, fields in by_plugin.items():
        try:
            wanted |= await _of_plugin(plugin, fields, sources, plugins)
        except SettingsError as error:
            problems += error.problems
        except BungaError as error:
            problems.append(str(error))
    if problems:
        raise SettingsError(*problems)
    return wanted


def split(changes: Changes) -> tuple[dict[str, dict[str, object]], dict[str, object]]:
    """Return the changes of plugins, by plugin and field, and all others, by key."""
    by_plugin: dict[str, dict[str, object]] = {}
    for key, value in changes.items():
        if is_of_plugin(key):
            _, plugin, field = key.split(".", 2)
            by_plugin.setdefault(plugin, {})[field] = value
    return by_plugin, {key: value for key, value in changes.items() if not is_of_plugin(key)}


def is_of_plugin(key: str) -> bool:
    """Return whether a key has the shape of a plugin's, `plugins.NAME.FIELD`."""
    first, *rest = key.split(".", 2)
    return first == PLUGINS and len(rest) > 1 and all(rest)


def unknown(key: str) -> str:
    """Return what to say of a key that is none, of the core or of the shape of a plugin's."""
    within = [known for known in core_keys() if known.startswith(f"{key}.")]
    if within:
        return f"{key} is a table; its keys are {', '.join(within)}."
    if key.split(".", maxsplit=1)[0] == PLUGINS:
        return f"{key} is no key; those of plugins look like {plugin_key('NAME', 'FIELD')}."
    return f"{key} is unknown{suggestion(key)}"


def unknown_of_plugin(plugin: str, field: str, known: Iterable[str]) -> str:
    """Return what to say of a field that a plugin does not have."""
    close = get_close_matches(field, [*known], n=1)
    hint = f"; did you mean {plugin_key(plugin, close[0])}?" if close else "."
    return f"{plugin_key(plugin, field)} is unknown{hint}"


async def problems_of_plugins(sources: Sources, plugins: PluginModels) -> list[str]:
    """Return everything that is wrong with what is set of plugins that are there and used."""
    table, origins = sources.tables()
    tables = table.get(PLUGINS)
    problems = []
    for name, fields in tables.items() if isinstance(tables, dict) else ():
        if isinstance(fields, dict) and is_on(fields.get(ENABLED, True)):
            origin = origins[PLUGINS, name]
            found = await _problems(name, fields, plugins)
            problems += [f"{_origin(text, origins) or origin}: {text}" for text in found]
    return problems


async def _problems(name: str, table: Mapping[str, object], plugins: PluginModels) -> list[str]:
    fields = {field: value for field, value in table.items() if field != ENABLED}
    try:
        await _validate(await plugins.model(name), fields, name)
    except NotFound:
        close = get_close_matches(name, await plugins.names(), n=1)
        hint = f"; did you mean {PLUGINS}.{close[0]}?" if close else "."
        return [f"{PLUGINS}.{name}: there is no plugin {name!r}{hint}"]
    except SettingsError as error:
        return [*error.problems]
    except BungaError as error:
        return [f"{PLUGINS}.{name}: {error}"]
    return []


def _origin(problem: str, origins: Origins) -> str | None:
    """Return where the key comes from that a problem begins with."""
    for path, origin in origins.items():
        key = ".".join(path)
        if len(path) > 2 and problem.startswith((f"{key}:", f"{key}.", f"{key} ")):  # noqa: PLR2004
            return origin
    return None


def _is_taken_back(key: str, value: object, sources: Sources) -> bool:
    return value is None and sources.auto_value(key) is not None


def _without(table: Table, keys: Iterable[str]) -> Table:
    table = deepcopy(table)
    for key in keys:
        remove(table, key)
    return table


def _core(changes: Changes) -> tuple[dict[str, object], list[str]]:
    problems = [unknown(key) for key in changes if key not in core_keys()]
    problems += [f"{key}: {MASKED}" for key, value in changes.items() if holds_mask(value)]
    given = {key: value for key, value in changes.items() if key in core_keys()}
    new = [Source("", nested(key, value)) for key, value in given.items() if value is not None]
    try:
        values = core_values(validated(*merged(new)))
    except SettingsError as error:
        return {}, [*problems, *error.problems]
    return {key: None if given[key] is None else values[key] for key in given}, problems


async def _of_plugin(
    name: str, changes: Changes, sources: Sources, plugins: PluginModels
) -> dict[str, object]:
    if set(changes) == {ENABLED}:  # which needs no import: that may be why it is switched off
        await plugins.require(name)
        return _switch(name, changes)
    model = await plugins.model(name)
    known = [ENABLED, *(model.model_fields if model else ())]
    problems = [unknown_of_plugin(name, field, known) for field in changes if field not in known]
    if problems:
        raise SettingsError(*problems)
    return _switch(name, changes) | await _fields(name, model, changes, sources)


def _switch(name: str, changes: Changes) -> dict[str, object]:
    if ENABLED not in changes:
        return {}
    key, value = plugin_key(name, ENABLED), changes[ENABLED]
    if value is None:
        return {key: None}
    if problem := switch_problem(key, value):
        raise SettingsError(problem)
    return {key: is_on(value)}


async def _fields(
    name: str, model: type[BaseModel] | None, changes: Changes, sources: Sources
) -> dict[str, object]:
    asked = {field: value for field, value in changes.items() if field != ENABLED}
    if model is None or not asked:
        return {}
    table: Any = sources.tables()[0].get(PLUGINS, {}).get(name, {})
    table = {field: value for field, value in table.items() if field != ENABLED}
    new = changed(table, from_text(model, asked), f"{PLUGINS}.{name}")
    await _validate(model, new, name, is_new=True)
    return {plugin_key(name, field): new.get(field) for field in asked}


async def _validate(
    model: type[BaseModel] | None, table: Mapping[str, object], name: str, *, is_new: bool = False
) -> None:
    """Refuse settings that their plugin refuses. That is its code, and may take its time."""
    prefix = f"{PLUGINS}.{name}"
    await in_time(partial(showable, model, table, prefix, is_new=is_new), prefix)
