"""The waiting ledger against the plainest way to compute the same."""

from hypothesis import given
from hypothesis import strategies as st

from bunga_cli.sync.readiness import WaitLedger

WINDOW = 60
gaps = st.lists(st.integers(0, 25), max_size=12)
budgets = st.integers(0, 25)


def _ledger_after(changes: list[int], budget: int) -> tuple[WaitLedger, list[int], int]:
    """Return a ledger charged in turns, the moments at which it was charged, and the end."""
    ledger, now = WaitLedger(budget, WINDOW), 0
    moments: list[int] = []
    for index, gap in enumerate(changes):
        if index % 2:
            moments += range(now, now + gap)
        ledger.charge(bool(index % 2), now)
        now += gap
    ledger.charge(True, now)
    return ledger, moments, now


def _spent(moments: list[int], now: int) -> int:
    return sum(now - WINDOW <= moment < now for moment in moments)


@given(gaps, budgets)
def test_a_ledger_knows_exactly_when_the_budget_will_be_spent(
    changes: list[int], budget: int
) -> None:
    ledger, moments, begin = _ledger_after(changes, budget)
    now = begin
    while _spent(moments, now) < budget:
        moments.append(now)
        now += 1
    exhausted_at = ledger.exhausted_at_us()
    assert exhausted_at is not None
    assert max(begin, exhausted_at) == now


@given(gaps, budgets)
def test_a_ledger_counts_what_was_spent_in_the_last_window(changes: list[int], budget: int) -> None:
    ledger, moments, now = _ledger_after(changes, budget)
    assert ledger.spent_us(now) == _spent(moments, now)


@given(gaps)
def test_a_ledger_that_is_not_charged_is_never_exhausted(changes: list[int]) -> None:
    ledger, _, now = _ledger_after(changes, 0)
    ledger.charge(False, now)
    assert ledger.exhausted_at_us() is None
