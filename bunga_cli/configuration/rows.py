"""Settings as people see them: one row for each key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from bunga_cli.errors import SettingsError
from bunga_cli.plugin.isolation import describe
from bunga_cli.plugin.site_settings import validated, views
from bunga_cli.settings import Applies, Settings
from bunga_cli.settings.files import LoadedSettings
from bunga_cli.settings.keys import (
    ENABLED,
    PLUGINS,
    SettingKey,
    as_text,
    core_keys,
    core_values,
    is_on,
    kind_of,
    plugin_key,
    switch_problem,
)
from bunga_cli.settings.secrets import MASK

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting. `value` is as a file holds it, `text` as a person writes it.

    `origin`: `default`, a file, a variable, or `command line`. `fixed_by`: the variable or the
    command line, where that sets it. `pending_restart`: the server still goes by an earlier value.
    `problem`: why the value cannot be used, or why nothing is known of it.
    """

    key: str
    value: Any
    text: str
    default: Any
    default_text: str
    origin: str
    is_changed: bool
    is_secret: bool
    help: str
    kind: str
    choices: tuple[str, ...]
    applies: str
    needs_restart: bool
    pending_restart: bool
    fixed_by: str | None
    problem: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Makes the rows of settings. `started` are those that the server has started with."""

    loaded: LoadedSettings
    started: Settings

    def core(self) -> Iterator[SettingRow]:
        """Yield a row for each setting but those of plugins."""
        now, before = core_values(self.loaded.settings), core_values(self.started)
        for key, setting in core_keys().items():
            pending = setting.applies is Applies.RESTART and now[key] != before[key]
            yield self._row(setting, now[key], pending=pending)

    def of_plugin(self, name: str, model: type[BaseModel] | None) -> list[SettingRow]:
        """Return a row for each setting of a plugin that is imported."""
        try:
            return self._of_plugin(name, model)
        except Exception as error:  # noqa: BLE001  models are the plugin's, which is isolated
            problem = f"The settings of the plugin {name} cannot be shown. {describe(error)}"
            return self.of_strange_plugin(name, problem)

    def switch(self, name: str) -> SettingRow:
        """Return the row that says whether a plugin is used, of which nothing needs to be known."""
        return self._switch(name)

    def of_strange_plugin(self, name: str, problem: str) -> list[SettingRow]:
        """Return a row for whatever is set of a plugin of which nothing is known.

        Any of it may be a secret.
        """
        table = self._table(name)
        rows = [self._switch(name, problem)]
        strange = (field for field in table if field != ENABLED)
        rows += [self._row(_unknown(plugin_key(name, field)), table[field]) for field in strange]
        return rows

    def _of_plugin(self, name: str, model: type[BaseModel] | None) -> list[SettingRow]:
        table = self._table(name)
        known = _keys_of(name, model)
        known |= {field: _unknown(plugin_key(name, field)) for field in table if field not in known}
        shown, problems = _of_model(name, model, table)
        rows = []
        for field, setting in known.items():
            told = [problem for problem in problems if _is_about(problem, setting.key)]
            problems = [problem for problem in problems if problem not in told]
            value = shown[field] if field in table else setting.default
            rows.append(self._row(setting, value, problem=" ".join(told)))
        if problems:  # of several fields together
            rows[0] = replace(rows[0], problem=" ".join(problems))
        return rows

    def _switch(self, name: str, problem: str = "") -> SettingRow:
        setting, value = _switch(name), self._table(name).get(ENABLED, True)
        problems = [each for each in (switch_problem(setting.key, value), problem) if each]
        return self._row(setting, is_on(value), problem=" ".join(problems))

    def _table(self, plugin: str) -> Mapping[str, object]:
        return self.loaded.settings.plugins.get(plugin, {})

    def _row(
        self, setting: SettingKey, value: object, *, problem: str = "", pending: bool = False
    ) -> SettingRow:
        origin = self.loaded.origins.get(setting.key, DEFAULT)
        if setting.is_secret:
            value = MASK if value not in (None, "") else None
        return SettingRow(
            key=setting.key,
            value=value,
            text=as_text(value),
            default=setting.default,
            default_text=as_text(setting.default),
            origin=origin,
            is_changed=origin != DEFAULT,
            is_secret=setting.is_secret,
            help=setting.help,
            kind=setting.kind,
            choices=setting.choices,
            applies=setting.applies.value,
            needs_restart=setting.applies is Applies.RESTART,
            pending_restart=pending,
            fixed_by=self.loaded.sources.fixed_by(setting.key),
            problem=problem,
        )


def _keys_of(plugin: str, model: type[BaseModel] | None) -> dict[str, SettingKey]:
    """Return the settings of a plugin, by field; first the one that all have."""
    found = {ENABLED: _switch(plugin)}
    if model is None:
        return found
    for view in views(model.model_construct()):
        kind, choices = kind_of(model.model_fields[view.name].annotation)
        found[view.name] = SettingKey(
            key=plugin_key(plugin, view.name),
            help=view.description,
            kind=kind,
            default=None if view.is_secret else view.default,
            choices=choices,
            is_secret=view.is_secret,
        )
    return found


def _switch(plugin: str) -> SettingKey:
    return SettingKey(plugin_key(plugin, ENABLED), "Whether it is used.", "switch", default=True)


def _of_model(
    name: str, model: type[BaseModel] | None, table: Mapping[str, object]
) -> tuple[Mapping[str, object], list[str]]:
    """Return the values that are set, and what is wrong with them."""
    fields = {field: value for field, value in table.items() if field != ENABLED}
    switch = {ENABLED: is_on(table.get(ENABLED, True))}
    slip = switch_problem(plugin_key(name, ENABLED), table.get(ENABLED, True))
    slips = [slip] if slip else []
    try:
        settings = validated(model, fields, f"{PLUGINS}.{name}")
    except SettingsError as error:
        return {**fields, **switch}, [*error.problems, *slips]
    return {view.name: view.value for view in views(settings)} | switch, slips


def _unknown(key: str) -> SettingKey:
    meaning = "What it means is known only while the plugin is used."
    return SettingKey(key, meaning, "text", default=None, is_secret=True)


def _is_about(problem: str, key: str) -> bool:
    return problem.startswith((f"{key}:", f"{key}.", f"{key} "))
