"""What a measurement says, as Markdown for people and as JSON for programs."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("uvicorn", "uvloop", "websockets", "pydantic", "sqlalchemy", "httptools")

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Table:
    """The result of one measurement."""

    title: str
    columns: Sequence[str]
    rows: list[list[Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def percentile(sorted_values: Sequence[float], percent: float) -> float:
    """Return the smallest value that `percent` of the values do not exceed (nearest rank)."""
    if not sorted_values:
        return float("nan")
    rank = -(-len(sorted_values) * percent // 100)
    return sorted_values[max(0, int(rank) - 1)]


def environment(open_files: int) -> dict[str, str]:
    """Return what the figures depend on."""
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} "
        f"{platform.release()}, at most {open_files} open files",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": versions,
        "command": " ".join(["python -m benchmarks.load", *sys.argv[1:]]),
    }


def as_markdown(where: dict[str, str], tables: Sequence[Table]) -> str:
    """Return everything as one page."""
    facts = "\n".join(f"- {name}: {value}" for name, value in where.items())
    return "\n\n".join([facts, *map(_markdown, tables)]) + "\n"


def as_json(where: dict[str, str], tables: Sequence[Table]) -> str:
    """Return everything as one object."""
    return json.dumps({"environment": where, "tables": [asdict(t) for t in tables]}, indent=1)


def progress(what: str) -> None:
    """Tell who waits what is being done."""
    print(what, file=sys.stderr, flush=True)


def _markdown(table: Table) -> str:
    lines = [table.columns, ["---:"] * len(table.columns)]
    lines += [[_text(cell) for cell in row] for row in table.rows]
    grid = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([f"## {table.title}", grid, *table.notes])


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:,.2f}" if isinstance(cell, float) else str(cell)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
