"""`bunga plugins`, plugins' settings of channels, and commands that plugins bring."""

import json

import pytest

from bunga_cli.data_folder import DataFolder
from tests.cli.conftest import Bunga, StandIn

ALIST = {
    "name": "alist",
    "version": "1.0",
    "source": "bunga-server",
    "state": "active",
    "reason": "",
    "hooks": ["bunga_commands", "bunga_settings"],
}
CHECK = {"name": "AList", "state": "ok", "text": "It answers.", "details": {}}
HOST = {
    "name": "host",
    "description": "The server.",
    "value": "http://h",
    "default": "",
    "is_secret": False,
}
SETTINGS = {
    "settings": [HOST],
    "channel_settings": [{**HOST, "name": "password", "value": "********", "is_secret": True}],
    "problem": "",
}


def test_plugins_are_listed_with_state_and_health(bunga: Bunga, server: StandIn) -> None:
    broken = {**ALIST, "name": "x", "state": "failed", "reason": "No luck.", "checks": []}
    server.answer("GET /api/v1/plugins", {"plugins": [{**ALIST, "checks": [CHECK]}, broken]})
    done = bunga("plugins", "list", "--data", str(server.data.path))
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["NAME", "VERSION", "FROM", "STATE", "HEALTH", "REASON"]
    assert rows[1] == ["alist", "1.0", "bunga-server", "active", "AList:", "ok", "-"]
    assert rows[2] == ["x", "1.0", "bunga-server", "failed", "-", "No", "luck."]


def test_a_plugin_is_shown_with_its_settings(bunga: Bunga, server: StandIn) -> None:
    server.answer("GET /api/v1/plugins/alist", ALIST)
    server.answer("GET /api/v1/plugins/alist/settings", SETTINGS)
    shown = bunga("plugins", "info", "alist", "--data", str(server.data.path)).stdout
    assert "bunga alist --help" in shown
    assert "bunga plugins set alist FIELD VALUE" in shown
    assert "http://h" in shown
    assert "bunga channels set ID plugins.alist.FIELD VALUE" in shown
    as_json = bunga("plugins", "info", "alist", "--json", "--data", str(server.data.path)).stdout
    assert json.loads(as_json) == {**ALIST, **SETTINGS}


def test_a_plugin_that_cannot_be_imported_is_shown_without_settings(
    bunga: Bunga, server: StandIn
) -> None:
    server.answer("GET /api/v1/plugins/alist", {**ALIST, "state": "failed", "reason": "No luck."})
    refusal = {"error": {"code": "invalid", "message": "Its settings are not known."}}
    server.answer("GET /api/v1/plugins/alist/settings", refusal, 400)
    done = bunga("plugins", "info", "alist", "--data", str(server.data.path))
    assert done.returncode == 0
    assert "Its settings are not known." in done.stdout


@pytest.mark.parametrize(("action", "state"), [("enable", "active"), ("disable", "disabled")])
def test_a_plugin_is_switched(bunga: Bunga, server: StandIn, action: str, state: str) -> None:
    server.answer(f"POST /api/v1/plugins/alist/{action}", {**ALIST, "state": state})
    done = bunga("plugins", action, "alist", "--data", str(server.data.path))
    assert (done.returncode, done.stderr) == (0, f"The plugin alist is {state}.\n")


def test_enabling_what_fails_is_a_failure(bunga: Bunga, server: StandIn) -> None:
    failed = {**ALIST, "state": "failed", "reason": "No luck."}
    server.answer("POST /api/v1/plugins/alist/enable", failed)
    done = bunga("plugins", "enable", "alist", "--data", str(server.data.path))
    assert (done.returncode, done.stderr) == (1, "Error: The plugin alist failed. No luck.\n")


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("warning", 0), ("off", 0), ("failure", 1)])
def test_a_failing_check_is_the_exit_code(
    bunga: Bunga, server: StandIn, state: str, code: int
) -> None:
    server.answer("POST /api/v1/plugins/alist/check", {"checks": [{**CHECK, "state": state}]})
    done = bunga("plugins", "check", "alist", "--data", str(server.data.path))
    assert done.returncode == code
    assert state in done.stdout


@pytest.mark.parametrize(
    ("arguments", "stdin", "sent"),
    [
        (["http://h"], "", "http://h"),
        (["--stdin"], "s3cret\n", "s3cret"),
        (["--default"], "", None),
        ([""], "", ""),
    ],
)
def test_a_setting_is_an_argument_or_comes_from_stdin(
    bunga: Bunga, server: StandIn, arguments: list[str], stdin: str, sent: str | None
) -> None:
    server.answer("PATCH /api/v1/plugins/alist/settings", SETTINGS)
    data = str(server.data.path)
    done = bunga("plugins", "set", "alist", "host", *arguments, "--data", data, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "plugins.alist.host is set.\n")
    assert server.requests == [("PATCH /api/v1/plugins/alist/settings", {"host": sent})]


def test_a_setting_without_a_value_is_wrong_usage(bunga: Bunga, data: DataFolder) -> None:
    done = bunga("plugins", "set", "alist", "host", "--data", str(data.path))
    assert done.returncode == 2
    assert "--stdin" in done.stderr


def test_a_channel_has_settings_of_plugins(bunga: Bunga, server: StandIn) -> None:
    path = "/api/v1/channels/film%2Fnight/plugins/alist"
    server.answer(f"PATCH {path}", SETTINGS)
    data, key = str(server.data.path), "plugins.alist.password"
    done = bunga("channels", "set", "film/night", key, "--stdin", "--data", data, stdin="p\n")
    assert done.returncode == 0
    assert server.requests == [(f"PATCH {path}", {"password": "p"})]


@pytest.mark.parametrize(
    ("key", "hint"), [("nmae", "did you mean name?"), ("plugins.alist", "plugins.NAME.FIELD")]
)
def test_an_unknown_key_of_a_channel_is_wrong_usage(
    bunga: Bunga, data: DataFolder, key: str, hint: str
) -> None:
    done = bunga("channels", "set", "lobby", key, "x", "--data", str(data.path))
    assert done.returncode == 2
    assert hint in done.stderr


RETURNS_FIVE = """
from bunga_cli.plugin import hookimpl

@hookimpl
def bunga_commands():
    return 5
"""


def write_plugin(data: DataFolder, source: str) -> None:
    folder = data.path / "plugins"
    folder.mkdir()
    (folder / "greet.py").write_text(source)


def test_a_plugin_brings_commands(bunga: Bunga, server: StandIn) -> None:
    write_plugin(
        server.data,
        "import typer\n"
        "from bunga_cli.plugin import hookimpl\n"
        "@hookimpl\n"
        "def bunga_commands(console):\n"
        "    app = typer.Typer()\n"
        "    @app.command()\n"
        "    def hello(name: str):\n"
        "        console.table(('WHAT',), [(console.call('GET', f'/api/greet/{name}')['text'],)])\n"
        "    @app.command()\n"
        "    def bye():\n"
        "        console.note('bye')\n"
        "    return app\n",
    )
    server.answer("GET /api/greet/ann", {"text": "hello"})
    done = bunga("--data", str(server.data.path), "greet", "hello", "ann")
    assert (done.returncode, done.stdout.split()) == (0, ["WHAT", "hello"])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
        (RETURNS_FIVE, "bunga_commands returned a int, not Typer."),
    ],
)
def test_a_plugin_with_broken_commands_says_why(
    bunga: Bunga, data: DataFolder, source: str, message: str
) -> None:
    write_plugin(data, source)
    done = bunga("--data", str(data.path), "greet")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_that_nobody_brings_is_wrong_usage(bunga: Bunga, data: DataFolder) -> None:
    done = bunga("--data", str(data.path), "nothing")
    assert done.returncode == 2
