"""What is set, for the site and for its channels, held against what is set here.

Plugins have the last word: what their models refuse stays behind.
"""

from collections.abc import Mapping
from functools import partial

from pydantic import BaseModel

from bunga_cli.configuration.checks import checked
from bunga_cli.configuration.plugin_models import StoppedPlugins
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import SettingsError
from bunga_cli.importing.plan import Comparison
from bunga_cli.importing.report import Kind, Report
from bunga_cli.plugin.discovery import discover
from bunga_cli.plugin.isolation import describe, in_thread
from bunga_cli.plugin.loading import load
from bunga_cli.plugin.manager import FOLDER
from bunga_cli.plugin.providers import PluginFailure
from bunga_cli.plugin.site_settings import validated
from bunga_cli.plugin.slot import LIMIT_S
from bunga_cli.settings.files import Sources
from bunga_cli.settings.tables import value_at

_KINDS = {"alist": Kind.ALIST, "bilibili": Kind.BILIBILI}


async def new_settings(
    wanted: Mapping[str, object], sources: Sources, data: DataFolder, report: Report
) -> dict[str, object]:
    """Return what has to be set for the site, by key, as a file holds it."""
    plugins = StoppedPlugins(data)
    found: dict[str, object] = {}
    for key, value in wanted.items():
        current = value_at(sources.tables()[0], key)
        if current is not None:
            _compare(key, value, current, sources, report)
            continue
        try:
            found |= await checked({key: value}, sources, plugins)
            report.comes(Kind.SETTING)
        except SettingsError as error:
            report.loss(Kind.SETTING, key, f"it is not allowed here: {error}")
    return found


def _compare(key: str, value: object, current: object, sources: Sources, report: Report) -> None:
    if _has(current, value):
        report.is_there(Kind.SETTING)
        return
    where = sources.load().origins.get(key, "here")
    report.conflict(Kind.SETTING, key, f"it is set otherwise in {where}, and is kept.")


def _has(current: object, value: object) -> bool:
    if isinstance(current, list) and isinstance(value, list):
        return {str(each).lower() for each in value} <= {str(each).lower() for each in current}
    if isinstance(current, str) and isinstance(value, str):
        return current.rstrip("/") == value.rstrip("/")  # as addresses are kept
    return current == value


async def compare_accounts_elsewhere(on: Comparison, data: DataFolder) -> None:
    """Plan what channels log in with at AList and Bilibili."""
    models: dict[str, type[BaseModel] | str] = {}
    for (channel_id, plugin), values in on.original.accounts.items():
        if plugin not in models:
            models[plugin] = await _model_or_problem(plugin, data)
        _compare_values(on, (channel_id, plugin), values, models[plugin])


def _compare_values(
    on: Comparison,
    key: tuple[str, str],
    values: Mapping[str, str],
    model: type[BaseModel] | str,
) -> None:
    channel_id, plugin = key
    kind, existing = _KINDS[plugin], on.existing.plugin_values.get(key)
    problem = _problem(on, key, values, model)
    if existing is not None and all(existing.get(name, "") == values[name] for name in values):
        on.report.is_there(kind)
    elif existing:
        on.report.conflict(kind, channel_id, "the channel has another one here, which is kept.")
    elif problem:
        on.report.loss(kind, channel_id, problem)
    else:
        row = {"channel_id": channel_id, "plugin": plugin, "values": dict(values)}
        on.plan.channel_plugin_settings.append(row)
        on.report.comes(kind)


def _problem(
    on: Comparison,
    key: tuple[str, str],
    values: Mapping[str, str],
    model: type[BaseModel] | str,
) -> str | None:
    channel_id, plugin = key
    if channel_id not in on.channels:
        return f"there is no channel {channel_id!r}."
    if isinstance(model, str):
        return model
    try:
        validated(model, values, f"plugins.{plugin}")
    except SettingsError as error:
        return str(error)
    return None


async def _model_or_problem(name: str, data: DataFolder) -> type[BaseModel] | str:
    """Return the model of what is set of a plugin in a channel, or why there is none."""
    try:
        model = await _model(name, data)
    except PluginFailure as failure:
        return f"the plugin {name} cannot be used: {failure}"
    return model or f"the plugin {name} has nothing to set for channels."


async def _model(name: str, data: DataFolder) -> type[BaseModel] | None:
    found = next((each for each in discover(data.path / FOLDER) if each.name == name), None)
    if found is None:
        raise PluginFailure("it is not installed.")
    try:
        loaded = await in_thread(partial(load, found), LIMIT_S, name)
    except Exception as error:
        raise PluginFailure(describe(error)) from error
    return loaded.models.channel
