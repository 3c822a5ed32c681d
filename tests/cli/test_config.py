"""`bunga config`, with a server and without."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bunga_cli.data_folder import DataFolder
from bunga_cli.settings.keys import keys
from bunga_cli.settings.secrets import MASK
from tests.cli.conftest import Bunga, StandIn, Terminal

ROOT = Path(__file__).parents[2]
ROW: dict[str, Any] = {
    "key": "sync.max_wait",
    "value": "5s",
    "text": "5s",
    "default": "20s",
    "default_text": "20s",
    "origin": "/data/bunga.auto.toml",
    "is_changed": True,
    "is_secret": False,
    "help": "How long one watcher may keep a room waiting in any minute.",
    "kind": "duration",
    "choices": [],
    "applies": "at_once",
    "needs_restart": False,
    "pending_restart": False,
    "fixed_by": None,
    "problem": "",
}
DEFAULT = {**ROW, "key": "site.name", "value": "Bunga", "text": "Bunga", "origin": "default"}
DEFAULT["is_changed"] = False
FILES = {"operator": "/etc/bunga.toml", "auto": "/data/bunga.auto.toml"}
OFFLINE = "No server runs on "
CONFLICT = "server.port is set by BUNGA_SERVER__PORT of the server, which wins."


@pytest.fixture
def listed(server: StandIn) -> StandIn:
    server.answer("GET /api/v1/settings", {"settings": [ROW, DEFAULT], "files": FILES})
    server.answer("GET /api/v1/settings/sync.max_wait", ROW)
    return server


def _written(data: DataFolder) -> dict[str, Any]:
    return tomllib.loads(data.auto_settings.read_text("utf-8"))


# -- with a server ----------------------------------------------------------------------------


def test_the_settings_of_a_server_are_listed(bunga: Bunga, listed: StandIn) -> None:
    done = bunga("config", "list", "--data", str(listed.data.path))

    rows = [line.split(maxsplit=3) for line in done.stdout.splitlines()]
    assert rows == [
        ["KEY", "VALUE", "ORIGIN", "MEANING"],
        ["sync.max_wait", "5s", "bunga.auto.toml", ROW["help"]],
        ["site.name", "Bunga", "default", ROW["help"]],
    ]
    assert (done.returncode, done.stderr) == (0, "")


def test_only_what_was_changed_is_listed(bunga: Bunga, listed: StandIn) -> None:
    done = bunga("config", "list", "--changed", "--json", "--data", str(listed.data.path))

    assert json.loads(done.stdout) == [ROW]


def test_a_value_that_waits_or_is_a_problem_says_so(bunga: Bunga, server: StandIn) -> None:
    rows = [{**ROW, "pending_restart": True}, {**DEFAULT, "problem": "It is broken."}]
    server.answer("GET /api/v1/settings", {"settings": rows, "files": FILES})

    done = bunga("config", "list", "--changed", "--data", str(server.data.path))

    assert "5s (after a restart)" in done.stdout
    assert done.stderr == "Warning: It is broken.\n"


def test_the_list_fits_into_a_terminal(listed: StandIn, terminal: Terminal) -> None:
    code, printed = terminal("config", "list", "--data", str(listed.data.path))

    assert code == 0
    assert max(map(len, printed.splitlines())) <= 80


def test_one_setting_is_got(bunga: Bunga, listed: StandIn) -> None:
    data = str(listed.data.path)

    assert bunga("config", "get", "sync.max_wait", "--data", data).stdout == "5s\n"
    done = bunga("config", "get", "sync.max_wait", "--json", "--data", data)
    assert json.loads(done.stdout) == ROW


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (ROW, "sync.max_wait is 5s.\n"),
        ({**ROW, "applies": "restart", "needs_restart": True}, "sync.max_wait is 5s.\n"),
        ({**ROW, "pending_restart": True}, "is 5s. It counts after a restart of the server.\n"),
        ({**ROW, "applies": "new_connections"}, "is 5s. It counts for new connections.\n"),
        ({**ROW, "text": ""}, "sync.max_wait is empty.\n"),
    ],
)
def test_what_is_set_says_when_it_counts(
    bunga: Bunga, server: StandIn, row: dict[str, Any], told: str
) -> None:
    server.answer("PATCH /api/v1/settings", {"settings": [row], "restart": []})

    done = bunga("config", "set", "sync.max_wait", "5s", "--data", str(server.data.path))

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith(told)
    assert server.requests == [("PATCH /api/v1/settings", {"sync.max_wait": "5s"})]


def test_a_secret_is_read_from_stdin_and_not_shown(bunga: Bunga, server: StandIn) -> None:
    secret = {**ROW, "key": "plugins.a.key", "value": MASK, "text": MASK, "is_secret": True}
    server.answer("PATCH /api/v1/settings", {"settings": [secret], "restart": []})
    command = ("config", "set", "plugins.a.key", "--data", str(server.data.path))

    quiet = bunga(*command, "--stdin", stdin="s3cret\n")
    loud = bunga(*command, "s3cret")

    assert server.requests == 2 * [("PATCH /api/v1/settings", {"plugins.a.key": "s3cret"})]
    assert quiet.stderr == "plugins.a.key is set.\n"
    assert loud.stderr.splitlines()[1:] == [
        "The shell may remember it; --stdin keeps a secret out of its history."
    ]


def test_a_value_is_text(bunga: Bunga, data: DataFolder) -> None:
    done = bunga("config", "set", "site.name", "\udcff", "--data", str(data.path))

    assert (done.returncode, done.stderr) == (1, "Error: The value must be valid text.\n")


@pytest.mark.parametrize("arguments", [[], ["5s", "--stdin"]])
def test_a_value_comes_from_one_place(bunga: Bunga, arguments: list[str]) -> None:
    done = bunga("config", "set", "sync.max_wait", *arguments, stdin="5s\n")

    assert done.returncode == 2
    assert "Give the value, or --stdin." in done.stderr


def test_what_is_fixed_is_told(bunga: Bunga, server: StandIn) -> None:
    refusal = {"error": {"code": "conflict", "message": CONFLICT}}
    server.answer("PATCH /api/v1/settings", refusal, 409)

    done = bunga("config", "set", "server.port", "1", "--data", str(server.data.path))

    assert (done.returncode, done.stderr) == (1, f"Error: {CONFLICT}\n")
    assert not server.data.auto_settings.exists()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([ROW], "sync.max_wait is 5s again (bunga.auto.toml).\n"),
        ([], "sync.max_wait is taken out.\n"),
    ],
)
def test_what_is_unset_tells_what_counts_again(
    bunga: Bunga, server: StandIn, rows: list[dict[str, Any]], told: str
) -> None:
    server.answer("PATCH /api/v1/settings", {"settings": rows, "restart": []})

    done = bunga("config", "unset", "sync.max_wait", "--data", str(server.data.path))

    assert (done.returncode, done.stderr) == (0, told)
    assert server.requests == [("PATCH /api/v1/settings", {"sync.max_wait": None})]


def test_the_server_tells_its_files(bunga: Bunga, listed: StandIn) -> None:
    data = str(listed.data.path)

    assert json.loads(bunga("config", "path", "--json", "--data", data).stdout) == FILES
    shown = bunga("config", "path", "--data", data).stdout
    assert [line.split()[-1] for line in shown.splitlines()] == [*FILES.values()]


# -- without one ------------------------------------------------------------------------------


def test_without_a_server_everything_is_found_as_one_would(
    bunga: Bunga, data: DataFolder, tmp_path: Path
) -> None:
    (tmp_path / "bunga.toml").write_text('[site]\nname = "theirs"\n[plugins.alist]\nenabled = 0\n')

    done = bunga("config", "list", "--json", "--data", str(data.path), BUNGA_SERVER__PORT="9")

    rows = {row["key"]: row for row in json.loads(done.stdout)}
    assert [key for key in rows if not key.startswith("plugins.")] == keys()
    assert all(row.keys() == ROW.keys() for row in rows.values())
    assert (rows["site.name"]["value"], rows["site.name"]["origin"]) == ("theirs", "bunga.toml")
    assert (rows["server.port"]["value"], rows["server.port"]["fixed_by"]) == (
        9,
        "BUNGA_SERVER__PORT",
    )
    assert rows["plugins.gallery.timeout_s"]["kind"] == "number"
    assert rows["plugins.alist.enabled"]["value"] is False
    assert done.stderr.startswith(OFFLINE)


def test_without_a_server_settings_are_written_and_taken_back(
    bunga: Bunga, data: DataFolder
) -> None:
    folder = ("--data", str(data.path))

    first = bunga("config", "set", "sync.max_wait", "90", *folder)
    bunga("config", "set", "plugins.gallery.disabled_linkers", "a, b", *folder)

    assert first.stderr.startswith("sync.max_wait is 1m30s. No server runs on ")
    assert _written(data) == {
        "sync": {"max_wait": "1m30s"},
        "plugins": {"gallery": {"disabled_linkers": ["a", "b"]}},
    }
    assert bunga("config", "get", "plugins.gallery.disabled_linkers", *folder).stdout == "a, b\n"
    last = bunga("config", "unset", "sync.max_wait", *folder)
    assert last.stderr.startswith("sync.max_wait is 20s again (default). No server runs on ")
    assert [*_written(data)] == ["plugins"]


def test_settings_can_come_before_the_first_start(bunga: Bunga, tmp_path: Path) -> None:
    done = bunga("config", "set", "site.name", "Ours", "--data", "new")

    assert done.returncode == 0
    assert _written(DataFolder(tmp_path / "new")) == {"site": {"name": "Ours"}}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["set", "sync.max_wait", "soon"], "sync.max_wait: must be a duration, such as"),
        (["set", "sync.maxwait", "1s"], "sync.maxwait is unknown; did you mean sync.max_wait?"),
        (["set", "sync", "1s"], "sync is a table; its keys are sync.max_wait, "),
        (["set", "plugins.alits.host", "x"], "There is no plugin 'alits': did you mean alist?"),
        (["set", "plugins.alist.hots", "x"], "plugins.alist.hots is unknown; did you mean plug"),
        (["set", "plugins.gallery.timeout_s", "x"], "plugins.gallery.timeout_s: must be a number"),
        (["set", "server.port", "1"], "server.port is set by BUNGA_SERVER__PORT of the server,"),
        (["get", "sync.maxwait"], "sync.maxwait is unknown; did you mean sync.max_wait?"),
        (["get", "plugins.alits.host"], "There is no plugin 'alits': did you mean alist?"),
        (["unset", "sync.maxwait"], "sync.maxwait is unknown; did you mean sync.max_wait?"),
    ],
)
def test_without_a_server_what_is_wrong_changes_nothing(
    bunga: Bunga, data: DataFolder, arguments: list[str], problem: str
) -> None:
    done = bunga("config", *arguments, "--data", str(data.path), BUNGA_SERVER__PORT="9")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith(f"Error: {problem}")
    assert not data.auto_settings.exists()


def test_a_plugin_that_cannot_be_imported_is_a_warning(bunga: Bunga, data: DataFolder) -> None:
    folder = data.path / "plugins"
    folder.mkdir()
    (folder / "broken.py").write_text("raise RuntimeError('no luck')")
    (folder / "exits.py").write_text("import sys\nsys.exit(5)")
    (folder / "9lives.py").write_text("")

    done = bunga("config", "list", "--data", str(data.path))

    assert done.returncode == 0
    warnings = [line for line in done.stderr.splitlines() if line.startswith("Warning: ")]
    assert len(warnings) == 3
    assert all(f"of the plugin {name} are" in done.stderr for name in ("broken", "exits", "9lives"))
    refused = bunga("config", "set", "plugins.broken.x", "1", "--data", str(data.path))
    assert refused.returncode == 1
    assert "no luck" in refused.stderr


def test_a_broken_key_can_be_taken_out(bunga: Bunga, data: DataFolder) -> None:
    data.auto_settings.write_text('[server]\nprot = 1\nport = "x"\n[plugins.gone]\na = 1\n')
    folder = ("--data", str(data.path))

    assert bunga("config", "list", *folder).returncode == 1
    assert bunga("config", "unset", "site.name", *folder).returncode == 1
    assert bunga("config", "unset", "server.prot", *folder).returncode == 0
    assert bunga("config", "unset", "server.port", *folder).returncode == 0
    assert bunga("config", "unset", "plugins.gone.a", *folder).returncode == 0
    assert bunga("config", "check", *folder).returncode == 0
    assert data.auto_settings.read_text() == ""


def test_the_files_of_a_server_to_be(bunga: Bunga, data: DataFolder, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("")
    folder = ("--json", "--data", str(data.path))

    none = json.loads(bunga("config", "path", *folder).stdout)
    named = json.loads(bunga("config", "path", "--config", "other.toml", *folder).stdout)

    assert none == {"operator": None, "auto": str(data.auto_settings)}
    assert named == {"operator": str(other), "auto": str(data.auto_settings)}


# -- check and example ------------------------------------------------------------------------


def test_everything_wrong_is_told_at_once(bunga: Bunga, data: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "bunga.toml").write_text(
        '[server]\nprot = 1\n[plugins.alits]\nhost = ""\n'
        '[plugins.gallery]\ntimeout_s = "x"\n[plugins.agora]\nenabled = false\nx = 1\n'
        "[plugins.bilibili]\napi_rul = 1\n"
    )
    data.auto_settings.write_text('[log]\nlevel = "loud"\n')
    environ = {"BUNGA_SYNC__SILENCE": "1s", "BUNGA_PLUGINS__ALIST__HOST": "x"}

    done = bunga("config", "check", "--data", str(data.path), **environ)
    as_json = bunga("config", "check", "--json", "--data", str(data.path), **environ)

    assert (done.returncode, as_json.returncode) == (1, 1)
    lines = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["Error"] * len(lines)
    assert [re.split("; it is| such as", line)[0].removeprefix("Error: ") for line in lines] == [
        "bunga.toml: server.prot is unknown; did you mean server.port?",
        f"{data.auto_settings}: log.level: must be 'debug', 'info', 'warning' or 'error'",
        "BUNGA_SYNC__SILENCE: sync.silence: must be at least 2s",
        "bunga.toml: plugins.alits: there is no plugin 'alits'; did you mean plugins.alist?",
        "bunga.toml: plugins.gallery.timeout_s: must be a number",
        "bunga.toml: plugins.bilibili.api_rul is unknown; did you mean plugins.bilibili.api_url?",
        "BUNGA_PLUGINS__ALIST__HOST: plugins.alist.host: must be an address",
    ]
    answer = json.loads(as_json.stdout)
    assert answer["is_valid"] is False
    assert [f"Error: {problem}" for problem in answer["problems"]] == lines


def test_a_file_is_checked_in_place_of_the_operators(
    bunga: Bunga, data: DataFolder, tmp_path: Path
) -> None:
    (tmp_path / "bunga.toml").write_text("[server]\nport = -1\n")
    (tmp_path / "good.toml").write_text("[server]\nport = 1\n")
    folder = ("--data", str(data.path))

    good = bunga("config", "check", "good.toml", *folder)
    assert (good.returncode, good.stdout, good.stderr) == (0, "", "The settings are valid.\n")
    missing = bunga("config", "check", "none.toml", *folder)
    assert (missing.returncode, missing.stderr) == (
        1,
        "Error: none.toml cannot be read: No such file or directory.\n",
    )
    as_json = bunga("config", "check", "good.toml", "--json", *folder)
    assert json.loads(as_json.stdout) == {"is_valid": True, "problems": []}


def test_no_command_is_cut_off_in_the_help(bunga: Bunga) -> None:
    shown = bunga("config", "--help", COLUMNS="80").stdout

    assert "Commands:" in shown
    assert "..." not in shown.partition("Commands:")[2]


def test_the_example_is_the_one_in_the_repository(bunga: Bunga) -> None:
    assert bunga("config", "example").stdout == (ROOT / "bunga.example.toml").read_text("utf-8")


def test_the_example_is_a_valid_file(bunga: Bunga, data: DataFolder, tmp_path: Path) -> None:
    example = bunga("config", "example").stdout.partition("\n\n")[2]
    (tmp_path / "bunga.toml").write_text(re.sub("(?m)^# (?=[a-z_]+ = )", "", example))

    done = bunga("config", "check", "--data", str(data.path))

    assert (done.returncode, done.stderr) == (0, "The settings are valid.\n")
