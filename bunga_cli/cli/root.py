"""The root of the command: what stands before a noun, and how failures are told.

Exit codes: 0 done, 1 expected failure, 2 wrong usage, 130 interrupted. Commands import what they
need when they run, so that `bunga --help` is quick.
"""

import sys
from types import TracebackType
from typing import Annotated

import typer

from bunga_cli import __version__
from bunga_cli.cli import admins, channels, output, rooms, serve
from bunga_cli.cli.options import DataOption
from bunga_cli.errors import BungaError

app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve.serve)
app.add_typer(channels.app, name="channels")
app.add_typer(rooms.app, name="rooms")
app.add_typer(admins.app, name="admins")


def main() -> None:
    """Run the command line; the exit code tells how it went."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app(prog_name="bunga")


def _show_version(wanted: bool) -> None:
    if wanted:
        output.line(f"bunga {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    data: DataOption = None,  # noqa: ARG001  the option of the commands looks here
    debug: Annotated[
        bool, typer.Option("--debug", envvar="BUNGA_DEBUG", help="Show tracebacks of failures.")
    ] = False,
    version: Annotated[  # noqa: ARG001  its callback does it all
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Watch videos together, in sync."""
    sys.excepthook = sys.__excepthook__ if debug else _tell
    if context.invoked_subcommand is None:
        output.text(context.get_help())


def _tell(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    """Tell a failure in place of a traceback; Python then exits with 1."""
    if isinstance(error, BungaError):
        output.error(str(error))
    else:
        output.error(f"{kind.__name__}: {error} (a defect; --debug shows where)")
