"""What of the rooms survives their process, and how far each record was watched.

A position that moves is stored as where it was at a monotonic time `at_us` of one process, which
is named by its `epoch`. Such a time means nothing to the next process. So each process also stores,
twice a second, the last time it was alive (`beat`). After a crash the two are subtracted:

    position_us + rate * (heartbeat_us - at_us)

is where the room was when its process was last seen. Wall time takes no part in this.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Executable, Table, bindparam, case, delete, select, update
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bunga_cli.clock import utc_now
from bunga_cli.store.database import Database, unbroken
from bunga_cli.store.rows import AnyRow
from bunga_cli.store.schema import beats, channels, records, rooms
from bunga_cli.sync.snapshot import RoomSnapshot
from bunga_cli.sync.values import Projection, User, VideoRecord

MAX_PROGRESS = 10_000
"""How many records of a channel keep their progress at hand; older ones stay in the database."""


def _upsert(table: Table, key: tuple[str, ...], *, but: tuple[str, ...] = ()) -> Insert:
    """Return an INSERT that overwrites the row of the same key, all columns `but` some."""
    query = insert(table)
    changed = [c.name for c in table.c if c.name not in ("id", *key, *but)]
    return query.on_conflict_do_update(
        index_elements=key, set_={name: query.excluded[name] for name in changed}
    )


_SAVE_ROOM = _upsert(rooms, ("channel_id",))
_SAVE_RECORD = _upsert(records, ("channel_id", "record_id"), but=("position_us",))
_BEAT = _upsert(beats, ("epoch",))

_SAVE_PROGRESS = (
    update(records)
    .where(records.c.channel_id == bindparam("of_channel"))
    .where(records.c.record_id == bindparam("of_record"))
)

_LAST_ALIVE = select(beats.c.heartbeat_us).where(beats.c.epoch == rooms.c.epoch).scalar_subquery()
_RAN_FOR_US = _LAST_ALIVE - rooms.c.at_us
_WHERE_LAST_ALIVE_US = rooms.c.position_us + case(
    (_RAN_FOR_US > 0, rooms.c.rate * _RAN_FOR_US), else_=0
)
_STOP_WHERE_LAST_ALIVE = update(rooms).values(
    position_us=_WHERE_LAST_ALIVE_US, rate=0, at_us=0, epoch=bindparam("new_epoch")
)
_PROGRESS_OF_ROOMS = (
    update(records)
    .where(records.c.channel_id == rooms.c.channel_id, records.c.record_id == rooms.c.record_id)
    .values(position_us=rooms.c.position_us)
)

_LOAD = (
    select(
        rooms.c.channel_id,
        rooms.c.record_id,
        rooms.c.sharer,
        rooms.c.watchers,
        _WHERE_LAST_ALIVE_US.label("position_us"),
        records.c.title,
        records.c.thumb_url,
        records.c.source,
        records.c.path,
    )
    .outerjoin(
        records,
        (records.c.channel_id == rooms.c.channel_id) & (records.c.record_id == rooms.c.record_id),
    )
    .order_by(rooms.c.channel_id)
)


class Rooms:
    """The rooms of a site, as of their last snapshots."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def save(self, snapshots: Sequence[RoomSnapshot], epoch: str) -> None:
        """Store rooms, and the records they project, all or none.

        Of several snapshots of one room the last counts; all their records are stored. Rooms of
        channels that were deleted meanwhile are left out. Progress is `save_progress`'s.
        """
        async with self._database.begin() as connection:
            known = set(await connection.scalars(select(channels.c.id)))
            kept = [snapshot for snapshot in snapshots if snapshot.channel_id in known]
            await _execute_each(connection, _SAVE_RECORD, _record_values(kept))
            await _execute_each(connection, _SAVE_ROOM, [_room_values(s, epoch) for s in kept])

    @unbroken
    async def save_progress(self, progress: Iterable[tuple[str, str, int]]) -> None:
        """Store how far records were watched: (channel id, record id, µs). Skip unknown ones."""
        now = utc_now()
        values = [
            {"of_channel": channel, "of_record": record, "position_us": us, "updated_at": now}
            for channel, record, us in progress
        ]
        async with self._database.begin() as connection:
            await _execute_each(connection, _SAVE_PROGRESS, values)

    @unbroken
    async def progress(self, channel_id: str) -> dict[str, int]:
        """Return the channel's positions in µs by record id, those over 0, the latest first."""
        query = (
            select(records.c.record_id, records.c.position_us)
            .where(records.c.channel_id == channel_id, records.c.position_us > 0)
            .order_by(records.c.updated_at.desc())
            .limit(MAX_PROGRESS)
        )
        async with self._database.read() as connection:
            return {row.record_id: row.position_us for row in await connection.execute(query)}

    @unbroken
    async def load_all(self) -> list[RoomSnapshot]:
        """Return all rooms, sorted by channel, paused where their process was last seen alive."""
        async with self._database.read() as connection:
            return await _load(connection)

    @unbroken
    async def recover(self, epoch: str) -> list[RoomSnapshot]:
        """Take over the rooms of all earlier processes for the one called `epoch`.

        Each is stored and returned paused (rate 0, `at_us` 0), where it was when its process was
        last seen alive; its record's progress is the same position. Earlier epochs are forgotten.
        To be called before any room lives.
        """
        async with self._database.begin() as connection:
            await connection.execute(_STOP_WHERE_LAST_ALIVE, {"new_epoch": epoch})
            await connection.execute(_PROGRESS_OF_ROOMS)
            await connection.execute(delete(beats))
            return await _load(connection)

    @unbroken
    async def remove(self, channel_id: str) -> None:
        """Forget a room, if it is there; records and their progress stay."""
        async with self._database.begin() as connection:
            await connection.execute(delete(rooms).where(rooms.c.channel_id == channel_id))

    @unbroken
    async def beat(self, epoch: str, now_us: int) -> None:
        """Store that the process `epoch` is alive at its monotonic time `now_us`."""
        async with self._database.begin() as connection:
            await connection.execute(_BEAT, {"epoch": epoch, "heartbeat_us": now_us})


async def _execute_each(
    connection: AsyncConnection, query: Executable, values: list[dict[str, Any]]
) -> None:
    if values:  # An empty list would mean "once, without values".
        await connection.execute(query, values)


def _room_values(snapshot: RoomSnapshot, epoch: str) -> dict[str, Any]:
    projection = snapshot.projection
    return {
        "channel_id": snapshot.channel_id,
        "record_id": projection and projection.record.record_id,
        "sharer": projection and asdict(projection.sharer),
        "watchers": [asdict(watcher) for watcher in snapshot.watchers],
        "position_us": snapshot.position_us,
        "rate": snapshot.rate,
        "at_us": snapshot.at_us,
        "epoch": epoch,
    }


def _record_values(snapshots: Iterable[RoomSnapshot]) -> list[dict[str, Any]]:
    now = utc_now()
    return [
        {
            "channel_id": snapshot.channel_id,
            **asdict(snapshot.projection.record),
            "position_us": 0,
            "updated_at": now,
        }
        for snapshot in snapshots
        if snapshot.projection
    ]


async def _load(connection: AsyncConnection) -> list[RoomSnapshot]:
    return [_snapshot(row) for row in await connection.execute(_LOAD)]


def _snapshot(row: AnyRow) -> RoomSnapshot:
    return RoomSnapshot(
        channel_id=row.channel_id,
        projection=_projection(row),
        position_us=row.position_us,
        rate=0,
        at_us=0,
        watchers=tuple(User(**watcher) for watcher in row.watchers),
    )


def _projection(row: AnyRow) -> Projection | None:
    if row.record_id is None:
        return None
    record = VideoRecord(row.record_id, row.title, row.thumb_url, row.source, row.path)
    return Projection(record, User(**row.sharer))
