"""Makes a backup while the site is being used.

Uploads are files that never change; their rows come after them and go before them. So uploads are
read first, then the database is copied as it is at one moment, then those uploads that came
meanwhile. An upload may still be deleted after that moment and before its file was read; then the
database is copied again.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bunga_cli import __version__
from bunga_cli.backup import manifest
from bunga_cli.backup.failures import BackupError
from bunga_cli.backup.manifest import Manifest
from bunga_cli.backup.places import check_target
from bunga_cli.backup.staging import staging_folder, sync_folder
from bunga_cli.backup.writing import ArchiveWriter, archive
from bunga_cli.clock import utc_now
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import BungaError, DatabaseError
from bunga_cli.store.copying import copy_database, uploaded_files
from bunga_cli.store.revision import check

Progress = Callable[[float], None]

_SQLITE_MAGIC = b"SQLite format 3\0"
_SQLITE_JOURNALS = ("-wal", "-shm", "-journal")
_NO_DATABASE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)
"""A file only looks like a database, or is a broken one: its bytes are all there is of it."""
_OUT_OF_ORDER = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
"""The machine is to blame, and not the file."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made. `missing_uploads` are known to the database, but not in `media/`.

    `skipped_links` are in `media/` and lead elsewhere; a backup does not follow them.
    `locked_databases`, by their paths in the data folder, their plugins keep to themselves.
    """

    path: Path
    size_bytes: int
    manifest: Manifest
    missing_uploads: int
    skipped_links: int
    locked_databases: tuple[str, ...]


def make_backup(
    data: DataFolder,
    target: Path,
    *,
    operators_file: Path | None = None,
    replace: bool = False,
    on_progress: Progress = lambda _share: None,
) -> Backup:
    """Put the site in `data` into the file `target`, whole or not at all.

    `on_progress` gets 0.0 to 1.0. Raises BackupError, DatabaseError, DataFolderError.
    """
    target = target.absolute()
    try:
        check_target(data, target, operators_file, replace=replace)
        with staging_folder(target.parent, target.name) as folder:
            site = _Site(data, operators_file, folder, on_progress)
            made = site.write(folder / "backup.tar.gz")
            (folder / "backup.tar.gz").replace(target)
            sync_folder(target.parent)
    except OSError as error:
        where = error.filename or target
        raise BackupError(
            f"The backup {target} cannot be made: {where}: {error.strerror or error}."
        ) from error
    return Backup(
        path=target,
        size_bytes=target.stat().st_size,
        manifest=made,
        missing_uploads=site.missing_uploads,
        skipped_links=len(_links(data.media)),
        locked_databases=tuple(site.locked_databases),
    )


class _Site:
    """A site on its way into an archive."""

    def __init__(
        self, data: DataFolder, operators_file: Path | None, staging: Path, on_progress: Progress
    ) -> None:
        self._data, self._operators_file = data, operators_file
        self._staging, self._on_progress = staging, on_progress
        self._database_bytes = data.database.stat().st_size
        uploads_bytes = sum(_size_bytes(path) for path in _uploads(data.media))
        self._total_bytes = max(1, uploads_bytes + 2 * self._database_bytes)
        self._done_bytes = 0.0
        self.missing_uploads = 0
        self.locked_databases: list[str] = []

    def write(self, path: Path) -> Manifest:
        """Write the archive, and return what is in it."""
        with archive(path, self._on_bytes) as writer:
            self._add_uploads(writer)
            revision = self._add_database(writer)
            self._add_plugins(writer)
            self._add_settings(writer)
            written = Manifest(__version__, revision, utc_now(), dict(writer.files))
            writer.add_bytes(manifest.NAME, written.text().encode())
        return written

    def _on_bytes(self, count: float) -> None:
        self._done_bytes += count
        self._on_progress(min(1.0, self._done_bytes / self._total_bytes))

    def _add_uploads(self, writer: ArchiveWriter) -> None:
        """Add the uploads that are not in it yet, but for those that are only arriving."""
        for path in _uploads(self._data.media):
            name = f"media/{path.relative_to(self._data.media).as_posix()}"
            if name not in writer.files and not path.name.startswith("."):
                try:
                    writer.add(name, path)
                except FileNotFoundError:
                    continue  # It was deleted a moment ago, and its row before it.

    def _add_database(self, writer: ArchiveWriter) -> str:
        """Add the database with all uploads that it knows; return its schema's revision."""
        copy = self._staging / manifest.DATABASE
        missing: set[str] | None = None
        while True:
            revision = self._copy_database(copy)
            known = uploaded_files(copy)
            self._add_uploads(writer)
            missed_before = missing
            missing = known - {name.rpartition("/")[2] for name in writer.files}
            missing -= {path.name for path in _links(self._data.media)}  # These are told as links.
            if not missing or missing == missed_before:
                break  # What is missed twice has a row still: it was lost long ago.
        self.missing_uploads = len(missing)
        writer.add(manifest.DATABASE, copy)
        return revision

    def _copy_database(self, copy: Path) -> str:
        copy.unlink(missing_ok=True)
        done_bytes = self._done_bytes

        def on_progress(share: float) -> None:
            self._done_bytes = done_bytes
            self._on_bytes(share * self._database_bytes)

        try:
            copy_database(self._data.database, copy, on_progress)
            revision = check(copy)
        except (sqlite3.Error, BungaError) as error:
            raise DatabaseError(
                f"The database {self._data.database} cannot be copied ({_reason(error, copy)});"
                " `bunga doctor` may know more."
            ) from error
        if revision is None:
            raise DatabaseError(f"The database {self._data.database} is empty.")
        return revision

    def _add_plugins(self, writer: ArchiveWriter) -> None:
        for path in _files(self._data.path / "plugins"):
            if "__pycache__" not in path.parts:
                writer.add_bytes(self._name(path), path.read_bytes())
        for path in _files(self._data.path / "plugin-data"):
            if not path.name.endswith(_SQLITE_JOURNALS):
                self._add_changing(writer, path)

    def _add_changing(self, writer: ArchiveWriter, path: Path) -> None:
        """Add a file that its plugin may be writing."""
        copy = self._staging / "copy"
        copy.unlink(missing_ok=True)
        try:
            _copy(path, copy)
        except FileNotFoundError:
            return  # A plugin may remove what is its own.
        except sqlite3.Error as error:
            if _code(error) in _OUT_OF_ORDER:
                raise BackupError(f"{path} cannot be copied: {error}.") from error
            # Its bytes alone would be an older state of it, or parts of two.
            self.locked_databases.append(self._name(path))
            return
        writer.add(self._name(path), copy)

    def _name(self, path: Path) -> str:
        return path.relative_to(self._data.path).as_posix()

    def _add_settings(self, writer: ArchiveWriter) -> None:
        for name in (manifest.SECRET, manifest.AUTO_SETTINGS):
            path = self._data.path / name
            if path.exists():
                writer.add_bytes(name, path.read_bytes())
        if self._operators_file is not None:
            writer.add_bytes(manifest.OPERATORS_FILE, self._operators_file.read_bytes())


def _files(folder: Path) -> Iterator[Path]:
    """Yield all files in a folder and its folders, in a fixed order."""
    found = (path for path in folder.rglob("*") if path.is_file())
    yield from sorted(found)


def _uploads(folder: Path) -> Iterator[Path]:
    """Yield all uploads; what a link leads to is none, and may be anybody's."""
    return (path for path in _files(folder) if not path.is_symlink())


def _links(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_symlink()]


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _copy(path: Path, copy: Path) -> None:
    """Copy a file; a database as it is at one moment. Raises OSError, sqlite3.Error."""
    with path.open("rb") as file:
        is_database = file.read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC
    try:
        if is_database:
            copy_database(path, copy)
            return
    except sqlite3.Error as error:
        copy.unlink(missing_ok=True)
        if _code(error) not in _NO_DATABASE:
            raise
    shutil.copyfile(path, copy)


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's primary code of an error."""
    return error.sqlite_errorcode & 0xFF


def _reason(error: Exception, copy: Path) -> str:
    """Return what is wrong in words that do not name a file which is gone by now."""
    return str(error).replace(str(copy), "it").rstrip(".")
