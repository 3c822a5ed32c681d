"""What the types of settings say: where a secret may lie, and how fields are called."""

from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

from pydantic import BaseModel, Secret, SecretBytes, SecretStr
from pydantic.fields import FieldInfo


def is_secret(field: FieldInfo) -> bool:
    """Return whether a value must not be shown, be it one secret or several of them."""
    return any(_is_secret_type(each) for each in _types(field.annotation))


def may_hold_secret(annotation: Any) -> bool:  # noqa: ANN401  whatever stands behind the colon
    """Return whether there may be a secret in a value, however deep."""
    return any(_is_secret_type(each) or each in (Any, object) for each in _reachable(annotation))


def field_names(annotation: Any) -> set[str]:  # noqa: ANN401  likewise
    """Return how the fields of all models within a value are called."""
    return {name for each in _reachable(annotation) for name in _fields(each)}


def _is_secret_type(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, SecretStr | SecretBytes | Secret)


def _types(annotation: Any) -> Iterator[Any]:  # noqa: ANN401  likewise
    """Yield a type, those in brackets behind it, and those in brackets behind them."""
    annotation = getattr(annotation, "__value__", annotation)  # of what `type X = …` made
    yield get_origin(annotation) or annotation
    for argument in get_args(annotation):
        yield from _types(argument)


def _reachable(annotation: Any) -> list[Any]:  # noqa: ANN401  likewise
    """Return all types that a value may consist of, those of the fields of its models too."""
    found: list[Any] = []
    waiting = [*_types(annotation)]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.append(each)
            waiting += [inner for hint in _fields(each).values() for inner in _types(hint)]
    return found


def _fields(found: Any) -> dict[str, Any]:  # noqa: ANN401  likewise
    if isinstance(found, type) and issubclass(found, BaseModel):
        return {name: field.annotation for name, field in found.model_fields.items()}
    if isinstance(found, type) and (is_dataclass(found) or is_typeddict(found)):
        return get_type_hints(found)
    return {}
