"""`bunga import-django`: take over an installation of the original server."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bunga_cli.cli import output, prompts
from bunga_cli.cli.config import ConfigOption
from bunga_cli.cli.options import DataOption, JsonOption, find_data
from bunga_cli.cli.progress import progress_bar
from bunga_cli.data_folder import DataFolder

if TYPE_CHECKING:
    from bunga_cli.importing import Finding, Report, Source

_MOST_NAMES = 10
_HEADINGS = {
    "conflict": "Kept as it is here:",
    "loss": "Not taken over:",
    "warning": "Taken over, but:",
}


Database = Annotated[
    Path, typer.Argument(metavar="DB", help="The original's SQLite file, db.sqlite3.")
]
ApplyOption = Annotated[bool, typer.Option("--apply", help="Do it; else it is only shown.")]
MediaOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="The original's media folder: subtitles and logs."),
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        metavar="KEY", help="The SECRET_KEY of the original's settings: players stay logged in."
    ),
]
KeyStdinOption = Annotated[
    bool,
    typer.Option("--secret-key-stdin", help="Read it from stdin: no history keeps it then."),
]
RedisOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="The original's Redis, such as redis://localhost: how far videos were watched.",
    ),
]


def import_django(  # noqa: PLR0913  each of them is an option
    database: Database,
    *,
    apply: ApplyOption = False,
    media: MediaOption = None,
    secret_key: KeyOption = None,
    secret_key_stdin: KeyStdinOption = False,
    redis: RedisOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take over a whole installation of the original server.

    That is site name, channels, accounts with their passwords, members, settings of AList, Agora,
    Bilibili and the gallery, videos with subtitles and progress, and logs. Stop both servers first.
    Without --apply it is only shown what would come. What is here already is not changed, and a
    second run adds what is missing.
    """
    import asyncio

    from bunga_cli.importing import Source, move_in

    folder = find_data(data)
    key = _secret_key(secret_key, secret_key_stdin)
    source = Source(database, media, key, redis)
    with progress_bar("Importing" if apply else "Comparing") as on_progress:
        report = asyncio.run(
            move_in(source, folder, applied=apply, config=config, on_progress=on_progress)
        )
    if as_json:
        output.document({"applied": apply, "data": str(folder.path), **_as_document(report)})
        return
    _show(report)
    _tell(report, source, folder, apply)


def _secret_key(key: str | None, stdin: bool) -> str | None:
    if key is not None and stdin:
        raise typer.BadParameter(
            "Give --secret-key or --secret-key-stdin, not both.", param_hint="--secret-key"
        )
    return prompts.unseen("SECRET_KEY") if stdin else key


def _as_document(report: "Report") -> dict[str, object]:
    from dataclasses import asdict

    return {
        "counts": [{"kind": kind, **asdict(count)} for kind, count in report.counts()],
        "findings": [asdict(finding) for finding in report.findings],
    }


def _show(report: "Report") -> None:
    output.table(
        ("WHAT", "NEW", "HERE ALREADY", "CONFLICTS", "LOST"),
        (
            (kind, count.new, count.present, count.conflicts, count.losses)
            for kind, count in report.counts()
        ),
    )
    for verdict, heading in _HEADINGS.items():
        found = [finding for finding in report.findings if finding.verdict == verdict]
        if found:
            output.line("")
            output.line(heading)
            for line in _lines(found):
                output.line(f"  {line}")


def _lines(findings: "Iterable[Finding]") -> Iterable[str]:
    """Yield a line for each thing to tell, with the names that it is true of."""
    names: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        names.setdefault((finding.kind, finding.sentence), []).append(finding.name)
    for (kind, sentence), called in names.items():
        more = len(called) - _MOST_NAMES
        shown = ", ".join(called[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
        yield f"{kind} {shown}: {sentence}"


def _tell(report: "Report", source: "Source", folder: DataFolder, applied: bool) -> None:
    """Tell what happened, and what could be had on top of it."""
    if report.is_empty:
        output.note(f"There is nothing to import into {folder.path}.")
    elif applied:
        output.note(
            f"All of that is in {folder.path} now; `bunga{folder.option} serve` starts the server."
        )
    else:
        output.note("Nothing was changed: --apply does it.")
    if source.redis is None:
        output.note("Without --redis, videos start where the database says, mostly at the start.")
    if source.secret_key is None:
        output.note("Without --secret-key-stdin, players that are logged in have to connect anew.")
