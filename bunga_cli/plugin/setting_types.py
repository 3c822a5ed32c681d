"""What the types of settings say: where a secret may lie, and how fields are called."""

from dataclasses import is_dataclass
from typing import Any, get_type_hints, is_typeddict

from pydantic import BaseModel

from bunga_cli.settings.secrets import is_secret_type, types_in


def may_hold_secret(annotation: Any) -> bool:  # noqa: ANN401  whatever stands behind the colon
    """Return whether there may be a secret in a value, however deep."""
    return any(is_secret_type(each) or each in (Any, object) for each in _reachable(annotation))


def field_names(annotation: Any) -> set[str]:  # noqa: ANN401  likewise
    """Return how the fields of all models within a value are called."""
    return {name for each in _reachable(annotation) for name in _fields(each)}


def _reachable(annotation: Any) -> list[Any]:  # noqa: ANN401  likewise
    """Return all types that a value may consist of, those of the fields of its models too."""
    found: list[Any] = []
    waiting = [*types_in(annotation)]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.append(each)
            waiting += [inner for hint in _fields(each).values() for inner in types_in(hint)]
    return found


def _fields(found: Any) -> dict[str, Any]:  # noqa: ANN401  likewise
    if isinstance(found, type) and issubclass(found, BaseModel):
        return {name: field.annotation for name, field in found.model_fields.items()}
    if isinstance(found, type) and (is_dataclass(found) or is_typeddict(found)):
        return get_type_hints(found)
    return {}
