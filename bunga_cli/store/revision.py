"""Which version a database file has, and how it becomes this one's.

Looking must not touch: a file that this version cannot use stays as it is, byte for byte, and no
`-wal` or `-shm` appears beside it. SQLite promises that only for a file it may take for immutable,
and then it reads no journal. So a file that has a journal (its last writer was killed) is copied
together with it, and the copy is looked at.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bunga_cli.errors import DatabaseError
from bunga_cli.store.migrations import APPLICATION_ID, REVISIONS

SCRIPTS = Path(__file__).parent / "migrations"
_JOURNALS = ("-wal", "-journal")


def current_revision(path: Path) -> str | None:
    """Return the revision of the database at `path`, None for one that is missing or empty.

    Raises DatabaseError for a file that is broken, or not a database of Bunga Server.
    """
    if not path.exists():
        return None
    try:
        with looking_at(path) as connection:
            return _revision_in(connection, path)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseError(
            f"The database {path} cannot be read ({error}): "
            "restore it from a backup, or move it away to start with an empty one."
        ) from error


def check(path: Path) -> str | None:
    """Return the revision at `path` as `current_revision` does, and refuse an unknown one.

    Raises DatabaseError; the file is not touched in any case.
    """
    revision = current_revision(path)
    if revision is None or revision in REVISIONS:
        return revision
    raise DatabaseError(
        f"The database {path} was written by a newer version of Bunga Server "
        f"(its revision is {revision}, this version knows up to {REVISIONS[-1]}): "
        "upgrade Bunga Server, or use another data folder."
    )


def migrate(path: Path, scripts: Path = SCRIPTS) -> None:
    """Bring the database at `path` to the newest revision in `scripts`, whole or not at all.

    The file is made if need be. All revisions share one transaction: a crash at any moment leaves
    the old state. Raises sqlalchemy.exc.DBAPIError where the disk does not allow it.
    """
    # alembic takes longer to import than the rest of a start; most starts have nothing to migrate.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import NullPool, create_engine  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(path, isolation_level=None),
        poolclass=NullPool,
    )
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def looking_at(path: Path) -> Iterator[sqlite3.Connection]:
    """Lend a connection to read the SQLite file at `path` with; the file is not touched.

    Raises OSError, sqlite3.Error.
    """
    if not any(_beside(path, suffix).exists() for suffix in _JOURNALS):
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            yield connection
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(sqlite3.connect(copied(path, Path(folder)))) as connection,
    ):
        yield connection


def copied(path: Path, folder: Path) -> Path:
    """Copy a database that nobody writes, with its journals, and return where the copy is."""
    for file in (path, *(_beside(path, suffix) for suffix in _JOURNALS)):
        if file.exists():
            shutil.copyfile(file, folder / file.name)
    return folder / path.name


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _revision_in(connection: sqlite3.Connection, path: Path) -> str | None:
    [(verdict,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not tables:
        return None
    [(owner,)] = connection.execute("PRAGMA application_id").fetchall()
    if owner != APPLICATION_ID or "alembic_version" not in tables:
        raise DatabaseError(
            f"The file {path} belongs to another program, not to Bunga Server: "
            "move it away, or use another data folder."
        )
    [(revision,)] = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return str(revision)
