"""A copy is what one moment had, whatever others write meanwhile."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bunga_cli.store import copying
from bunga_cli.store.copying import copy_database

# Moves a coin between two tables, as quickly as it can; in sum they have one hundred.
WRITER = """
import sqlite3, sys

database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
print(flush=True)
while True:
    database.execute("BEGIN IMMEDIATE")
    database.execute("UPDATE lefts SET coins = coins - 1")
    database.execute("UPDATE rights SET coins = coins + 1")
    database.execute("INSERT INTO noise VALUES (randomblob(3000))")
    database.execute("COMMIT")
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(
            "CREATE TABLE lefts (coins); INSERT INTO lefts VALUES (100);"
            "CREATE TABLE noise (bytes);"
            "CREATE TABLE rights (coins); INSERT INTO rights VALUES (0);"
        )
        with database:
            database.executemany(
                "INSERT INTO noise VALUES (randomblob(?))", [(4000,) for _ in range(500)]
            )
    return path


def test_a_copy_that_is_made_in_steps_beside_a_busy_writer_is_one_moment(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PAGES_AT_ONCE", 5)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(source)], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout
        writer.stdout.readline()
        told: list[float] = []
        copy_database(source, tmp_path / "copy.db", told.append)
        with closing(sqlite3.connect(source, timeout=30)) as database:
            [(left_since,)] = database.execute("SELECT coins FROM lefts")
        writer.kill()

    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        [(sum_of_coins, left)] = copy.execute(
            "SELECT lefts.coins + rights.coins, lefts.coins FROM lefts, rights"
        )
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert sum_of_coins == 100
    assert left_since < left  # it was written meanwhile
    assert told == sorted(told)
    assert len(told) > 50
    assert told[-1] == 1.0


def test_a_missing_source_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        copy_database(tmp_path / "no.db", tmp_path / "copy.db")

    assert not (tmp_path / "no.db").exists()
