"""Settings of plugins: tables of plain values, checked against a plugin's models."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bunga_cli.errors import SettingsError
from bunga_cli.plugin.isolation import Errand, describe
from bunga_cli.plugin.setting_types import field_names, may_hold_secret
from bunga_cli.plugin.setting_values import MAX_BYTES, from_text, plain
from bunga_cli.plugin.strict_json import strict_json
from bunga_cli.plugin.texts import one_line
from bunga_cli.settings.secrets import MASK, is_secret

LIMIT_S = 5.0
"""How long it may take to look at settings."""

_LIST = 'must be a list: values with commas between, or JSON such as ["a", "b"]'
_TABLE = 'must be a table, in JSON: {"name": "value"}'
_FORMS = {
    "bool": "must be true or false",
    "int": "must be a whole number",
    "float": "must be a number",
    "time_delta": 'must be a duration, such as "20s", "1m30s" or "500ms"',
    "list": _LIST,
    "tuple": _LIST,
    "set": _LIST,
    "frozen_set": _LIST,
    "dict": _TABLE,
    "mapping": _TABLE,
    "model": _TABLE,
}
"""What a value must be, where pydantic says that it is not of the type."""

_SUFFIX = re.compile("_(type|parsing|parsing_size|from_float|attributes_type)$")
_SUBJECT = re.compile(r"^\w+ should")
_USER_INFO = re.compile(r"(?<=://)[^/@\s]*@")
"""Name and password within an address."""
_MAX_VALUE = 80
_HUGE = 10**30


T = TypeVar("T")


class NoSettings(BaseModel):
    """What is set where there is nothing to set."""


@dataclass(frozen=True, slots=True)
class FieldView:
    """One setting as people see it: a secret shows only whether there is one."""

    name: str
    description: str
    value: object
    default: object
    is_secret: bool


def validated(
    model: type[BaseModel] | None,
    values: Mapping[str, object],
    prefix: str,
    *,
    is_new: bool = False,
) -> BaseModel:
    """Return the values as a model. Raises SettingsError with all that is wrong.

    Validators find `is_new` in their context: whether somebody is setting this just now.

    A model's validators are a plugin's code: they may raise anything, and may take their time.
    """
    model = model or NoSettings
    unknown = [_unknown(name, model, prefix) for name in values if name not in model.model_fields]
    if unknown:
        raise SettingsError(*unknown)
    try:
        return model.model_validate(from_text(model, values), context={"is_new": is_new})
    except ValidationError as error:  # it holds all values: nobody may find it behind ours
        raise SettingsError(*(_problem(each, model, prefix) for each in error.errors())) from None
    except Exception as error:  # noqa: BLE001  a plugin is isolated
        raise SettingsError(f"{prefix}: {describe(error)}") from None


def showable(
    model: type[BaseModel] | None,
    values: Mapping[str, object],
    prefix: str,
    *,
    is_new: bool = False,
) -> BaseModel:
    """Do as `validated`, but refuse as well what could not be shown afterwards."""
    settings = validated(model, values, prefix, is_new=is_new)
    views(settings)
    return settings


async def in_time(work: Callable[[], T], prefix: str) -> T:
    """Call what looks at settings in a thread, keeping nobody waiting. Raises SettingsError."""
    return await back_in_time(Errand(work, prefix), prefix)


async def back_in_time(errand: Errand[T], prefix: str) -> T:
    """Return what an errand brings that looks at settings. Raises SettingsError."""
    try:
        return await errand.result(LIMIT_S)
    except SettingsError:
        raise
    except Exception as error:  # noqa: BLE001  a plugin is isolated
        raise SettingsError(f"{prefix}: {describe(error)}") from None


def views(settings: BaseModel) -> list[FieldView]:
    """Return all settings of a model as people see them. Raises SettingsError."""
    try:
        values, defaults = _shown(settings), _shown(type(settings).model_construct())
    except SettingsError:
        raise
    except Exception as error:  # noqa: BLE001  a plugin is isolated
        raise SettingsError(f"The settings cannot be shown. {describe(error)}") from None
    return [
        FieldView(name, field.description or "", values[name], defaults[name], is_secret(field))
        for name, field in type(settings).model_fields.items()
    ]


def _shown(settings: BaseModel) -> dict[str, object]:
    """Return values that are JSON; of a secret, whether there is one."""
    dumped = settings.model_dump(mode="json", by_alias=False, warnings=False)
    shown: dict[str, object] = {}
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if is_secret(field):
            shown[name] = MASK if value else ""
        elif isinstance(value, timedelta):
            shown[name] = plain(value)
        else:
            shown[name] = _json(name, dumped.get(name))
    return shown


def _json(name: str, value: object) -> object:
    try:
        return strict_json(value, MAX_BYTES)
    except ValueError as error:
        raise SettingsError(f"The setting {name!r} cannot be shown: it holds {error}.") from error


def _unknown(name: str, model: type[BaseModel], prefix: str) -> str:
    close = get_close_matches(name, model.model_fields, n=1)
    hint = f"; did you mean {prefix}.{close[0]}?" if close else "."
    return f"{prefix}.{one_line(name)} is unknown{hint}"


def _problem(detail: Any, model: type[BaseModel], prefix: str) -> str:  # noqa: ANN401  pydantic's own
    """Return what is wrong, and the value too where there is no secret anywhere near it."""
    place, what = detail["loc"], detail["msg"].removeprefix("Value error, ")
    what = _FORMS.get(_SUFFIX.sub("", detail["type"])) or _SUBJECT.sub("must", what)
    field = model.model_fields.get(str(place[0])) if place else None
    value = None
    if field is None or may_hold_secret(field.annotation):
        # What stands in a table may be a secret down to its names.
        known = {*model.model_fields, *(field_names(field.annotation) if field else ())}
        place = [part for part in place if isinstance(part, int) or part in known]
    else:
        value = _scalar(detail["input"])
    where = ".".join([prefix, *(one_line(str(part), _MAX_VALUE) for part in place)])
    return f"{where}: {one_line(what, 300)}" + (f"; it is {value}." if value else ".")


def _scalar(value: object) -> str | None:
    """Return a value as people write it, None if it is more than one value."""
    if isinstance(value, str):
        value = _USER_INFO.sub("…@", value)[:_MAX_VALUE]
    if value is None or isinstance(value, str | bool | float):
        return one_line(repr(value), _MAX_VALUE)
    if isinstance(value, int):
        return one_line(repr(value), _MAX_VALUE) if abs(value) < _HUGE else "a huge number"
    return None
