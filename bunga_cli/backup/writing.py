"""Puts files into a `tar.gz`, and notes what they are."""

import gzip
import hashlib
import io
import os
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bunga_cli.backup.manifest import FileFacts
from bunga_cli.backup.staging import new_private_file

_COMPRESSION = 6


class ArchiveWriter:
    """A `tar.gz` in the making. `on_bytes` is told how many bytes of files went into it."""

    def __init__(self, tar: tarfile.TarFile, on_bytes: Callable[[int], None]) -> None:
        self._tar, self._on_bytes = tar, on_bytes
        self.files: dict[str, FileFacts] = {}
        """What is in it, by name."""

    def add(self, name: str, path: Path) -> None:
        """Put the file at `path` in; it must not become shorter meanwhile. Raises OSError."""
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            self._add(name, file, status.st_size, status.st_mtime)

    def add_bytes(self, name: str, content: bytes) -> None:
        """Put a small file in."""
        self._add(name, io.BytesIO(content), len(content), time.time())

    def _add(self, name: str, file: BinaryIO, size_bytes: int, modified_at: float) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime, entry.mode = size_bytes, int(modified_at), 0o600
        reader = _Hashed(file, self._on_bytes)
        self._tar.addfile(entry, reader)  # type: ignore[arg-type]  # it is read, no more
        self.files[name] = FileFacts(size_bytes, reader.sha256.hexdigest())


class _Hashed:
    """Reads a file and hashes what was read."""

    def __init__(self, file: BinaryIO, on_bytes: Callable[[int], None]) -> None:
        self._file, self._on_bytes = file, on_bytes
        self.sha256 = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        data = self._file.read(size)
        self.sha256.update(data)
        self._on_bytes(len(data))
        return data


@contextmanager
def archive(path: Path, on_bytes: Callable[[int], None]) -> Iterator[ArchiveWriter]:
    """Yield a writer of the new file `path`, which is on the disk when the block has ended."""
    with new_private_file(path) as file:
        with (
            gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_COMPRESSION) as packed,
            # GNU's format: sizes over 8 GB, and names of any length and spelling.
            tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar,
        ):
            yield ArchiveWriter(tar, on_bytes)
        file.flush()
        os.fsync(file.fileno())
