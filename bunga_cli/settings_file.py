"""Where settings come from, and where changed ones go.

A later source wins: the default, `bunga.toml` (the operator's, never written), `bunga.auto.toml` in
the data folder (written here), the environment (`BUNGA_SERVER__PORT`), the command line.
"""

import fcntl
import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bunga_cli.data_folder import DataFolder, write_private
from bunga_cli.errors import SettingsError
from bunga_cli.settings import Section, Settings
from bunga_cli.units import format_duration, format_size

OPERATORS_FILE = Path("bunga.toml")
PLUGINS = "plugins"

_Table = dict[str, Any]
_Origins = dict[tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings, and where each that is not a default comes from, by its key."""

    settings: Settings
    origins: Mapping[str, str]


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
    table: _Table = {}
    origins: _Origins = {}
    if config or OPERATORS_FILE.exists():
        path = config or OPERATORS_FILE
        _overlay(table, origins, _read(path), str(path))
    if data.auto_settings.exists():
        _overlay(table, origins, _read(data.auto_settings), str(data.auto_settings))
    for name, text in sorted(environ.items()):
        if name.startswith("BUNGA_") and "__" in name:
            key = name.removeprefix("BUNGA_").lower().replace("__", ".")
            _overlay(table, origins, _nested(key, text), name)
    for key, value in (flags or {}).items():
        if value is not None:
            _overlay(table, origins, _nested(key, value), "command line")
    settings = _validate(table, origins)
    by_key = {
        ".".join(path): origin for path, origin in origins.items() if len(path) == _depth(path)
    }
    return LoadedSettings(settings, by_key)


def save_override(data: DataFolder, key: str, value: str | float) -> None:
    """Write the setting `key` to `bunga.auto.toml`, as `save_overrides` does."""
    save_overrides(data, {key: value})


def save_overrides(data: DataFolder, changes: Mapping[str, object]) -> None:
    """Write settings by key to `bunga.auto.toml`; writers wait for one another.

    None takes a key out of the file. Raise SettingsError when a key is unknown, a value not
    allowed, or the file unusable; nothing is changed then.
    """
    with _writing(data):
        path = data.auto_settings
        table = _read(path) if path.exists() else {}
        origins: _Origins = {}
        _overlay({}, origins, table, str(path))
        for key, value in changes.items():
            if value is None:
                _remove(table, key)
            else:
                _overlay(table, origins, _nested(key, value), "new value")
        _validate(table, origins)
        try:
            write_private(path, tomli_w.dumps(table))
        except OSError as error:
            raise SettingsError(f"{path} cannot be written: {error.strerror}.") from error


def example_toml() -> str:
    """Return `bunga.example.toml`: every key with its help and its default."""
    lines = [
        "# Settings of Bunga Server. Copy this file to bunga.toml and uncomment what you change.",
        "# Every key can also be set in the environment: BUNGA_SERVER__PORT=9000 is server.port.",
        '# Durations: "20s", "1m30s", "500ms", "2d", or a number of seconds.',
        '# Sizes: "64KiB", "5MiB", "1MB", or a number of bytes.',
    ]
    for name, section in _sections().items():
        lines += ["", f"# {section.__doc__}", f"[{name}]"]
        for field_name, field in section.model_fields.items():
            default = _as_toml(field_name, field.default)
            lines += ["", f"# {field.description}", f"# {field.alias} = {default}"]
    return "\n".join(lines) + "\n"


def keys() -> list[str]:
    """Return the key of every setting, such as `server.port`."""
    return [
        f"{name}.{field.alias}"
        for name, section in _sections().items()
        for field in section.model_fields.values()
    ]


def _sections() -> dict[str, type[Section]]:
    defaults = ((name, field.default) for name, field in Settings.model_fields.items())
    return {name: type(default) for name, default in defaults if isinstance(default, Section)}


def _as_toml(field_name: str, value: object) -> str:
    if field_name.endswith("_us") and isinstance(value, int):
        value = format_duration(value)
    if field_name.endswith("_bytes") and isinstance(value, int):
        value = format_size(value)
    return json.dumps(value)


def _read(path: Path) -> _Table:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise SettingsError(f"{path} is no valid TOML: {error}.") from error


def _depth(path: Sequence[str]) -> int:
    """Return how many parts the keys have that begin as this one does: tables are not keys."""
    return 3 if path[0] == PLUGINS else 2


def _nested(key: str, value: object) -> _Table:
    path = key.split(".")
    depth = _depth(path)
    *tables, name = [*path[: depth - 1], ".".join(path[depth - 1 :])]
    nested: _Table = {name: value}
    for table in reversed(tables):
        nested = {table: nested}
    return nested


def _remove(table: _Table, key: str) -> None:
    *tables, name = key.split(".")
    for part in tables:
        table = table.get(part, {})
    table.pop(name, None)


def _overlay(
    table: _Table, origins: _Origins, upper: _Table, origin: str, above: tuple[str, ...] = ()
) -> None:
    """Lay `upper` over `table`, and note in `origins` that its keys come from `origin`."""
    for key, content in upper.items():
        path = (*above, key)
        origins[path] = origin
        if isinstance(content, dict) and len(path) < _depth(path):
            lower = table.get(key)
            table[key] = dict(lower) if isinstance(lower, dict) else {}
            _overlay(table[key], origins, content, origin, path)
        else:
            table[key] = content


def _validate(table: _Table, origins: _Origins) -> Settings:
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        problems = [_problem(detail, origins) for detail in error.errors()]
        raise SettingsError(*problems) from error


def _problem(detail: ErrorDetails, origins: _Origins) -> str:
    path = tuple(str(part) for part in detail["loc"][:2])
    where = f"{origins[path]}: {'.'.join(path)}"
    if detail["type"] == "extra_forbidden":
        return f"{where} is unknown{_suggestion(path)}"
    if detail["type"] in ("model_type", "dict_type"):
        return f"{where} must be a table: [{'.'.join(path)}]."
    what = detail["msg"].removeprefix("Value error, ").replace("Input should", "must")
    return f"{where}: {what}; it is {detail['input']!r}."


def _suggestion(path: tuple[str, ...]) -> str:
    known = keys() if len(path) > 1 else list(_sections())
    namesakes = [key for key in keys() if key.endswith(f".{path[-1]}")]
    matches = namesakes or get_close_matches(".".join(path), known, n=1)
    return f"; did you mean {matches[0]}?" if matches else "."


@contextmanager
def _writing(data: DataFolder) -> Iterator[None]:
    try:
        folder_fd = os.open(data.path, os.O_RDONLY)
    except OSError as error:
        raise SettingsError(f"{data.path} cannot be read: {error.strerror}.") from error
    try:
        fcntl.flock(folder_fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder_fd)
