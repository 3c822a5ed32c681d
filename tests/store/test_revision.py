import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from bunga_cli.errors import DatabaseError
from bunga_cli.store import Store
from bunga_cli.store.migrations import APPLICATION_ID, REVISIONS
from bunga_cli.store.revision import SCRIPTS, check, current_revision, migrate

KILLED = -signal.SIGKILL


def files_in(folder: Path) -> dict[str, tuple[str, int]]:
    """Return content and time of every file: what must not change where nothing is touched."""
    return {
        file.name: (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns)
        for file in folder.iterdir()
    }


def sql(path: Path, *statements: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            rows = connection.execute(statement).fetchall()
    return rows


def run_and_be_killed(program: str, *arguments: Path) -> None:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    assert subprocess.run(command, check=False).returncode == KILLED


@pytest.fixture
async def used(path: Path) -> Path:
    """Return a database with a channel in it, as a server leaves it."""
    store = await Store.open(path)
    await store.channels.create("lobby", "Lobby")
    await store.close()
    return path


def make_newer(path: Path) -> None:
    sql(path, "UPDATE alembic_version SET version_num = '9999'")


def make_newer_and_crash(path: Path) -> None:
    run_and_be_killed(
        "import os, signal, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1])\n"
        "db.execute('PRAGMA wal_autocheckpoint = 0')\n"
        "db.execute(\"UPDATE alembic_version SET version_num = '9999'\")\n"
        "db.commit()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n",
        path,
    )
    assert path.with_name("bunga.db-wal").stat().st_size > 0


@pytest.mark.parametrize("spoil", [make_newer, make_newer_and_crash])
async def test_a_newer_database_is_refused_and_left_alone(
    used: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(used)
    before = files_in(used.parent)
    with pytest.raises(DatabaseError, match="newer version of Bunga Server") as caught:
        await Store.open(used)
    assert files_in(used.parent) == before
    for fact in (str(used), "9999", REVISIONS[-1]):
        assert fact in str(caught.value)
    assert "\n" not in str(caught.value)


def fill_with_text(path: Path) -> None:
    path.write_text("Dear diary, " * 1000)


def fill_with_noise(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(50_000))


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def overwrite_one_page(path: Path) -> None:
    [(page, size)] = sql(
        path, "SELECT rootpage, page_size FROM sqlite_master, pragma_page_size WHERE name = 'beats'"
    )
    assert isinstance(page, int)
    assert isinstance(size, int)
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(random.Random(1).randbytes(size))


@pytest.mark.parametrize("spoil", [fill_with_text, fill_with_noise, cut_off, overwrite_one_page])
async def test_a_broken_file_is_refused_and_left_alone(
    used: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(used)
    before = files_in(used.parent)
    with pytest.raises(DatabaseError, match="cannot be read") as caught:
        await Store.open(used)
    assert files_in(used.parent) == before
    assert str(used) in str(caught.value)


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE recipes (cake TEXT)"],
        [
            "CREATE TABLE alembic_version (version_num TEXT)",
            "INSERT INTO alembic_version VALUES ('ae1027a6acf')",
        ],
        [f"PRAGMA application_id = {APPLICATION_ID}", "CREATE TABLE recipes (cake TEXT)"],
    ],
)
async def test_a_file_of_another_program_is_refused_and_left_alone(
    path: Path, statements: list[str]
) -> None:
    sql(path, *statements)
    before = files_in(path.parent)
    with pytest.raises(DatabaseError, match="belongs to another program"):
        await Store.open(path)
    assert files_in(path.parent) == before


def test_a_folder_in_its_place_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(DatabaseError, match="cannot be read"):
        check(path)


def test_what_is_missing_or_empty_has_no_revision(path: Path) -> None:
    assert check(path) is None
    assert not path.exists()
    path.touch()
    assert check(path) is None


def test_looking_leaves_no_trace(used: Path) -> None:
    before = files_in(used.parent)
    assert current_revision(used) == REVISIONS[-1]
    assert files_in(used.parent) == before


def test_alembic_is_not_imported_where_there_is_nothing_to_migrate(used: Path) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from bunga_cli.store import Store\n"
        "async def main():\n"
        "    await (await Store.open(pathlib.Path(sys.argv[1]))).close()\n"
        "asyncio.run(main())\n"
        "sys.exit('alembic' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program, used], check=True)


NEXT_REVISION = """
import os
import signal
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = {newest!r}

def upgrade():
    op.add_column("channels", sa.Column("colour", sa.Text))
    op.execute("UPDATE channels SET name = 'changed'")
    with op.batch_alter_table("channels") as batch:
        batch.drop_column("created_at")
    {end}
"""


@pytest.fixture
def scripts_ending(tmp_path: Path) -> Callable[[str], Path]:
    """Return migrations with one more revision, whose last line is the one given."""

    def make(end: str) -> Path:
        scripts = shutil.copytree(SCRIPTS, tmp_path / "migrations")
        script = NEXT_REVISION.format(newest=REVISIONS[-1], end=end)
        (scripts / "versions" / "next.py").write_text(script)
        return scripts

    return make


def test_an_older_database_is_migrated_with_what_it_holds(
    used: Path, scripts_ending: Callable[[str], Path]
) -> None:
    sql(
        used,
        "INSERT INTO accounts VALUES (1, 'ann', 'hash', 0, '2026-01-01', NULL, NULL, NULL)",
        "INSERT INTO members VALUES ('lobby', 1, '2026-01-01')",
    )
    migrate(used, scripts_ending(""))
    assert current_revision(used) == "next"
    assert sql(used, "SELECT id, name, colour FROM channels") == [("lobby", "changed", None)]
    assert sql(used, "SELECT count(*) FROM members") == [(1,)]


def make_at(revision: str, path: Path) -> None:
    """Make the database that an older version left."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_a_database_of_the_second_revision_gets_the_tables_of_the_third(path: Path) -> None:
    make_at("0002", path)
    sql(
        path,
        "INSERT INTO accounts VALUES (7, 'ann', 'hash', 1, '2026-01-01')",
        "INSERT INTO channels VALUES ('lobby', 'Lobby', 1, NULL, '2026-01-01')",
        "INSERT INTO members VALUES ('lobby', 7, '2026-01-01')",
    )
    migrate(path)
    assert sql(path, "SELECT id, username, tokens_valid_from, seen_as FROM accounts") == [
        (7, "ann", None, None)
    ]
    assert sql(path, "SELECT account_id FROM members") == [(7,)]
    assert sql(path, "SELECT count(*) FROM exclusions") == [(0,)]


async def test_channels_of_the_fourth_revision_compensate_as_the_site_does(path: Path) -> None:
    make_at("0004", path)
    sql(
        path,
        "INSERT INTO channels (id, name, allow_new_client, created_at) VALUES"
        " ('lobby', 'Lobby', 0, '2026-01-01')",
    )
    store = await Store.open(path)
    lobby = await store.channels.get("lobby")
    await store.close()
    assert lobby is not None
    assert lobby.legacy_compensation is None


async def test_channels_of_the_third_revision_follow_the_site_and_show_nothing(
    path: Path,
) -> None:
    make_at("0003", path)
    sql(path, "INSERT INTO channels VALUES ('lobby', 'Lobby', 0, 'continue', '2026-01-01')")
    store = await Store.open(path)
    lobby = await store.channels.get("lobby")
    assert (await store.sessions.of_admins(), await store.audit.list()) == ([], [])
    await store.close()
    assert lobby is not None
    assert (lobby.on_join, lobby.allow_new_client) == ("continue", False)
    assert (lobby.max_wait_us, lobby.reconnect_grace_us, lobby.shows_room) == (None, None, False)


def test_a_migration_that_fails_leaves_the_old_state(
    used: Path, scripts_ending: Callable[[str], Path]
) -> None:
    before = sql(used, "SELECT * FROM sqlite_master")
    with pytest.raises(ZeroDivisionError):
        migrate(used, scripts_ending("1 / 0"))
    assert current_revision(used) == REVISIONS[-1]
    assert sql(used, "SELECT * FROM sqlite_master") == before
    assert sql(used, "SELECT name FROM channels") == [("Lobby",)]


def test_a_crash_in_the_middle_of_a_migration_leaves_the_old_state(
    used: Path, scripts_ending: Callable[[str], Path]
) -> None:
    before = sql(used, "SELECT * FROM sqlite_master")
    run_and_be_killed(
        "import pathlib, sys\n"
        "from bunga_cli.store.revision import migrate\n"
        "migrate(*map(pathlib.Path, sys.argv[1:]))\n",
        used,
        scripts_ending("os.kill(os.getpid(), signal.SIGKILL)"),
    )
    assert check(used) == REVISIONS[-1]
    assert sql(used, "SELECT * FROM sqlite_master") == before
    assert sql(used, "SELECT name FROM channels") == [("Lobby",)]


async def test_a_crash_in_the_middle_of_the_first_start_is_started_over(
    path: Path, scripts_ending: Callable[[str], Path]
) -> None:
    run_and_be_killed(
        "import pathlib, sys\n"
        "from bunga_cli.store.revision import migrate\n"
        "migrate(*map(pathlib.Path, sys.argv[1:]))\n",
        path,
        scripts_ending("os.kill(os.getpid(), signal.SIGKILL)"),
    )
    assert check(path) is None
    store = await Store.open(path)
    assert await store.channels.list() == []
    await store.close()
