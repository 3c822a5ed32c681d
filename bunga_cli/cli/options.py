"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from bunga_cli.data_folder import DataFolder

OnJoin = Literal["pause", "continue", "default"]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def _or_before_command(context: typer.Context, value: Path | None) -> Path | None:
    """Return `value`, else the `--data` that stands before the command's name."""
    return value or context.find_root().params.get("data")


DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        help="The data folder; else BUNGA_DATA, else ./bunga-data.",
        callback=_or_before_command,
    ),
]


def find_data(data: Path | None) -> DataFolder:
    """Return the folder that the shared option or its defaults name."""
    return DataFolder.find(data)
