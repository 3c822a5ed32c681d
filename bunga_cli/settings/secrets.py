"""Which settings are secrets, and what is shown in their place."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import Secret, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

MASK = str(SecretStr("set"))
"""Stands for a secret that is set, as it does wherever pydantic itself shows one."""
MASKED = f"{MASK} is what is shown in place of a secret; give the secret itself, or leave it."
"""Why a value is refused that was shown, and sent back as it was."""


def is_secret(field: FieldInfo) -> bool:
    """Return whether a value must not be shown, be it one secret or several of them."""
    return any(is_secret_type(each) for each in types_in(field.annotation))


def is_secret_type(found: object) -> bool:
    """Return whether the values of a type are secrets."""
    return isinstance(found, type) and issubclass(found, SecretStr | SecretBytes | Secret)


def types_in(annotation: Any) -> Iterator[Any]:  # noqa: ANN401  whatever stands behind the colon
    """Yield a type, those in brackets behind it, and those in brackets behind them."""
    annotation = getattr(annotation, "__value__", annotation)  # of what `type X = …` made
    yield get_origin(annotation) or annotation
    for argument in get_args(annotation):
        yield from types_in(argument)


def holds_mask(value: object) -> bool:
    """Return whether a value was shown, with a secret in it, rather than given by somebody."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if each == MASK:
            return True
        if isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return False
