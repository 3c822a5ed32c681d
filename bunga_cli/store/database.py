"""The one SQLite file, opened so that nobody ever meets `database is locked`.

SQLite has one writer at a time, whatever we do. So there is one connection that writes, and those
who want it queue in order for their turn in `begin`; its transactions are IMMEDIATE, so none finds
out half-way that it may not write. Reads have connections of their own, which may not write. In WAL
mode readers and the writer do not wait for each other. What remains is a writer in another process
(a backup, a person with a shell), and that one is waited for up to 5 s.

Nor may a query be cancelled half-way: SQLAlchemy then throws its connection away, and SQLite keeps
that one's lock for as long as a cursor of it is alive somewhere in a traceback. So all that asks
the database is `unbroken`.

WAL with `synchronous=NORMAL`: what is committed survives the death of this process at any moment;
a power cut may take the last commits, but never breaks the file.
"""

import asyncio
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bunga_cli.errors import DatabaseError, StorageError
from bunga_cli.store.migrations import REVISIONS
from bunga_cli.store.revision import check, migrate

READERS = 4
BUSY_TIMEOUT_S = 5.0
_OUT_OF_ORDER = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)

_P = ParamSpec("_P")
_T = TypeVar("_T")

_log = logging.getLogger(__name__)


def unbroken(
    method: Callable[_P, Coroutine[Any, Any, _T]],
) -> Callable[_P, Coroutine[Any, Any, _T]]:
    """Let a method end what it began, in the background if its caller is cancelled."""

    @wraps(method)
    async def call(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await asyncio.shield(method(*args, **kwargs))

    return call


class Database:
    """An open database: a queue for writing, a few connections for reading beside it."""

    def __init__(self, path: Path) -> None:
        self._writer = _Queue(_writing_engine(path), 1)
        self._reader = _Queue(_reading_engine(path), READERS)

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Return the database at `path`, made or migrated where needed, readable by us alone.

        Raises DatabaseError: one sentence for a person. The file is not touched then, unless it is
        the migration that failed, which leaves the old state.
        """
        await asyncio.to_thread(_prepare, path)
        database = cls(path)
        try:
            async with database.begin():
                pass  # A file that cannot be written is found out now.
        except DBAPIError as error:
            await database.close()
            raise _unusable(path, error) from error
        return database

    async def close(self) -> None:
        """Answer those who asked before, then close; who asks later gets a DatabaseError."""
        await self._reader.close()
        # The last connection folds the write-ahead log into the file, which a reader may not.
        await self._writer.close()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Enter a transaction that may write; wait for those who asked before.

        Leaving commits it; leaving with an exception undoes it. Only for what is `unbroken`.
        Raises StorageError where the disk is to blame.
        """
        try:
            async with self._writer.turn() as engine, engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            if _code(error) not in _OUT_OF_ORDER:
                raise
            _log.error("The database cannot be written: %s.", error.orig)
            raise StorageError(
                f"The database cannot be written ({error.orig}): look at the space on the disk of"
                " the data folder, and at the folder's owner and permissions."
            ) from error

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection that cannot write; each of its queries sees one committed state.

        Only for what is `unbroken`.
        """
        async with self._reader.turn() as engine, engine.connect() as connection:
            yield connection


class _Queue:
    """Connections of one kind, lent first come, first served, as the pool behind them is not."""

    def __init__(self, engine: AsyncEngine, size: int) -> None:
        self._engine = engine
        self._size = size
        self._free = asyncio.Semaphore(size)
        self._closed = False

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[AsyncEngine]:
        async with self._free:
            if self._closed:
                raise DatabaseError("The database is closed: the server is shutting down.")
            yield self._engine

    async def close(self) -> None:
        for _ in range(self._size):
            await self._free.acquire()
        self._closed = True
        await self._engine.dispose()
        for _ in range(self._size):
            self._free.release()


def _prepare(path: Path) -> None:
    revision = check(path)
    try:
        _make_private(path)
        if revision != REVISIONS[-1]:
            migrate(path)
            _log.debug("database at revision %s, was %s", REVISIONS[-1], revision)
    except (OSError, sqlite3.Error, DBAPIError) as error:
        raise _unusable(path, error) from error


def _make_private(path: Path) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def _code(error: DBAPIError) -> int:
    """Return SQLite's primary code of an error, 0 where it is none of SQLite's."""
    return int(getattr(error.orig, "sqlite_errorcode", 0)) & 0xFF


def _unusable(path: Path, error: Exception) -> DatabaseError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return DatabaseError(
        f"The database {path} cannot be written ({cause}): "
        "check the folder's owner and permissions, and the space on its disk."
    )


def _writing_engine(path: Path) -> AsyncEngine:
    # isolation_level=None: sqlite3 opens no transactions of its own, the event below does.
    engine = create_async_engine(
        _url(path),
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,  # password hashes have no business in a traceback
        connect_args={"timeout": BUSY_TIMEOUT_S, "isolation_level": None},
    )
    _on_connect(
        engine,
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = NORMAL",
        "PRAGMA foreign_keys = ON",
    )

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _reading_engine(path: Path) -> AsyncEngine:
    engine = create_async_engine(
        _url(path),
        pool_size=READERS,
        max_overflow=0,
        hide_parameters=True,
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": BUSY_TIMEOUT_S},
    )
    _on_connect(engine, "PRAGMA query_only = ON")
    return engine


def _url(path: Path) -> URL:
    return URL.create("sqlite+aiosqlite", database=str(path))


def _on_connect(engine: AsyncEngine, *pragmas: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()
