"""Where a backup may be put, and what may be taken for one.

A backup takes the place of what is there. So it goes nowhere into the site's own folder, whatever
way its name leads there, and takes the place of plain files alone.
"""

import os
from pathlib import Path

from bunga_cli.backup import manifest
from bunga_cli.backup.failures import BackupError
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import DataFolderError


def check_target(
    data: DataFolder, target: Path, operators_file: Path | None, *, replace: bool
) -> None:
    """Raise BackupError unless a backup of `data` may be put there; DataFolderError, OSError."""
    if not data.database.exists():
        raise DataFolderError(
            f"There is no server data in {data.path}; --data names another folder."
        )
    if target.is_dir():
        raise BackupError(f"{target} is a folder; name a file in it.")
    if os.path.lexists(target):
        _check_existing(target, replace=replace)
    if not target.parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}; make it first.")
    place = _resolved(target)
    if any(place.is_relative_to(folder) for folder in _folders(data)):
        raise BackupError(
            f"{target} lies in the data folder, among what is to be kept; choose another place."
        )
    if operators_file is not None and place == _resolved(operators_file):
        raise BackupError(f"{target} is the operator's settings file; choose another place.")


def check_source(source: Path) -> None:
    """Raise BackupError for what might never end, or never begin: a pipe, a device. OSError."""
    if source.exists() and not source.is_file() and not source.is_dir():
        raise BackupError(f"{source} is no plain file; name one that `bunga backup` made.")


def _check_existing(target: Path, *, replace: bool) -> None:
    # A device must stay one, and a link leads to a file that somebody else may count on.
    if target.is_symlink() or not target.is_file():
        raise BackupError(f"{target} is there and is no plain file; choose another place.")
    if not replace:
        raise BackupError(f"{target} exists already; --force replaces it.")


def _folders(data: DataFolder) -> list[Path]:
    """Return where the site's files are; a part of them may be on another disk."""
    return [_resolved(data.path / name) for name in ("", *manifest.FOLDERS)]


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))
