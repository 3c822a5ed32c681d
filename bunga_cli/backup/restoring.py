"""Makes a data folder of a backup.

Nothing of the backup is on the disk before all of it was looked at, and nothing is in its place
before all of it is on the disk.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bunga_cli.backup import manifest
from bunga_cli.backup.failures import BackupError
from bunga_cli.backup.manifest import Manifest
from bunga_cli.backup.places import check_source
from bunga_cli.backup.reading import unpack, verify
from bunga_cli.backup.staging import is_staging, staging_folder, sync_folder
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import BungaError, DataFolderError, SettingsError
from bunga_cli.settings.files import read_toml
from bunga_cli.store.migrations import REVISIONS
from bunga_cli.store.revision import check

Progress = Callable[[float], None]

_OF_A_DISK = "lost+found"
"""What an empty disk has in it."""


def restore_backup(
    source: Path, data: DataFolder, on_progress: Progress = lambda _share: None
) -> Manifest:
    """Make the data folder `data`, which is missing or empty, of the backup `source`.

    `on_progress` gets 0.0 to 1.0. Raises BackupError, DataFolderError; nothing is changed then.
    """
    folder = data.path.resolve()
    _check_empty(folder)
    try:
        check_source(source)
        found = verify(source, _room_bytes(folder), lambda share: on_progress(share / 2))
        _check_revision(source, found.schema_revision)
        _put(source, folder, found, lambda share: on_progress((1 + share) / 2))
    except OSError as error:
        where = error.filename or folder
        raise BackupError(
            f"{source} cannot be restored: {where}: {error.strerror or error}."
        ) from error
    return found


def _check_empty(folder: Path) -> None:
    try:
        found = [path.name for path in folder.iterdir() if not _counts_as_nothing(path, folder)]
    except FileNotFoundError:
        return
    except OSError as error:
        raise DataFolderError(f"{folder} cannot be used: {error.strerror}.") from error
    if found:
        raise DataFolderError(
            f"{folder} is not empty (there is {min(found)}); a backup is restored into a new"
            " or an empty folder, which --data names."
        )


def _counts_as_nothing(path: Path, folder: Path) -> bool:
    return path.name == _OF_A_DISK or is_staging(path, folder.name)


def _room_bytes(folder: Path) -> int:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free


def _check_revision(source: Path, revision: str) -> None:
    if revision not in REVISIONS:
        raise BackupError(
            f"{source} was made by a newer version of Bunga Server (its database is at revision"
            f" {revision}, this version knows up to {REVISIONS[-1]}); upgrade Bunga Server first."
        )


def _put(source: Path, folder: Path, found: Manifest, on_progress: Progress) -> None:
    # Nothing can take the place of a folder that a disk of its own is mounted on.
    is_disk = folder.is_mount()
    parent = folder if is_disk else folder.parent
    parent.mkdir(parents=True, exist_ok=True)
    with staging_folder(parent, folder.name) as staging:
        unpack(source, staging, found, on_progress)
        (staging / "media").mkdir(mode=0o700, exist_ok=True)
        _check_database(source, staging / manifest.DATABASE)
        _end_sessions(source, staging / manifest.DATABASE)
        _check_texts(source, DataFolder(staging))
        os.sync()
        if is_disk:
            _move_all(staging, folder)
        else:
            _replace(staging, folder)
        sync_folder(parent)


def _check_database(source: Path, path: Path) -> None:
    try:
        revision = check(path)
    except BungaError as error:
        reason = str(error).replace(str(path), "in it")
        raise BackupError(f"{source} cannot be used. {reason}") from error
    if revision is None:
        raise BackupError(f"{source} cannot be used: its database is empty.")


def _end_sessions(source: Path, path: Path) -> None:
    """Sign every browser out: who signed out after the backup was made must not be in again."""
    known = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'sessions'"
    try:
        with closing(sqlite3.connect(path)) as database, database:
            if database.execute(known).fetchone():  # an old backup has none
                database.execute("DELETE FROM sessions")
    except sqlite3.Error as error:
        raise BackupError(f"{source} cannot be used: its database is damaged ({error}).") from error


def _check_texts(source: Path, site: DataFolder) -> None:
    """Refuse a secret, and settings, that no server could start with."""
    try:
        site.read_keyring()
    except DataFolderError as error:
        raise BackupError(f"{source} cannot be used: the secret in it is damaged.") from error
    try:
        if site.auto_settings.exists():
            read_toml(site.auto_settings)
    except SettingsError as error:
        reason = str(error).replace(str(site.auto_settings), site.auto_settings.name)
        raise BackupError(f"{source} cannot be used: in it, {reason}") from error


def _replace(staging: Path, folder: Path) -> None:
    try:
        staging.rename(folder)  # An empty folder may be there, by POSIX.
    except OSError:
        _check_empty(folder)  # Somebody was quicker.
        raise


def _move_all(staging: Path, folder: Path) -> None:
    """Move what was made into its folder, the database last: it makes a folder a site's."""
    for path in sorted(staging.iterdir(), key=lambda path: path.name == manifest.DATABASE):
        path.rename(folder / path.name)
