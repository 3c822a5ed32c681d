import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from bunga_cli.errors import DatabaseError, StorageError
from bunga_cli.store import Store
from bunga_cli.store.accounts import Accounts
from bunga_cli.store.channels import Channels
from bunga_cli.store.database import READERS, Database
from bunga_cli.store.rooms import Rooms
from bunga_cli.store.uploads import Uploads
from tests.store.examples import snapshot


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = await Database.open(path)
    async with database.begin() as connection:
        await connection.execute(text("CREATE TABLE counter (n INTEGER)"))
        await connection.execute(text("INSERT INTO counter VALUES (0)"))
    yield database
    await database.close()


async def count(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(text("SELECT n FROM counter"))).scalar_one())


async def increment(database: Database) -> None:
    async with database.begin() as connection:
        n = (await connection.execute(text("SELECT n FROM counter"))).scalar_one()
        await asyncio.sleep(0)
        await connection.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})


def modes_in(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


async def test_a_crowd_of_writers_is_served_one_by_one(database: Database) -> None:
    await asyncio.gather(*(increment(database) for _ in range(200)))
    assert await count(database) == 200


async def test_writers_are_served_in_the_order_they_came(database: Database) -> None:
    served: list[int] = []

    async def write(number: int) -> None:
        async with database.begin():
            served.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(write(number) for number in range(20)))
    assert served == list(range(20))


async def test_a_crowd_of_readers_does_not_wait_for_a_writer(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(text("UPDATE counter SET n = 7"))
        assert await asyncio.gather(*(count(database) for _ in range(10 * READERS))) == [0] * (
            10 * READERS
        )
    assert await count(database) == 7


async def test_a_writer_does_not_wait_for_readers(database: Database) -> None:
    async with database.read() as connection:
        result = await connection.stream(text("SELECT n FROM counter"))
        await increment(database)
        await result.close()
    assert await count(database) == 1


async def test_what_fails_half_way_leaves_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.begin() as connection:
            await connection.execute(text("UPDATE counter SET n = 7"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await count(database) == 0


async def test_a_reader_cannot_write(database: Database) -> None:
    async with database.read() as connection:
        with pytest.raises(OperationalError, match="readonly"):
            await connection.execute(text("UPDATE counter SET n = 7"))


async def test_who_is_cancelled_at_any_moment_stops_nobody_else(store: Store) -> None:
    """SQLite would keep the lock of a transaction that is left without an end."""
    for turns in range(1, 41):
        task = asyncio.create_task(store.channels.create(f"{turns:02}", ""))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await store.channels.create("last", "")
    assert len(await store.channels.list()) == 1 + 40 + 1


@pytest.mark.parametrize("queries", [Accounts, Channels, Rooms, Uploads])
def test_every_query_is_unbroken(queries: type) -> None:
    public = {name: method for name, method in vars(queries).items() if name[0] != "_"}
    assert public
    assert [name for name, method in public.items() if not hasattr(method, "__wrapped__")] == []


async def test_a_writer_of_another_process_is_waited_for(database: Database, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(increment(database))
        await count(database)  # By now the task waits for its turn, or is about to.
        other.execute("UPDATE counter SET n = 41")
        other.execute("COMMIT")
        await task
    assert await count(database) == 42


async def test_closing_waits_for_what_is_under_way(path: Path) -> None:
    database = await Database.open(path)
    async with database.begin() as writer, database.read() as reader:
        await writer.execute(text("CREATE TABLE counter AS SELECT 7 AS n"))
        closing = asyncio.create_task(database.close())
        assert (await reader.execute(text("SELECT 1"))).scalar_one() == 1
        assert not closing.done()
    await closing
    again = await Database.open(path)
    assert await count(again) == 7
    await again.close()


async def test_who_asks_a_closed_store_is_refused(path: Path) -> None:
    store = await Store.open(path)
    await store.close()
    with pytest.raises(DatabaseError, match="closed"):
        await store.channels.list()
    with pytest.raises(DatabaseError, match="closed"):
        await store.channels.create("lobby", "Lobby")
    assert modes_in(path.parent).keys() == {path.name}


async def test_the_file_and_its_log_are_readable_by_us_alone(path: Path) -> None:
    store = await Store.open(path)
    await store.channels.create("lobby", "Lobby")
    modes = modes_in(path.parent)
    await store.close()
    assert modes == {"bunga.db": 0o600, "bunga.db-wal": 0o600, "bunga.db-shm": 0o600}


async def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT, 0o644))
    await (await Store.open(path)).close()
    assert modes_in(path.parent) == {"bunga.db": 0o600}


async def test_a_closed_store_is_one_file(path: Path) -> None:
    store = await Store.open(path)
    await store.channels.create("lobby", "Lobby")
    await asyncio.gather(*(store.channels.list() for _ in range(READERS)))
    await store.close()
    assert modes_in(path.parent).keys() == {"bunga.db"}


async def test_everything_is_there_after_a_restart(path: Path) -> None:
    store = await Store.open(path)
    lobby = await store.channels.create("lobby", "Lobby")
    await store.rooms.save([snapshot(position_us=5)], "epoch")
    await store.close()

    store = await Store.open(path)
    assert await store.channels.list() == [lobby]
    assert await store.rooms.load_all() == [snapshot(position_us=5)]
    await store.close()


async def test_a_path_with_odd_characters_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "50% off? #1 été.db"
    store = await Store.open(path)
    await store.channels.create("lobby", "Lobby")
    await store.close()
    store = await Store.open(path)
    assert await store.channels.get("lobby") is not None
    await store.close()
    assert modes_in(tmp_path).keys() == {path.name}


async def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError) as caught:
        await Store.open(tmp_path / "nowhere" / "bunga.db")
    assert str(tmp_path / "nowhere" / "bunga.db") in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_full_disk_is_one_sentence_and_passes(database: Database) -> None:
    async with database.begin() as connection:
        pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
        await connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StorageError, match=r"cannot be written \(database or disk is full\): look"):
        async with database.begin() as connection:
            await connection.execute(text("CREATE TABLE more AS SELECT randomblob(100000)"))
    await increment(database)
    assert await count(database) == 1


@pytest.mark.parametrize("lend", [Database.begin, Database.read])
async def test_a_failing_query_does_not_tell_what_it_was_given(
    database: Database, lend: Callable[[Database], AbstractAsyncContextManager[AsyncConnection]]
) -> None:
    with pytest.raises(OperationalError) as failed:
        async with lend(database) as connection:
            await connection.execute(text("SELECT :hash FROM nothing"), {"hash": "$argon2id$"})
    assert "$argon2id$" not in str(failed.value)
