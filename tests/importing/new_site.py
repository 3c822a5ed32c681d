"""What is in a data folder after an import, and how it gets there in a test."""

import sqlite3
import tomllib
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from bunga_cli.data_folder import DataFolder
from bunga_cli.importing import Kind, Report, Source, move_in
from tests.importing.old_site import SECRET_KEY, OldSite

FACTS = {
    "accounts": "SELECT id, username, password_hash, is_admin, created_at FROM accounts",
    "banned": "SELECT account_id, channel_id, until FROM exclusions",
    "channels": "SELECT id, name, allow_new_client FROM channels",
    "members": "SELECT channel_id, account_id, joined_at FROM members",
    "plugins": 'SELECT channel_id, plugin, "values" FROM channel_plugin_settings',
    "records": "SELECT id, channel_id, record_id, title, source, path, position_us FROM records",
    "subtitles": "SELECT record_pk, uploader_id, name, file FROM subtitles",
    "logs": "SELECT channel_id, uploader_id, created_at, file, size_bytes FROM client_logs",
    "given": "SELECT seq FROM sqlite_sequence WHERE name = 'accounts'",
}


@dataclass(frozen=True)
class Facts:
    """All that an import may have brought; of old secrets, not until when they are believed."""

    rows: dict[str, list[Any]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    old_secrets: list[str] = field(default_factory=list)

    @property
    def files(self) -> set[str]:
        """The uploads that the database knows."""
        found = [("subtitles", row[3]) for row in self.rows.get("subtitles", [])]
        found += [("logs", row[3]) for row in self.rows.get("logs", [])]
        return {f"{folder}/{name}" for folder, name in found}


def facts(data: DataFolder) -> Facts:
    """Return what is in a data folder, which may be missing."""
    settings, secrets = {}, []
    if data.auto_settings.exists():
        settings = tomllib.loads(data.auto_settings.read_text())
    if data.media.exists():
        secrets = [old.secret for old in data.read_keyring().old]
    return Facts(_rows(data), settings, secrets)


def _rows(data: DataFolder) -> dict[str, list[Any]]:
    if not data.database.exists():
        return {}
    with closing(sqlite3.connect(data.database)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'channels'").fetchone():
            return {}
        found = {
            name: sorted(database.execute(query).fetchall(), key=str)
            for name, query in FACTS.items()
        }
    return {name: rows for name, rows in found.items() if rows}


def source_of(old: OldSite, **changes: Any) -> Source:
    given: dict[str, Any] = {"media": old.media, "secret_key": SECRET_KEY, **changes}
    return Source(old.database, **given)


async def imported(old: OldSite, data: DataFolder, **changes: Any) -> Report:
    return await move_in(source_of(old, **changes), data, applied=True)


def count(report: Report, kind: Kind) -> tuple[int, int, int, int]:
    """Return how many of a kind are new, here already, in conflict and lost."""
    found = dict(report.counts())[kind]
    return found.new, found.present, found.conflicts, found.losses


def told(report: Report, kind: Kind) -> list[tuple[str, str, str]]:
    """Return what is told of a kind: verdict, name, sentence."""
    return [(f.verdict, f.name, f.sentence) for f in report.findings if f.kind == kind]
