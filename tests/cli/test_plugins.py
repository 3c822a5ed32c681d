"""`bunga plugins`, plugins' settings of channels, and commands that plugins bring."""

import json

import pytest

from bunga_cli.data_folder import DataFolder
from tests.cli.conftest import Bunga, StandIn, Terminal

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
    "channel_settings": [{**HOST, "name": "password", "value": "**********", "is_secret": True}],
    "problem": "",
}


def test_plugins_are_listed_with_state_and_health(bunga: Bunga, server: StandIn) -> None:
    broken = {**ALIST, "name": "x", "state": "failed", "reason": "No luck.", "checks": []}
    server.answer("GET /api/v1/plugins", {"plugins": [{**ALIST, "checks": [CHECK]}, broken]})
    done = bunga("plugins", "list", "--data", str(server.data.path))
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["PLUGIN", "VERSION", "FROM", "STATE", "COMMANDS", "HEALTH", "REASON"]
    assert rows[1] == ["alist", "1.0", "bunga-server", "active", "yes", "AList:", "ok", "-"]
    assert rows[2] == ["x", "1.0", "bunga-server", "failed", "yes", "-", "No", "luck."]


def test_a_list_fits_a_terminal_and_nothing_of_it_is_lost(
    terminal: Terminal, server: StandIn
) -> None:
    name, reason = "night_of_the_long_films", "Nobody knows why this one fails. " * 8
    source = f"/srv/films/bunga-data/plugins/{name}.py"
    broken = {**ALIST, "name": name, "source": source, "state": "failed", "reason": reason}
    ill = {**ALIST, "name": "gallery", "checks": [{**CHECK, "name": "local folders"}, CHECK]}
    server.answer("GET /api/v1/plugins", {"plugins": [{**broken, "checks": []}, ill]})
    _, shown = terminal("plugins", "list", "--data", str(server.data.path))
    assert max(map(len, shown.splitlines())) <= 80
    words = shown.split()
    assert name in words
    assert any(word.startswith("plugins/") for word in words)
    assert " ".join(words).count(reason.strip()) == 1
    assert "local folders: ok, AList: ok" in _joined(shown, "gallery")


def _joined(shown: str, first: str) -> str:
    """Return the last cell of a row that goes over several lines."""
    lines = shown.splitlines()
    [row] = (n for n, line in enumerate(lines) if line.startswith(first))
    return " ".join([lines[row], *map(str.strip, lines[row + 1 :])])


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
    headings = [line.split() for line in shown.splitlines() if line.startswith("FIELD")]
    assert headings == [["FIELD", "VALUE", "MEANING"], ["FIELD", "DEFAULT", "MEANING"]]


def test_a_command_of_ours_is_not_shown_as_that_of_a_plugin(bunga: Bunga, server: StandIn) -> None:
    channels = {**ALIST, "name": "channels"}
    server.answer("GET /api/v1/plugins/channels", channels)
    server.answer("GET /api/v1/plugins/channels/settings", SETTINGS)
    server.answer("GET /api/v1/plugins", {"plugins": [{**channels, "checks": []}]})
    shown = bunga("plugins", "info", "channels", "--data", str(server.data.path)).stdout
    listed = bunga("plugins", "list", "--data", str(server.data.path)).stdout
    assert "bunga channels --help" not in shown
    assert ["commands", "-"] in [line.split() for line in shown.splitlines()]
    assert listed.splitlines()[1].split()[3:5] == ["active", "-"]


def test_a_plugin_is_shown_with_what_is_set_in_a_channel(bunga: Bunga, server: StandIn) -> None:
    of_channel = {"settings": [{**HOST, "name": "room", "value": "blue"}], "problem": "Not so."}
    server.answer("GET /api/v1/plugins/alist", ALIST)
    server.answer("GET /api/v1/plugins/alist/settings", SETTINGS)
    server.answer("GET /api/v1/channels/film%2Fnight/plugins/alist", of_channel)
    command = ("plugins", "info", "alist", "--channel", "film/night")
    shown = bunga(*command, "--data", str(server.data.path)).stdout
    as_json = bunga(*command, "--json", "--data", str(server.data.path)).stdout
    assert "bunga channels set film/night plugins.alist.FIELD VALUE" in shown
    assert shown.splitlines()[-1].split() == ["room", "blue", "The", "server."]
    assert "DEFAULT" not in shown
    assert "Not so." in shown
    assert json.loads(as_json)["channel_settings"] == of_channel["settings"]


def test_facts_are_broken_between_words_in_a_terminal(terminal: Terminal, server: StandIn) -> None:
    meaning = "What it means is a long story, which needs more than one line of a terminal."
    hooks = [f"bunga_number_{number}" for number in range(9)]
    settings = {**SETTINGS, "settings": [{**HOST, "description": meaning}]}
    server.answer("GET /api/v1/plugins/alist", {**ALIST, "hooks": hooks})
    server.answer("GET /api/v1/plugins/alist/settings", settings)
    _, shown = terminal("plugins", "info", "alist", "--data", str(server.data.path))
    assert max(map(len, shown.splitlines())) <= 80
    words = " ".join(shown.split())
    assert ", ".join(hooks) in words
    assert meaning in words


def test_a_plugin_that_cannot_be_imported_is_shown_without_settings(
    bunga: Bunga, server: StandIn
) -> None:
    server.answer("GET /api/v1/plugins/alist", {**ALIST, "state": "failed", "reason": "No luck."})
    refusal = {"error": {"code": "invalid", "message": "Its settings are not known."}}
    server.answer("GET /api/v1/plugins/alist/settings", refusal, 400)
    done = bunga("plugins", "info", "alist", "--data", str(server.data.path))
    assert done.returncode == 0
    assert "Its settings are not known." in done.stdout


def test_why_a_plugin_failed_is_said_once(bunga: Bunga, server: StandIn) -> None:
    message = "The settings of the plugin alist are not known. No luck."
    server.answer("GET /api/v1/plugins/alist", {**ALIST, "state": "failed", "reason": "No luck."})
    refusal = {"error": {"code": "invalid", "message": message}}
    server.answer("GET /api/v1/plugins/alist/settings", refusal, 400)
    shown = bunga("plugins", "info", "alist", "--data", str(server.data.path)).stdout
    assert shown.count("No luck.") == 1
    assert "are not known." in shown


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
    ("state", "told"),
    [
        ("disabled", "The plugin alist is disabled; switch it on: bunga plugins enable alist"),
        ("failed", "The plugin alist failed. No luck."),
        ("starting", "The plugin alist is starting still; try again."),
    ],
)
def test_what_does_not_run_is_no_plugin_in_good_health(
    bunga: Bunga, server: StandIn, state: str, told: str
) -> None:
    server.answer("POST /api/v1/plugins/alist/check", {"checks": []})
    server.answer("GET /api/v1/plugins/alist", {**ALIST, "state": state, "reason": "No luck."})
    done = bunga("plugins", "check", "alist", "--data", str(server.data.path))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Error: {told}\n")


def test_a_plugin_that_failed_is_a_failure_among_all_checks(bunga: Bunga, server: StandIn) -> None:
    failed = {**ALIST, "state": "failed", "reason": "No luck.", "checks": []}
    server.answer("GET /api/v1/plugins", {"plugins": [failed]})
    done = bunga("plugins", "check", "--data", str(server.data.path))
    assert done.returncode == 1
    assert done.stdout.splitlines()[1].split() == ["alist", "plugin", "failure", "No", "luck."]


def test_all_plugins_are_checked_and_the_worst_is_the_exit_code(
    bunga: Bunga, server: StandIn
) -> None:
    ill = {**CHECK, "name": "linkers", "state": "failure", "text": "No luck."}
    plugins = [{**ALIST, "checks": [CHECK]}, {**ALIST, "name": "gallery", "checks": [CHECK, ill]}]
    server.answer("GET /api/v1/plugins", {"plugins": plugins})
    done = bunga("plugins", "check", "--data", str(server.data.path))
    as_json = bunga("plugins", "check", "--json", "--data", str(server.data.path))
    server.answer("GET /api/v1/plugins", {"plugins": plugins[:1]})
    well = bunga("plugins", "check", "--data", str(server.data.path))
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["PLUGIN", "CHECK", "STATE", "SAYS"],
        ["alist", "AList", "ok", "It", "answers."],
        ["gallery", "AList", "ok", "It", "answers."],
        ["gallery", "linkers", "failure", "No", "luck."],
    ]
    assert json.loads(as_json.stdout)[2] == {"plugin": "gallery", **ill}
    assert (done.returncode, as_json.returncode, well.returncode) == (1, 1, 0)


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


RETURNS_FIVE = """
from bunga_cli.plugin import hookimpl

@hookimpl
def bunga_commands():
    return 5
"""


GREETS = """
import typer
from bunga_cli.plugin import hookimpl

@hookimpl
def bunga_commands(console):
    app, more = typer.Typer(), typer.Typer()

    @app.command()
    def hello(name: str):
        console.table(("WHAT",), [(console.call("GET", f"/api/greet/{name}")["text"],)])

    @more.command()
    def bye(name: str):
        hello(name)

    @more.command()
    def own(data: str = typer.Option("")):
        console.note(data)

    app.add_typer(more, name="more")
    return app
"""


def write_plugin(data: DataFolder, source: str) -> None:
    folder = data.path / "plugins"
    folder.mkdir()
    (folder / "greet.py").write_text(source)


@pytest.mark.parametrize(
    "command",
    [
        "--data {} greet hello ann",
        "greet hello ann --data {}",
        "greet hello --data={} ann",
        "--data nowhere greet hello --data {} -- ann",
        "greet more bye ann --data {}",
    ],
)
def test_a_plugin_brings_commands(bunga: Bunga, server: StandIn, command: str) -> None:
    write_plugin(server.data, GREETS)
    server.answer("GET /api/greet/ann", {"text": "hello"})
    done = bunga(*command.format(server.data.path).split())
    assert (done.returncode, done.stdout.split()) == (0, ["WHAT", "hello"]), done.stderr


def test_a_plugins_own_option_for_data_is_its_own(bunga: Bunga, data: DataFolder) -> None:
    write_plugin(data, GREETS)
    done = bunga("greet", "more", "own", "--data", "mine", BUNGA_DATA=str(data.path))
    assert (done.returncode, done.stderr) == (0, "mine\n")


def test_help_tells_of_a_plugins_command_where_the_data_can_be_named(bunga: Bunga) -> None:
    shown = bunga("alist", "browse", "--help").stdout
    assert "--data" in shown
    assert "FOLDER" in shown


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
        (RETURNS_FIVE, "bunga_commands returned a value of type int, not Typer."),
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


# -- without a server -------------------------------------------------------------------------

ENDS_ALL = "import os\nos._exit(3)\n"

COUNTS = """
from pydantic import BaseModel, Field
from bunga_cli.plugin import PluginSettings, hookimpl

class Site(BaseModel):
    count: int = Field(0, description="How many.")

@hookimpl
def bunga_settings():
    return PluginSettings(site=Site)
"""


def test_a_plugin_that_ends_the_process_is_seen_and_disabled_without_a_server(
    bunga: Bunga, data: DataFolder
) -> None:
    write_plugin(data, ENDS_ALL)

    def state() -> str:
        listed = bunga("plugins", "list", "--json", "--data", str(data.path)).stdout
        [found] = (each for each in json.loads(listed) if each["name"] == "greet")
        shown = bunga("plugins", "info", "greet", "--json", "--data", str(data.path)).stdout
        assert json.loads(shown)["state"] == found["state"]
        return str(found["state"])

    before = state()
    disabled = bunga("plugins", "disable", "greet", "--data", str(data.path))
    between = state()
    enabled = bunga("plugins", "enable", "greet", "--data", str(data.path))
    assert (before, between, state()) == ("not running", "disabled", "not running")
    later = f"No server runs on {data.path}; the next one goes by it.\n"
    assert (disabled.returncode, disabled.stderr) == (0, f"The plugin greet is disabled. {later}")
    assert (enabled.returncode, enabled.stderr) == (0, f"The plugin greet is enabled. {later}")


@pytest.mark.parametrize("source", [ENDS_ALL, "import time\ntime.sleep(1000)", "not Python"])
def test_a_plugin_is_not_imported_to_be_switched_as_a_setting(
    bunga: Bunga, data: DataFolder, source: str
) -> None:
    write_plugin(data, source)
    key, folder = "plugins.greet.enabled", ("--data", str(data.path))
    disabled = bunga("config", "set", key, "no", *folder)
    shown = bunga("config", "get", key, *folder)
    assert (disabled.returncode, shown.returncode, shown.stdout) == (0, 0, "no\n")
    assert "enabled = false" in data.auto_settings.read_text()
    back = bunga("config", "unset", key, *folder)
    assert (back.returncode, "enabled" in data.auto_settings.read_text()) == (0, False)


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("plugins.gret.enabled", "no", "There is no plugin 'gret': did you mean greet?"),
        ("plugins.greet.enabled", "maybe", "plugins.greet.enabled: must be yes or no"),
    ],
)
def test_a_switch_of_no_plugin_or_to_no_state_is_refused(
    bunga: Bunga, data: DataFolder, key: str, value: str, why: str
) -> None:
    write_plugin(data, ENDS_ALL)
    done = bunga("config", "set", key, value, "--data", str(data.path))
    assert (done.returncode, why in done.stderr) == (1, True)
    assert not data.auto_settings.exists()


def test_what_is_set_without_a_server_is_checked_and_kept(bunga: Bunga, data: DataFolder) -> None:
    write_plugin(data, COUNTS)
    refused = bunga("plugins", "set", "greet", "count", "many", "--data", str(data.path))
    done = bunga("plugins", "set", "greet", "count", "-5", "--data", str(data.path))
    kept = bunga("config", "get", "plugins.greet.count", "--data", str(data.path))
    assert refused.returncode == 1
    assert "plugins.greet.count: must be a whole number" in refused.stderr
    assert done.stderr.startswith("plugins.greet.count is set. No server runs on ")
    assert (done.returncode, kept.stdout) == (0, "-5\n")


@pytest.mark.parametrize("command", ["info", "enable", "disable"])
def test_a_plugin_that_is_not_there_is_told_without_a_server(
    bunga: Bunga, data: DataFolder, command: str
) -> None:
    done = bunga("plugins", command, "galery", "--data", str(data.path))
    assert done.returncode == 1
    assert "There is no plugin 'galery': did you mean gallery?" in done.stderr


def test_settings_of_a_channel_are_known_only_to_a_server(bunga: Bunga, data: DataFolder) -> None:
    command = ("plugins", "info", "gallery", "--channel", "lobby")
    done = bunga(*command, "--data", str(data.path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: No server runs on ")


def test_help_of_a_plugins_commands_looks_like_that_of_ours(
    terminal: Terminal, data: DataFolder
) -> None:
    write_plugin(data, GREETS)
    ours = terminal("plugins", "-h")[1].splitlines()
    group = terminal("--data", str(data.path), "greet", "-h")[1].splitlines()
    below = terminal("--data", str(data.path), "greet", "more", "--help")[1].splitlines()
    for shown in (group, below):
        assert shown[0].startswith("Usage: bunga greet ")
        assert "  -h, --help  Show this message and exit." in shown
        assert {"Options:", "Commands:"} <= {*ours} & {*shown}
