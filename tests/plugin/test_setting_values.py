"""Plugins' settings that come as text: from the environment, or from a command."""

import traceback
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pytest
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    SecretBytes,
    SecretStr,
    field_validator,
    model_validator,
)

from bunga_cli.errors import SettingsError
from bunga_cli.plugin.setting_values import MAX_BYTES, changed, from_text, plain
from bunga_cli.plugin.site_settings import validated, views
from bunga_cli.settings.secrets import MASK


class Inner(BaseModel):
    depth: int = 0


class Nested(Inner):
    title: str | None = None


class Model(BaseModel):
    title: str = Field("", description="Text.")
    where: Path = Field(Path(), description="A path.")
    is_on: bool = Field(False, description="A switch.")
    retries: int = Field(0, le=9, description="A number.")
    rate: float = Field(1.0, description="Another number.")
    pause: timedelta = Field(timedelta(seconds=8), description="A duration.")
    folders: list[Path] = Field([], description="A list.")
    ports: tuple[int, ...] = Field((), description="A list of numbers.")
    tags: Annotated[frozenset[str], BeforeValidator(lambda value: value)] = Field(
        frozenset(), description="A set."
    )
    hosts: list[str] | None = Field(None, description="A list, or nothing.")
    words: str | list[str] = Field("", description="A text, or a list.")
    films: dict[str, str] = Field({}, description="A table.")
    inner: Inner = Field(Inner(), description="A table of known keys.")
    key: SecretStr = Field(SecretStr(""), description="A secret.")
    keys: list[SecretStr] = Field([], description="Secrets.")
    spare: SecretStr | None = Field(None, description="A secret, or nothing.")


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("title", "[a, b]", "[a, b]"),
        ("title", "a,b", "a,b"),
        ("where", "/a,b", Path("/a,b")),
        ("where", "[1]", Path("[1]")),
        ("is_on", "yes", True),
        ("is_on", "True", True),
        ("is_on", "off", False),
        ("retries", "5", 5),
        ("rate", "0.5", 0.5),
        ("pause", "1m30s", timedelta(seconds=90)),
        ("pause", "20", timedelta(seconds=20)),
        ("pause", "PT5S", timedelta(seconds=5)),
        ("folders", "/x", [Path("/x")]),
        ("folders", "/a, /b c,", [Path("/a"), Path("/b c")]),
        ("folders", '["/a, b"]', [Path("/a, b")]),
        ("folders", ' ["/a"]', [Path("/a")]),
        ("folders", "", []),
        ("ports", "80,443", (80, 443)),
        ("tags", "a,b", frozenset({"a", "b"})),
        ("hosts", "nas", ["nas"]),
        ("words", "a,b", "a,b"),
        ("films", '{"a": "b"}', {"a": "b"}),
        ("inner", '{"depth": "3"}', Inner(depth=3)),
        ("key", "[x", SecretStr("[x")),
        ("keys", "a,b", [SecretStr("a"), SecretStr("b")]),
    ],
)
def test_text_is_read_as_the_field_wants_it(field: str, text: str, value: object) -> None:
    assert getattr(validated(Model, {field: text}, "plugins.x"), field) == value


A_LIST = 'a list: values with commas between, or JSON such as ["a", "b"]'
A_TABLE = 'a table, in JSON: {"name": "value"}'


@pytest.mark.parametrize(
    ("field", "value", "form"),
    [
        ("is_on", "maybe", "true or false"),
        ("retries", "often", "a whole number"),
        ("retries", 0.5, "a whole number"),
        ("retries", "10", "less than or equal to 9"),
        ("retries", "9" * 5_000, "a whole number"),
        ("rate", "fast", "a number"),
        ("pause", "soon", 'a duration, such as "20s", "1m30s" or "500ms"'),
        ("folders", '["/a"', A_LIST),
        ("films", "a", A_TABLE),
        ("inner", "a", A_TABLE),
        ("inner", "[" * 2_000, A_TABLE),
    ],
)
def test_a_value_of_the_wrong_form_is_told_the_right_one(
    field: str, value: object, form: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        validated(Model, {field: value}, "plugins.x")
    [problem] = raised.value.problems
    assert problem.startswith(f"plugins.x.{field}: must be {form}; it is ")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("folders", '{"a": 1}', ""),
        ("films", {"a": 1}, "; it is 1"),
        ("films", [1], ""),
        ("retries", "x" * 1000, f"; it is '{'x' * 78}…"),
        ("retries", "\x1b[31m\ud800", "; it is '\\x1b[31m\\ud800'"),
        ("retries", None, "; it is None"),
        ("retries", "https://ann:s3cret@host/a", "; it is 'https://…@host/a'"),
        pytest.param("retries", 10**5000, "; it is a huge number", id="huge"),
    ],
)
def test_only_a_short_single_value_is_told(field: str, value: object, told: str) -> None:
    with pytest.raises(SettingsError) as raised:
        validated(Model, {field: value}, "plugins.x")
    [problem] = raised.value.problems
    assert problem.endswith(f"{told}.")
    assert ("it is" in problem) is bool(told)


def test_a_wrong_part_of_a_list_is_told_by_its_place() -> None:
    with pytest.raises(SettingsError, match="must be a whole number; it is 'http'") as raised:
        validated(Model, {"ports": "80,http"}, "plugins.x")
    assert str(raised.value).startswith("plugins.x.ports.1: ")


@pytest.mark.parametrize("value", [{"a": "s3cret"}, ["s3cret", 5]])
def test_of_a_wrong_secret_nothing_is_told(value: object) -> None:
    with pytest.raises(SettingsError) as raised:
        validated(Model, {"keys": value}, "plugins.x")
    assert "s3cret" not in str(raised.value)
    assert "5" not in str(raised.value).removeprefix("plugins.x")


class Token(SecretStr):
    """A secret by another name."""


class Login(BaseModel):
    user: str = ""
    token: Annotated[Token, Field(min_length=8)] = Token("")
    port: int = 0

    @model_validator(mode="after")
    def _refuse_half_of_it(self) -> "Login":
        if bool(self.user) != bool(self.token.get_secret_value()):
            raise ValueError("user and token belong together")
        return self


@dataclass
class Pair:
    name: str = ""
    key: SecretStr | None = None


class Secretive(BaseModel):
    key: SecretStr = Field(SecretStr(""), description="A secret.")
    token: Token = Field(Token(""), description="Another one.")
    login: Login = Field(Login(), description="With a secret in it.")
    logins: dict[str, list[Login]] = Field({}, description="With many.")
    pair: Pair | None = Field(None, description="With one as well.")
    anything: Any = Field(None, description="With who knows what.")

    @model_validator(mode="after")
    def _refuse_two(self) -> "Secretive":
        if self.key.get_secret_value() and self.token.get_secret_value():
            raise ValueError("one of them is enough")
        return self


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"key": "s3cret", "token": "s3cret"}, "plugins.x: one of them is enough."),
        ({"token": ["s3cret"]}, "plugins.x.token: must be a valid string."),
        ({"login": {"token": "s3cret77"}}, "plugins.x.login: user and token belong together."),
        ({"login": {"token": ["s3cret"]}}, "plugins.x.login.token: must be a valid string."),
        ({"login": {"port": "s3cret"}}, "plugins.x.login.port: must be a whole number."),
        ({"login": ["s3cret"]}, f"plugins.x.login: must be {A_TABLE}."),
        ({"logins": {"s3cret": [{"port": "s3cret"}]}}, "plugins.x.logins.0.port: must be a whole"),
        ({"pair": {"key": ["s3cret"]}}, "plugins.x.pair.key: must be a valid string."),
    ],
)
def test_nothing_is_told_that_may_hold_a_secret(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError) as raised:
        validated(Secretive, values, "plugins.x")
    assert str(raised.value).startswith(problem)
    assert "s3cret" not in "".join(traceback.format_exception(raised.value))


def test_a_secret_by_another_name_is_not_shown_either() -> None:
    login = {"user": "ann", "token": "s3cret77"}
    settings = validated(Secretive, {"token": "s3cret", "login": login}, "plugins.x")
    shown = {view.name: (view.value, view.is_secret) for view in views(settings)}
    assert shown["token"] == (MASK, True)
    assert shown["login"] == ({"user": "ann", "token": "**********", "port": 0}, False)


def test_a_validator_may_raise_anything() -> None:
    class Odd(BaseModel):
        host: str = Field("", description="Where it is.")

        @field_validator("host")
        @classmethod
        def _divide(cls, host: str) -> str:
            return host * (1 // 0)

    with pytest.raises(SettingsError, match=r"^plugins\.x: ZeroDivisionError: integer division"):
        validated(Odd, {"host": "h"}, "plugins.x")


def test_an_unknown_name_is_told_as_it_can_be_shown() -> None:
    with pytest.raises(SettingsError) as raised:
        validated(Model, {"\ud800\n" + "x" * 1000: 1}, "plugins.x")
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 250


def test_what_is_kept_can_stand_in_a_file() -> None:
    said: dict[str, Any] = {
        "pause": timedelta(minutes=1, seconds=30),
        "where": Path("/a"),
        "folders": (Path("/a"), Path("/b")),
        "key": SecretStr("s3cret"),
        "inner": Inner(depth=2),
    }
    kept = changed({"title": "old", "rate": 2.0}, {**said, "title": None}, "plugins.x")
    assert kept == {
        "rate": 2.0,
        "pause": "1m30s",
        "where": "/a",
        "folders": ["/a", "/b"],
        "key": "s3cret",
        "inner": {"depth": 2},
    }
    assert validated(Model, kept, "plugins.x") == Model.model_validate({"rate": 2.0, **said})


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (Colour.RED, "red"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime(2026, 5, 1, tzinfo=UTC), "2026-05-01T00:00:00Z"),
        ({1: {Path("/a")}}, {"1": ["/a"]}),
        (SecretBytes(b"s3cret"), "s3cret"),
        (frozenset({"a"}), ["a"]),
        (Nested(), {"depth": 0}),
        (Nested(title="A"), {"depth": 0, "title": "A"}),
    ],
)
def test_what_has_a_text_is_kept_as_text(value: object, kept: object) -> None:
    assert changed({}, {"x": value}, "plugins.x") == {"x": kept}


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ([[None]], "a null"),
        ({"a": None}, "a null"),
        (10**30, "a number of more than 64 bits"),
        (float("nan"), "a number that is not finite"),
        ("\ud800", "text that is no UTF-8"),
        ({"\ud800": 1}, "text that is no UTF-8"),
        (object(), "a value of type object"),
        ("x" * MAX_BYTES, "more than 256 KiB"),
        (Pair(), "a value of type Pair"),
    ],
)
def test_what_no_file_can_hold_is_refused(value: object, what: str) -> None:
    with pytest.raises(SettingsError) as raised:
        changed({"a": 1}, {"b": value, "c": 1}, "plugins.x")
    assert raised.value.problems == (f"plugins.x.b: cannot be kept: it holds {what}.",)


def test_what_is_nested_without_end_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(SettingsError, match="nested"):
        changed({}, {"b": value}, "plugins.x")


def test_text_is_kept_as_it_was_read() -> None:
    texts = {"folders": "/a,/b", "pause": "90s", "retries": "5", "unknown": "[1]"}
    kept = {name: plain(value) for name, value in from_text(Model, texts).items()}
    assert kept == {"folders": ["/a", "/b"], "pause": "1m30s", "retries": "5", "unknown": "[1]"}


def test_settings_are_shown_without_secrets_as_they_can_be_written() -> None:
    values = {"pause": "90s", "folders": "/a", "key": "s3cret", "keys": "s3cret", "spare": "s3cret"}
    settings = validated(Model, values, "plugins.x")
    shown = {view.name: (view.value, view.default, view.is_secret) for view in views(settings)}
    assert shown["pause"] == ("1m30s", "8s", False)
    assert shown["folders"] == (["/a"], [], False)
    assert shown["key"] == shown["keys"] == shown["spare"] == (MASK, "", True)
    assert {view.value for view in views(validated(Model, {}, "plugins.x")) if view.is_secret} == {
        ""
    }
