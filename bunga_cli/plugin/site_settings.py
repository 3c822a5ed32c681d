"""Settings of plugins: tables of plain values, checked against a plugin's models."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from bunga_cli.errors import SettingsError

MASK = "********"


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
    model: type[BaseModel] | None, values: Mapping[str, object], prefix: str
) -> BaseModel:
    """Return the values as a model. Raises SettingsError with all that is wrong."""
    model = model or NoSettings
    unknown = [_unknown(name, model, prefix) for name in values if name not in model.model_fields]
    if unknown:
        raise SettingsError(*unknown)
    try:
        return model.model_validate(from_text(model, values))
    except ValidationError as error:
        raise SettingsError(
            *(_problem(detail, model, prefix) for detail in error.errors())
        ) from error


def from_text(model: type[BaseModel], values: Mapping[str, object]) -> dict[str, object]:
    """Read lists and tables that came as JSON, from where there is only text."""
    return {name: _from_text(model.model_fields.get(name), value) for name, value in values.items()}


def _from_text(field: FieldInfo | None, value: object) -> object:
    if field is None or not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    if isinstance(field.get_default(call_default_factory=True), str | SecretStr):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def changed(values: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """Return values after changes; None goes back to the default."""
    merged = {**values, **{name: plain(value) for name, value in changes.items()}}
    return {name: value for name, value in merged.items() if value is not None}


def plain(value: object) -> object:
    """Return a value as a file or a database can hold it."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    return value


def views(settings: BaseModel) -> list[FieldView]:
    """Return all settings of a model as people see them."""
    shown = settings.model_dump(mode="json")
    found = []
    for name, field in type(settings).model_fields.items():
        is_secret = isinstance(getattr(settings, name), SecretStr)
        value = shown[name]
        default = type(settings).model_construct().model_dump(mode="json")[name]
        if is_secret:
            value, default = (MASK if value else ""), ""
        found.append(FieldView(name, field.description or "", value, default, is_secret))
    return found


def _unknown(name: str, model: type[BaseModel], prefix: str) -> str:
    close = get_close_matches(name, model.model_fields, n=1)
    hint = f"; did you mean {prefix}.{close[0]}?" if close else "."
    return f"{prefix}.{name} is unknown{hint}"


def _problem(detail: Any, model: type[BaseModel], prefix: str) -> str:  # noqa: ANN401  pydantic's own
    where = ".".join([prefix, *map(str, detail["loc"])])
    what = detail["msg"].removeprefix("Value error, ").replace("Input should", "must")
    field = model.model_fields.get(str(detail["loc"][0])) if detail["loc"] else None
    is_secret = field is not None and "Secret" in str(field.annotation)
    return f"{where}: {what}" + ("." if is_secret else f"; it is {detail['input']!r}.")
