import asyncio
from datetime import timedelta

import pytest

from bunga_cli.clock import utc_now
from bunga_cli.errors import Conflict, NotFound
from bunga_cli.store import Store
from bunga_cli.store.rows import AccountRow, SeatRow


async def test_an_account_is_found_by_name_and_by_number(store: Store) -> None:
    ann = await store.accounts.create("ann", "hash", is_admin=True)
    assert ann == AccountRow(ann.id, "ann", "hash", True, ann.created_at)
    assert await store.accounts.by_name("ann") == ann
    assert await store.accounts.by_id(ann.id) == ann


async def test_names_are_compared_exactly(store: Store) -> None:
    await store.accounts.create("ann", "hash")
    assert await store.accounts.by_name("Ann") is None
    assert (await store.accounts.create("Ann", "hash")).username == "Ann"


async def test_of_two_registering_one_name_one_gets_it(store: Store) -> None:
    results = await asyncio.gather(
        *(store.accounts.create("ann", f"hash {n}") for n in range(2)), return_exceptions=True
    )
    assert [type(result) for result in results if isinstance(result, Exception)] == [Conflict]
    [winner] = [result for result in results if isinstance(result, AccountRow)]
    assert await store.accounts.by_name("ann") == winner


async def test_the_number_of_a_removed_account_is_not_given_again(store: Store) -> None:
    ann = await store.accounts.create("ann", "hash")
    await store.accounts.delete(ann.id)
    assert (await store.accounts.create("ben", "hash")).id != ann.id


async def test_what_an_account_is_called_is_kept_and_found(store: Store) -> None:
    for name in ("HQ48Erpz", "Ifhl2ugp", "x7"):
        await store.accounts.create(name, "hash")
    at = utc_now()
    half_a_character = "\ud800"
    names = {"HQ48Erpz": "Ann", "Ifhl2ugp": "ann", "x7": half_a_character, "nobody": "Ann"}
    await store.accounts.saw(names, at)

    seen = await store.accounts.seen_as("ANN")
    rows, total = await store.accounts.search("nn")
    [odd] = await store.accounts.seen_as("?")

    assert [(row.username, row.seen_as, row.seen_at) for row in seen] == [
        ("HQ48Erpz", "Ann", at),
        ("Ifhl2ugp", "ann", at),
    ]
    assert ([row.username for row in rows], total) == (["HQ48Erpz", "Ifhl2ugp"], 2)
    assert odd.username == "x7"


async def test_only_admins_are_listed_as_admins(store: Store) -> None:
    await store.accounts.create("ann", "hash")
    for name in ("root", "boss"):
        await store.accounts.create(name, "hash", is_admin=True)
    assert [admin.username for admin in await store.accounts.admins()] == ["boss", "root"]


async def test_a_password_can_be_replaced(store: Store) -> None:
    ann = await store.accounts.create("ann", "old")
    ben = await store.accounts.create("ben", "old")
    await store.accounts.reset_password(ann.id, "new")
    hashes = [await store.accounts.by_id(account.id) for account in (ann, ben)]
    assert [row.password_hash for row in hashes if row] == ["new", "old"]


async def test_an_account_that_is_not_there_is_said_so(store: Store) -> None:
    assert await store.accounts.by_id(7) is None
    assert await store.accounts.by_name("nobody") is None
    with pytest.raises(NotFound, match="7"):
        await store.accounts.reset_password(7, "hash")
    with pytest.raises(NotFound, match="7"):
        await store.accounts.delete(7)


async def test_becoming_a_member_twice_is_becoming_one_once(store: Store) -> None:
    ann = await store.accounts.create("ann", "hash")
    assert not await store.accounts.is_member("lobby", ann.id)
    assert await store.accounts.add_member("lobby", ann.id) is True
    assert await store.accounts.add_member("lobby", ann.id) is False
    assert await store.accounts.is_member("lobby", ann.id)
    assert len(await store.channels.members("lobby")) == 1


@pytest.mark.parametrize(("channel_id", "account"), [("nowhere", "ann"), ("lobby", "nobody")])
async def test_nobody_becomes_a_member_of_nothing(
    store: Store, channel_id: str, account: str
) -> None:
    numbers = {"ann": (await store.accounts.create("ann", "hash")).id, "nobody": 99}
    with pytest.raises(NotFound):
        await store.accounts.add_member(channel_id, numbers[account])


async def test_memberships_go_with_the_account(store: Store) -> None:
    ann = await store.accounts.create("ann", "hash")
    await store.accounts.add_member("lobby", ann.id)
    await store.accounts.delete(ann.id)
    assert await store.channels.members("lobby") == []


async def test_a_seat_tells_all_that_decides_about_a_connection(store: Store) -> None:
    await store.channels.create("other", "Other")
    ann = await store.accounts.create("ann", "hash", is_admin=True)
    ben = await store.accounts.create("ben", "hash")
    await store.accounts.add_member("lobby", ann.id)
    await store.accounts.add_member("other", ben.id)

    assert await store.accounts.seat(ann.id, "lobby") == SeatRow("ann", True, True, True)
    assert await store.accounts.seat(ann.id, "other") == SeatRow("ann", True, True, False)
    assert await store.accounts.seat(ben.id, "lobby") == SeatRow("ben", False, True, False)
    assert await store.accounts.seat(ben.id, "nowhere") == SeatRow("ben", False, False, False)
    assert await store.accounts.seat(99, "lobby") is None


async def test_a_seat_knows_what_speaks_against_an_account_and_its_token(store: Store) -> None:
    await store.channels.create("other", "Other")
    now = utc_now()
    ann = await store.accounts.create("ann", "hash")
    ben = await store.accounts.create("ben", "hash")
    await store.exclusions.add(ann.id, "other", None)
    await store.exclusions.add(ben.id, None, now + timedelta(minutes=10))
    await store.tokens.revoke("bad", now, now)
    valid_from = await store.tokens.revoke_all(ben.id)

    asked = [
        await store.accounts.seat(ann.id, "lobby", "good"),
        await store.accounts.seat(ann.id, "other", "good"),
        await store.accounts.seat(ann.id, "lobby", "bad"),
        await store.accounts.seat(ann.id, "lobby", "bought", "bad"),
        await store.accounts.seat(ben.id, "lobby"),
    ]
    against = [(s.is_revoked, s.is_excluded, s.tokens_valid_from) for s in asked if s]
    assert against == [
        (False, False, None),
        (False, True, None),
        (True, False, None),
        (True, False, None),
        (False, True, valid_from),
    ]


async def test_a_standing_is_an_account_and_whether_it_is_banned_from_the_site(
    store: Store,
) -> None:
    ann = await store.accounts.create("ann", "hash")
    await store.exclusions.add(ann.id, "lobby", None)
    in_channel = await store.accounts.standing(ann.id)
    await store.exclusions.add(ann.id, None, None)
    on_site = await store.accounts.standing(ann.id)
    assert in_channel is not None
    assert on_site is not None
    assert (in_channel.username, in_channel.is_banned, on_site.is_banned) == ("ann", False, True)
    assert await store.accounts.standing(99) is None


async def test_accounts_are_found_by_a_part_of_their_name(store: Store) -> None:
    for name in ("Annabel", "ben", "hanna", "10%"):
        account = await store.accounts.create(name, "hash")
    await store.accounts.add_member("lobby", account.id)
    await store.exclusions.add(account.id, None, None)

    everybody, total = await store.accounts.search(limit=2, offset=1)
    assert ([row.username for row in everybody], total) == (["Annabel", "ben"], 4)
    found, total = await store.accounts.search("ANN")
    assert ([row.username for row in found], total) == (["Annabel", "hanna"], 2)
    [percent], _ = await store.accounts.search("%")
    assert (percent.username, percent.channels, percent.is_banned) == ("10%", 1, True)


async def test_a_membership_can_end(store: Store) -> None:
    ann = await store.accounts.create("ann", "hash")
    await store.accounts.add_member("lobby", ann.id)
    assert [m.channel_id for m in await store.accounts.memberships(ann.id)] == ["lobby"]
    assert await store.accounts.remove_member("lobby", ann.id) is True
    assert await store.accounts.remove_member("lobby", ann.id) is False
    assert await store.accounts.memberships(ann.id) == []
