"""Which files are taken for a database of the original's."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bunga_cli.data_folder import DataFolder
from bunga_cli.importing import ImportFailure, Report
from bunga_cli.importing.original import TABLES
from bunga_cli.importing.reading import read_original
from tests.importing.new_site import imported
from tests.importing.old_site import OldSite

_ENDLESS = """
CREATE VIEW server_linkerconfig AS
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
SELECT CAST(i AS TEXT) AS linker_id, 1 AS enabled FROM n
"""


def _read(path: Path) -> None:
    read_original(path, Report(), lambda _share: None)


async def test_a_database_that_is_cut_off_anywhere_changes_nothing(
    old: OldSite, data: DataFolder
) -> None:
    whole = old.database.read_bytes()
    page = 4096
    assert len(whole) > 10 * page
    lengths = [
        0,
        1,
        15,
        50,
        100,
        1000,
        page,
        page + 1,
        5 * page,
        len(whole) // 2,
        len(whole) - page,
    ]
    for length in [*lengths, len(whole) - 1]:
        old.database.write_bytes(whole[:length])
        with pytest.raises(ImportFailure, match=r"no SQLite database|damaged|cut off"):
            await imported(old, data)
    assert not data.path.exists()
    old.database.write_bytes(whole)
    _read(old.database)


@pytest.mark.parametrize("content", [b"", b"hello", b"\0" * 5000, b"PK\x03\x04" + b"x" * 9000])
async def test_a_file_that_is_no_database_changes_nothing(
    old: OldSite, data: DataFolder, content: bytes
) -> None:
    old.database.write_bytes(content)
    with pytest.raises(ImportFailure, match="no SQLite database"):
        await imported(old, data)
    assert not data.path.exists()


async def test_a_database_with_garbage_in_it_changes_nothing(
    old: OldSite, data: DataFolder
) -> None:
    content = bytearray(old.database.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    old.database.write_bytes(content)
    with pytest.raises(ImportFailure, match="damaged"):
        await imported(old, data)
    assert not data.path.exists()


async def test_a_foreign_database_is_told_what_it_lacks(tmp_path: Path, data: DataFolder) -> None:
    foreign = OldSite(tmp_path / "foreign")
    foreign.media.mkdir(parents=True)
    foreign.change("CREATE TABLE auth_user (id integer, username text)")

    with pytest.raises(ImportFailure) as refused:
        await imported(foreign, data)

    sentence = str(refused.value)
    assert "the column auth_user.password" in sentence
    assert "auth_user.username" not in sentence
    lacking = {name.removeprefix("the table ") for name in sentence.split(": ")[1].split(", ")}
    assert {kind.table for kind in TABLES} - lacking == {"auth_user", "auth_user_user_permissions"}
    assert "the table auth_user_user_permissions." in sentence
    assert not data.path.exists()


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.table)
def test_every_table_is_needed(old: OldSite, kind: type) -> None:
    table = kind.table  # type: ignore[attr-defined]
    with closing(sqlite3.connect(old.database)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f'DROP TABLE "{table}"')
    with pytest.raises(ImportFailure, match=f"lacks: the table {table}\\."):
        _read(old.database)


@pytest.mark.parametrize(
    ("made", "what"),
    [
        (_ENDLESS, "a view"),
        ("CREATE VIRTUAL TABLE server_linkerconfig USING fts5(linker_id, enabled)", "a virtual"),
    ],
)
async def test_what_only_looks_like_a_table_is_refused(
    old: OldSite, data: DataFolder, made: str, what: str
) -> None:
    old.change("DROP TABLE server_linkerconfig")
    old.change(made)
    with pytest.raises(ImportFailure, match=f"server_linkerconfig is no table but {what}"):
        await imported(old, data)
    assert not data.path.exists()


def test_a_database_of_ours_is_not_one_of_the_originals(tmp_path: Path) -> None:
    path = tmp_path / "bunga.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE channels (id text)")
    with pytest.raises(ImportFailure, match="not the original server's database"):
        _read(path)


def test_missing_files_and_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(ImportFailure, match="No such file"):
        _read(tmp_path / "missing.sqlite3")
    with pytest.raises(ImportFailure, match="directory"):
        _read(tmp_path)


def test_a_database_is_not_touched_by_reading(old: OldSite) -> None:
    before = {path: path.stat().st_mtime_ns for path in old.folder.rglob("*")}
    content = old.database.read_bytes()
    _read(old.database)
    assert old.database.read_bytes() == content
    assert {path: path.stat().st_mtime_ns for path in old.folder.rglob("*")} == before


def test_what_is_still_in_the_journal_is_read_with_it(old: OldSite) -> None:
    with closing(sqlite3.connect(old.database)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("UPDATE server_site SET name = 'From the journal'")
        writer.commit()
        found = read_original(old.database, Report(), lambda _share: None)
    assert found.settings["site.name"] == "From the journal"


def test_a_database_that_is_written_to_meanwhile_is_refused(old: OldSite) -> None:
    def write(_share: float) -> None:
        old.change("UPDATE server_site SET name = name || '!'")

    with pytest.raises(ImportFailure, match="stop the original server"):
        read_original(old.database, Report(), write)
