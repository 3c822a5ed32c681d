"""The data folder, and the database in it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bunga_cli.doctor.case import Case
from bunga_cli.doctor.findings import Finding, failure, ok, warning
from bunga_cli.errors import BungaError
from bunga_cli.store.migrations import REVISIONS
from bunga_cli.store.revision import check
from bunga_cli.units import MIB, readable_size

FOLDER, DATABASE = "data folder", "database"

_OTHERS = 0o077
_LARGE_WAL_BYTES = 64 * MIB
_PRIVATE = ("secret", "bunga.db", "bunga.auto.toml", "media")


def check_folder(case: Case) -> Iterator[Finding]:
    """Look whether the folder is there, its owner's, and nobody else's."""
    folder = case.data.path
    if not folder.is_dir():
        yield failure(
            FOLDER,
            f"There is no folder {folder}.",
            "`bunga serve` makes it; --data names another one.",
        )
        return
    problems = [*_owners(folder), *_modes(folder)]
    yield from problems or [ok(FOLDER, f"{folder} is its owner's alone.")]


def _owners(folder: Path) -> Iterator[Finding]:
    owner = folder.stat().st_uid
    for path in sorted(folder.iterdir()):
        if path.lstat().st_uid != owner:
            yield failure(
                FOLDER,
                f"{path} belongs to another user than the folder; the server may not be able to"
                " write it.",
                f"chown -R --reference={folder} {folder}",
            )
            return
    if os.geteuid() not in (owner, 0):
        yield warning(
            FOLDER,
            f"{folder} belongs to another user than you.",
            "Use bunga as its owner: sudo -u OWNER bunga …",
        )
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield failure(FOLDER, f"{folder} cannot be written.", f"chmod u+rwx {folder}")


def _modes(folder: Path) -> Iterator[Finding]:
    named = (folder / name for name in _PRIVATE)
    for path in (folder, *(path for path in named if path.exists())):
        if path.stat().st_mode & _OTHERS:
            yield warning(
                FOLDER,
                f"Other users of this machine can look into {path}.",
                f"chmod -R go= {path}",
            )
            return  # The folder is in the way of whatever is in it.


def check_database(case: Case) -> Iterator[Finding]:
    """Look whether the database is whole, and of this version."""
    path = case.data.database
    if not path.exists():
        advice = "`bunga serve` makes it, `bunga restore` brings it back from a backup."
        yield failure(DATABASE, f"There is no database {path}.", advice)
        return
    try:
        revision = _revision_beside_server(path) if case.is_running else check(path)
    except (BungaError, sqlite3.Error) as error:
        yield failure(DATABASE, f"{error}".rstrip(".") + ".", "Restore a backup: bunga restore")
        return
    yield from _size_and_revision(path, revision)


def _size_and_revision(path: Path, revision: str | None) -> Iterator[Finding]:
    wal = path.with_name(f"{path.name}-wal")
    wal_bytes = wal.stat().st_size if wal.exists() else 0
    size = readable_size(path.stat().st_size)
    if revision != REVISIONS[-1]:
        yield warning(
            DATABASE,
            f"It is whole, and of an older version (revision {revision}).",
            "Start the server: it brings the database up to date.",
        )
    elif wal_bytes > max(_LARGE_WAL_BYTES, path.stat().st_size):
        yield warning(
            DATABASE,
            f"It is whole, but {readable_size(wal_bytes)} wait beside it to be folded in:"
            " something has been reading it for long.",
            "End other programs that use it (a backup, a shell), or restart the server.",
        )
    else:
        yield ok(DATABASE, f"It is whole: {size}, revision {revision}.")


def _revision_beside_server(path: Path) -> str:
    """Return the revision of a database in use, after looking at all of it. Raises sqlite3.Error.

    A copy, as others look at, would be half of one moment and half of another.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=5)) as database:
        [(verdict,)] = database.execute("PRAGMA quick_check(1)").fetchall()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"The database {path} is damaged: {verdict}")
        [(revision,)] = database.execute("SELECT version_num FROM alembic_version").fetchall()
    return str(revision)
