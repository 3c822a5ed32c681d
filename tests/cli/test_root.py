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
from tests.cli.conftest import Bunga


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
        ["admins", "list"],
    ],
)
def test_a_command_that_needs_the_server_says_that_none_runs(
    bunga: Bunga, data: DataFolder, command: list[str]
) -> None:
    done = bunga(*command, "--data", str(data.path))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Error: No server runs on {data.path}; start one with: bunga serve\n"


@pytest.mark.parametrize("noun", ["channels", "rooms"])
def test_reading_where_there_is_no_site_says_so_and_makes_nothing(
    bunga: Bunga, tmp_path: Path, noun: str
) -> None:
    done = bunga(noun, "list")

    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: There is no site in {tmp_path}/bunga-data;")
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
                _, stderr = process.communicate(timeout=30)

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
    done = bunga("serve", "--port", "70000", BUNGA_SYNC__MAX_WAIT="soon")

    assert "command line: server.port: must be less than or equal to 65535" in done.stderr
    assert "BUNGA_SYNC__MAX_WAIT: sync.max_wait: must be a duration" in done.stderr


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


def test_json_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    output.document({"name": "观影\x9b"})

    printed = capsys.readouterr().out
    assert printed.isascii()
    assert json.loads(printed) == {"name": "观影\x9b"}
