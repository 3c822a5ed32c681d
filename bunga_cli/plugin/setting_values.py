"""How values of plugins' settings are written: as text, and in files and databases."""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import is_dataclass
from datetime import timedelta
from pathlib import PurePath
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Secret, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticSerializationError, to_jsonable_python

from bunga_cli.errors import SettingsError
from bunga_cli.plugin.strict_json import strict_json
from bunga_cli.plugin.texts import one_line
from bunga_cli.settings.secrets import MASKED, holds_mask
from bunga_cli.units import format_duration, parse_duration

MAX_BYTES = 256 * 1024
"""How long the value of one setting may be."""

_MICROSECOND = timedelta(microseconds=1)


def from_text(model: type[BaseModel], values: Mapping[str, object]) -> dict[str, object]:
    """Return the values with those read that came as text, from the environment or a command.

    pydantic itself reads numbers and booleans. What cannot be read stays, and is refused by it.
    """
    return {name: _from_text(model.model_fields.get(name), value) for name, value in values.items()}


def _from_text(field: FieldInfo | None, value: object) -> object:
    if field is None or not isinstance(value, str):
        return value
    try:
        return _read(value, tuple(_types(field.annotation)))
    except (ValueError, RecursionError):
        return value


def _read(text: str, types: Sequence[type]) -> object:
    if _has(types, str, bytes, SecretStr, PurePath):
        return text
    if text.lstrip().startswith(("[", "{")):
        return json.loads(text)
    if _has(types, Sequence, Set):
        return [part for part in map(str.strip, text.split(",")) if part]
    return parse_duration(text) * _MICROSECOND if _has(types, timedelta) else text


def _types(annotation: Any) -> Iterator[type]:  # noqa: ANN401  whatever stands behind the colon
    """Yield the types that a field may be of, without what is in brackets behind them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _types(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for each in get_args(annotation):
            yield from _types(each)
    elif isinstance(found := origin or annotation, type):
        yield found


def _has(types: Sequence[type], *wanted: type) -> bool:
    return any(issubclass(each, wanted) for each in types)


def changed(
    values: Mapping[str, object], changes: Mapping[str, object], prefix: str
) -> dict[str, object]:
    """Return values after changes; None goes back to the default.

    Raises SettingsError with all that no file could hold as it is, and with all masks of secrets.
    """
    merged, problems = dict(values), []
    for name, value in changes.items():
        merged.pop(name, None)
        try:
            if value is not None:
                merged[name] = strict_json(plain(value), MAX_BYTES, has_null=False)
                if holds_mask(merged[name]):
                    problems.append(f"{prefix}.{one_line(name)}: {MASKED}")
        except RecursionError:
            problems.append(f"{prefix}.{one_line(name)}: cannot be kept: it is nested too deeply.")
        except ValueError as error:
            problems.append(f"{prefix}.{one_line(name)}: cannot be kept: it holds {error}.")
    if problems:
        raise SettingsError(*problems)
    return merged


def plain(value: object) -> object:
    """Return a value as a file or a database can hold it. What none of them can stays."""
    if isinstance(value, SecretStr | SecretBytes | Secret):
        return plain(value.get_secret_value())
    if isinstance(value, BaseModel):
        return _plain_fields(value)
    if isinstance(value, Mapping):
        return {_plain_name(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if isinstance(value, timedelta):
        return format_duration(value // _MICROSECOND)
    return _plain_scalar(value)


def _plain_name(name: object) -> object:
    return str(name) if isinstance(name, int | PurePath) else name


def _plain_scalar(value: object) -> object:
    if value is None or isinstance(value, str | int | float) or is_dataclass(value):
        return value
    try:
        return to_jsonable_python(value)  # of addresses, moments and the like: their text
    except PydanticSerializationError:
        return value


def _plain_fields(model: BaseModel) -> dict[str, object]:
    """Return the fields of a model, without those that say by their default that there is none."""
    fields = {name: getattr(model, name) for name in type(model).model_fields}
    return {
        name: plain(value)
        for name, value in fields.items()
        if value is not None or type(model).model_fields[name].default is not None
    }
