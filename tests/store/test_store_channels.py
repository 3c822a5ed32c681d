from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bunga_cli.errors import Conflict, NotFound
from bunga_cli.store import Store
from bunga_cli.store.rows import ChannelRow
from tests.store.examples import FILM, snapshot


async def test_a_channel_is_what_was_created(store: Store) -> None:
    made = await store.channels.create(
        "фильмы/1", "Films", allow_new_client=False, on_join="continue"
    )
    assert made == ChannelRow("фильмы/1", "Films", False, "continue", made.created_at)
    assert await store.channels.get("фильмы/1") == made
    assert made.created_at.tzinfo is UTC
    assert datetime.now(UTC) - made.created_at < timedelta(minutes=1)


async def test_a_channel_is_open_and_follows_the_site_unless_told_otherwise(store: Store) -> None:
    lobby = await store.channels.get("lobby")
    assert lobby is not None
    assert (lobby.allow_new_client, lobby.on_join) == (True, None)
    assert (lobby.max_wait_us, lobby.reconnect_grace_us, lobby.shows_room) == (None, None, False)


async def test_how_a_channel_is_run_is_kept_and_taken_back(store: Store) -> None:
    await store.channels.create(
        "film",
        "Film",
        max_wait_us=0,
        reconnect_grace_us=2**40,
        shows_room=True,
        legacy_compensation=False,
    )
    changed = await store.channels.update("lobby", max_wait_us=5, shows_room=True)
    taken_back = await store.channels.update("film", max_wait_us=None, shows_room=False)
    assert (changed.max_wait_us, changed.reconnect_grace_us, changed.shows_room) == (5, None, True)
    assert (taken_back.max_wait_us, taken_back.reconnect_grace_us) == (None, 2**40)
    assert (taken_back.shows_room, taken_back.legacy_compensation) == (False, False)
    assert await store.channels.list() == [taken_back, changed]


async def test_an_id_is_given_once(store: Store) -> None:
    with pytest.raises(Conflict, match="'lobby'"):
        await store.channels.create("lobby", "Another")
    assert [(c.id, c.name) for c in await store.channels.list()] == [("lobby", "Lobby")]


async def test_channels_are_listed_by_id(store: Store) -> None:
    for channel_id in ("zoo", "bar"):
        await store.channels.create(channel_id, "")
    assert [channel.id for channel in await store.channels.list()] == ["bar", "lobby", "zoo"]


async def test_all_names_can_be_had_without_the_rest(store: Store) -> None:
    await store.channels.create("zoo", "Ciné club")
    assert await store.channels.names() == {"lobby": "Lobby", "zoo": "Ciné club"}


async def test_some_channels_come_in_the_order_that_is_asked_for(store: Store) -> None:
    for channel_id in ("bar", "zoo"):
        await store.channels.create(channel_id, "")
    found = await store.channels.some(["zoo", "nowhere", "bar"])
    assert [channel.id for channel in found] == ["zoo", "bar"]
    assert found[1] == await store.channels.get("bar")
    assert await store.channels.some([]) == []


async def test_an_update_changes_only_what_it_names(store: Store) -> None:
    before = await store.channels.update("lobby", on_join="pause")
    after = await store.channels.update("lobby", name="Hall", allow_new_client=False)
    assert after == ChannelRow("lobby", "Hall", False, "pause", before.created_at)
    assert await store.channels.get("lobby") == after


async def test_an_update_can_return_to_the_sites_default(store: Store) -> None:
    await store.channels.update("lobby", on_join="continue")
    assert (await store.channels.update("lobby", on_join=None)).on_join is None


async def test_an_update_of_nothing_returns_the_channel(store: Store) -> None:
    assert await store.channels.update("lobby") == await store.channels.get("lobby")


async def test_a_policy_that_does_not_exist_is_not_stored(store: Store) -> None:
    with pytest.raises(IntegrityError, match="ck_channels_on_join"):
        await store.channels.update("lobby", on_join="explode")


async def test_a_channel_that_is_not_there_is_said_so(store: Store) -> None:
    assert await store.channels.get("nowhere") is None
    with pytest.raises(NotFound, match="'nowhere'"):
        await store.channels.update("nowhere", name="Somewhere")
    with pytest.raises(NotFound, match="'nowhere'"):
        await store.channels.delete("nowhere")


async def test_what_belongs_to_a_channel_goes_with_it(store: Store) -> None:
    account = await store.accounts.create("ann", "hash")
    await store.accounts.add_member("lobby", account.id)
    await store.rooms.save([snapshot()], "epoch")
    record = await store.uploads.record("lobby", FILM.record_id)
    assert record is not None
    subtitle = await store.uploads.add_subtitle(record.id, account.id, "en.srt", "f00d.srt")

    assert await store.channels.delete("lobby") == ["f00d.srt"]

    assert await store.channels.members("lobby") == []
    assert await store.rooms.load_all() == []
    assert await store.uploads.record("lobby", FILM.record_id) is None
    assert await store.uploads.subtitle(subtitle.id) is None
    assert await store.accounts.by_id(account.id) == account


async def test_only_its_own_files_go_with_a_channel(store: Store) -> None:
    account = await store.accounts.create("ann", "hash")
    await store.channels.create("other", "Other")
    await store.rooms.save([snapshot("lobby"), snapshot("other")], "epoch")
    kept = await store.uploads.record("other", FILM.record_id)
    assert kept is not None
    await store.uploads.add_subtitle(kept.id, account.id, "en.srt", "kept.srt")

    assert await store.channels.delete("lobby") == []
    assert await store.uploads.subtitle_by_file("kept.srt") is not None


async def test_a_log_outlives_its_channel(store: Store) -> None:
    account = await store.accounts.create("ann", "hash")
    log = await store.uploads.add_log("lobby", account.id, "1.log", 12)
    await store.channels.delete("lobby")
    assert await store.uploads.log(log.id) == log


async def test_members_are_listed_by_name(store: Store) -> None:
    for name in ("ben", "ann"):
        account = await store.accounts.create(name, "hash")
        await store.accounts.add_member("lobby", account.id)
    assert [member.username for member in await store.channels.members("lobby")] == ["ann", "ben"]
