"""The command line as such: help, typos, failures, and what happens without a server."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bunga_cli import __version__
from bunga_cli.cli import output
from bunga_cli.data_folder import DataFolder
from tests.cli.conftest import Bunga, Terminal


def test_the_command_alone_shows_help(bunga: Bunga) -> None:
    done = bunga()

    assert done.returncode == 0
    assert "Usage: bunga" in done.stdout
    assert "channels" in done.stdout


def test_the_version_is_shown(bunga: Bunga) -> None:
    assert bunga("--version").stdout == f"bunga {__version__}\n"


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        (["chanels", "list"], "channels"),
        (["rooms", "shwo"], "show"),
        (["serve", "--hst"], "--host"),
    ],
)
def test_a_typo_gets_a_suggestion(bunga: Bunga, typo: list[str], meant: str) -> None:
    done = bunga(*typo)

    assert done.returncode == 2
    assert meant in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("place", [[], ["channels"], ["channels", "set"], ["serve"]])
def test_help_imports_no_server_and_no_client(bunga: Bunga, place: list[str]) -> None:
    done = bunga(*place, "--help", PYTHONPROFILEIMPORTTIME="1")

    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "bunga_cli.cli.root" in imported
    assert not {"fastapi", "uvicorn", "httpx2", "sqlalchemy", "bunga_cli.settings"} & imported


@pytest.mark.parametrize(
    "command",
    [
        ["channels", "create", "x"],
        ["channels", "set", "x", "name", "y"],
        ["channels", "delete", "x", "--yes"],
        ["rooms", "reset", "x"],
        ["channels", "delete", "x"],
        ["admins", "delete", "ann", "--yes"],
        ["accounts", "ban", "ann"],
        ["tokens", "issue", "--account", "ann"],
        ["tokens", "revoke", "--all", "--yes"],
    ],
)
def test_a_command_that_needs_the_server_says_that_none_runs(
    bunga: Bunga, data: DataFolder, command: list[str]
) -> None:
    done = bunga(*command, "--data", str(data.path), stdin="a password\n")

    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == f"Error: No server runs on {data.path}; start one with: bunga --data {data.path} serve\n"
    )


@pytest.mark.parametrize("noun", ["channels", "rooms", "admins"])
def test_reading_where_there_is_no_server_data_says_so_and_makes_nothing(
    bunga: Bunga, tmp_path: Path, noun: str
) -> None:
    done = bunga(noun, "list")

    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: There is no server data in {tmp_path}/bunga-data;")
    assert not (tmp_path / "bunga-data").exists()


def test_a_server_that_died_is_no_server(bunga: Bunga, data: DataFolder) -> None:
    with data.control_socket() as path, data.announced(path, "http://x"):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
        done = bunga("rooms", "reset", "x", "--data", str(data.path))

    assert done.stderr.startswith("Error: No server runs on ")


def test_a_defect_shows_no_traceback_unless_asked(bunga: Bunga, data: DataFolder) -> None:
    (data.path / "run.json").write_text("[]")
    command = ("rooms", "reset", "x", "--data", str(data.path))

    plain, debugged = bunga(*command), bunga("--debug", *command)
    by_environment = bunga(*command, BUNGA_DEBUG="1")

    assert plain.stderr.startswith("Error: ")
    assert len(plain.stderr.splitlines()) == 1
    assert "Traceback" in debugged.stderr
    assert "Traceback" in by_environment.stderr
    assert plain.returncode == debugged.returncode == 1


def test_an_interrupted_command_exits_with_130(data: DataFolder) -> None:
    with data.control_socket() as path, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with data.announced(path, "http://x"):
            command = [sys.executable, "-m", "bunga_cli", "rooms", "list"]
            env = {**os.environ, "BUNGA_DATA": str(data.path)}
            with (
                subprocess.Popen(command, env=env, stderr=subprocess.PIPE) as process,
                listener.accept()[0] as connection,
            ):
                connection.recv(1)  # it waits for an answer now
                process.send_signal(signal.SIGINT)
                _, stderr = process.communicate(timeout=60)

    assert process.returncode == 130
    assert b"Traceback" not in stderr


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("[server]\nprt = 1", "bunga.toml: server.prt is unknown; did you mean server.port?"),
        ("[server", "bunga.toml is no valid TOML"),
    ],
)
def test_a_broken_settings_file_is_told_and_nothing_is_made(
    bunga: Bunga, tmp_path: Path, toml: str, complaint: str
) -> None:
    (tmp_path / "bunga.toml").write_text(toml)

    done = bunga("serve")

    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {complaint}")
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bunga.toml"]


def test_all_that_is_wrong_is_told_at_once(bunga: Bunga) -> None:
    done = bunga("serve", BUNGA_SERVER__PORT="70000", BUNGA_SYNC__MAX_WAIT="soon")

    first, second = done.stderr.splitlines()
    assert first.startswith("Error: BUNGA_SERVER__PORT: server.port: must be at most 65535")
    assert second.startswith("Error: BUNGA_SYNC__MAX_WAIT: sync.max_wait: must be a duration")


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_a_port_that_cannot_be_is_wrong_usage(bunga: Bunga, tmp_path: Path, port: str) -> None:
    done = bunga("serve", "--port", port)

    assert done.returncode == 2
    assert "Invalid value for '--port'" in done.stderr
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    "place",
    [
        [],
        *([noun] for noun in ("channels", "rooms", "admins", "accounts", "tokens", "secret")),
        ["plugins"],
        ["config"],
    ],
)
def test_no_line_of_the_list_of_commands_is_cut_off(bunga: Bunga, place: list[str]) -> None:
    shown = bunga(*place, "--help", COLUMNS="80").stdout

    assert "Commands:" in shown
    assert "..." not in shown.partition("Commands:")[2]


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "from bunga_cli.cli import output; output.fields({'id': 'x'})"
    assert "\033[1m" in _in_terminal(program, {})
    assert "\033" not in _in_terminal(program, {"NO_COLOR": "1"})


def _in_terminal(program: str, env: dict[str, str]) -> str:
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", program], stdout=theirs, env={**os.environ, **env}, check=True
    )
    os.close(theirs)
    printed = os.read(ours, 1000).decode()
    os.close(ours)
    return printed


def test_wide_characters_keep_the_columns(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("NAME", "N"), [("观影", 1), ("ab", 2)])

    assert capsys.readouterr().out.splitlines() == ["NAME  N", "观影  1", "ab    2"]


NAME = {"name": "观影\u3000é\x7f\x9b\u202e\U000e0001\ud800\n"}


def test_json_is_readable_and_cannot_command_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.document(NAME)

    printed = capsys.readouterr().out
    assert '"观影\u3000é\\u007f\\u009b\\u202e\\udb40\\udc01\\ud800\\n"' in printed
    assert json.loads(printed) == NAME


def test_json_is_ascii_where_stdout_is_not_utf_8(bunga: Bunga) -> None:
    program = f"from bunga_cli.cli import output; output.document({NAME!a})"
    env = {**os.environ, "PYTHONIOENCODING": "latin-1"}

    printed = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, check=True
    ).stdout

    assert json.loads(printed.decode("ascii")) == NAME


@pytest.mark.parametrize("command", [[], ["--version"], ["--help"], ["serve", "--help"]])
def test_a_full_disk_is_told_in_one_line(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = _printing_to(full.fileno(), command)

    assert done.returncode == 1
    assert done.stderr == "Error: The output cannot be written: No space left on device.\n"


def test_a_reader_that_has_enough_is_no_failure_to_talk_about() -> None:
    reader, writer = os.pipe()
    os.close(reader)

    done = _printing_to(writer, ["--version"])
    os.close(writer)

    assert (done.returncode, done.stderr) == (1, "")


def _printing_to(stdout: int, command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bunga_cli", *command],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


def test_an_error_breaks_between_words_in_a_terminal(terminal: Terminal, tmp_path: Path) -> None:
    _, told = terminal("rooms", "reset", "x", "--data", str(tmp_path), columns=40)

    lines = told.splitlines()
    assert lines[0] == "Error: No server runs on"
    assert lines[1:] == [
        f"       {tmp_path};",
        "       start one with: bunga --data",
        f"       {tmp_path}",
        "       serve",
    ]


@pytest.mark.parametrize(("room", "lines"), [(1, 2), (8, 2), (9, 1)])
def test_a_question_and_its_answer_are_not_broken_by_the_edge_of_the_terminal(
    terminal: Terminal, data: DataFolder, room: int, lines: int
) -> None:
    question = "Make all tokens invalid? Everybody is disconnected and has to register again."
    columns = len(question) + room
    command = ("secret", "rotate", "--overlap", "0s", "--data", str(data.path))

    code, told = terminal(*command, typed="n\n", columns=columns)

    asked = told[told.index("Make all") : told.index("[y/N]: ")]
    shown = f"{asked}[y/N]: n".splitlines()
    assert (code, len(shown)) == (1, lines)
    assert max(map(len, shown)) <= columns


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["serve", "--port", "http"], "'--port': it must be a whole number, and http is not."),
        (["tokens", "issue", "--scope", "rooms:contrl"], "did you mean rooms:control?"),
        (["channels", "create", "--id", "x"], "Error: No such option: --id"),
        (["channels", "list", "--jsn"], "Error: No such option: --jsn; did you mean --json?"),
        (["completion"], "Missing argument 'SHELL': one of bash, zsh, fish"),
        (["channels", "list", "--server", "x"], "--server stands before the command"),
        (["--json", "channels", "list"], "--json stands behind the command"),
        (["tokens", "issue"], "--account"),
        (["tokens", "issue", "--kind", "api"], "rooms:read, rooms:control"),
    ],
)
def test_wrong_usage_is_told_in_our_words(bunga: Bunga, command: list[str], said: str) -> None:
    done = bunga(*command)

    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].endswith(said) or not said.startswith("Error: ")


def test_a_file_in_place_of_the_folder_is_told(bunga: Bunga) -> None:
    done = bunga("--data", "/dev/null", "channels", "list")

    assert done.stderr.startswith("Error: /dev/null is no folder;")


def test_a_path_in_advice_has_no_detours(bunga: Bunga, tmp_path: Path) -> None:
    done = bunga("--data", "q/../r", "rooms", "reset", "x")

    assert done.stderr.endswith(f"start one with: bunga --data {tmp_path.resolve()}/r serve\n")
