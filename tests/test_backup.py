"""What a backup holds, and what a folder made of it is."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine

from bunga_cli import __version__
from bunga_cli.backup import BackupError, make_backup, making, restore_backup
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import DatabaseError, DataFolderError
from bunga_cli.store import Store
from bunga_cli.store.copying import copy_database
from bunga_cli.store.migrations import REVISIONS
from bunga_cli.store.revision import SCRIPTS, current_revision
from tests.backups import contents, make_site, note_upload, unpacked


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return make_site(tmp_path / "site")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept" / "site.tar.gz"


def names(path: Path) -> set[str]:
    return {header.name for header, _ in unpacked(path)}


def test_a_restored_folder_has_all_that_the_site_had(folder: DataFolder, target: Path) -> None:
    make_backup(folder, target)
    restored = folder.path.parent / "new" / "folder"
    restore_backup(target, DataFolder(restored))

    assert contents(restored) == contents(folder.path)


def test_the_manifest_says_what_made_the_backup(folder: DataFolder, target: Path) -> None:
    made = make_backup(folder, target)

    assert made.manifest.bunga_version == __version__
    assert made.manifest.schema_revision == REVISIONS[-1]
    assert {*made.manifest.files, "manifest.json"} == names(target)
    assert made.size_bytes == target.stat().st_size
    assert made.missing_uploads == 0
    assert restore_backup(target, DataFolder(folder.path.parent / "new")) == made.manifest


def test_only_its_owner_can_read_a_backup_and_what_is_restored(
    folder: DataFolder, target: Path
) -> None:
    make_backup(folder, target)
    restored = folder.path.parent / "new"
    restore_backup(target, DataFolder(restored))

    assert target.stat().st_mode & 0o777 == 0o600
    for path in (restored, *restored.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_what_belongs_to_a_running_server_is_left_out(folder: DataFolder, target: Path) -> None:
    with folder.lock(), folder.announced(folder.path / "bunga.sock", "http://x/"):
        make_backup(folder, target)

    assert not {"bunga.lock", "run.json", "bunga.sock"} & names(target)


def test_files_that_are_only_arriving_and_caches_are_left_out(
    folder: DataFolder, target: Path
) -> None:
    (folder.media / "subtitles" / ".half.srt.part").write_text("ha")
    (folder.path / "plugins" / "__pycache__").mkdir()
    (folder.path / "plugins" / "__pycache__" / "mine.pyc").write_bytes(b"")
    make_backup(folder, target)

    assert not any("half" in name or "pycache" in name for name in names(target))


def test_the_operators_file_lies_in_a_folder_of_its_own(
    folder: DataFolder, target: Path, tmp_path: Path
) -> None:
    operators = tmp_path / "bunga.toml"
    operators.write_text("[server]\nport = 9000\n")
    make_backup(folder, target, operators_file=operators)
    restored = tmp_path / "new"
    restore_backup(target, DataFolder(restored))

    assert (restored / "operator" / "bunga.toml").read_text() == operators.read_text()


def test_names_of_any_length_and_spelling_come_back(folder: DataFolder, target: Path) -> None:
    odd = [
        "ü" * 100,
        "a\nb",
        "-rf",
        "%2e%2e",
        "…",
        "a" * 150,
        "x" * 200 + "/" + "y" * 200,
        "\udcff",
    ]
    for index, name in enumerate(odd):
        path = folder.path / "plugin-data" / "mine" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(index))
    make_backup(folder, target)
    restored = folder.path.parent / "new"
    restore_backup(target, DataFolder(restored))

    assert contents(restored) == contents(folder.path)


def test_a_plugins_own_database_is_copied_with_what_is_in_its_journal(
    folder: DataFolder, target: Path
) -> None:
    path = folder.path / "plugin-data" / "mine" / "own.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        with database:
            database.execute("CREATE TABLE notes (text)")
            database.execute("INSERT INTO notes VALUES ('in the journal')")
        make_backup(folder, target)
    restored = folder.path.parent / "new"
    restore_backup(target, DataFolder(restored))

    with closing(sqlite3.connect(restored / "plugin-data" / "mine" / "own.db")) as database:
        assert database.execute("SELECT text FROM notes").fetchall() == [("in the journal",)]
    assert not [name for name in names(target) if name.endswith(("-wal", "-shm"))]


def test_what_only_looks_like_a_database_is_copied_as_it_is(
    folder: DataFolder, target: Path
) -> None:
    path = folder.path / "plugin-data" / "mine" / "odd.bin"
    path.write_bytes(b"SQLite format 3\0 but no more of it")
    make_backup(folder, target)

    [content] = [found for header, found in unpacked(target) if header.name.endswith("odd.bin")]
    assert content == path.read_bytes()


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_plugins_database_that_is_locked_is_told_and_not_kept_in_an_older_state(
    folder: DataFolder, target: Path, monkeypatch: pytest.MonkeyPatch, journal: str
) -> None:
    monkeypatch.setattr("bunga_cli.store.copying.BUSY_TIMEOUT_S", 0.01)
    path = folder.path / "plugin-data" / "mine" / "own.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute(f"PRAGMA journal_mode = {journal}")
        database.execute("CREATE TABLE notes (text)")
        made = make_backup(folder, target)

    assert made.locked_databases == ("plugin-data/mine/own.db",)
    assert not [name for name in names(target) if "own.db" in name]


def test_a_disk_that_is_full_is_not_taken_for_a_database_that_is_locked(
    folder: DataFolder, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.path / "plugin-data" / "mine" / "own.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE notes (text)")

    def fail(source: Path, copy: Path, *rest: Any) -> None:
        if source != path:
            copy_database(source, copy, *rest)
            return
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr("bunga_cli.backup.making.copy_database", fail)
    with pytest.raises(BackupError, match=r"own\.db cannot be copied: database or disk is full\."):
        make_backup(folder, target)
    assert not target.exists()


async def test_a_backup_of_an_older_version_is_brought_up_to_date_by_the_next_start(
    tmp_path: Path, target: Path
) -> None:
    folder = DataFolder(tmp_path / "old")
    folder.create()
    migrate_to(REVISIONS[0], folder.database)
    made = await asyncio.to_thread(make_backup, folder, target)
    restored = DataFolder(tmp_path / "new")
    await asyncio.to_thread(restore_backup, target, restored)
    assert made.manifest.schema_revision == REVISIONS[0]
    assert current_revision(restored.database) == REVISIONS[0]

    store = await Store.open(restored.database)
    await store.close()
    assert current_revision(restored.database) == REVISIONS[-1]


def migrate_to(revision: str, path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


# -- while it is used -----------------------------------------------------------------------------


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, *, before: Callable[[int], None], after: Callable[[int], None]
) -> list[int]:
    """Let something happen around each copying of the database; return the count of copies."""
    copy, copies = copy_database, [0]

    def copy_and_more(*args: Any) -> None:
        before(copies[0])
        copy(*args)
        after(copies[0])
        copies[0] += 1

    monkeypatch.setattr(making, "copy_database", copy_and_more)
    return copies


def add_upload(folder: DataFolder, name: str) -> None:
    (folder.media / "logs" / name).write_text("arrived")
    note_upload(folder, name)


def remove_upload(folder: DataFolder, name: str) -> None:
    with closing(sqlite3.connect(folder.database)) as database, database:
        database.execute("DELETE FROM client_logs WHERE file = ?", (name,))
    (folder.media / "logs" / name).unlink()


def test_an_upload_that_arrives_meanwhile_is_in_it_with_its_row(
    folder: DataFolder, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = meanwhile(
        monkeypatch, before=lambda _: add_upload(folder, "late.log"), after=lambda _: None
    )
    made = make_backup(folder, target)

    assert "media/logs/late.log" in names(target)
    assert (copies, made.missing_uploads) == ([1], 0)


def test_an_upload_that_comes_and_goes_meanwhile_leaves_no_row_without_a_file(
    folder: DataFolder, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = meanwhile(
        monkeypatch,
        before=lambda copy: None if copy else add_upload(folder, "brief.log"),
        after=lambda copy: None if copy else remove_upload(folder, "brief.log"),
    )
    made = make_backup(folder, target)
    restored = DataFolder(folder.path.parent / "new")
    restore_backup(target, restored)

    assert (copies, made.missing_uploads) == ([2], 0)
    assert b"brief.log" not in contents(restored.path)["bunga.db"]


def test_an_upload_that_was_lost_long_ago_is_told_and_does_not_stop_the_backup(
    folder: DataFolder, target: Path
) -> None:
    (folder.media / "subtitles" / "first.srt").unlink()

    assert make_backup(folder, target).missing_uploads == 1


def test_progress_only_grows_and_comes_to_its_end(folder: DataFolder, target: Path) -> None:
    (folder.media / "logs" / "big.log").write_bytes(b"x" * 3_000_000)
    told: list[float] = []
    make_backup(folder, target, on_progress=told.append)
    restored: list[float] = []
    restore_backup(target, DataFolder(folder.path.parent / "new"), restored.append)

    for shares in (told, restored):
        assert shares == sorted(shares)
        assert shares[0] >= 0
        assert shares[-1] == 1.0


# -- refusals -------------------------------------------------------------------------------------


def test_a_file_that_is_there_is_replaced_only_on_demand(folder: DataFolder, target: Path) -> None:
    target.write_text("precious")
    with pytest.raises(BackupError, match="--force"):
        make_backup(folder, target)
    assert target.read_text() == "precious"

    make_backup(folder, target, replace=True)
    assert "bunga.db" in names(target)


@pytest.mark.parametrize(
    "place",
    [
        "bunga.db",
        "secret",
        "run.json",
        "new.tar.gz",
        "media/x.tar.gz",
        "plugins/x.tar.gz",
        "plugin-data/x.tar.gz",
        "plugins/../media/x.tar.gz",
        "../site/secret",
        "../link/secret",
        "../link/logs/../../secret",
    ],
)
def test_a_backup_does_not_go_into_the_site_itself(
    folder: DataFolder, tmp_path: Path, place: str
) -> None:
    (tmp_path / "link").symlink_to(folder.media if "logs" in place else folder.path)
    before = contents(folder.path)
    with pytest.raises(BackupError, match="choose another place"):
        make_backup(folder, folder.path / place, replace=True)

    assert contents(folder.path) == before


def test_a_backup_does_not_go_where_uploads_are_on_another_disk(
    folder: DataFolder, tmp_path: Path
) -> None:
    folder.media.rename(tmp_path / "disk")
    folder.media.symlink_to(tmp_path / "disk")
    with pytest.raises(BackupError, match="choose another place"):
        make_backup(folder, tmp_path / "disk" / "x.tar.gz")


def test_a_backup_does_not_replace_the_operators_file(folder: DataFolder, tmp_path: Path) -> None:
    operators = tmp_path / "bunga.toml"
    operators.write_text("")
    with pytest.raises(BackupError, match="the operator's settings file"):
        make_backup(folder, operators, operators_file=operators, replace=True)

    assert operators.read_text() == ""


@pytest.mark.parametrize("thing", ["fifo", "link to a file", "link to nothing", "link to a fifo"])
def test_only_a_plain_file_is_replaced(
    folder: DataFolder, target: Path, tmp_path: Path, thing: str
) -> None:
    end = target if thing == "fifo" else tmp_path / "end"
    if "fifo" in thing:
        os.mkfifo(end)
    elif thing == "link to a file":
        end.write_text("precious")
    if end != target:
        target.symlink_to(end)
    mode = target.lstat().st_mode
    with pytest.raises(BackupError, match="no plain file"):
        make_backup(folder, target, replace=True)

    assert target.lstat().st_mode == mode


def test_a_link_among_the_uploads_is_not_followed(
    folder: DataFolder, target: Path, tmp_path: Path
) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "key").write_text("not for the archive")
    (folder.media / "subtitles" / "key.srt").symlink_to(tmp_path / "private" / "key")
    (folder.media / "more").symlink_to(tmp_path / "private")
    note_upload(folder, "key.srt")
    made = make_backup(folder, target)

    assert not [name for name in names(target) if "key" in name]
    assert (made.skipped_links, made.missing_uploads) == (2, 0)


@pytest.mark.parametrize(
    ("where", "says"), [("", "is a folder"), ("no/such/x.tar.gz", "make it first")]
)
def test_a_place_that_cannot_be_is_told(
    folder: DataFolder, tmp_path: Path, where: str, says: str
) -> None:
    with pytest.raises(BackupError, match=says):
        make_backup(folder, tmp_path / where)


def test_a_folder_without_a_site_has_no_backup(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="no server data"):
        make_backup(DataFolder(tmp_path), tmp_path / "x.tar.gz")


def test_a_damaged_database_replaces_no_good_backup(folder: DataFolder, target: Path) -> None:
    make_backup(folder, target)
    good = target.read_bytes()
    folder.database.write_bytes(b"\0" * 10_000)
    with pytest.raises(DatabaseError, match="bunga doctor"):
        make_backup(folder, target, replace=True)

    assert target.read_bytes() == good
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_full_disk_leaves_the_old_backup(
    folder: DataFolder, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_backup(folder, target)
    good = target.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _fd: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(BackupError, match="No space left"):
        make_backup(folder, target, replace=True)

    assert target.read_bytes() == good
    assert [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize("thing", ["run.json", "notes.txt", ".hidden"])
def test_a_folder_with_anything_in_it_is_left_alone(
    folder: DataFolder, target: Path, tmp_path: Path, thing: str
) -> None:
    make_backup(folder, target)
    used = tmp_path / "used"
    used.mkdir()
    (used / thing).write_text("mine")
    with pytest.raises(DataFolderError, match="is not empty"):
        restore_backup(target, DataFolder(used))

    assert contents(used) == {thing: b"mine"}


def test_an_empty_folder_can_be_restored_into_also_through_a_link(
    folder: DataFolder, target: Path, tmp_path: Path
) -> None:
    make_backup(folder, target)
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    restore_backup(target, DataFolder(tmp_path / "link"))

    assert contents(tmp_path / "real") == contents(folder.path)
    assert (tmp_path / "link").is_symlink()


def test_a_disk_of_its_own_is_restored_into(
    folder: DataFolder, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_backup(folder, target)
    disk = tmp_path / "disk"
    (disk / "lost+found").mkdir(parents=True)
    monkeypatch.setattr(Path, "is_mount", lambda path: path == disk)
    restore_backup(target, DataFolder(disk))

    assert contents(disk) == contents(folder.path)
    assert not [path.name for path in disk.iterdir() if path.name.endswith(".partial")]


def test_what_takes_the_folder_meanwhile_keeps_it(
    folder: DataFolder, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_backup(folder, target)
    new = tmp_path / "new"

    def somebody_is_quicker() -> None:
        new.mkdir()
        (new / "theirs").write_text("theirs")

    monkeypatch.setattr("os.sync", somebody_is_quicker)
    with pytest.raises(DataFolderError, match="is not empty"):
        restore_backup(target, DataFolder(new))

    assert contents(new) == {"theirs": b"theirs"}
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".partial")]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(BackupError, match="is no plain file"):
        restore_backup(tmp_path / "fifo", DataFolder(tmp_path / "new"))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="No such file"):
        restore_backup(tmp_path / "no.tar.gz", DataFolder(tmp_path / "new"))
