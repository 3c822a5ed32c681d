"""What is known of each setting: its key, its kind, its default, and when a change counts.

Values are shown here as a file holds them: durations and sizes as texts with their unit, lists as
lists. What is shown can be written back.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from bunga_cli.settings import Applies, Section, Settings
from bunga_cli.settings.secrets import is_secret
from bunga_cli.units import format_duration, format_size

PLUGINS = "plugins"
ENABLED = "enabled"
"""The one setting that every plugin has, and that belongs to the server."""

_SWITCH = TypeAdapter(bool)

_MAX_QUOTED = 80

Kind = Literal["choice", "count", "duration", "list", "number", "size", "switch", "table", "text"]

_KINDS: dict[Any, Kind] = {
    bool: "switch",
    int: "count",
    float: "number",
    list: "list",
    tuple: "list",
    set: "list",
    frozenset: "list",
    dict: "table",
    timedelta: "duration",
}
_WHEN = {
    Applies.AT_ONCE: "",
    Applies.NEW_CONNECTIONS: "A change counts for new connections.",
    Applies.RESTART: "A change counts after a restart.",
}


@dataclass(frozen=True, slots=True)
class SettingKey:
    """One thing that can be set. `default` is as a file holds it; None where there is none."""

    key: str
    help: str
    kind: Kind
    default: object
    choices: tuple[str, ...] = ()
    applies: Applies = Applies.AT_ONCE
    is_secret: bool = False


@cache
def core_keys() -> Mapping[str, SettingKey]:
    """Return all settings but those of plugins, by key, in the order of the example file."""
    found = (
        _core_key(section_name, field_name, field)
        for section_name, section in sections().items()
        for field_name, field in section.model_fields.items()
    )
    return {setting.key: setting for setting in found}


def keys() -> list[str]:
    """Return the key of every setting but those of plugins, such as `server.port`."""
    return [*core_keys()]


@cache
def sections() -> Mapping[str, type[Section]]:
    """Return the models of the tables that hold the core's settings, by name."""
    defaults = ((name, field.default) for name, field in Settings.model_fields.items())
    return {name: type(default) for name, default in defaults if isinstance(default, Section)}


def plugin_key(plugin: str, field: str) -> str:
    """Return the key of a setting of a plugin."""
    return f"{PLUGINS}.{plugin}.{field}"


def is_on(value: object) -> bool:
    """Return whether a plugin is used, by what its `enabled` is set to; a slip does not stop it."""
    try:
        return _SWITCH.validate_python(value)
    except ValidationError:
        return True


def switch_problem(key: str, value: object) -> str:
    """Return why a switch cannot be set to this, empty if it can."""
    try:
        _SWITCH.validate_python(value)
    except ValidationError:
        return f"{key}: must be yes or no; it is {shortened(value)}."
    return ""


def shortened(value: object) -> str:
    """Return a value as a refusal quotes it: one that is huge only with its beginning."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # of what is nested too deeply, of a number too long
        return "too much to be shown"
    return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…"


def core_values(settings: Settings) -> dict[str, object]:
    """Return what is set of the core, by key, as a file holds it."""
    return {
        f"{section_name}.{field.alias}": _written(field_name, getattr(section, field_name))
        for section_name in sections()
        for section in [getattr(settings, section_name)]
        for field_name, field in type(section).model_fields.items()
    }


def as_text(value: object) -> str:
    """Return a value as a person writes it on the command line."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(_stands_alone(item) for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def kind_of(annotation: Any) -> tuple[Kind, tuple[str, ...]]:  # noqa: ANN401  any type at all
    """Return what kind of values a field of this type has, and which ones if they are few."""
    parts = [part for part in get_args(annotation) if part is not NoneType]
    origin = get_origin(annotation)
    if origin is Literal:
        return "choice", tuple(map(str, parts))
    if origin not in _KINDS and len(parts) == 1:
        return kind_of(parts[0])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "choice", tuple(str(member.value) for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "table", ()
    return _KINDS.get(origin or annotation, "text"), ()


def suggestion(key: str) -> str:
    """Return the end of the sentence `<key> is unknown`."""
    name = key.rpartition(".")[2]
    known = keys() if "." in key else [*sections(), PLUGINS]
    namesakes = [other for other in keys() if other.endswith(f".{name}")]
    matches = namesakes or get_close_matches(key, known, n=1)
    return f"; did you mean {matches[0]}?" if matches else "."


def example_toml() -> str:
    """Return `bunga.example.toml`: every key with its help and its default."""
    lines = [
        "# Settings of Bunga Server. Copy this file to bunga.toml and uncomment what you change.",
        "# Every key can also be set in the environment: BUNGA_SERVER__PORT=9000 is server.port.",
        '# Durations: "20s", "1m30s", "500ms", "2d", or a number of seconds.',
        '# Sizes: "64KiB", "5MiB", "1MB", or a number of bytes.',
    ]
    for name, section in sections().items():
        lines += ["", f"# {section.__doc__}", f"[{name}]"]
        for setting in core_keys().values():
            if setting.key.startswith(f"{name}."):
                lines += ["", *_example(setting)]
    return "\n".join(lines) + "\n"


def _example(setting: SettingKey) -> list[str]:
    choices = ", ".join(json.dumps(choice) for choice in setting.choices)
    notes = [setting.help, f"One of {choices}." if choices else "", _WHEN[setting.applies]]
    name = setting.key.partition(".")[2]
    return [*(f"# {note}" for note in notes if note), f"# {name} = {json.dumps(setting.default)}"]


def _core_key(section: str, field_name: str, field: FieldInfo) -> SettingKey:
    kind, choices = kind_of(field.annotation)
    if field_name.endswith("_us"):
        kind = "duration"
    elif field_name.endswith("_bytes"):
        kind = "size"
    marks = [mark for mark in field.metadata if isinstance(mark, Applies)]
    return SettingKey(
        key=f"{section}.{field.alias}",
        help=field.description or "",
        kind=kind,
        default=_written(field_name, field.default),
        choices=choices,
        applies=marks[0] if marks else Applies.AT_ONCE,
        is_secret=is_secret(field),
    )


def _written(field_name: str, value: object) -> object:
    if isinstance(value, tuple):
        return [*value]
    if isinstance(value, int) and field_name.endswith("_us"):
        return format_duration(value)
    if isinstance(value, int) and field_name.endswith("_bytes"):
        return format_size(value)
    return value


def _stands_alone(item: object) -> bool:
    """Return whether an item of a list can be told from its neighbours by a comma."""
    return isinstance(item, str) and item == item.strip() != "" and not set(item) & set(',[]{}"')
