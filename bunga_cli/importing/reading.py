"""Reads the original's database, and leaves it as it is.

The file may be anything: what is not a whole database of the original is refused.
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from bunga_cli.importing.failures import ImportFailure
from bunga_cli.importing.original import (
    HIGHEST,
    TABLES,
    AListAccountRow,
    AListHostRow,
    BilibiliAccountRow,
    LinkerRow,
    OldChannel,
    OldLog,
    OldRecord,
    OldSubtitle,
    Original,
    PermissionRow,
    Row,
    SiteRow,
    User,
    UserPermissionRow,
    VoiceKeyRow,
)
from bunga_cli.importing.report import Kind, Report
from bunga_cli.store.revision import looking_at

Progress = Callable[[float], None]
R = TypeVar("R", bound=Row)

_MAGIC = b"SQLite format 3\0"
_MEMBER_OF = "channel_"
_VIRTUAL = re.compile(r"\s*CREATE\s+VIRTUAL\s", re.IGNORECASE)

_KINDS: dict[type[Row], Kind] = {
    OldChannel: Kind.CHANNEL,
    AListAccountRow: Kind.ALIST,
    BilibiliAccountRow: Kind.BILIBILI,
    OldRecord: Kind.RECORD,
    OldSubtitle: Kind.SUBTITLE,
    OldLog: Kind.LOG,
    User: Kind.ACCOUNT,
    PermissionRow: Kind.MEMBERSHIP,
    UserPermissionRow: Kind.MEMBERSHIP,
}


def read_original(path: Path, report: Report, on_progress: Progress) -> Original:
    """Return what is in the database at `path`; rows that make no sense go into `report`.

    Raises ImportFailure for a file that is not, or not wholly, a database of the original, or that
    somebody writes to.
    """
    try:
        before = _state(path)
        _check_file(path)
        with looking_at(path) as connection:
            reader = _Reader(connection, report, on_progress)
            reader.check(path)
            found = reader.read()
        if _state(path) != before:
            raise ImportFailure(
                f"{path} was written to meanwhile: stop the original server, and try again."
            )
    except OSError as error:
        raise ImportFailure(f"{path} cannot be read: {error.strerror or error}.") from error
    except sqlite3.Error as error:
        raise ImportFailure(
            f"{path} is damaged, or no SQLite database ({error}); nothing was imported."
        ) from error
    return found


def _state(path: Path) -> list[tuple[int, int]]:
    journals = (path.with_name(path.name + suffix) for suffix in ("-wal", "-journal"))
    facts = [file.stat() for file in (path, *journals) if file == path or file.exists()]
    return [(fact.st_size, fact.st_mtime_ns) for fact in facts]


def _check_file(path: Path) -> None:
    """Refuse what SQLite itself takes for an empty database, or for a whole one."""
    with path.open("rb") as file:
        head = file.read(100)
        size = file.seek(0, os.SEEK_END)
    if not head.startswith(_MAGIC):
        raise ImportFailure(f"{path} is no SQLite database; nothing was imported.")
    page_bytes = int.from_bytes(head[16:18]) or 1
    page_bytes = 65536 if page_bytes == 1 else page_bytes  # as the file format has it
    if size % page_bytes:
        raise ImportFailure(f"{path} is cut off in the middle; nothing was imported.")


class _Reader:
    """Reads all tables through one connection."""

    def __init__(
        self, connection: sqlite3.Connection, report: Report, on_progress: Progress
    ) -> None:
        # Text that is no text must not stop the rest: the row is told, and left out.
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        self._connection, self._report, self._on_progress = connection, report, on_progress
        self._tables_read = 0

    def check(self, path: Path) -> None:
        """Refuse a file that is damaged, or lacks something."""
        self._check_tables(path)
        [(verdict,)] = self._connection.execute("PRAGMA quick_check(1)").fetchall()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        missing = [name for kind in TABLES for name in self._missing(kind)]
        if missing:
            raise ImportFailure(
                f"{path} is not the original server's database, or one of another version. It"
                f" lacks: {', '.join(missing)}. Nothing was imported."
            )

    def _check_tables(self, path: Path) -> None:
        """Refuse what is asked like a table and computes its rows, perhaps without end."""
        query = "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view')"
        kinds = {kind.table for kind in TABLES}
        for name, what, sql in self._connection.execute(query):
            if name.lower() in kinds and (what != "table" or _VIRTUAL.match(sql or "")):
                raise ImportFailure(
                    f"{path} is not the original server's database: {name} is no table but"
                    f" {'a view' if what == 'view' else 'a virtual one'}. Nothing was imported."
                )

    def _missing(self, kind: type[Row]) -> Iterator[str]:
        rows = self._connection.execute(f"PRAGMA table_info({kind.table})")
        columns = {str(row[1]) for row in rows}
        if not columns:
            yield f"the table {kind.table}"
            return
        for name in kind.model_fields:
            if name not in columns:
                yield f"the column {kind.table}.{name}"

    def read(self) -> Original:
        """Return everything."""
        users = self._rows(User)
        return Original(
            settings=self._settings(),
            channels=self._rows(OldChannel),
            users=users,
            highest_user_id=self._highest_user_id(users),
            memberships=tuple(self._memberships()),
            accounts=self._accounts(),
            records=self._rows(OldRecord),
            subtitles=self._rows(OldSubtitle),
            logs=self._rows(OldLog),
        )

    def _rows(self, kind: type[R]) -> tuple[R, ...]:
        names = [*kind.model_fields]
        query = f"SELECT {', '.join(names)} FROM {kind.table} ORDER BY rowid"  # noqa: S608  our own
        found = []
        for values in self._connection.execute(query):
            with self._told(kind, values):
                found.append(kind.model_validate(dict(zip(names, values, strict=True))))
        self._tables_read += 1
        self._on_progress(self._tables_read / len(TABLES))
        return tuple(found)

    @contextmanager
    def _told(self, kind: type[Row], values: Sequence[object]) -> Iterator[None]:
        try:
            yield
        except ValidationError as error:
            detail = error.errors(include_input=False, include_context=False)[0]
            field = ".".join(map(str, detail["loc"][:1]))
            # The value may be a password.
            sentence = f"a row of {kind.table} makes no sense: {field}: {detail['msg']}."
            self._report.loss(_KINDS.get(kind, Kind.SETTING), _shown(values[0]), sentence)

    def _settings(self) -> dict[str, object]:
        """Return what is set for the whole site, by our keys; nothing that is empty."""
        found: dict[str, object] = {}
        for site in self._rows(SiteRow)[:1]:
            found["site.name"] = site.name
        for alist in self._rows(AListHostRow)[:1]:
            found["plugins.alist.host"] = alist.host
        for voice in self._rows(VoiceKeyRow)[:1]:
            found["plugins.agora.app_id"] = voice.agora_key
            found["plugins.agora.app_certificate"] = voice.agora_certification
        disabled = [linker.linker_id for linker in self._rows(LinkerRow) if not linker.enabled]
        found["plugins.gallery.disabled_linkers"] = sorted(disabled)
        return {key: value for key, value in found.items() if value}

    def _memberships(self) -> Iterator[tuple[str, int]]:
        channels = {
            row.id: row.codename.removeprefix(_MEMBER_OF)
            for row in self._rows(PermissionRow)
            if row.codename.startswith(_MEMBER_OF)
        }
        for row in self._rows(UserPermissionRow):
            if row.permission_id in channels:
                yield channels[row.permission_id], row.user_id

    def _accounts(self) -> dict[tuple[str, str], dict[str, str]]:
        rows: dict[str, Sequence[AListAccountRow | BilibiliAccountRow]] = {
            "alist": self._rows(AListAccountRow),
            "bilibili": self._rows(BilibiliAccountRow),
        }
        return {
            (row.channel_id, plugin): row.model_dump(exclude={"channel_id"})
            for plugin, found in rows.items()
            for row in found
        }

    def _highest_user_id(self, users: Sequence[User]) -> int:
        """Return the highest id that was ever given, also to users that are gone."""
        has_sequences = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"
        given: Sequence[tuple[object]] = ()
        if self._connection.execute(has_sequences).fetchone():
            query = "SELECT seq FROM sqlite_sequence WHERE name = 'auth_user'"
            given = self._connection.execute(query).fetchall()
        return max(0, *(_sequence(seq) for (seq,) in given), *(user.id for user in users), 0)


def _sequence(value: object) -> int:
    """Return the highest number that a table ever gave. Raises ImportFailure."""
    if value is None:
        return 0
    if not isinstance(value, int) or not 0 <= value <= HIGHEST:
        raise ImportFailure(
            "The column seq of the table sqlite_sequence makes no sense for auth_user:"
            f" {_shown(value)!r}. Set it to the highest id in auth_user, and try again. Nothing was"
            " imported."
        )
    return value


def _shown(value: object) -> str:
    """Return a value of a broken row for people; it may be no text."""
    return str(value)[:200].encode(errors="replace").decode()
