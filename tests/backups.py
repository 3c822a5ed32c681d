"""Sites to back up, and backups as nobody should make them."""

import asyncio
import hashlib
import io
import json
import sqlite3
import tarfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from bunga_cli.data_folder import DataFolder
from bunga_cli.store import Store
from bunga_cli.store.migrations import REVISIONS

Entry = tuple[tarfile.TarInfo, bytes]


def make_site(path: Path) -> DataFolder:
    """Make a data folder with something of everything in it."""
    folder = DataFolder(path)
    folder.create()
    asyncio.run(_fill(folder))
    for name, text in {
        "media/subtitles/first.srt": "1\n00:00:01 --> 00:00:02\nHello\n",
        "media/logs/a.log": "a player's log\n",
        "plugins/mine.py": "plugin = None\n",
        "plugin-data/mine/notes.txt": "kept\n",
        "bunga.auto.toml": '[site]\nname = "Ours"\n',
    }.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
        (path / name).chmod(0o600)
    note_upload(folder, "first.srt")
    return folder


async def _fill(folder: DataFolder) -> None:
    store = await Store.open(folder.database)
    await store.channels.create("lobby", "Lobby")
    await store.accounts.create("ann", "a-hash")
    await store.close()


def note_upload(folder: DataFolder, name: str) -> None:
    """Make a row for an upload."""
    with closing(sqlite3.connect(folder.database)) as database, database:
        database.execute(
            "INSERT INTO client_logs (channel_id, uploader_id, created_at, file, size_bytes)"
            " VALUES ('lobby', 1, '2026-01-01 00:00:00', ?, 1)",
            (name,),
        )


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files in a folder by name; a database as the commands that make it again."""
    return {
        path.relative_to(folder).as_posix(): (
            dump(path) if path.suffix == ".db" else path.read_bytes()
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def dump(path: Path) -> bytes:
    """Return a database as commands that make it again."""
    with closing(sqlite3.connect(path)) as database:
        return "\n".join(database.iterdump()).encode()


def entry(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = "") -> Entry:
    """Return an entry of a tar file."""
    header = tarfile.TarInfo(name)
    header.type, header.linkname, header.size = kind, link, len(content)
    return header, content


def manifest_of(
    entries: Iterable[Entry], *, revision: str = REVISIONS[-1], version: int = 1
) -> Entry:
    """Return a manifest that agrees with the entries."""
    files = {
        header.name: {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for header, content in entries
    }
    said = {
        "format": version,
        "bunga_version": "9.9",
        "schema_revision": revision,
        "created_at": "2026-01-01T00:00:00Z",
        "files": files,
    }
    return entry("manifest.json", json.dumps(said).encode())


def pack(path: Path, entries: Iterable[Entry], tar_format: int = tarfile.GNU_FORMAT) -> Path:
    """Write a tar.gz of exactly these entries."""
    with tarfile.open(path, "w:gz", format=tar_format) as tar:
        for header, content in entries:
            tar.addfile(header, io.BytesIO(content))
    return path


def unpacked(path: Path) -> list[Entry]:
    """Return the entries of a tar.gz."""
    with tarfile.open(path) as tar:
        files = [(header, tar.extractfile(header)) for header in tar]
        return [(header, file.read() if file else b"") for header, file in files]
