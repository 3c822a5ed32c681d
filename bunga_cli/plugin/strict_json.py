"""JSON, taken as strictly as its strictest reader does.

What plugins hand over goes to players, into files and into a database. What one of those would
choke on is refused where it enters: there it is the plugin's failure and nobody else's.
"""

import math
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 32
_MAX_WHOLE = 2**63 - 1


def strict_json(value: object, max_bytes: int, *, has_null: bool = True) -> Any:  # noqa: ANN401  JSON
    """Return a copy of `value` that consists of JSON's own types. Raises ValueError.

    Text is UTF-8, numbers are finite and of 64 bits, names are text, nothing is more than 32 deep.
    The limit counts the text and a byte for each value. What raises says it after "it holds".
    """
    return _Copy(max_bytes, has_null=has_null).of(value, MAX_DEPTH)


class _Copy:
    def __init__(self, max_bytes: int, *, has_null: bool) -> None:
        self._max_bytes, self._left, self._has_null = max_bytes, max_bytes, has_null

    def of(self, value: object, depth: int) -> object:
        self._spend(1)
        if isinstance(value, Mapping | list | tuple):
            return self._container(value, depth - 1)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int | float):
            return _number(value)
        self._refuse_all_but_null(value)
        return None

    def _container(self, value: Any, depth: int) -> object:  # noqa: ANN401  one of the three
        if depth < 0:
            raise ValueError(f"something that is nested more than {MAX_DEPTH} deep")
        if isinstance(value, Mapping):
            return {self._name(name): self.of(inner, depth) for name, inner in value.items()}
        return [self.of(inner, depth) for inner in value]

    def _name(self, name: object) -> str:
        if not isinstance(name, str):
            raise ValueError(f"a name of type {type(name).__name__}")  # noqa: TRY004  see above
        return self._text(name)

    def _text(self, text: str) -> str:
        try:
            encoded = str.encode(text)
        except UnicodeEncodeError:
            raise ValueError("text that is no UTF-8") from None
        self._spend(len(encoded))
        return encoded.decode()

    def _refuse_all_but_null(self, value: object) -> None:
        if value is not None:
            raise ValueError(f"a value of type {type(value).__name__}")
        if not self._has_null:
            raise ValueError("a null")

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise ValueError(f"more than {self._max_bytes // 1024} KiB")


def _number(value: float) -> float:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        whole = int.__int__(value)
        if abs(whole) > _MAX_WHOLE:
            raise ValueError("a number of more than 64 bits")
        return whole
    if not math.isfinite(value):
        raise ValueError("a number that is not finite")
    return float.__float__(value)
