"""`bunga logs`: the end of the running server's log."""

import time
from datetime import datetime
from typing import Annotated, Any, Literal

import typer

from bunga_cli.cli import local_api, output
from bunga_cli.cli.options import DataOption, find_data

_EVERY_S = 1.0
_AT_ONCE = 1000
_LAST = 50

Level = Literal["debug", "info", "warning", "error", "critical"]


def logs(
    *,
    level: Annotated[Level | None, typer.Option(help="Nothing that matters less.")] = None,
    text: Annotated[
        str, typer.Option(metavar="TEXT", help="What must be in the message or its source.")
    ] = "",
    last: Annotated[
        int, typer.Option(min=1, max=_AT_ONCE, help="Begin with so many that are past.")
    ] = _LAST,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per line.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Print the end of the server's log.

    The server keeps the last 1,000 messages of this run in memory, at the level of the setting
    log.level.
    """
    folder = find_data(data)
    query = {"text": text, "last": last} | ({"level": level} if level else {})
    seen = 0
    while True:
        asked = query | {"after": seen}
        for entry in local_api.call(folder, "GET", "logs", query=asked)["entries"]:
            _print(entry, as_json=as_json)
            seen = entry["id"]
        if not follow:
            return
        query["last"] = _AT_ONCE
        time.sleep(_EVERY_S)


def _print(entry: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.record(entry)
        return
    at = datetime.fromisoformat(entry["at"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    first, *more = entry["message"].splitlines() or [""]
    output.paragraph(f"{at} {entry['level']} {entry['logger']}: {first}")
    for line in [*more, *entry["traceback"].splitlines()]:
        output.line(f"  {line}")
