"""What a backup says about itself, in `manifest.json`, and which names a backup may hold."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bunga_cli.backup.failures import BackupError

FORMAT = 1
NAME = "manifest.json"
DATABASE = "bunga.db"
SECRET = "secret"  # noqa: S105  a file's name
AUTO_SETTINGS = "bunga.auto.toml"
OPERATORS_FILE = "operator/bunga.toml"

FOLDERS = ("media", "plugins", "plugin-data")
"""Folders that are kept with all that is in them."""

_FILES = frozenset({NAME, DATABASE, SECRET, AUTO_SETTINGS, OPERATORS_FILE})
_NEEDED = (DATABASE, SECRET)
_UNREADABLE = (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file must be."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `files` is all but the manifest itself, by name."""

    bunga_version: str
    schema_revision: str
    created_at: datetime
    files: Mapping[str, FileFacts]

    def text(self) -> str:
        """Return what `parse` reads."""
        files = {name: asdict(facts) for name, facts in self.files.items()}
        created_at = self.created_at.isoformat().replace("+00:00", "Z")
        head = {"format": FORMAT, "bunga_version": self.bunga_version}
        head |= {"schema_revision": self.schema_revision, "created_at": created_at}
        return json.dumps({**head, "files": files}, indent=1)

    @classmethod
    def parse(cls, text: bytes, path: Path) -> "Manifest":
        """Return what the manifest of the backup at `path` says. Raises BackupError."""
        try:
            said = json.loads(text)
            if said["format"] == FORMAT:
                return cls._of(said)
        except _UNREADABLE as error:
            raise BackupError(f"{path} is damaged: its manifest cannot be read.") from error
        raise BackupError(
            f"{path} was made by a newer version of Bunga Server; upgrade Bunga Server first."
        )

    @classmethod
    def _of(cls, said: Mapping[str, Any]) -> "Manifest":
        files = {
            str(name): FileFacts(int(facts["size_bytes"]), str(facts["sha256"]))
            for name, facts in said["files"].items()
        }
        created_at = datetime.fromisoformat(said["created_at"])
        return cls(str(said["bunga_version"]), str(said["schema_revision"]), created_at, files)

    def check(self, found: Mapping[str, FileFacts], path: Path) -> None:
        """Raise BackupError unless the backup at `path` has all that it should, and no more."""
        wrong = next((name for name in self.files if found.get(name) != self.files[name]), None)
        if wrong is not None:
            raise BackupError(
                f"{path} is damaged: {wrong} in it is not what was put there; use another backup."
            )
        if len(found) > len(self.files):
            raise BackupError(f"{path} is no backup as Bunga Server makes them: it holds too much.")
        if not all(name in found for name in _NEEDED):
            raise BackupError(f"{path} holds no whole site; use another backup.")


def is_allowed(name: str) -> bool:
    """Return whether a backup may hold a file of this name."""
    if name in _FILES:
        return True
    folder, *rest = name.split("/")
    return folder in FOLDERS and bool(rest) and all(map(_is_plain, rest))


def _is_plain(part: str) -> bool:
    return part not in ("", ".", "..") and "\0" not in part
