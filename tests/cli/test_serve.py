"""`bunga serve` as a process, and the commands against it, alive and gone."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bunga_cli.data_folder import DataFolder
from bunga_cli.store import Store
from tests.cli.conftest import Bunga

ROOT = Path(__file__).parents[2]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A server on `bunga-data` in the folder where the commands run, when it listens."""
    command = [sys.executable, "-m", "bunga_cli", "serve", "--host", "127.0.0.1", "--port", "0"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if "Console" in line:
                break
        yield process
        process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "bunga-data")


def _ended(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=20)
    return process.returncode


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_and_what_it_announced(
    serving: subprocess.Popen[str], folder: DataFolder, sign: signal.Signals
) -> None:
    assert folder.read_running()

    serving.send_signal(sign)

    assert _ended(serving) == 0
    assert folder.read_running() is None
    assert not (folder.path / "bunga.sock").exists()


def test_all_that_the_server_makes_is_for_its_owner_alone(
    serving: subprocess.Popen[str], folder: DataFolder
) -> None:
    modes = {p.name: p.stat().st_mode & 0o077 for p in (folder.path, *folder.path.rglob("*"))}

    assert {"bunga-data", "bunga.db", "secret", "bunga.sock", "run.json", "media"} <= modes.keys()
    assert set(modes.values()) == {0}


def test_the_commands_manage_the_running_server(
    serving: subprocess.Popen[str], bunga: Bunga
) -> None:
    assert bunga("channels", "create", "a/b c", "--name", "Film", "--closed").returncode == 0
    assert bunga("channels", "set", "a/b c", "on_join", "continue").returncode == 0
    shown = json.loads(bunga("channels", "show", "a/b c", "--json").stdout)
    assert (
        shown.items()
        >= {
            "id": "a/b c",
            "name": "Film",
            "allow_new_client": False,
            "on_join": "continue",
            "members": 0,
        }.items()
    )
    assert bunga("rooms", "reset", "a/b c").returncode == 0
    assert json.loads(bunga("rooms", "list", "--json").stdout) == []
    assert bunga("rooms", "show", "a/b c").returncode == 0
    assert bunga("channels", "delete", "a/b c", "--yes").returncode == 0
    assert "There is no channel 'a/b c'" in bunga("channels", "show", "a/b c").stderr

    assert bunga("admins", "create", "ann", "--stdin", stdin="a long password\n").returncode == 0
    (admin,) = json.loads(bunga("admins", "list", "--json").stdout)
    assert admin["username"] == "ann"


def test_the_commands_that_read_answer_the_same_without_the_server(
    serving: subprocess.Popen[str], bunga: Bunga
) -> None:
    bunga("channels", "create", "film")
    alive = bunga("channels", "list", "--json")
    serving.terminate()
    _ended(serving)

    gone = bunga("channels", "list", "--json")
    shown = bunga("channels", "show", "film")

    assert alive.stderr == ""
    assert "No server runs on" in gone.stderr
    assert json.loads(gone.stdout) == json.loads(alive.stdout)
    assert (shown.returncode, shown.stdout.splitlines()[0].split()) == (0, ["id", "film"])
    assert bunga("rooms", "list").returncode == 0
    assert bunga("channels", "show", "nix").stderr.endswith("Error: There is no channel nix.\n")


def test_a_second_server_on_the_same_folder_is_told_of_the_first(
    serving: subprocess.Popen[str], bunga: Bunga
) -> None:
    done = bunga("serve", "--port", "0")

    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: Another server (process {serving.pid}) already serves ")
    assert len(done.stderr.splitlines()) == 1
    assert bunga("channels", "list").stderr == ""


def test_a_taken_port_is_told_and_nothing_is_made(bunga: Bunga, folder: DataFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = bunga("serve", "--host", "127.0.0.1", "--port", port)

    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: Cannot listen on 127.0.0.1 port {port}: ")
    assert len(done.stderr.splitlines()) == 1
    assert not folder.path.exists()


def test_a_file_in_the_folders_place_is_told(bunga: Bunga, folder: DataFolder) -> None:
    folder.path.write_text("precious")

    done = bunga("serve", "--port", "0")

    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1
    assert folder.path.read_text() == "precious"


def test_a_database_of_a_newer_version_is_told_and_stays_as_it_is(
    bunga: Bunga, folder: DataFolder
) -> None:
    folder.create()
    asyncio.run(_make_newer(folder))
    before = {path: path.read_bytes() for path in folder.path.iterdir() if path.is_file()}

    done = bunga("serve", "--host", "127.0.0.1", "--port", "0")

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "newer version" in done.stderr
    assert {path: path.read_bytes() for path in folder.path.iterdir() if path.is_file()} == before


async def _make_newer(folder: DataFolder) -> None:
    store = await Store.open(folder.database)
    await store.close()
    with closing(sqlite3.connect(folder.database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


def test_a_folder_that_cannot_be_made_is_told(bunga: Bunga) -> None:
    done = bunga("serve", "--host", "127.0.0.1", "--port", "0", "--data", "/proc/nowhere/data")

    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "/proc/nowhere/data" in done.stderr


def test_every_start_prints_what_a_person_needs_next(
    serving: subprocess.Popen[str], folder: DataFolder, bunga: Bunga
) -> None:
    running = folder.read_running()
    assert running
    shown = bunga("channels", "show", "lobby").stdout
    assert f"{running.url}api/channels/lobby/register/" in shown
    for path in ("", "console", "healthz", "api/docs"):
        with urllib.request.urlopen(running.url + path) as answer:
            assert answer.status == 200
