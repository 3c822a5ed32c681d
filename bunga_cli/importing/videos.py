"""The part of the comparison about videos: records, how far they were watched, and uploads."""

from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from bunga_cli.importing.media import MediaFile, OldMedia, Unusable
from bunga_cli.importing.original import OldLog, OldRecord, OldSubtitle
from bunga_cli.importing.plan import Comparison
from bunga_cli.importing.progress import Positions
from bunga_cli.importing.report import Kind
from bunga_cli.units import SECOND

_LONGEST_FILM_S = 24 * 3600


class Videos:
    """Plans records and what belongs to them. `subtitles` and `logs` are the files they need."""

    def __init__(self, on: Comparison, positions: Positions, media: OldMedia) -> None:
        self._on, self._positions, self._media = on, dict(positions), media
        self.subtitles: list[MediaFile] = []
        self.logs: list[MediaFile] = []
        self._ids = {key: record.id for key, record in on.existing.records.items()}
        self._old = {
            record.id: (record.channel_id, record.record_id) for record in on.original.records
        }
        self._next_id = on.existing.highest_record_id + 1
        self._files = set(on.existing.files)

    def compare(self, on_progress: Callable[[float], None]) -> None:
        """Plan all of it."""
        for record in self._on.original.records:
            self._record(record)
        for (channel_id, record_id), position_us in self._positions.items():
            self._progress(channel_id, record_id, position_us)
        uploads: list[Callable[[], None]] = [
            *(partial(self._subtitle, subtitle) for subtitle in self._on.original.subtitles),
            *(partial(self._log, log) for log in self._on.original.logs),
        ]
        for number, compare in enumerate(uploads):
            compare()
            on_progress((number + 1) / len(uploads))

    # -- records ----------------------------------------------------------------------------------

    def _record(self, record: OldRecord) -> None:
        on, key = self._on, (record.channel_id, record.record_id)
        position_us = position_in_us(record.position)
        if record.channel_id not in on.channels:
            sentence = f"there is no channel {record.channel_id!r}."
            on.report.loss(Kind.RECORD, record.title or record.record_id, sentence)
            return
        if key in self._ids:
            on.report.is_there(Kind.RECORD)
        else:
            on.report.comes(Kind.RECORD)
            names = ("title", "thumb_url", "source", "path", "updated_at")
            self._add(*key, {name: getattr(record, name) for name in names})
        if position_us:
            self._positions.setdefault(key, position_us)

    def _add(self, channel_id: str, record_id: str, facts: dict[str, Any]) -> None:
        self._ids[channel_id, record_id] = self._next_id
        row = {"id": self._next_id, "channel_id": channel_id, "record_id": record_id}
        self._on.plan.records.append({**row, "position_us": 0, **facts})
        self._next_id += 1

    def _progress(self, channel_id: str, record_id: str, position_us: int) -> None:
        on, key = self._on, (channel_id, record_id)
        existing = on.existing.records.get(key)
        if existing is not None and existing.position_us:
            on.report.is_there(Kind.PROGRESS)
            return
        if channel_id not in on.channels:
            sentence = f"there is no channel {channel_id!r}."
            on.report.loss(Kind.PROGRESS, record_id, sentence)
            return
        if key not in self._ids:
            # The original notes progress without a record. Its title and place come with the next
            # projection, which finds the position here.
            facts = {"title": record_id, "thumb_url": None, "source": "", "path": ""}
            self._add(*key, {**facts, "updated_at": on.now})
        on.plan.positions.append((self._ids[key], position_us))
        on.report.comes(Kind.PROGRESS)

    # -- uploads ----------------------------------------------------------------------------------

    def _subtitle(self, subtitle: OldSubtitle) -> None:
        on, record = self._on, self._old.get(subtitle.record_id)
        record_pk = record and self._ids.get(record)
        if record_pk is None:
            on.report.loss(Kind.SUBTITLE, subtitle.file, "its record is not taken over.")
            return
        found = self._new_file(Kind.SUBTITLE, subtitle.file, self._media.subtitle)
        if found is not None:
            self.subtitles.append(found)
            on.plan.subtitles.append(
                {
                    "record_pk": record_pk,
                    "uploader_id": on.accounts.get(subtitle.uploader_id or 0),
                    "name": subtitle.name or PurePosixPath(subtitle.file).stem,
                    "file": found.name,
                    "created_at": on.now,
                }
            )

    def _log(self, log: OldLog) -> None:
        on = self._on
        found = self._new_file(Kind.LOG, log.file, self._media.log)
        if found is not None:
            self.logs.append(found)
            on.plan.client_logs.append(
                {
                    "channel_id": log.channel_id,
                    "uploader_id": on.accounts.get(log.uploader_id or 0),
                    "created_at": log.created_at,
                    "file": found.name,
                    "size_bytes": found.size_bytes,
                }
            )

    def _new_file(
        self, kind: Kind, file: str, find: Callable[[str], MediaFile]
    ) -> MediaFile | None:
        report = self._on.report
        try:
            found = find(file)
        except Unusable as problem:
            report.loss(kind, file, f"{problem}.")
            return None
        if found.name in self._files:
            report.is_there(kind)
            return None
        self._files.add(found.name)
        report.comes(kind)
        return found


def position_in_us(position: float) -> int:
    """Return a position of the original's database in microseconds.

    Versions differ in whether they keep seconds or microseconds; no film lasts a day.
    """
    return round(position if position > _LONGEST_FILM_S else position * SECOND)
