"""The figures of the benchmark of precision; and once, shortly, all of it."""

import asyncio
import json
import math
import os
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.precision import figures, results
from benchmarks.precision.figures import Look, Spread, Timeline
from benchmarks.precision.plot import plot, thinned
from benchmarks.precision.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
ROOM = Timeline(at=10_000, position=3_000, rate=1)


def track(
    begin: float, end: float, *, ahead: float = 0, every: float = 25, rate: float = 1
) -> list[Look]:
    """Return looks at a picture that is so far ahead of `ROOM`."""
    count = round((end - begin) / every)
    moments = [begin + i * every for i in range(count)]
    return [Look(at, ROOM.position_at(at) + ahead, rate, is_paused=at < ROOM.at) for at in moments]


# -- figures --------------------------------------------------------------------------------------


def test_between_two_looks_a_picture_is_where_both_lead() -> None:
    looks = [Look(100, 1_000, 1, False), Look(140, 1_048, 1, False)]
    assert figures.position_at(looks, 110) == pytest.approx(1_012)
    assert figures.position_at(looks, 100) == 1_000


@pytest.mark.parametrize("moment", [99, 140, 141])
def test_beyond_the_looks_nothing_is_known(moment: float) -> None:
    looks = [Look(100, 1_000, 1, False), Look(140, 1_048, 1, False)]
    assert figures.position_at(looks, moment) is None


def test_what_nobody_looked_at_for_long_is_not_known() -> None:
    looks = [Look(100, 1_000, 1, False), Look(400, 1_300, 1, False)]
    assert figures.position_at(looks, 200) is None


def test_a_picture_at_rest_or_on_its_way_is_nowhere() -> None:
    paused = [Look(100, 1_000, 1, True), Look(140, 1_000, 1, False)]
    seeking = [Look(100, 1_000, 1, False), Look(140, 9_000, 1, False, True)]
    assert figures.position_at(paused, 120) is None
    assert figures.position_at(seeking, 120) is None


def test_of_two_pictures_it_is_told_which_is_ahead() -> None:
    tracks = [track(10_000, 11_000), track(10_007, 11_000, ahead=-12)]
    apart = figures.spreads(tracks, figures.moments(10_100, 10_200))
    assert [moment for moment, _ in apart] == [10_100, 10_120, 10_140, 10_160, 10_180]
    assert [value for _, value in apart] == pytest.approx([-12] * 5)


def test_of_more_pictures_the_two_farthest_count() -> None:
    tracks = [track(10_000, 11_000, ahead=by) for by in (0, 9, -4)]
    [(_, apart)] = figures.spreads(tracks, [10_500])
    assert apart == pytest.approx(13)


def test_where_one_picture_is_not_known_there_is_no_distance() -> None:
    tracks = [track(10_000, 11_000), track(10_000, 10_200)]
    assert figures.spreads(tracks, [10_500]) == [(10_500, None)]


def test_distances_count_without_their_signs() -> None:
    spread = Spread.of([*range(-50, 0), *range(1, 51)])
    assert (spread.count, spread.p50, spread.p95, spread.most) == (100, 25, 48, 50)
    assert math.isnan(Spread.of([]).p50)


def test_only_departures_from_the_plain_rate_are_counted() -> None:
    rates = [1, 1.02, 1.02, 1, 1, 0.98, 0.97, 1, 1.05]
    looks = [Look(25.0 * i, 25.0 * i, rate, False) for i, rate in enumerate(rates)]
    assert figures.episodes(looks, 0, 1_000) == 3
    assert figures.episodes(looks, 100, 200) == 1


def test_a_jump_is_told_from_a_slow_look() -> None:
    looks = track(10_000, 11_000)
    assert figures.seeks(looks, 0, 20_000) == 0
    del looks[5:25]
    assert figures.seeks(looks, 0, 20_000) == 0
    jumped = looks[:3] + [Look(at.at, at.position + 700, 1, False) for at in looks[3:]]
    assert figures.seeks(jumped, 0, 20_000) == 1


def test_a_picture_begins_when_it_moves_and_not_when_it_is_told_to() -> None:
    looks = [Look(i * 25.0, max(0.0, (i - 4) * 25.0), 1, i < 2) for i in range(9)]
    assert figures.first_moving(looks) == 100
    assert figures.first_moving(looks[:4]) is None


def test_the_first_frame_of_a_latecomer_is_the_one_after_that_at_rest() -> None:
    others = track(10_000, 11_000)
    frames = [(9_000, 3_400), (10_430, 3_400), (10_460, 3_433), (10_493, 3_466)]
    assert figures.offset_of_first_frame(frames, others, 10_400) == pytest.approx(-27)
    assert figures.offset_of_first_frame(frames[:2], others, 10_400) is None
    assert figures.offset_of_first_frame(frames, [], 10_400) is None


def test_a_start_is_measured_against_the_room_and_between_the_pictures() -> None:
    tracks = [track(9_000, 20_000, ahead=-2), track(9_000, 20_000, ahead=5)]
    start = figures.measure(0, tracks, ROOM, range(5_000, 9_000))
    assert start.steady.p95 == pytest.approx(7)
    assert start.after_200_ms == pytest.approx(7)
    assert start.medians == pytest.approx([-2, 5])
    assert [spread.most for spread in start.to_room] == pytest.approx([2, 5])
    assert start.begins == [0, 0]
    assert (start.episodes, start.seeks) == ([0, 0], 0)
    assert start.line[0][0] == -500
    assert start.line[-1][0] < 9_000


# -- plot and table -------------------------------------------------------------------------------


def test_of_many_points_the_farthest_of_each_stretch_are_drawn() -> None:
    points = [(float(i), -80.0 if i == 555 else 1.0) for i in range(1_000)]
    few = thinned(points, most=100)
    assert len(few) == 100
    assert [value for _, value in few].count(-80.0) == 1
    assert thinned([(0.0, None), (1.0, None)], most=1) == [(0.0, None)]


def test_a_plot_is_svg_with_a_line_for_each_start_and_gaps_where_nothing_is_known() -> None:
    line = [(0.0, 1.0), (1.0, 2.0), (2.0, None), (3.0, 900.0), (4.0, 1.0)]
    drawn = plot("20 & 300 ms", {"first": line, "second": line}, limit=50, band=10)
    root = ET.fromstring(drawn)
    paths = [path.get("d", "") for path in root.iter("{http://www.w3.org/2000/svg}path")]
    drawn_lines = [path for path in paths if "L" in path]
    assert len(drawn_lines) == 2
    assert drawn_lines[0].count("M") == 2
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"20 & 300 ms", "first", "second", "0", "4"} <= set(texts)


def test_a_plot_of_nothing_is_a_plot() -> None:
    ET.fromstring(plot("nothing", {}, limit=50, band=10))


def test_what_is_kept_makes_a_table_with_every_start(tmp_path: Path) -> None:
    scenario = SCENARIOS[0]
    tracks = [track(9_000, 20_000, ahead=-2), track(9_000, 20_000, ahead=2)]
    good = figures.measure(0, tracks, ROOM, range(5_000, 9_000))
    bad = figures.measure(1, [tracks[0], track(9_000, 20_000, ahead=60)], ROOM, range(9_000))
    unknown = figures.measure(2, [tracks[0], []], ROOM, range(9_000))
    results.keep(scenario, [good, bad, unknown], {"machine": "x"}, tmp_path)

    rows = [row.split(" | ") for row in results.table(tmp_path).splitlines()[2:]]
    assert [row[1:5] for row in rows] == [
        ["1", "4.0", "4.0", "4.0"],
        ["2", "62.0", "62.0", "62.0"],
        ["3", "-", "-", "-"],
    ]
    assert [row[-1] for row in rows] == ["yes |", "**no** |", "**no** |"]
    kept = json.loads((tmp_path / f"{scenario.name}.json").read_text())
    assert kept["environment"] == {"machine": "x"}
    assert (tmp_path / f"{scenario.name}.svg").exists()


def test_who_comes_late_and_who_is_installed_have_tables_of_their_own(tmp_path: Path) -> None:
    tracks = [track(9_000, 20_000), track(9_000, 20_000, ahead=-1)]
    others = [track(9_000, 20_000, ahead=30), track(9_000, 20_000, ahead=-70)]
    for scenario in SCENARIOS:
        start = figures.measure(0, tracks, ROOM, range(5_000, 9_000), others)
        if scenario.is_late:
            start.late_ms, start.late_offset = 900.0, -45.0
        if scenario.is_late or scenario.installed:
            results.keep(scenario, [start], {}, tmp_path)

    rows = results.table(tmp_path).splitlines()
    assert "| 1 | 900.0 | -45.0 | **no** |" in rows
    assert "| browser, 100 ms, sound | 1 | 1.0 | 1.0 | 1.0 |" in rows
    assert "| 1.4, 100 ms | 1 | 70.0 | 70.0 | 70.0 |" in rows


def test_the_table_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{results.BEGIN}\nold\n{results.END}\nafter\n")
    results.write_table(readme)
    text = readme.read_text()
    assert text.startswith(f"before\n{results.BEGIN}\n| who watches |")
    assert text.endswith(f"{results.END}\nafter\n")
    assert "old" not in text


def test_a_readme_without_marks_is_left_alone(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"{results.END} and then {results.BEGIN}")
    with pytest.raises(SystemExit, match="has no"):
        results.write_table(readme)
    assert readme.read_text() == f"{results.END} and then {results.BEGIN}"


# -- all of it ------------------------------------------------------------------------------------


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder for what is temporary, with a short path: Chromium makes a socket there."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


async def test_two_browsers_are_measured(tmp_path: Path, short: Path) -> None:
    films = short / "bunga-precision"
    films.mkdir()
    for name in ("film-90.webm", "film-90-silent.webm"):
        shutil.copy(ROOT / "tests/data/film.webm", films / name)
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "benchmarks.precision", "--only", "rtt20", "--starts=1"],
        *["--seconds=2", "--film-seconds=90", "--folder", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(short)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    assert "| round trips of 20 ms" in out.decode().replace("[", "")
    [start] = json.loads((tmp_path / "rtt20.json").read_text())["starts"]
    assert start["steady"]["count"] > 10
    assert len(start["medians"]) == 2
    ET.parse(tmp_path / "rtt20.svg")
