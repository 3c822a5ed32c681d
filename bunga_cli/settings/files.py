"""Where settings come from, and where changed ones go.

A later source wins: the default, `bunga.toml` (the operator's, never written), `bunga.auto.toml` in
the data folder (written here), the environment (`BUNGA_SERVER__PORT`), the command line.
"""

import fcntl
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import tomli_w

from bunga_cli.data_folder import DataFolder, write_private
from bunga_cli.errors import SettingsError
from bunga_cli.settings import Settings
from bunga_cli.settings.keys import ENABLED, plugin_key, switch_problem
from bunga_cli.settings.tables import (
    Origins,
    Source,
    Table,
    by_key,
    merged,
    nested,
    overlay,
    remove,
    validated,
    value_at,
)

OPERATORS_FILE = Path("bunga.toml")
COMMAND_LINE = "command line"
_MOST_LEVELS, _MOST_BITS = 64, 64


@dataclass(frozen=True, slots=True)
class Sources:
    """All that says something about settings.

    `operators_file` is there or None; `auto` is what was changed from inside; what is `above`,
    the environment and the command line, cannot be changed from inside.
    """

    operators_file: Source | None
    auto: Source
    above: tuple[Source, ...] = ()

    @property
    def all(self) -> tuple[Source, ...]:
        """All of them, the one that wins last."""
        lowest = () if self.operators_file is None else (self.operators_file,)
        return (*lowest, self.auto, *self.above)

    def tables(self) -> tuple[Table, Origins]:
        """Return everything that is set, and where each part of it comes from."""
        return merged(self.all)

    def without_auto(self) -> Table:
        """Return everything that would be set without what was changed from inside."""
        return merged(source for source in self.all if source is not self.auto)[0]

    def fixed_by(self, key: str) -> str | None:
        """Return what sets a key so that it cannot be changed from inside, None if nothing does."""
        return by_key(merged(self.above)[1]).get(key)

    def auto_value(self, key: str) -> object:
        """Return what a key was set to from inside, None if it was not."""
        return value_at(self.auto.table, key)

    def with_auto(self, table: Table) -> "Sources":
        """Return the sources after a change from inside."""
        return replace(self, auto=Source(self.auto.origin, table))

    def files(self) -> dict[str, str | None]:
        """Return the paths of the `operator`'s file, if there is one, and of the `auto` one."""
        lowest = self.operators_file
        path = None if lowest is None else str(Path(lowest.origin).absolute())
        return {"operator": path, "auto": self.auto.origin}

    def load(self) -> "LoadedSettings":
        """Return the settings of all sources. Raises SettingsError with all that is wrong."""
        table, origins = self.tables()
        return LoadedSettings(validated(table, origins), by_key(origins), self)


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings, where each that is not a default comes from, by its key, and all sources."""

    settings: Settings
    origins: Mapping[str, str]
    sources: Sources


def load_settings(
    data: DataFolder,
    *,
    config: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    flags: Mapping[str, object] | None = None,
) -> LoadedSettings:
    """Merge all sources. `flags` is by key, `server.port`; None stands for a flag not given.

    Without `config`, `bunga.toml` in the working directory is read if it is there.
    Raise SettingsError with everything that is wrong.
    """
    path = operators_file(config)
    return Sources(
        None if path is None else _read(path),
        _read(data.auto_settings) if data.auto_settings.exists() else no_auto(data),
        (*_environment(environ), *_command_line(flags or {})),
    ).load()


def find_problems(
    data: DataFolder, *, config: Path | None = None, environ: Mapping[str, str] = os.environ
) -> tuple[list[str], Sources]:
    """Return everything that is wrong in any source, also where another one wins.

    What cannot be read is empty in the sources that come along.
    """
    problems: list[str] = []
    path = operators_file(config)
    lowest = None if path is None else _read_if_possible(path, problems)
    auto = no_auto(data)
    if data.auto_settings.exists():
        auto = _read_if_possible(data.auto_settings, problems)
    sources = Sources(lowest, auto, (*_environment(environ),))
    for source in sources.all:
        try:
            problems += _problems_of_switches(validated(*merged([source])), source.origin)
        except SettingsError as error:
            problems += error.problems
    return problems, sources


def _problems_of_switches(settings: Settings, origin: str) -> Iterator[str]:
    for plugin, table in settings.plugins.items():
        if problem := switch_problem(plugin_key(plugin, ENABLED), table.get(ENABLED, True)):
            yield f"{origin}: {problem}"


def operators_file(config: Path | None) -> Path | None:
    """Return the operator's file: the one named, else the one in the working directory if any."""
    if config is None and not OPERATORS_FILE.exists():
        return None
    return config or OPERATORS_FILE


def no_auto(data: DataFolder) -> Source:
    """Return what was changed from inside where nothing was."""
    return Source(str(data.auto_settings), {})


def save_overrides(data: DataFolder, changes: Mapping[str, object]) -> Table:
    """Write settings by key to `bunga.auto.toml`, and return all that is in it then.

    Writers wait for one another. None takes a key out of the file. Raise SettingsError when a key
    is unknown, a value not allowed, or the file unusable; nothing is changed then.
    """
    with _writing(data):
        path = data.auto_settings
        table = _read(path).table if path.exists() else {}
        origins: Origins = {}
        overlay({}, origins, table, str(path))
        for key, value in changes.items():
            if value is None:
                remove(table, key)
            else:
                _refuse_unwritable(key, value)
                overlay(table, origins, nested(key, value), "")
        if any(value is not None for value in changes.values()):
            validated(table, origins)  # to take something away is no harm, whatever else is wrong
        try:
            write_private(path, tomli_w.dumps(table))
        except OSError as error:
            raise SettingsError(f"{path} cannot be written: {error.strerror}.") from error
    return table


def remove_left_behind(data: DataFolder) -> None:
    """Remove what a writer of settings left behind that was killed. Raises SettingsError."""
    with _writing(data):
        return


def _refuse_unwritable(key: str, value: object) -> None:
    """Refuse what could not be read again; what plugins take can be anything."""
    try:
        text = tomli_w.dumps(nested(key, value))
        text.encode()
        tomllib.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise SettingsError(f"{key}: cannot be written to a file: {error}.") from error


def read_toml(path: Path) -> Table:
    """Return what a file says. Raises SettingsError if it cannot be read, or is no TOML."""
    try:
        table = tomllib.loads(path.read_text("utf-8-sig"))  # some editors begin with a mark
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} cannot be read: it is not UTF-8.") from error
    except RecursionError:
        raise SettingsError(f"{path} cannot be used: it is nested too deeply.") from None
    except ValueError as error:
        raise SettingsError(f"{path} is no valid TOML: {error}.") from error
    if problem := _excess(table):
        raise SettingsError(f"{path} cannot be used: {problem}.")
    return table


def _excess(table: Table) -> str:
    """Return what there is too much of, be it for TOML or for whoever looks into it."""
    waiting: list[tuple[object, int]] = [(table, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > _MOST_LEVELS:
            return "it is nested too deeply"
        if isinstance(value, int) and value.bit_length() > _MOST_BITS:
            return "it has a number that is too large"
        inner = value.values() if isinstance(value, dict) else value
        if isinstance(inner, Iterable) and not isinstance(inner, str):
            waiting += [(each, depth + 1) for each in inner]
    return ""


def _read(path: Path) -> Source:
    return Source(str(path), read_toml(path))


def _read_if_possible(path: Path, problems: list[str]) -> Source:
    try:
        return _read(path)
    except SettingsError as error:
        problems += error.problems
        return Source(str(path), {})


def _environment(environ: Mapping[str, str]) -> Iterator[Source]:
    for name, text in sorted(environ.items()):
        if name.startswith("BUNGA_") and "__" in name:
            key = name.removeprefix("BUNGA_").lower().replace("__", ".")
            yield Source(name, nested(key, text))


def _command_line(flags: Mapping[str, object]) -> Iterator[Source]:
    for key, value in flags.items():
        if value is not None:
            yield Source(COMMAND_LINE, nested(key, value))


@contextmanager
def _writing(data: DataFolder) -> Iterator[None]:
    """Be the only one who writes. What a writer that was killed left behind is removed."""
    try:
        folder_fd = os.open(data.path, os.O_RDONLY)
    except OSError as error:
        raise SettingsError(f"{data.path} cannot be read: {error.strerror}.") from error
    try:
        fcntl.flock(folder_fd, fcntl.LOCK_EX)
        for left_behind in data.path.glob(f".{data.auto_settings.name}.*"):
            left_behind.unlink(missing_ok=True)
        yield
    finally:
        os.close(folder_fd)
