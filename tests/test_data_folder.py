"""The data folder: who may see it, who may use it, and what is left when a server ends."""

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bunga_cli.data_folder import LONGEST_SOCKET_PATH, DataFolder, RunningServer, write_private
from bunga_cli.errors import DataFolderError


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    return folder


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_flag_wins_over_the_environment_and_that_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"BUNGA_DATA": "/env"}

    assert DataFolder.find(Path("/flag"), environ).path == Path("/flag")
    assert DataFolder.find(None, environ).path == Path("/env")
    assert DataFolder.find(None, {}).path == tmp_path / "bunga-data"


def test_a_new_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "deep" / "data")

    data.create()

    assert [_mode(data.path), _mode(data.media), _mode(data.path / "secret")] == [
        *(0o700, 0o700, 0o600)
    ]


def test_the_secret_is_made_once_and_for_one_site(data: DataFolder, tmp_path: Path) -> None:
    secret = data.read_keyring().current
    data.create()
    other = DataFolder(tmp_path / "other")
    other.create()

    assert len(secret) == 64
    assert data.read_keyring().current == secret
    assert other.read_keyring().current != secret


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64, b"s" * 64 + b"\nbroken"])
def test_a_damaged_secret_is_told(data: DataFolder, content: bytes) -> None:
    (data.path / "secret").write_bytes(content)

    with pytest.raises(DataFolderError, match="secret is damaged; restore it from a backup"):
        data.read_keyring()


def test_the_secrets_are_kept_for_the_owner_alone(data: DataFolder) -> None:
    until = datetime(2030, 1, 1, tzinfo=UTC)
    keyring = data.read_keyring().rotated("n" * 64, until, datetime(2026, 1, 1, tzinfo=UTC))

    data.write_keyring(keyring)

    assert data.read_keyring() == keyring
    assert data.read_keyring().current == "n" * 64
    assert _mode(data.path / "secret") == 0o600
    assert [path.name for path in data.path.glob("*secret*")] == ["secret"]


def test_a_file_in_the_folders_place_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("precious")

    for place in (path, path / "below"):
        with pytest.raises(DataFolderError, match="a file is in the way"):
            DataFolder(place).create()

    assert path.read_text() == "precious"


def test_a_folder_that_cannot_be_made_is_told() -> None:
    with pytest.raises(DataFolderError, match="cannot be made or written to"):
        DataFolder(Path("/proc/bunga-data" if Path("/proc").exists() else "/dev/x")).create()


def test_a_second_server_is_kept_off_and_told_of_the_first(data: DataFolder) -> None:
    program = (
        "from pathlib import Path; from bunga_cli.data_folder import DataFolder\n"
        f"with DataFolder(Path({str(data.path)!r})).lock(): pass"
    )
    command = [sys.executable, "-c", program]

    with data.lock():
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
    allowed = subprocess.run(command, capture_output=True, text=True, check=False)

    assert f"Another server (process {os.getpid()}) already serves {data.path}" in refused.stderr
    assert allowed.returncode == 0


def test_a_lock_in_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(DataFolderError, match="cannot be written to: No such file"),
        DataFolder(tmp_path / "absent").lock(),
    ):
        pytest.fail("it was locked")


def test_a_running_server_is_found_until_it_ends(data: DataFolder) -> None:
    with data.control_socket() as socket, data.announced(socket, "http://b.example"):
        assert data.read_running() == RunningServer(os.getpid(), socket, "http://b.example")
        assert _mode(data.path / "run.json") == 0o600

    assert data.read_running() is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": "x", "socket": "", "url": ""}'])
def test_a_damaged_announcement_is_told(data: DataFolder, content: str) -> None:
    (data.path / "run.json").write_text(content)

    with pytest.raises(DataFolderError, match=r"run\.json cannot be read"):
        data.read_running()


def test_the_control_socket_replaces_a_dead_servers_and_goes_at_the_end(data: DataFolder) -> None:
    (data.path / "bunga.sock").write_text("left over")

    with data.control_socket() as socket:
        assert socket == data.path / "bunga.sock"
        assert not socket.exists()
        socket.touch()

    assert not socket.exists()


def test_a_path_too_long_for_a_socket_is_replaced_by_a_private_short_one(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / ("x" * LONGEST_SOCKET_PATH))
    data.create()

    with data.control_socket() as socket:
        assert len(os.fsencode(socket)) <= LONGEST_SOCKET_PATH
        assert _mode(socket.parent) == 0o700

    assert not socket.parent.exists()


def test_a_private_file_is_replaced_wholly_or_not_at_all(data: DataFolder) -> None:
    path = data.path / "file"
    write_private(path, "before")

    with pytest.raises(UnicodeEncodeError):
        write_private(path, "\ud800")

    assert path.read_text() == "before"
    assert [p.name for p in data.path.iterdir() if p.name.startswith(".")] == []
