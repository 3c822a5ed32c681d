"""The part of an import that comes after the database, and how it is ended if nobody else did.

The head of this package says how an import goes, and why.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bunga_cli.clock import utc_now
from bunga_cli.data_folder import DataFolder, write_private
from bunga_cli.errors import DataFolderError, SettingsError
from bunga_cli.keyring import OldSecret
from bunga_cli.settings.files import save_overrides


@dataclass(frozen=True, slots=True)
class Rest:
    """What is to be set once the database has the number `mark`."""

    mark: int
    settings: Mapping[str, Any]
    secret: OldSecret | None


class _Secret(BaseModel):
    secret: str
    until: AwareDatetime


class _Note(BaseModel):
    """A `Rest` as it is in the file."""

    model_config = ConfigDict(hide_input_in_errors=True)

    mark: int
    settings: dict[str, Any]
    secret: _Secret | None


def finish_import(data: DataFolder) -> None:
    """End an import that was killed, if there is one and nobody else is at it.

    Raises DataFolderError, SettingsError.
    """
    if data.has_unfinished_import and not _is_in_use(data):
        with data.lock():
            finish(data)


def finish(data: DataFolder) -> None:
    """Do what is noted, if the database was written, and forget it. Only with the lock held."""
    rest = _read(data)
    if rest is None:
        return
    if read_mark(data.database) == rest.mark and (problems := [*_refused(data, rest)]):
        raise _put_aside(data, f"A part of an import is not allowed here: {' '.join(problems)}")
    data.import_note.unlink(missing_ok=True)


def _refused(data: DataFolder, rest: Rest) -> Iterator[str]:
    """Set what has to be set, and yield what is wrong with what cannot be, ever."""
    if rest.settings:
        try:
            save_overrides(data, rest.settings)
        except SettingsError as error:
            if isinstance(error.__cause__, OSError):
                raise  # such as a full disk: the next command tries again
            yield str(error)
    if rest.secret is not None:
        try:
            data.write_keyring(data.read_keyring().believing(rest.secret, utc_now()))
        except ValueError as error:
            yield f"the SECRET_KEY: {error}."


def _put_aside(data: DataFolder, problem: str) -> DataFolderError:
    """Return what to tell of a note that nobody can follow, which is in nobody's way any more."""
    aside = data.import_note.with_suffix(".json.failed")
    data.import_note.replace(aside)
    return DataFolderError(
        f"{problem} Its note is now {aside}, and commands work again: run the import once more,"
        " which brings what is missing, and then delete that file."
    )


def note(data: DataFolder, rest: Rest) -> None:
    """Keep what is to be done after the database."""
    old = rest.secret
    secret = _Secret(secret=old.secret, until=old.until) if old else None
    text = _Note(mark=rest.mark, settings=dict(rest.settings), secret=secret).model_dump_json()
    try:
        write_private(data.import_note, text)
    except OSError as error:
        raise DataFolderError(f"{data.path} cannot be written to: {error.strerror}.") from error


def read_mark(database: Path) -> int:
    """Return the number that the last import left in a database, 0 for none."""
    if not database.exists():
        return 0
    uri = f"{database.absolute().as_uri()}?mode=rw"  # its journal may have to be read
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as error:
        raise DataFolderError(
            f"An import was interrupted, and the database {database} cannot be read ({error}):"
            " restore a backup, or delete import.json beside it to go on without the import's rest."
        ) from error


def _read(data: DataFolder) -> Rest | None:
    path = data.import_note
    try:
        found = _Note.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataFolderError(
            f"{path}, the note of an import that was interrupted, cannot be read"
            f" ({error.strerror}): check its owner and permissions."
        ) from error
    except ValueError as error:
        problem = f"{path}, the note of an import that was interrupted, makes no sense."
        raise _put_aside(data, problem) from error
    old = found.secret
    secret = OldSecret(old.secret, old.until) if old else None
    return Rest(found.mark, found.settings, secret)


def _is_in_use(data: DataFolder) -> bool:
    """Return whether somebody holds the lock: the import itself, most likely."""
    try:
        lock_fd = os.open(data.path / "bunga.lock", os.O_RDWR)
    except OSError:
        return False  # whoever takes the lock will tell what is wrong
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock_fd)
    return False
