"""`bunga plugins`: which there are, how they are, and switching them."""

import json

import pytest

from tests.cli.conftest import Bunga, StandIn, Terminal
from tests.cli.plugin_examples import ALIST, CHECK, HOST, SETTINGS


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
