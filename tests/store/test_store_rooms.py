import pytest

from bunga_cli.store import Store
from bunga_cli.store import rooms as rooms_module
from tests.store.examples import FILM, SEQUEL, snapshot

SECOND = 1_000_000


async def test_a_room_is_loaded_as_it_was_saved(store: Store) -> None:
    await store.channels.create("another", "Another")
    rooms = [snapshot("another", None), snapshot(position_us=42 * SECOND)]
    await store.rooms.save(rooms, "epoch")
    assert await store.rooms.load_all() == rooms


async def test_a_running_room_is_loaded_where_its_process_was_last_seen(store: Store) -> None:
    await store.rooms.save(
        [snapshot(position_us=60 * SECOND, rate=1, at_us=1_000 * SECOND)], "epoch"
    )
    await store.rooms.beat("epoch", 1_007 * SECOND)
    assert await store.rooms.load_all() == [snapshot(position_us=67 * SECOND)]


async def test_a_later_snapshot_replaces_an_earlier_one(store: Store) -> None:
    await store.rooms.save([snapshot(position_us=1)], "epoch")
    later = [snapshot(position_us=2), snapshot(record=SEQUEL, position_us=3)]
    await store.rooms.save(later, "epoch")
    assert await store.rooms.load_all() == later[-1:]


async def test_every_record_of_a_batch_is_kept(store: Store) -> None:
    await store.rooms.save([snapshot(record=FILM), snapshot(record=SEQUEL)], "epoch")
    for video in (FILM, SEQUEL):
        row = await store.uploads.record("lobby", video.record_id)
        assert row is not None
        assert (row.title, row.thumb_url, row.source, row.path, row.position_us) == (
            *(video.title, video.thumb_url, video.source, video.path),
            0,
        )


async def test_a_projection_can_be_put_away(store: Store) -> None:
    await store.rooms.save([snapshot()], "epoch")
    await store.rooms.save([snapshot(record=None)], "epoch")
    assert await store.rooms.load_all() == [snapshot(record=None)]
    assert await store.uploads.record("lobby", FILM.record_id) is not None


async def test_a_deleted_channel_does_not_keep_the_others_from_being_saved(store: Store) -> None:
    await store.rooms.save([snapshot("deleted"), snapshot("lobby")], "epoch")
    assert [room.channel_id for room in await store.rooms.load_all()] == ["lobby"]


async def test_saving_no_rooms_is_allowed(store: Store) -> None:
    await store.rooms.save([], "epoch")
    await store.rooms.save_progress([])
    assert await store.rooms.load_all() == []


async def test_progress_survives_projecting_the_record_again(store: Store) -> None:
    await store.rooms.save([snapshot()], "epoch")
    await store.rooms.save_progress([("lobby", FILM.record_id, 90 * SECOND)])
    await store.rooms.save([snapshot()], "epoch")
    assert await store.rooms.progress("lobby") == {FILM.record_id: 90 * SECOND}


async def test_progress_is_of_one_channel_and_over_zero(store: Store) -> None:
    await store.channels.create("other", "Other")
    await store.rooms.save(
        [snapshot(), snapshot(record=SEQUEL), snapshot("other"), snapshot("other", SEQUEL)],
        "epoch",
    )
    await store.rooms.save_progress(
        [("lobby", FILM.record_id, 5), ("lobby", SEQUEL.record_id, 0), ("other", "unheard of", 9)]
    )
    assert await store.rooms.progress("lobby") == {FILM.record_id: 5}
    assert await store.rooms.progress("other") == {}


async def test_only_the_latest_progress_is_at_hand(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms_module, "MAX_PROGRESS", 1)
    await store.rooms.save([snapshot(record=SEQUEL), snapshot()], "epoch")
    await store.rooms.save_progress([("lobby", SEQUEL.record_id, 1)])
    await store.rooms.save_progress([("lobby", FILM.record_id, 2)])
    await store.rooms.save_progress([("lobby", SEQUEL.record_id, 3)])
    assert await store.rooms.progress("lobby") == {SEQUEL.record_id: 3}


async def test_a_running_room_is_recovered_where_its_process_was_last_seen(store: Store) -> None:
    await store.rooms.save(
        [snapshot(position_us=60 * SECOND, rate=1, at_us=1_000 * SECOND)], "dead"
    )
    await store.rooms.beat("dead", 1_000 * SECOND)
    await store.rooms.beat("dead", 1_007 * SECOND)
    [room] = await store.rooms.recover("alive")
    assert room == snapshot(position_us=67 * SECOND, rate=0, at_us=0)
    assert await store.rooms.load_all() == [room]
    assert await store.rooms.progress("lobby") == {FILM.record_id: 67 * SECOND}


async def test_a_paused_room_is_recovered_where_it_was(store: Store) -> None:
    await store.rooms.save([snapshot(position_us=60 * SECOND, rate=0, at_us=5)], "dead")
    await store.rooms.beat("dead", 100 * SECOND)
    assert await store.rooms.recover("alive") == [snapshot(position_us=60 * SECOND)]
    assert await store.rooms.progress("lobby") == {FILM.record_id: 60 * SECOND}


@pytest.mark.parametrize("heartbeat_us", [None, 1])
async def test_no_position_runs_backwards_for_want_of_a_heartbeat(
    store: Store, heartbeat_us: int | None
) -> None:
    """A room may be saved after the last heartbeat, or before the first."""
    await store.rooms.save([snapshot(position_us=60, rate=1, at_us=50)], "dead")
    if heartbeat_us:
        await store.rooms.beat("dead", heartbeat_us)
    assert await store.rooms.recover("alive") == [snapshot(position_us=60)]


async def test_each_room_is_measured_by_its_own_process(store: Store) -> None:
    await store.channels.create("other", "Other")
    await store.rooms.save([snapshot("lobby", rate=1, at_us=100)], "first")
    await store.rooms.save([snapshot("other", rate=1, at_us=9_000)], "second")
    await store.rooms.beat("first", 110)
    await store.rooms.beat("second", 9_020)
    assert [room.position_us for room in await store.rooms.recover("third")] == [10, 20]


async def test_recovering_twice_is_recovering_once(store: Store) -> None:
    await store.rooms.save([snapshot(rate=1, at_us=0)], "dead")
    await store.rooms.beat("dead", 10)
    assert await store.rooms.recover("alive") == await store.rooms.recover("alive")


async def test_a_process_that_dies_right_after_recovering_changes_nothing(store: Store) -> None:
    await store.rooms.save([snapshot(rate=1, at_us=0)], "first")
    await store.rooms.beat("first", 10)
    await store.rooms.recover("second")
    await store.rooms.beat("second", 7_000)
    assert [room.position_us for room in await store.rooms.recover("third")] == [10]


async def test_a_forgotten_epoch_says_nothing_about_a_later_room(store: Store) -> None:
    await store.rooms.beat("dead", 500)
    await store.rooms.recover("alive")
    await store.rooms.save([snapshot(rate=1, at_us=0)], "dead")
    assert [room.position_us for room in await store.rooms.recover("third")] == [0]


async def test_a_removed_room_leaves_its_record(store: Store) -> None:
    await store.rooms.save([snapshot()], "epoch")
    await store.rooms.save_progress([("lobby", FILM.record_id, 5)])
    await store.rooms.remove("lobby")
    await store.rooms.remove("lobby")
    assert await store.rooms.load_all() == []
    assert await store.rooms.progress("lobby") == {FILM.record_id: 5}
