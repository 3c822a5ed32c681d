"""What a room knows of those who are gone, and for how long."""

from bunga_cli.sync.policy import SECOND_US, Policy
from bunga_cli.sync.roster import Roster
from bunga_cli.sync.values import User

WINDOW_US = Policy().wait_window_us


def person(number: int) -> User:
    """Return one of many."""
    return User(f"guest-{number}", "Guest", 0)


def test_what_somebody_spent_is_remembered_for_as_long_as_it_counts() -> None:
    roster, ann = Roster(Policy()), User("ann", "Ann", 0)
    watcher = roster.add(ann, now_us=0)
    watcher.ledger.charge(True, 0)
    roster.remove(watcher, 5 * SECOND_US)

    again = roster.add(ann, 10 * SECOND_US)
    assert again.ledger.spent_us(10 * SECOND_US) == 5 * SECOND_US
    roster.remove(again, 11 * SECOND_US)
    roster.add(person(1), 12 * SECOND_US)
    assert set(roster.ledgers) == {"ann", "guest-1"}
    roster.add(person(2), WINDOW_US + 6 * SECOND_US)
    assert set(roster.ledgers) == {"guest-1", "guest-2"}


def test_a_room_that_is_never_empty_does_not_remember_all_its_guests() -> None:
    roster = Roster(Policy())
    for number in range(3000):
        watcher = roster.add(person(number), number * SECOND_US)
        roster.remove(watcher, number * SECOND_US)
        roster.remember(watcher.user)
    assert len(roster.ledgers) <= 2
    assert list(roster.former) == [f"guest-{number}" for number in range(2000, 3000)]
