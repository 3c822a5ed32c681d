"""Guesses at passwords, from one address and from many."""

import asyncio

import pytest

from bunga_cli.api.errors import ApiError
from bunga_cli.api.logins import FAILURES_OF_ADMIN, MOST_WAITING, Logins
from bunga_cli.clock import utc_now
from bunga_cli.store import Store
from bunga_cli.store.rows import AccountRow
from tests.api.site import PASSWORD_HASH


@pytest.fixture(autouse=True)
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the passwords that were checked; the right one is `right`."""
    checked: list[str] = []

    def verify(_hash: str, password: str) -> bool:
        checked.append(password)
        return password == "right"

    monkeypatch.setattr("bunga_cli.api.logins.verify_password", verify)
    return checked


def _account(name: str = "boss", *, is_admin: bool = True) -> AccountRow:
    return AccountRow(1, name, PASSWORD_HASH, is_admin, utc_now())


async def _outcome(
    logins: Logins, account: AccountRow, address: str, password: str = "wrong"
) -> object:
    try:
        return await logins.verify(account, password, address) is not None
    except ApiError as error:
        return error.status


async def test_many_addresses_together_guess_no_more_at_an_admin(store: Store) -> None:
    logins, admin = Logins(store), _account()
    guesses = [await _outcome(logins, admin, str(number)) for number in range(60)]
    assert guesses == [False] * FAILURES_OF_ADMIN + [429] * (60 - FAILURES_OF_ADMIN)
    assert await _outcome(logins, admin, "home", "right") == 429


async def test_guesses_of_many_addresses_at_once_are_counted_too(
    store: Store, checks: list[str]
) -> None:
    logins, admin = Logins(store), _account()
    for number in range(FAILURES_OF_ADMIN - 10):
        await _outcome(logins, admin, str(number))
    await asyncio.gather(*(_outcome(logins, admin, f"at once {n}") for n in range(60)))
    assert FAILURES_OF_ADMIN <= len(checks) < FAILURES_OF_ADMIN + 4  # those under way already


async def test_a_player_is_not_locked_out_by_others(store: Store) -> None:
    logins, player = Logins(store), _account("ann", is_admin=False)
    for number in range(FAILURES_OF_ADMIN + 5):
        assert await _outcome(logins, player, str(number)) is False
    assert await _outcome(logins, player, "home", "right") is True


async def test_only_so_many_wait_for_an_admins_and_the_others_are_told_at_once(
    store: Store, checks: list[str]
) -> None:
    logins = Logins(store)
    admins = [_account(f"a{number}") for number in range(MOST_WAITING + 40)]
    answers = await asyncio.gather(*(_outcome(logins, one, "x", "right") for one in admins))
    assert answers == [True] * MOST_WAITING + [429] * 40
    assert len(checks) == MOST_WAITING
    assert await _outcome(logins, admins[-1], "x", "right") is True


async def test_players_who_come_back_all_at_once_all_get_in(store: Store) -> None:
    logins = Logins(store)
    players = [_account(f"p{number}", is_admin=False) for number in range(MOST_WAITING + 40)]
    answers = await asyncio.gather(*(_outcome(logins, one, "x", "right") for one in players))
    assert answers == [True] * len(players)
