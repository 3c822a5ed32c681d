"""The benchmark of the old players runs; what it finds is tested in tests/sync/test_squeezed.py."""

from benchmarks.models.player15 import Player15
from benchmarks.simulated import ROUND_TRIPS_MS
from benchmarks.squeezed import COLUMNS, apart_table, cut_table, step_row
from benchmarks.squeezed_live import measure_live


def test_every_row_has_all_columns() -> None:
    for table in (apart_table(), cut_table()):
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.columns)}


async def test_models_play_at_a_real_server_through_the_network() -> None:
    found = await measure_live(Player15, 2, is_compensated=True, starts_s=(0.0,), converges_in_s=3)
    assert tuple(found) == ROUND_TRIPS_MS
    for trip, runs in found.items():
        assert len(step_row("1.5", trip, True, runs)) == len(COLUMNS)
        assert all(run.errors_ms for run in runs), "the room plays, and they watch"
