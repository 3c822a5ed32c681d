"""What pydantic finds wrong, in our words.

A leaf, and it imports nothing: the command line words its own usage errors here, and fast.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is unknown",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "has characters or a form that are not allowed",
    "string_unicode": "must be valid text",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "finite_number": "must be a finite number",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "json_invalid": "is no valid JSON: {error}",
    "none_required": "must be null",
}
_KINDS = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "string": "a text",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "an object",
    "model": "an object",
    "model_attributes": "an object",
    "date": "a date",
    "datetime": "a date with a time",
    "url": "an address",
}
_EMPTY = "must not be empty"


def words(detail: Mapping[str, Any]) -> str:
    """Return what is wrong with one value, as it goes on after the value's name."""
    kind, context = detail["type"], detail.get("ctx") or {}
    if kind in ("string_too_short", "too_short") and context.get("min_length") == 1:
        return _EMPTY
    if kind in _WORDS:
        return _WORDS[kind].format(**context)
    wanted = _KINDS.get(kind.removesuffix("_type").removesuffix("_parsing"))
    if wanted is not None:
        return f"must be {wanted}"
    message = str(detail["msg"]).removeprefix("Value error, ").rstrip(".")
    subject, should, rest = message.partition(" should ")
    return f"must {rest}" if should and " " not in subject else message


def sentence(details: Iterable[Mapping[str, Any]], *, skip: int = 0) -> str:
    """Return all that is wrong; of each place, the first `skip` parts are not named."""
    told = "; ".join(_told(detail, skip) for detail in details)
    return (
        f"{told[:1].upper()}{told[1:]}." if told[:1].islower() and ":" not in told else f"{told}."
    )


def one_of(value: str, choices: Iterable[str]) -> str:
    """Return that a value is none of these, and which was meant if that can be guessed."""
    known = [*choices]
    close = get_close_matches(value, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else "."
    return f"{value!r} is not one of {', '.join(known)}{hint}"


def _told(detail: Mapping[str, Any], skip: int) -> str:
    where = ".".join(map(str, detail["loc"][skip:]))
    return f"{where}: {words(detail)}" if where else words(detail)
