"""The data folder and its database, as the doctor finds them."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bunga_cli.data_folder import DataFolder
from bunga_cli.doctor import Case, Finding
from bunga_cli.doctor import files as checks
from bunga_cli.doctor.server import Server
from bunga_cli.store.migrations import REVISIONS
from tests.backups import make_site
from tests.servers import Site


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case.open(make_site(tmp_path / "site"))


def folder_of(case: Case) -> Finding:
    [found] = checks.check_folder(case)
    return found


def database_of(case: Case) -> Finding:
    [found] = checks.check_database(case)
    return found


def test_a_new_site_is_well(case: Case) -> None:
    assert folder_of(case).state == "ok"
    assert database_of(case).state == "ok"
    assert f" KiB, revision {REVISIONS[-1]}." in database_of(case).text


def test_a_folder_that_others_can_look_into_is_a_warning(case: Case) -> None:
    case.data.path.chmod(0o755)

    assert folder_of(case).state == "warning"
    assert folder_of(case).advice == f"chmod -R go= {case.data.path}"


def test_a_secret_that_others_can_read_is_a_warning(case: Case) -> None:
    (case.data.path / "secret").chmod(0o644)

    assert folder_of(case).state == "warning"
    assert folder_of(case).advice.endswith("/secret")


def test_a_file_of_somebody_else_is_a_failure(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    lstat = Path.lstat

    def of_somebody_else(path: Path) -> object:
        status = lstat(path)
        if path.name != "bunga.db":
            return status
        return type("Status", (), {"st_uid": status.st_uid + 1})

    monkeypatch.setattr(Path, "lstat", of_somebody_else)

    assert folder_of(case).state == "failure"
    assert "bunga.db" in folder_of(case).text
    assert "chown" in folder_of(case).advice


def test_whoever_is_not_the_owner_is_told(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: case.data.path.stat().st_uid + 1)

    assert folder_of(case).state == "warning"
    assert "sudo -u" in folder_of(case).advice


def test_a_folder_that_cannot_be_written_is_a_failure(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)

    assert folder_of(case).state == "failure"


def test_a_damaged_database_is_a_failure_with_or_without_a_server(case: Case) -> None:
    content = bytearray(case.data.database.read_bytes())
    content[8192:40_000] = b"\xff" * (40_000 - 8192)
    case.data.database.write_bytes(content)

    for life in ("stopped", "running"):
        found = database_of(replace(case, server=Server(life)))
        assert found.state == "failure"
        assert "bunga restore" in found.advice


def test_a_database_of_an_older_version_is_a_warning(case: Case) -> None:
    with closing(sqlite3.connect(case.data.database)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = ?", (REVISIONS[0],))

    assert database_of(case).state == "warning"
    assert "Start the server" in database_of(case).advice


def test_a_database_of_a_newer_version_is_a_failure(case: Case) -> None:
    with closing(sqlite3.connect(case.data.database)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    assert database_of(case).state == "failure"
    assert "newer version" in database_of(case).text


def test_a_journal_that_grows_without_end_is_a_warning(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_LARGE_WAL_BYTES", 1000)
    running = replace(case, server=Server("running"))
    with closing(sqlite3.connect(case.data.database)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        for _ in range(100):
            with database:
                database.execute("CREATE TABLE filler (bytes)")
                database.execute("INSERT INTO filler VALUES (randomblob(4000))")
                database.execute("DROP TABLE filler")
        found = database_of(running)

    assert found.state == "warning"
    assert "restart the server" in found.advice


def test_looking_at_a_database_leaves_nothing_beside_it(case: Case) -> None:
    before = {path.name for path in case.data.path.iterdir()}
    database_of(case)

    assert {path.name for path in case.data.path.iterdir()} == before


def test_the_database_of_a_running_server_is_looked_at(site: Site) -> None:
    assert database_of(Case.open(DataFolder(site.data))).state == "ok"
