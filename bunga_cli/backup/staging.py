"""Where something is made before it is moved to its place.

A process that is killed leaves its staging folder behind. It holds a lock on it for as long as it
lives, so the next one knows what is nobody's any more, and removes it.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_SUFFIX = ".partial"


@contextmanager
def staging_folder(parent: Path, name: str) -> Iterator[Path]:
    """Yield an empty folder in `parent`, for its owner alone, for making `name` in.

    It is removed at the end, or may have been moved. Raises OSError.
    """
    parent_fd = _locked(parent)
    try:
        _sweep(parent, name)
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=f".{name}.", suffix=_SUFFIX))
        folder_fd = _locked(folder)
    finally:
        os.close(parent_fd)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(folder_fd)


def is_staging(path: Path, name: str) -> bool:
    """Return whether `path` is a folder for making `name` in, perhaps of a process now dead."""
    return path.name.startswith(f".{name}.") and path.name.endswith(_SUFFIX) and path.is_dir()


def make_private_folder(path: Path) -> None:
    """Make a folder and those around it, as far as they are missing, for their owner alone."""
    if not path.is_dir():
        make_private_folder(path.parent)
        path.mkdir(mode=0o700)


def new_private_file(path: Path) -> BinaryIO:
    """Make and open a file that only its owner can read. Raises OSError if one is there."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    folder_fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(folder_fd)
    finally:
        os.close(folder_fd)


def _locked(folder: Path) -> int:
    folder_fd = os.open(folder, os.O_RDONLY)
    fcntl.flock(folder_fd, fcntl.LOCK_EX)
    return folder_fd


def _sweep(parent: Path, name: str) -> None:
    for folder in parent.iterdir():
        if is_staging(folder, name):
            with suppress(OSError):
                _remove_unlocked(folder)


def _remove_unlocked(folder: Path) -> None:
    folder_fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(folder_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(folder_fd)
