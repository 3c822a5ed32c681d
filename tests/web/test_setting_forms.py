"""Settings as fields of a form, and back to changes."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr
from starlette.requests import Request

from bunga_cli.api.v1.plugins import Setting
from bunga_cli.configuration.rows import SettingRow
from bunga_cli.errors import SettingsError
from bunga_cli.plugin.providers import PluginFailure
from bunga_cli.plugin.site_settings import views
from bunga_cli.web.setting_forms import (
    SettingField,
    as_typed,
    changes_of,
    field_of_row,
    fields_of_plugin,
    label_of,
    setting_problems,
)


class Model(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    api_url: str = "https://a.example"
    """Where it is."""
    token: SecretStr = SecretStr("")
    """What opens it."""
    is_loud: bool = False
    size: int = 3
    mode: Literal["slow", "fast"] = "slow"
    tags: list[str] = []
    table: dict[str, int] = {}
    nickname: str | None = None


ENGLISH = Request({"type": "http", "headers": [], "query_string": b""})


def fields(**values: Any) -> list[SettingField]:
    shown = Setting.all_of(views(Model(**values)))
    return fields_of_plugin("toy", shown, Model, ENGLISH)


def filled(of: list[SettingField], **typed: str | None) -> dict[str, str]:
    """Return what a browser sends of an untouched form, but for these; None: not at all."""
    sent = {one.form_name: one.text for one in of if one.kind != "switch"}
    sent |= {one.form_name: "true" for one in of if one.kind == "switch" and one.is_on}
    sent |= {f"set.plugins.toy.{name}": text for name, text in typed.items() if text is not None}
    return {
        name: text
        for name, text in sent.items()
        if typed.get(name.removeprefix("set.plugins.toy."), "") is not None
    }


def row(**facts: Any) -> SettingRow:
    values: dict[str, Any] = {
        "key": "server.public_url",
        "value": "https://a.example",
        "text": "https://a.example",
        "default": "",
        "default_text": "",
        "origin": "bunga.toml",
        "is_changed": True,
        "is_secret": False,
        "help": "Where players find the server.",
        "kind": "text",
        "choices": (),
        "applies": "at once",
        "needs_restart": False,
        "pending_restart": False,
        "fixed_by": None,
        "problem": "",
    }
    return SettingRow(**{**values, **facts})


def test_each_setting_of_a_model_is_a_field_of_its_kind() -> None:
    kinds = {one.name: one.kind for one in fields()}
    assert kinds == {
        "api_url": "text",
        "token": "text",
        "is_loud": "switch",
        "size": "count",
        "mode": "choice",
        "tags": "list",
        "table": "table",
        "nickname": "text",
    }


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("site.name", "Name"),
        ("server.public_url", "Public URL"),
        ("api_url", "API URL"),
        ("max_wait", "Max wait"),
        ("timeout_s", "Timeout"),
        ("downloads.macos", "macOS"),
    ],
)
def test_a_label_is_made_from_the_key(key: str, label: str) -> None:
    assert label_of(key) == label


def test_an_untouched_form_changes_nothing() -> None:
    of = fields(is_loud=True, tags=["a", "b"], token="t0ken", table={"a": 1}, nickname="Ann")
    assert changes_of(of, filled(of)) == {}


def test_what_was_typed_is_a_change_of_the_settings_type() -> None:
    of = fields()
    form = filled(of, api_url="https://b.example", size="12", mode="fast", is_loud="true")
    assert changes_of(of, form) == {
        "api_url": "https://b.example",
        "size": 12,
        "mode": "fast",
        "is_loud": True,
    }


def test_what_is_no_number_is_left_to_the_check() -> None:
    of = fields()
    assert changes_of(of, filled(of, size="many")) == {"size": "many"}


def test_a_switch_that_is_not_sent_is_off() -> None:
    of = fields(is_loud=True)
    assert changes_of(of, filled(of, is_loud=None)) == {"is_loud": False}


def test_a_field_that_is_not_sent_stays() -> None:
    of = fields(size=9)
    assert changes_of(of, filled(of, size=None)) == {}


def test_an_emptied_field_means_nothing_or_the_default() -> None:
    of = fields(size=9, tags=["a"], table={"a": 1}, nickname="Ann")
    form = filled(of, api_url="", size="", tags="", table="", nickname="")
    assert changes_of(of, form) == {
        "api_url": "",
        "size": None,
        "tags": [],
        "table": None,
        "nickname": None,
    }


def test_an_empty_secret_is_kept_and_a_typed_one_replaces_it() -> None:
    of = fields(token="t0ken")
    assert changes_of(of, filled(of, token="")) == {}
    assert changes_of(of, filled(of, token="new")) == {"token": "new"}


def test_a_tick_goes_back_to_the_default_whatever_is_typed() -> None:
    of = fields(token="t0ken", size=9)
    form = filled(of, token="other", size="12")
    ticks = {"reset.plugins.toy.token": "true", "reset.plugins.toy.size": "true"}
    assert changes_of(of, {**form, **ticks}) == {"token": None, "size": None}


def test_only_what_is_changed_can_go_back() -> None:
    assert [one.name for one in fields() if one.can_reset] == []
    changed = fields(token="t0ken", size=9, is_loud=True)
    assert [one.name for one in changed if one.can_reset] == ["token", "size"]


def test_lines_from_a_browser_are_no_change() -> None:
    of = fields(nickname="one\ntwo")
    assert changes_of(of, filled(of, nickname="one\r\ntwo\r\n")) == {}


def test_a_secret_is_in_no_field_even_if_it_was_just_typed() -> None:
    of = fields(token="t0ken-1")
    again = as_typed(of, filled(of, token="t0ken-2"))
    assert "t0ken" not in repr([*of, *again])
    assert next(one for one in of if one.name == "token").is_set


def test_what_was_typed_is_shown_again() -> None:
    of = fields(is_loud=True)
    again = {one.name: one for one in as_typed(of, filled(of, size="many", is_loud=None))}
    assert (again["size"].text, again["is_loud"].is_on) == ("many", False)


def test_a_row_that_is_fixed_elsewhere_is_locked_and_never_changed() -> None:
    one = field_of_row(row(fixed_by="BUNGA_SERVER__PUBLIC_URL"), ENGLISH)
    assert one.locked == "Set by BUNGA_SERVER__PUBLIC_URL; change it there."
    assert not one.can_reset
    assert changes_of([one], {one.form_name: "https://b.example", one.reset_name: "true"}) == {}
    assert as_typed([one], {one.form_name: "https://b.example"}) == [one]


def test_a_row_tells_where_it_comes_from_only_if_that_is_not_the_default() -> None:
    assert field_of_row(row(), ENGLISH).origin == "bunga.toml"
    assert field_of_row(row(origin="default", is_changed=False), ENGLISH).origin == ""


def test_a_row_says_what_a_restart_is_needed_for() -> None:
    assert not field_of_row(row(), ENGLISH).note
    waiting = field_of_row(row(needs_restart=True, pending_restart=True), ENGLISH)
    assert waiting.note == (
        "A change counts after a restart. The server still goes by the earlier value: restart it."
    )


def test_a_change_of_a_row_is_called_by_its_key() -> None:
    one = field_of_row(row(), ENGLISH)
    assert changes_of([one], {one.form_name: "x"}) == {"server.public_url": "x"}


def test_problems_stand_beside_their_fields() -> None:
    of = fields()
    error = SettingsError(
        "plugins.toy.size: must be a whole number; it is 'many'.",
        "plugins.toy.tags.0: must be a text.",
        "plugins.toy.table is unknown.",
        "plugins.toy.sizes: must be more.",
        "plugins.toy: they do not fit.",
    )
    assert setting_problems(error, of) == {
        "set.plugins.toy.size": "Must be a whole number; it is 'many'.",
        "set.plugins.toy.tags": "Plugins.toy.tags.0: must be a text.",
        "set.plugins.toy.table": "Plugins.toy.table is unknown.",
        "": "plugins.toy.sizes: must be more. plugins.toy: they do not fit.",
    }


def test_a_failure_of_the_plugin_stands_above_the_form() -> None:
    assert setting_problems(PluginFailure("It is broken."), fields()) == {"": "It is broken."}


def test_a_stranger_to_the_model_is_left_out() -> None:
    strange = Setting(name="x", description="", value=1, default=1, is_secret=False)
    assert fields_of_plugin("toy", [strange], Model, ENGLISH) == []
    assert fields_of_plugin("toy", [strange], None, ENGLISH) == []
