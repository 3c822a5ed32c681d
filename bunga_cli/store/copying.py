"""A copy of a database that may be written meanwhile: what one moment had, and all of it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

BUSY_TIMEOUT_S = 5.0
PAGES_AT_ONCE = 1_000
"""After so many pages, 4 MB, the copier tells how far it is."""

_FILES = "SELECT file FROM subtitles UNION SELECT file FROM client_logs"


def copy_database(
    source: Path, target: Path, on_progress: Callable[[float], None] = lambda _share: None
) -> None:
    """Copy the SQLite file `source` to the new file `target`; `on_progress` gets 0.0 to 1.0.

    Its writers go on. Raises sqlite3.Error when it is not a database, or cannot be read or written.
    """
    uri = f"{source.absolute().as_uri()}?mode=rw"
    with (
        closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        # Without a transaction of its own, the copy begins anew at each write of anybody else,
        # and so comes to no end on a server that writes twice a second.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()

        def on_pages(_status: int, remaining: int, total: int) -> None:
            on_progress(1 - remaining / max(1, total))

        reading.backup(writing, pages=PAGES_AT_ONCE, progress=on_pages)


def uploaded_files(path: Path) -> set[str]:
    """Return the names of all uploads that the database at `path` knows; nobody may write it."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as database:
        return {name for (name,) in database.execute(_FILES)}
