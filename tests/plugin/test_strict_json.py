"""JSON as strictly as its strictest reader takes it."""

import json
from collections import UserDict
from collections.abc import Iterator, Mapping
from enum import IntEnum, StrEnum
from typing import Any

import pytest

from bunga_cli.plugin.strict_json import MAX_DEPTH, strict_json


class Word(StrEnum):
    ONE = "one"


class Number(IntEnum):
    ONE = 1


class Endless(Mapping[str, object]):
    """Has more names than anybody can count."""

    def __getitem__(self, key: str) -> object:
        return key

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        number = 0
        while True:
            number += 1
            yield str(number)


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, -2.5, True, None, "ä\U0001f600"], "": {}},
        [],
        2**63 - 1,
        nested(MAX_DEPTH),
    ],
)
def test_json_is_copied_as_it_is(value: object) -> None:
    copy = strict_json(value, 1024)
    assert copy == value
    assert json.loads(json.dumps(copy, allow_nan=False)) == value


def test_what_is_like_json_becomes_json() -> None:
    copy: Any = strict_json(UserDict(a=(Word.ONE, Number.ONE)), 1024)
    assert copy == {"a": ["one", 1]}
    assert [type(each) for each in (copy, *copy["a"])] == [dict, str, int]


def test_a_copy_does_not_change_with_what_it_was_made_of() -> None:
    value: dict[str, object] = {"a": [1]}
    copy = strict_json(value, 1024)
    value["a"] = object()
    assert copy == {"a": [1]}


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"a": object()}, "a value of type object"),
        ({"a": {1, 2}}, "a value of type set"),
        ({1: 2}, "a name of type int"),
        ([float("nan")], "a number that is not finite"),
        (float("-inf"), "a number that is not finite"),
        ([10**30], "a number of more than 64 bits"),
        ("\ud800", "text that is no UTF-8"),
        ({"\ud800": 1}, "text that is no UTF-8"),
        (nested(MAX_DEPTH + 1), "something that is nested more than 32 deep"),
        ("ä" * 513, "more than 1 KiB"),
        ([None] * 1024, "more than 1 KiB"),
        (Endless(), "more than 1 KiB"),
        (b"bytes", "a value of type bytes"),
    ],
)
def test_what_a_reader_would_choke_on_is_refused(value: object, what: str) -> None:
    with pytest.raises(ValueError, match=f"^{what}$"):
        strict_json(value, 1024)


def test_what_holds_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(ValueError, match="nested"):
        strict_json(value, 1024)


@pytest.mark.parametrize("value", [None, [[None]], {"a": None}])
def test_null_is_refused_where_there_is_none(value: object) -> None:
    with pytest.raises(ValueError, match=r"^a null$"):
        strict_json(value, 1024, has_null=False)
