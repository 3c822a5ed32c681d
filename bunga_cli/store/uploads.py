"""What clients upload: subtitles of records, and their own logs. The bytes are files elsewhere."""

from dataclasses import asdict

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import IntegrityError

from bunga_cli.clock import utc_now
from bunga_cli.errors import NotFound
from bunga_cli.store.database import Database, unbroken
from bunga_cli.store.rows import ClientLogRow, RecordRow, SubtitleRow, value_of, value_or_none
from bunga_cli.store.schema import accounts, client_logs, records, subtitles
from bunga_cli.sync.values import VideoRecord

_uploader = func.coalesce(accounts.c.username, "").label("uploader")
_SUBTITLES = select(
    subtitles.c.id,
    subtitles.c.record_pk,
    _uploader,
    subtitles.c.name,
    subtitles.c.file,
    subtitles.c.created_at,
).outerjoin(accounts, accounts.c.id == subtitles.c.uploader_id)
_LOGS = select(
    client_logs.c.id,
    client_logs.c.channel_id,
    _uploader,
    client_logs.c.created_at,
    client_logs.c.file,
    client_logs.c.size_bytes,
).outerjoin(accounts, accounts.c.id == client_logs.c.uploader_id)


class Uploads:
    """The uploaded files of a site, by the names they have in its media folder."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def record(self, channel_id: str, record_id: str) -> RecordRow | None:
        """Return a record that was projected in the channel, or None."""
        query = select(records).where(
            records.c.channel_id == channel_id, records.c.record_id == record_id
        )
        async with self._database.read() as connection:
            return value_or_none(RecordRow, (await connection.execute(query)).one_or_none())

    @unbroken
    async def ensure_record(self, channel_id: str, record: VideoRecord) -> RecordRow:
        """Return the row of a record that is projected, made if it is not stored yet.

        Raises NotFound if the channel was removed meanwhile.
        """
        values = {"channel_id": channel_id, "position_us": 0, "updated_at": utc_now()}
        query = upsert(records).values(**asdict(record), **values).on_conflict_do_nothing()
        try:
            async with self._database.begin() as connection:
                await connection.execute(query)
        except IntegrityError as error:
            raise NotFound(f"There is no channel {channel_id!r}.") from error
        row = await self.record(channel_id, record.record_id)
        if row is None:
            raise NotFound(f"There is no channel {channel_id!r}.")
        return row

    @unbroken
    async def add_subtitle(
        self, record_pk: int, uploader_id: int, name: str, file: str
    ) -> SubtitleRow:
        """Note a subtitle and return it. `record_pk` is a RecordRow's `id`."""
        query = insert(subtitles).values(
            record_pk=record_pk,
            uploader_id=uploader_id,
            name=name,
            file=file,
            created_at=utc_now(),
        )
        async with self._database.begin() as connection:
            await connection.execute(query)
            row = (await connection.execute(_SUBTITLES.where(subtitles.c.file == file))).one()
        return value_of(SubtitleRow, row)

    @unbroken
    async def subtitle(self, subtitle_id: int) -> SubtitleRow | None:
        """Return the subtitle of that number, or None."""
        return await self._subtitle(subtitles.c.id == subtitle_id)

    @unbroken
    async def subtitle_by_file(self, file: str) -> SubtitleRow | None:
        """Return the subtitle that is stored in `file`, or None."""
        return await self._subtitle(subtitles.c.file == file)

    @unbroken
    async def subtitles(self, record_pk: int) -> list[SubtitleRow]:
        """Return the subtitles of a record, the oldest first."""
        query = _SUBTITLES.where(subtitles.c.record_pk == record_pk).order_by(subtitles.c.id)
        async with self._database.read() as connection:
            return [value_of(SubtitleRow, row) for row in await connection.execute(query)]

    @unbroken
    async def add_log(
        self, channel_id: str, uploader_id: int, file: str, size_bytes: int
    ) -> ClientLogRow:
        """Note a client's log and return it."""
        query = insert(client_logs).values(
            channel_id=channel_id,
            uploader_id=uploader_id,
            created_at=utc_now(),
            file=file,
            size_bytes=size_bytes,
        )
        async with self._database.begin() as connection:
            await connection.execute(query)
            row = (await connection.execute(_LOGS.where(client_logs.c.file == file))).one()
        return value_of(ClientLogRow, row)

    @unbroken
    async def logs(self, limit: int = 100, offset: int = 0) -> list[ClientLogRow]:
        """Return logs, the newest first."""
        query = _LOGS.order_by(client_logs.c.id.desc()).limit(limit).offset(offset)
        async with self._database.read() as connection:
            return [value_of(ClientLogRow, row) for row in await connection.execute(query)]

    @unbroken
    async def log(self, log_id: int) -> ClientLogRow | None:
        """Return the log of that number, or None."""
        query = _LOGS.where(client_logs.c.id == log_id)
        async with self._database.read() as connection:
            return value_or_none(ClientLogRow, (await connection.execute(query)).one_or_none())

    @unbroken
    async def delete_log(self, log_id: int) -> str:
        """Forget a log and return its file, which nothing refers to any more. Raises NotFound."""
        query = delete(client_logs).where(client_logs.c.id == log_id).returning(client_logs.c.file)
        async with self._database.begin() as connection:
            file = await connection.scalar(query)
        if file is None:
            raise NotFound(f"There is no client log {log_id}.")
        return str(file)

    async def _subtitle(self, condition: ColumnElement[bool]) -> SubtitleRow | None:
        query = _SUBTITLES.where(condition)
        async with self._database.read() as connection:
            return value_or_none(SubtitleRow, (await connection.execute(query)).one_or_none())
