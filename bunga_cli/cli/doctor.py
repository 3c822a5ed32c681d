"""`bunga doctor`: is all well, and if not, what to do."""

import shutil
import sys
import textwrap
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bunga_cli.cli import output
from bunga_cli.cli.options import DataOption, JsonOption, find_data

if TYPE_CHECKING:
    from bunga_cli.doctor import Finding
    from bunga_cli.doctor.examination import Check

_STATE_WIDTH = 9

RedisOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Look at an original server's Redis too, as `bunga import-django --redis` will.",
    ),
]


def doctor(
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Leave out what needs a network.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The operator's settings file; else the one the server uses, or ./bunga.toml.",
        ),
    ] = None,
    redis: RedisOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look whether all is well, and if not, what to do.

    Looks at settings, files, disk, clock, server, plugins, and at the public address as a player
    meets it. Exits with 1 if anything does not work; what could be better is a warning. The server
    itself needs no Redis.
    """
    from bunga_cli.doctor import Case, examine

    case = Case.open(find_data(data), config=config, is_offline=offline)
    findings = []
    for finding in examine(case, _checks(redis)):
        findings.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        output.document([asdict(finding) for finding in findings])
    else:
        output.note(_summary(findings))
    if any(finding.state == "failure" for finding in findings):
        raise typer.Exit(1)


def _checks(redis: str | None) -> "tuple[Check, ...]":
    from bunga_cli.doctor.examination import CHECKS

    if redis is None:
        return CHECKS
    from bunga_cli.importing.redis_check import redis_check

    return (*CHECKS, redis_check(redis))


def _show(finding: "Finding") -> None:
    """Show one finding, and what to do below it, as wide as the terminal is."""
    output.text(_filled(f"{finding.state:<{_STATE_WIDTH}}{finding.check}: {finding.text}"))
    if finding.advice:
        output.text(_filled(f"{'':<{_STATE_WIDTH}}→ {finding.advice}"))


def _filled(sentence: str) -> str:
    sentence = output.printable(sentence)
    if not sys.stdout.isatty():
        return sentence
    return textwrap.fill(
        sentence,
        shutil.get_terminal_size().columns,
        subsequent_indent=" " * (_STATE_WIDTH + 2),
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _summary(findings: list["Finding"]) -> str:
    counts = Counter(finding.state for finding in findings)
    if not counts["failure"] and not counts["warning"]:
        return "All is well."
    told = [
        f"{counts[state]} {state}{'s' if counts[state] > 1 else ''}"
        for state in ("failure", "warning")
        if counts[state]
    ]
    return f"{' and '.join(told)}; the arrows say what to do."
