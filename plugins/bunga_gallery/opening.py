"""Opening files that lie in a folder, and nothing else, whatever is changed meanwhile.

Checking a path and then opening it are two looks at the disk, and in between the file may become a
symlink to elsewhere. So the way is resolved once, checked, and then gone step by step from the
folder's own descriptor, where no step may be a symlink. What is sent is read from the descriptor
that was opened in the end.
"""

import os
import stat
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bunga_gallery.library import is_inside
from bunga_gallery.workers import Workers

READ_LIMIT_S = 15.0

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC  # a pipe would block


class OpenFile:
    """A file that is open. Close it; one that nobody took is closed when it is forgotten."""

    def __init__(self, descriptor: int, found: os.stat_result, readers: Workers) -> None:
        self.size, self.modified_ns = found.st_size, found.st_mtime_ns
        self._descriptor: int | None = descriptor
        self._readers = readers

    async def read(self, at: int, size: int) -> bytes:
        """Return up to `size` bytes. Raises OSError, TimeoutError if the disk hangs."""
        descriptor = self._descriptor
        if descriptor is None:
            raise OSError("The file is closed.")
        return await self._readers.do(lambda: os.pread(descriptor, size, at), READ_LIMIT_S)

    def close(self) -> None:
        """Close the file, without waiting for that."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(RuntimeError):  # Python is about to end, and closes all
                threading.Thread(target=os.close, args=(descriptor,), daemon=True).start()

    def __del__(self) -> None:
        self.close()


def open_beneath(root: Path, path: Path, readers: Workers) -> OpenFile | None:
    """Open a file; None if it is not there, or not a file inside the root. Blocks."""
    try:
        real, real_root = path.resolve(strict=True), root.resolve(strict=True)
        if not is_inside(real, real_root):
            return None
        return _opened(real_root, real.relative_to(real_root).parts, readers)
    except (OSError, RuntimeError):  # RuntimeError: a loop of symlinks, before Python 3.13
        return None


def _opened(root: Path, parts: Sequence[str], readers: Workers) -> OpenFile | None:
    *folders, name = parts
    folder = os.open(root, _FOLDER)
    try:
        for part in folders:
            folder = _entered(folder, part)
        if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            return None
        descriptor = os.open(name, _FILE, dir_fd=folder)
    finally:
        os.close(folder)
    file = OpenFile(descriptor, found := os.fstat(descriptor), readers)
    return file if stat.S_ISREG(found.st_mode) else None


def _entered(folder: int, name: str) -> int:
    """Return the descriptor of a folder in a folder, whose own is closed unless this fails."""
    inner = os.open(name, _FOLDER, dir_fd=folder)
    os.close(folder)
    return inner
