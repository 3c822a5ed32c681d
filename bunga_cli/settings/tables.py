"""Settings as tables of plain values: laid over one another, and held against the models."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bunga_cli.errors import SettingsError
from bunga_cli.settings import Settings
from bunga_cli.settings.keys import PLUGINS, as_text, core_keys, shortened, suggestion
from bunga_cli.units import format_duration, format_size

Table = dict[str, Any]
Origins = dict[tuple[str, ...], str]
"""Where each table and each key comes from, by its path."""

_SUBJECT = re.compile(r"^\w+ should")
_MOST_NAMED = 80
_BOUNDS = {"greater_than_equal": ("ge", "at least"), "less_than_equal": ("le", "at most")}


@dataclass(frozen=True, slots=True)
class Source:
    """A place that says something about settings: what people call it, and what it says."""

    origin: str
    table: Table


def merged(sources: Iterable[Source]) -> tuple[Table, Origins]:
    """Return the tables of all sources laid over one another, the last one on top."""
    table: Table = {}
    origins: Origins = {}
    for source in sources:
        overlay(table, origins, source.table, source.origin)
    return table, origins


def by_key(origins: Origins) -> dict[str, str]:
    """Return where each key comes from, without the tables that hold keys."""
    return {".".join(path): origin for path, origin in origins.items() if len(path) == depth(path)}


def depth(path: Sequence[str]) -> int:
    """Return how many parts the keys have that begin as this one does: tables are not keys."""
    return 3 if path[0] == PLUGINS else 2


def nested(key: str, value: object) -> Table:
    """Return tables with nothing in them but one key."""
    *tables, name = _path(key)
    found: Table = {name: value}
    for table in reversed(tables):
        found = {table: found}
    return found


def value_at(table: Table, key: str) -> object:
    """Return what a key is set to, None if it is not."""
    found: Any = table
    for part in _path(key):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def remove(table: Table, key: str) -> None:
    """Take a key out, and the tables that are empty without it."""
    *tables, name = _path(key)
    above: list[tuple[Table, str]] = []
    for part in tables:
        above.append((table, part))
        lower: object = table.get(part)
        if not isinstance(lower, dict):
            return
        table = lower
    table.pop(name, None)
    for parent, part in reversed(above):
        if not parent.get(part, True):
            del parent[part]


def overlay(
    table: Table, origins: Origins, upper: Table, origin: str, above: tuple[str, ...] = ()
) -> None:
    """Lay `upper` over `table`, and note in `origins` that its keys come from `origin`."""
    for key, content in upper.items():
        path = (*above, key)
        origins[path] = origin
        if isinstance(content, dict) and len(path) < depth(path):
            lower = table.get(key)
            table[key] = dict(lower) if isinstance(lower, dict) else {}
            overlay(table[key], origins, content, origin, path)
        else:
            table[key] = content


def validated(table: Table, origins: Origins) -> Settings:
    """Return the settings of a table. Raises SettingsError with everything that is wrong."""
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        problems = [_problem(detail, origins) for detail in error.errors()]
        raise SettingsError(*problems) from error


def _path(key: str) -> tuple[str, ...]:
    path = key.split(".")
    parts = depth(path)
    return (*path[: parts - 1], ".".join(path[parts - 1 :])) if len(path) >= parts else (*path,)


def _problem(detail: ErrorDetails, origins: Origins) -> str:
    path = tuple(str(part) for part in detail["loc"][:2])
    key, origin = ".".join(part[:_MOST_NAMED] for part in path), origins[path]
    where = f"{origin}: {key}" if origin else key
    if detail["type"] == "extra_forbidden":
        return f"{where} is unknown{suggestion(key)}"
    if detail["type"] in ("model_type", "dict_type"):
        return f"{where} must be a table: [{key}]."
    setting = core_keys().get(key)
    if setting is not None and setting.is_secret:
        return f"{where}: {_wanted(key, detail)}."
    return f"{where}: {_wanted(key, detail)}; it is {shortened(detail['input'])}."


def _wanted(key: str, detail: ErrorDetails) -> str:
    if detail["type"] in _BOUNDS:
        bound, words = _BOUNDS[detail["type"]]
        return f"must be {words} {_with_unit(key, detail['ctx'][bound])}"
    return _SUBJECT.sub("must", detail["msg"].removeprefix("Value error, "))


def _with_unit(key: str, amount: int) -> str:
    setting = core_keys().get(key)
    kind = setting.kind if setting else "count"
    formats = {"duration": format_duration, "size": format_size}
    return formats.get(kind, as_text)(amount)
