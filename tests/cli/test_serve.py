"""`bunga serve` as a process, and the commands against it, alive and gone."""

import asyncio
import errno
import json
import logging
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bunga_cli.cli import facts, serve
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import DatabaseError, PortError
from bunga_cli.listening import Addresses, listen_tcp
from bunga_cli.logs import set_up_logging
from bunga_cli.settings import LogSettings
from bunga_cli.store import Store, migrations, revision
from bunga_cli.sync.snapshot import RoomSnapshot
from bunga_cli.sync.values import Projection, User, VideoRecord
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
    process.communicate(timeout=60)
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
    assert bunga("channels", "set", "a/b c", "reconnect_grace", "1m30s").returncode == 0
    shown = json.loads(bunga("channels", "show", "a/b c", "--json").stdout)
    assert (
        shown.items()
        >= {
            "id": "a/b c",
            "name": "Film",
            "allow_new_client": False,
            "on_join": "continue",
            "max_wait_us": None,
            "reconnect_grace_us": 90_000_000,
            "shows_room": False,
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
    bunga("channels", "create", "film", "--max-wait", "10s", "--shows-room")
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
    assert "Error: There is no channel 'nix': " in bunga("channels", "show", "nix").stderr


@pytest.mark.parametrize("command", [("admins", "list"), ("rooms", "show", "lobby")])
def test_admins_and_an_empty_room_are_the_same_without_the_server(
    serving: subprocess.Popen[str], bunga: Bunga, command: tuple[str, ...]
) -> None:
    bunga("admins", "create", "ann", "--stdin", stdin="a long password\n")
    alive = bunga(*command, "--json")
    serving.terminate()
    _ended(serving)

    gone = bunga(*command, "--json")

    assert (gone.returncode, json.loads(gone.stdout)) == (0, json.loads(alive.stdout))
    assert "There is no channel 'x'" in bunga("rooms", "show", "x").stderr


def test_the_address_for_players_is_known_while_the_server_runs_or_when_it_is_set(
    bunga: Bunga, folder: DataFolder
) -> None:
    asyncio.run(_make_channel(folder, "film"))
    address = "https://bunga.example.org/api/channels/film/register/"

    unknown, unknown_json = _shown(bunga)
    known, known_json = _shown(bunga, BUNGA_SERVER__PUBLIC_URL="https://bunga.example.org/")

    assert " ".join(unknown.split()).endswith("for players (known while the server runs)")
    assert unknown_json["register_url"] is None
    assert known.splitlines()[-1].split() == ["for", "players", address]
    assert known_json["register_url"] == address


def _shown(bunga: Bunga, **env: str) -> tuple[str, dict[str, object]]:
    command = ("channels", "show", "film")
    shown = json.loads(bunga(*command, "--json", **env).stdout)
    return bunga(*command, **env).stdout.strip(), shown


async def _make_channel(folder: DataFolder, channel_id: str) -> None:
    folder.create()
    store = await Store.open(folder.database)
    await store.channels.create(channel_id, "Film")
    await store.close()


def test_reading_upgrades_no_database(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(_make_channel(folder, "film"))
    before = folder.database.read_bytes()
    for module in (migrations, revision):
        monkeypatch.setattr(module, "REVISIONS", (*migrations.REVISIONS, "9999"))

    with pytest.raises(DatabaseError, match="older version: start the server once to upgrade it"):
        facts.read(folder, "channels")

    assert folder.database.read_bytes() == before


def test_a_second_server_on_the_same_folder_is_told_of_the_first(
    serving: subprocess.Popen[str], bunga: Bunga
) -> None:
    done = bunga("serve", "--port", "0")

    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: Another server (process {serving.pid}) already serves ")
    assert len(done.stderr.splitlines()) == 1
    assert bunga("channels", "list").stderr == ""


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EADDRINUSE, "; stop what uses it, or choose another one with --port."),
        (errno.EADDRNOTAVAIL, "; this machine has no such address; choose one with --host."),
        (errno.EACCES, "; ports below 1024 are for root; choose another one with --port."),
        (errno.ENOBUFS, "; choose another one with --host or --port."),
    ],
)
def test_what_to_do_about_an_address_depends_on_why_it_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", refuse)

    with pytest.raises(PortError, match=f"{re.escape(advice)}$"):
        listen_tcp("127.0.0.1", 80)


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


@contextmanager
def _started(cwd: Path, *flags: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bunga_cli", "serve", "--host", "127.0.0.1", "--port", "0"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*command, *flags], cwd=cwd, env=env, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _told_until(process: subprocess.Popen[str], last: str) -> list[str]:
    assert process.stderr
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line.rstrip("\n"))
        if last in line:
            break
    return lines


def test_a_start_and_an_end_are_told_to_a_person(tmp_path: Path) -> None:
    told, ends = [], []
    for _ in range(2):
        with _started(tmp_path, "--log-level", "warning") as process:
            told.append(_told_until(process, "Ctrl-C"))
            process.send_signal(signal.SIGINT)
            ends.append(process.communicate(timeout=60)[1])

    first, second = told
    labels = ["Paste into the player", "Homepage", "Console"]
    assert first[:2] == [f"New data folder: {tmp_path / 'bunga-data'}", ""]
    for lines in (first[2:], second):
        assert [line.partition(":")[0] for line in lines[:3]] == labels
        blank, question, link, *rest = lines[3:]
        assert (blank, rest) == ("", ["", "Ctrl-C stops the server."])
        assert question == "There is no admin yet. Whoever opens this link first becomes one:"
        assert re.fullmatch(r"  http://127\.0\.0\.1:\d+/console/first-run\?key=\S{32}", link)
    assert ends == ["Stopped.\n", "Stopped.\n"]


def test_a_start_and_an_end_are_told_to_a_program_as_json(tmp_path: Path) -> None:
    with _started(tmp_path, "--log-format", "json") as process:
        told = [json.loads(line) for line in _told_until(process, "register_url")]
        process.send_signal(signal.SIGTERM)
        end = process.communicate(timeout=60)[1]

    homepage = told[-1]["homepage"]
    assert told[-1]["register_url"] == f"{homepage}api/channels/lobby/register/"
    assert told[-1]["console"] == f"{homepage}console"
    assert json.loads(end.splitlines()[-1])["message"] == "Stopped."


def test_a_closed_lobby_and_other_channels_are_mentioned(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = Addresses("http://x/", "http://x/console", "http://x/r/", is_closed=True, has_more=True)

    serve.announce(found)

    assert capsys.readouterr().err.splitlines() == [
        "Paste into the player:  http://x/r/  (closed to new players)",
        "Other channels:         bunga channels list",
        "Homepage:               http://x/",
        "Console:                http://x/console",
        "Ctrl-C stops the server.",
    ]


def test_the_database_library_is_silent_even_at_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    root, library = logging.getLogger(), logging.getLogger("aiosqlite")
    monkeypatch.setattr(root, "handlers", [*root.handlers])
    before = root.level, library.level

    set_up_logging(LogSettings(level="debug"))
    levels = root.level, library.level
    root.setLevel(before[0])
    library.setLevel(before[1])

    assert levels == (logging.DEBUG, logging.WARNING)


def test_a_room_that_was_playing_is_shown_where_its_server_was_last_seen(
    bunga: Bunga, folder: DataFolder
) -> None:
    asyncio.run(_make_playing_room(folder))

    (listed,) = json.loads(bunga("rooms", "list", "--json").stdout)
    shown = json.loads(bunga("rooms", "show", "film", "--json").stdout)

    assert (listed["play_state"], listed["position_us"]) == ("paused", 13_000_000)
    assert shown == listed


async def _make_playing_room(folder: DataFolder) -> None:
    await _make_channel(folder, "film")
    video = VideoRecord("r1", "Sintel", None, "http", "https://example.org/sintel.mp4")
    playing = RoomSnapshot(
        channel_id="film",
        projection=Projection(video, User("ann", "Ann", 10)),
        position_us=5_000_000,
        rate=1,
        at_us=2_000_000,
        watchers=(),
    )
    store = await Store.open(folder.database)
    await store.rooms.save([playing], "one process")
    await store.rooms.beat("one process", 10_000_000)
    await store.close()
