"""Options that several commands share."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from bunga_cli.cli import prompts, remote
from bunga_cli.data_folder import DataFolder

OnJoin = Literal["pause", "continue", "default"]

_BELOW_ZERO = re.compile(r"-\.?[0-9]")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def _or_before_command(context: typer.Context, value: Path | None) -> Path | None:
    """Return `value`, else the `--data` that stands before the command's name."""
    found: Path | None = value or context.find_root().params.get("data")
    if found is not None and remote.chosen() is not None:
        raise typer.BadParameter(
            "it names a folder of this machine, and --server or BUNGA_SERVER_URL a server"
            " elsewhere; use one of them.",
            param_hint="--data",
        )
    return found


def data_option(callback: Callable[..., object], *, expose_value: bool = True) -> Any:  # noqa: ANN401  as typer has it
    """Return `--data`, whose value goes through `callback`."""
    return typer.Option(
        "--data",
        metavar="FOLDER",
        help="The data folder; else BUNGA_DATA, else ./bunga-data.",
        callback=callback,
        expose_value=expose_value,
    )


DataOption = Annotated[Path | None, data_option(_or_before_command)]

StdinOption = Annotated[
    bool, typer.Option("--stdin", help="Read the value from stdin: secrets belong in no history.")
]
DefaultOption = Annotated[bool, typer.Option("--default", help="Go back to the default.")]


class ValueCommand(TyperCommand):
    """A command whose last argument is a value, which may be a number below zero."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  as typer has it
        """Take `-5` for a value: no option of ours is a number."""
        values = [arg for arg in args if _BELOW_ZERO.match(arg)]
        if values and "--" not in args:
            args = [*(arg for arg in args if arg not in values), "--", *values]
        return super().parse_args(ctx, args)


def value_from(value: str | None, *, stdin: bool, default: bool) -> str | None:
    """Return the value that was given as an argument, or on stdin; None is the default."""
    if [value is not None, stdin, default].count(True) != 1:
        raise typer.BadParameter("Give a value, --stdin or --default.", param_hint="VALUE")
    return prompts.unseen("Value") if stdin else value


def find_data(data: Path | None) -> DataFolder:
    """Return the folder that the shared option or its defaults name.

    An import that was killed there is ended first: nobody shall meet the half of it.
    """
    folder = DataFolder.find(data)
    if folder.has_unfinished_import:
        from bunga_cli.importing import finish_import

        finish_import(folder)
    return folder
