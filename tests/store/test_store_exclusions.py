from datetime import timedelta

import pytest

from bunga_cli.clock import utc_now
from bunga_cli.errors import NotFound
from bunga_cli.store import Store
from bunga_cli.store.rows import ExclusionRow

MINUTE = timedelta(minutes=1)


def places(rows: list[ExclusionRow]) -> list[tuple[str | None, bool]]:
    """Return where each exclusion holds, and whether it is a ban."""
    return [(row.channel_id, row.until is None) for row in rows]


async def test_the_gravest_exclusion_comes_first(store: Store) -> None:
    ann = await store.accounts.create("ann", "hash")
    await store.exclusions.add(ann.id, "lobby", utc_now() + MINUTE)
    await store.exclusions.add(ann.id, "lobby", None)
    await store.exclusions.add(ann.id, None, None, "spam")

    in_order = [(None, True), ("lobby", True), ("lobby", False)]
    assert places(await store.exclusions.of_account(ann.id)) == in_order
    assert places(await store.exclusions.of_channel("lobby")) == in_order
    at_door = await store.exclusions.at_door(ann.id, "lobby")
    assert at_door is not None
    assert (at_door.channel_id, at_door.reason) == (None, "spam")


async def test_a_second_ban_takes_the_place_of_the_first_one(store: Store) -> None:
    ann = await store.accounts.create("ann", "hash")
    for reason in ("one", "two"):
        await store.exclusions.add(ann.id, "lobby", None, reason)
    assert [row.reason for row in await store.exclusions.of_account(ann.id)] == ["two"]


async def test_a_kick_is_over_at_its_time(store: Store) -> None:
    ann = await store.accounts.create("ann", "hash")
    await store.exclusions.add(ann.id, "lobby", utc_now() - MINUTE)
    assert await store.exclusions.at_door(ann.id, "lobby") is None
    assert await store.exclusions.of_account(ann.id) == []
    assert await store.exclusions.lift(ann.id, "lobby") == []


async def test_only_the_place_named_is_lifted(store: Store) -> None:
    await store.channels.create("other", "Other")
    ann = await store.accounts.create("ann", "hash")
    for place in (None, "lobby", "other"):
        await store.exclusions.add(ann.id, place, None)
    assert places(await store.exclusions.lift(ann.id, "lobby")) == [("lobby", True)]
    assert places(await store.exclusions.lift(ann.id, None)) == [(None, True)]
    assert places(await store.exclusions.of_account(ann.id)) == [("other", True)]


async def test_an_exclusion_from_nowhere_or_of_nobody_is_refused(store: Store) -> None:
    ann = await store.accounts.create("ann", "hash")
    with pytest.raises(NotFound):
        await store.exclusions.add(ann.id, "nowhere", None)
    with pytest.raises(NotFound):
        await store.exclusions.add(99, "lobby", None)


async def test_exclusions_go_with_the_channel_and_the_account(store: Store) -> None:
    ann = await store.accounts.create("ann", "hash")
    ben = await store.accounts.create("ben", "hash")
    await store.exclusions.add(ann.id, "lobby", None)
    await store.exclusions.add(ben.id, None, None)
    await store.channels.delete("lobby")
    await store.accounts.delete(ben.id)
    assert await store.exclusions.of_account(ann.id) == []
    assert await store.exclusions.of_account(ben.id) == []


async def test_a_member_that_is_kept_out_does_not_count_as_one(store: Store) -> None:
    ann = await store.accounts.create("ann", "hash")
    await store.accounts.add_member("lobby", ann.id)
    await store.exclusions.add(ann.id, "lobby", None)
    excluded = await store.accounts.is_member("lobby", ann.id)
    await store.exclusions.lift(ann.id, "lobby")
    assert (excluded, await store.accounts.is_member("lobby", ann.id)) == (False, True)


async def test_what_is_over_is_forgotten_and_bans_are_not(store: Store) -> None:
    ann = await store.accounts.create("ann", "hash")
    await store.exclusions.add(ann.id, "lobby", utc_now() + MINUTE)
    await store.exclusions.add(ann.id, None, None)
    await store.purge(utc_now() + 2 * MINUTE)
    assert places(await store.exclusions.of_account(ann.id)) == [(None, True)]
