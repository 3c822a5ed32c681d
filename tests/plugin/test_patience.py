"""How long the start of the server waits for a plugin."""

import pytest

from bunga_cli.plugin import patience


@pytest.mark.parametrize(("age_s", "waits_s"), [(0.5, 0.4), (3.0, 1.2), (100.0, 5.0)])
def test_a_slow_machine_has_more_patience(
    monkeypatch: pytest.MonkeyPatch, age_s: float, waits_s: float
) -> None:
    monkeypatch.setattr(patience, "_age_s", lambda: age_s)
    assert patience.patience_here_s() == pytest.approx(waits_s)


def test_the_age_of_this_process_is_known() -> None:
    assert 0 < patience._age_s() < 100_000
