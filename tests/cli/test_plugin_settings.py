"""Plugins' settings of the site and of channels, and what else is set of a channel."""

import json

import pytest

from bunga_cli.data_folder import DataFolder
from tests.cli.conftest import Bunga, StandIn
from tests.cli.plugin_examples import HOST, SETTINGS


@pytest.mark.parametrize(
    ("arguments", "stdin", "sent"),
    [
        (["http://h"], "", "http://h"),
        (["--stdin"], "s3cret\n", "s3cret"),
        (["--default"], "", None),
        ([""], "", ""),
        (["-5"], "", "-5"),
    ],
)
def test_a_setting_is_an_argument_or_comes_from_stdin(
    bunga: Bunga, server: StandIn, arguments: list[str], stdin: str, sent: str | None
) -> None:
    server.answer("PATCH /api/v1/plugins/alist/settings", SETTINGS)
    data = str(server.data.path)
    done = bunga("plugins", "set", "alist", "host", *arguments, "--data", data, stdin=stdin)
    what = "back to its default" if sent is None else "set"
    assert (done.returncode, done.stderr) == (0, f"plugins.alist.host is {what}.\n")
    assert server.requests == [("PATCH /api/v1/plugins/alist/settings", {"host": sent})]


@pytest.mark.parametrize(
    "arguments", [[], ["x", "--stdin"], ["x", "--default"], ["--stdin", "--default"]]
)
@pytest.mark.parametrize(
    "command", ["plugins set alist host", "channels set lobby plugins.alist.password"]
)
def test_a_setting_without_a_value_or_with_two_is_wrong_usage(
    bunga: Bunga, data: DataFolder, command: str, arguments: list[str]
) -> None:
    done = bunga(*command.split(), *arguments, "--data", str(data.path))
    assert done.returncode == 2
    assert "Give a value, --stdin or --default." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sent", "told"),
    [(["--stdin"], "p", "set"), (["--default"], None, "back to its default")],
)
def test_a_channel_has_settings_of_plugins(
    bunga: Bunga, server: StandIn, arguments: list[str], sent: str | None, told: str
) -> None:
    path = "/api/v1/channels/film%2Fnight/plugins/alist"
    server.answer(f"PATCH {path}", SETTINGS)
    data, key = str(server.data.path), "plugins.alist.password"
    done = bunga("channels", "set", "film/night", key, *arguments, "--data", data, stdin="p\n")
    assert done.returncode == 0
    assert done.stderr == f"{key} is {told} in the channel film/night.\n"
    assert server.requests == [(f"PATCH {path}", {"password": sent})]


def test_what_is_set_of_a_plugin_in_a_channel_is_json_too(bunga: Bunga, server: StandIn) -> None:
    server.answer("PATCH /api/v1/channels/lobby/plugins/alist", {"settings": [HOST], "problem": ""})
    command = ("channels", "set", "lobby", "plugins.alist.host", "-7", "--json")
    done = bunga(*command, "--data", str(server.data.path))
    assert (json.loads(done.stdout), done.stderr) == ([HOST], "")
    assert server.requests[0][1] == {"host": "-7"}


@pytest.mark.parametrize("value", [["no"], ["--default"]])
def test_whether_a_plugin_is_used_is_no_setting_of_its_own(
    bunga: Bunga, server: StandIn, value: list[str]
) -> None:
    data = str(server.data.path)
    done = bunga("plugins", "set", "gallery", "enabled", *value, "--data", data)
    assert done.returncode == 2
    assert "`bunga plugins disable gallery`" in done.stderr
    assert server.requests == []


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("name", {"name": "demo"}),
        ("allow_new_client", {"allow_new_client": True}),
        ("on_join", {"on_join": None}),
        ("max_wait", {"max_wait_us": None}),
        ("reconnect_grace", {"reconnect_grace_us": None}),
        ("shows_room", {"shows_room": False}),
        ("legacy_compensation", {"legacy_compensation": None}),
    ],
)
def test_what_is_set_of_a_channel_goes_back_to_what_a_new_one_has(
    bunga: Bunga, server: StandIn, key: str, default: dict[str, object]
) -> None:
    channel = {
        "id": "demo",
        "name": "demo",
        "allow_new_client": True,
        "on_join": None,
        "max_wait_us": None,
        "reconnect_grace_us": None,
        "shows_room": False,
        "legacy_compensation": None,
        "members": 0,
        "created_at": "2026-01-01T00:00:00Z",
    }
    server.answer("PATCH /api/v1/channels/demo", channel)
    done = bunga("channels", "set", "demo", key, "--default", "--data", str(server.data.path))
    assert done.returncode == 0
    assert server.requests == [("PATCH /api/v1/channels/demo", default)]


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("nmae", "did you mean name?"),
        ("max-wait", "did you mean max_wait?"),
        ("plugins.alist", "plugins.NAME.FIELD"),
        ("plugins.alist.", "plugins.NAME.FIELD"),
    ],
)
def test_an_unknown_key_of_a_channel_is_wrong_usage(
    bunga: Bunga, data: DataFolder, key: str, hint: str
) -> None:
    done = bunga("channels", "set", "lobby", key, "x", "--data", str(data.path))
    assert done.returncode == 2
    assert hint in done.stderr
