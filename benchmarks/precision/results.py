"""What is kept of a run: its figures, its plot, and the table of all runs in the README."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.precision.figures import Start
from benchmarks.precision.plot import Points, plot
from benchmarks.precision.scenarios import SCENARIOS, Scenario

FOLDER = Path(__file__).parents[1] / "results" / "precision"
README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- precision:begin -->", "<!-- precision:end -->"
_COLUMNS = (
    "who watches", "start", "p50", "p95", "max", "at T+0.2 s", "rate changes a minute", "seeks",
    "load", "goal",
)  # fmt: skip


_LATE = ("a latecomer, start", "plays after ms", "then apart ms", "goal")
_MIXED = ("from the room, ms", "start", "p50", "p95", "max")
MOST_LATE_MS, MOST_LATE_OFFSET_MS = 1_500.0, 40.0


def keep(scenario: Scenario, starts: Sequence[Start], where: dict[str, str], folder: Path) -> None:
    """Write the figures of a run as JSON, and its plot as SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "scenario": asdict(scenario),
        "environment": where,
        "starts": [_plain(start) for start in starts],
    }
    text = json.dumps(_rounded(content), indent=1)
    (folder / f"{scenario.name}.json").write_text(text + "\n")
    lines: dict[str, Points] = {
        f"start {start.number + 1}": [(at / 1_000, value) for at, value in start.line]
        for start in starts
    }
    drawn = plot(scenario.title, lines, limit=50.0, band=scenario.goals.p95)
    (folder / f"{scenario.name}.svg").write_text(drawn)


def _plain(start: Start) -> dict[str, Any]:
    return {key: value for key, value in asdict(start).items() if key != "line"}


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 2)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list | tuple) else value


def table(folder: Path = FOLDER) -> str:
    """Return tables of all runs that are kept, with a line for each start."""
    kept = {
        scenario: json.loads(path.read_text())["starts"]
        for scenario in SCENARIOS
        if (path := folder / f"{scenario.name}.json").exists()
    }
    rows = [_row(scenario, start) for scenario, starts in kept.items() for start in starts]
    late = [row for scenario, starts in kept.items() if scenario.is_late for row in _late(starts)]
    mixed = [
        row
        for scenario, starts in kept.items()
        if scenario.installed
        for start in starts
        for row in _company(scenario, start)
    ]
    found = [_table(_COLUMNS, rows), late and _table(_LATE, late), mixed and _table(_MIXED, mixed)]
    return "\n".join(part for part in found if part)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] + ["---:"] * (len(columns) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _late(starts: Sequence[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            str(start["number"] + 1),
            _text(start["late_ms"]),
            _text(start["late_offset"]),
            "yes" if _is_in_time(start) else "**no**",
        ]
        for start in starts
    ]


def _is_in_time(start: dict[str, Any]) -> bool:
    took, offset = start["late_ms"], start["late_offset"]
    if took is None or offset is None:
        return False
    return bool(took <= MOST_LATE_MS and abs(offset) <= MOST_LATE_OFFSET_MS)


def _company(scenario: Scenario, start: dict[str, Any]) -> list[list[str]]:
    """Return how far everybody was from the room."""
    return [
        [name, str(start["number"] + 1), *(_text(spread[key]) for key in ("p50", "p95", "most"))]
        for name, spread in zip(scenario.names, start["to_room"], strict=True)
    ]


def _row(scenario: Scenario, start: dict[str, Any]) -> list[str]:
    steady = start["steady"]
    return [
        f"[{scenario.title}](results/precision/{scenario.name}.svg)" if not start["number"] else "",
        str(start["number"] + 1),
        *(_text(steady[key]) for key in ("p50", "p95", "most")),
        _text(start["after_200_ms"]),
        _text(max(start["episodes"], default=None)),
        str(start["seeks"]),
        _text(start["load"]),
        "yes" if is_met(scenario, start) else "**no**",
    ]


def is_met(scenario: Scenario, start: dict[str, Any]) -> bool:
    """Return whether a start kept to the scenario's goals for steady state."""
    steady, goals = start["steady"], scenario.goals
    if steady["p50"] is None:
        return False
    pairs = ((steady[key], getattr(goals, key)) for key in ("p50", "p95", "most"))
    calm = start["seeks"] == 0 and max(start["episodes"], default=0) <= goals.episodes
    return calm and all(value <= most for value, most in pairs)


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def write_table(readme: Path = README) -> None:
    """Put the table between its marks in the README."""
    text = readme.read_text()
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise SystemExit(f"Error: {readme} has no {BEGIN} with an {END} after it.")
    readme.write_text(f"{before}{BEGIN}\n{table()}{END}{after}")
