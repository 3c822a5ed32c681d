"""Takes files out of a `tar.gz` that may be damaged, or made by an enemy.

`tarfile` reads headers of any size into memory, and believes what they say. So only its reading of
one block is used here. What is not a plain file with a name that a backup may hold ends it, and so
do more bytes than there is room for, however well they were packed.
"""

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bunga_cli.backup import manifest
from bunga_cli.backup.failures import BackupError
from bunga_cli.backup.manifest import FileFacts, Manifest
from bunga_cli.backup.staging import make_private_folder, new_private_file

_BLOCK_BYTES = tarfile.BLOCKSIZE
_CHUNK_BYTES = 256 * 1024
_LONGEST_NAME_BYTES = 4096
_LARGEST_MANIFEST_BYTES = 64 * 1024 * 1024
_MOST_FILES = 1_000_000
_PLAIN_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)

Progress = Callable[[float], None]


def verify(path: Path, room_bytes: int, on_progress: Progress) -> Manifest:
    """Return the manifest of the backup at `path` if all of it is as it should be.

    Writes nothing. Raises BackupError, also if the files need more than `room_bytes`.
    """
    sizes, manifests = {}, []
    with _opened(path, room_bytes, on_progress) as reader:
        for member in reader.members():
            is_manifest = member.name == manifest.NAME
            kept = _LARGEST_MANIFEST_BYTES if is_manifest else 0
            content, facts = member.read(kept)
            if is_manifest:
                manifests.append(content)
            else:
                sizes[member.name] = facts
    if not manifests:
        raise BackupError(f"{path} is no backup of Bunga Server, or not all of one.")
    found = Manifest.parse(manifests[0], path)
    found.check(sizes, path)
    return found


def unpack(path: Path, folder: Path, expected: Manifest, on_progress: Progress) -> None:
    """Put the files of a verified backup into an empty folder. Raises BackupError, OSError."""
    found = {}
    with _opened(path, _room_for(expected), on_progress) as reader:
        for member in reader.members():
            if member.name == manifest.NAME:
                member.read(kept_bytes=0)
            else:
                found[member.name] = _unpack_one(member, folder / member.name)
    expected.check(found, path)


def _room_for(expected: Manifest) -> int:
    return _LARGEST_MANIFEST_BYTES + sum(file.size_bytes for file in expected.files.values())


def _unpack_one(member: "_Member", path: Path) -> FileFacts:
    make_private_folder(path.parent)
    with new_private_file(path) as file:
        return member.copy(file)


@contextmanager
def _opened(path: Path, room_bytes: int, on_progress: Progress) -> Iterator["_Reader"]:
    """Yield a reader of a backup, whose every complaint is a BackupError."""
    try:
        size_bytes = max(1, path.stat().st_size)
        with path.open("rb") as packed, gzip.open(packed) as tar:
            reader = _Reader(
                tar,  # type: ignore[arg-type]  # GzipFile is one in all that is used here
                path,
                room_bytes,
                lambda: on_progress(packed.tell() / size_bytes),
            )
            yield reader
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
        raise BackupError(
            f"{path} is no backup of Bunga Server, or it is damaged or incomplete ({error})."
        ) from error


class _Reader:
    """Reads the files of an unpacked tar stream in order, each of them once."""

    def __init__(
        self, tar: BinaryIO, path: Path, room_bytes: int, on_read: Callable[[], None]
    ) -> None:
        self.path = path
        self._tar, self._room_bytes, self._on_read = tar, room_bytes, on_read

    def members(self) -> Iterator["_Member"]:
        """Yield all files; each must be read before the next."""
        names: set[str] = set()
        while (header := self.exactly(_BLOCK_BYTES)) != bytes(_BLOCK_BYTES):
            entry, name = self._entry(header)
            self._check(entry, name, names)
            names.add(name)
            yield _Member(name, entry.size, self)
            self.exactly(-entry.size % _BLOCK_BYTES)

    def exactly(self, size: int) -> bytes:
        """Return so many bytes, no more than a chunk. Raises EOFError, BackupError."""
        self._room_bytes -= size
        if self._room_bytes < 0:
            raise BackupError(
                f"{self.path} needs more space than there is; nothing was written. Free some, or"
                " restore it to another disk."
            )
        data = self._tar.read(size)
        if len(data) < size:
            raise EOFError("it ends too early")
        self._on_read()
        return data

    def _entry(self, header: bytes) -> tuple[tarfile.TarInfo, str]:
        """Return what a header says, and the name; a long one is in a block of its own."""
        entry = _parsed(header)
        if entry.type != tarfile.GNUTYPE_LONGNAME:
            return entry, entry.name
        if not 0 < entry.size <= _LONGEST_NAME_BYTES:
            raise BackupError(f"{self.path} is no backup: a name in it is too long.")
        name = self.exactly(entry.size)
        self.exactly(-entry.size % _BLOCK_BYTES)
        text = name.partition(b"\0")[0].decode("utf-8", "surrogateescape")
        return _parsed(self.exactly(_BLOCK_BYTES)), text

    def _check(self, entry: tarfile.TarInfo, name: str, names: set[str]) -> None:
        shown = name.encode("utf-8", "replace").decode()
        if entry.type not in _PLAIN_FILES or not manifest.is_allowed(name) or entry.size < 0:
            raise BackupError(
                f"{self.path} is no backup as Bunga Server makes them: it holds {shown!r}."
                " Nothing was restored."
            )
        if name in names or len(names) >= _MOST_FILES:
            raise BackupError(f"{self.path} is no backup: it holds {shown!r} twice.")


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    size_bytes: int
    reader: _Reader

    def copy(self, target: BinaryIO) -> FileFacts:
        """Write the content, and return what it was."""
        return self._each(target.write)

    def read(self, kept_bytes: int) -> tuple[bytes, FileFacts]:
        """Return the content if it is no larger than that, and what it was."""
        content: list[bytes] = []
        is_kept = self.size_bytes <= kept_bytes
        facts = self._each(content.append if is_kept else lambda _chunk: None)
        return b"".join(content), facts

    def _each(self, take: Callable[[bytes], object]) -> FileFacts:
        sha256, left = hashlib.sha256(), self.size_bytes
        while left:
            chunk = self.reader.exactly(min(left, _CHUNK_BYTES))
            sha256.update(chunk)
            take(chunk)
            left -= len(chunk)
        return FileFacts(self.size_bytes, sha256.hexdigest())


def _parsed(header: bytes) -> tarfile.TarInfo:
    return tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
