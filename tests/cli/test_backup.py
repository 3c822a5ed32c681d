"""`bunga backup` and `bunga restore`, as a person uses them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bunga_cli import __version__
from bunga_cli.data_folder import DataFolder
from bunga_cli.store.migrations import REVISIONS
from tests.backups import contents, make_site, unpacked
from tests.cli.conftest import Bunga, StandIn, Terminal


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return make_site(tmp_path / "bunga-data")


def test_a_site_is_backed_up_and_restored(bunga: Bunga, folder: DataFolder, tmp_path: Path) -> None:
    made = bunga("backup", "site.tar.gz")
    assert made.returncode == 0, made.stderr
    assert made.stdout == ""
    assert f"{tmp_path}/site.tar.gz holds the site: 7 files" in made.stderr

    restored = bunga("restore", "site.tar.gz", "--data", "new")
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout == ""
    assert f"{tmp_path}/new is the site as it was on " in restored.stderr
    assert f"`bunga --data {tmp_path}/new serve` starts it." in restored.stderr
    assert contents(tmp_path / "new") == contents(folder.path)


def test_programs_are_told_in_json(bunga: Bunga, folder: DataFolder, tmp_path: Path) -> None:
    made = json.loads(bunga("backup", "site.tar.gz", "--json").stdout)
    assert made.pop("size_bytes") == (tmp_path / "site.tar.gz").stat().st_size
    created_at = made.pop("created_at")
    facts = {"bunga_version": __version__, "schema_revision": REVISIONS[-1], "files": 7}
    left_out = {"missing_uploads": 0, "skipped_links": 0, "locked_databases": []}
    assert made == {"file": f"{tmp_path}/site.tar.gz", **left_out, **facts}

    restored = json.loads(bunga("restore", "site.tar.gz", "--data", "new", "--json").stdout)
    where = {"folder": f"{tmp_path}/new", "operators_file": None}
    assert restored == {**where, "created_at": created_at, **facts}


def test_a_plugins_database_that_is_locked_is_told(bunga: Bunga, folder: DataFolder) -> None:
    path = folder.path / "plugin-data" / "mine" / "own.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("CREATE TABLE notes (text)")
        made = bunga("backup", "site.tar.gz", "--json")

    assert json.loads(made.stdout)["locked_databases"] == ["plugin-data/mine/own.db"]
    assert f"Warning: {path} is locked by its plugin, and not in the backup." in made.stderr


def test_a_file_that_is_there_stays_unless_it_is_forced(
    bunga: Bunga, folder: DataFolder, tmp_path: Path
) -> None:
    (tmp_path / "site.tar.gz").write_text("precious")
    refused = bunga("backup", "site.tar.gz")
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        f"Error: {tmp_path}/site.tar.gz exists already; --force replaces it."
    ]
    assert bunga("backup", "site.tar.gz", "--force").returncode == 0


def test_nothing_is_restored_over_a_site(bunga: Bunga, folder: DataFolder) -> None:
    bunga("backup", "site.tar.gz")
    refused = bunga("restore", "site.tar.gz")

    assert refused.returncode == 1
    assert f"{folder.path} is not empty" in refused.stderr


def test_a_file_that_is_no_backup_is_refused_in_one_line(bunga: Bunga, tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_text("no")
    refused = bunga("restore", "x.tar.gz")

    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert not (tmp_path / "bunga-data").exists()


def test_the_operators_file_beside_the_server_is_kept_too(
    bunga: Bunga, folder: DataFolder, tmp_path: Path
) -> None:
    (tmp_path / "bunga.toml").write_text("[server]\nport = 9000\n")
    bunga("backup", "site.tar.gz")
    restored = bunga("restore", "site.tar.gz", "--data", "new")

    lies_in = tmp_path / "new" / "operator" / "bunga.toml"
    assert f"lies in {lies_in}" in restored.stderr
    assert lies_in.read_text() == "[server]\nport = 9000\n"


def test_the_operators_file_is_the_one_that_the_server_uses(
    bunga: Bunga, data: DataFolder, server: StandIn, tmp_path: Path
) -> None:
    make_site(data.path)
    (tmp_path / "bunga.toml").write_text("[server]\nport = 1\n")
    used = tmp_path / "used.toml"
    used.write_text("[server]\nport = 2\n")
    server.answer("GET /api/v1/settings", {"settings": [], "files": {"operator": str(used)}})
    bunga("backup", "site.tar.gz", "--data", str(data.path))

    [kept] = [
        content
        for header, content in unpacked(tmp_path / "site.tar.gz")
        if header.name == "operator/bunga.toml"
    ]
    assert kept == used.read_bytes()


def test_an_ill_server_does_not_stand_in_the_way_of_a_backup(
    bunga: Bunga, data: DataFolder, server: StandIn
) -> None:
    make_site(data.path)
    server.answer("GET /api/v1/settings", {"error": {"code": "error", "message": "x"}}, 500)

    assert bunga("backup", "site.tar.gz", "--data", str(data.path)).returncode == 0


def test_an_operators_file_that_is_named_and_missing_is_told(
    bunga: Bunga, folder: DataFolder, tmp_path: Path
) -> None:
    refused = bunga("backup", "site.tar.gz", "--config", "no.toml")

    assert refused.returncode == 1
    assert "no.toml: No such file" in refused.stderr
    assert not (tmp_path / "site.tar.gz").exists()


def test_lost_uploads_are_a_warning(bunga: Bunga, folder: DataFolder) -> None:
    (folder.media / "subtitles" / "first.srt").unlink()
    made = bunga("backup", "site.tar.gz")

    assert made.returncode == 0
    assert "Warning: 1 upload is known to the database" in made.stderr


def test_links_among_the_uploads_are_a_warning(bunga: Bunga, folder: DataFolder) -> None:
    (folder.media / "logs" / "linked.log").symlink_to(folder.database)
    made = bunga("backup", "site.tar.gz")

    assert made.returncode == 0
    assert f"Warning: 1 link leads out of {folder.media}" in made.stderr


def test_a_terminal_shows_how_far_it_is(terminal: Terminal, folder: DataFolder) -> None:
    code, made = terminal("backup", "site.tar.gz")
    assert code == 0
    assert "Backing up" in made
    assert "100%" in made

    code, restored = terminal("restore", "site.tar.gz", "--data", "new")
    assert code == 0
    assert "Restoring" in restored
    assert "100%" in restored
