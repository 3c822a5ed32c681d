"""The root of the command: what stands before a noun, and how failures are told.

Exit codes: 0 done, 1 expected failure, 2 wrong usage, 130 interrupted. Commands import what they
need when they run, so that `bunga --help` is quick.
"""

import sys
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bunga_cli import __version__
from bunga_cli.cli import admins, channels, output, plugin_commands, plugins, rooms, serve
from bunga_cli.cli.options import DataOption
from bunga_cli.errors import BungaError


class _Commands(TyperGroup):
    """Our commands, and behind them those that plugins bring."""

    # Typer keeps the types of these methods to itself.
    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        """Run a command; failures are told from here on, as typer has its own way of it."""
        sys.excepthook = sys.__excepthook__ if ctx.params["debug"] else _tell
        return super().invoke(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
        """Return the command of this name."""
        ours = super().get_command(ctx, cmd_name)
        return ours or plugin_commands.find(cmd_name, ctx.params.get("data"))


app = typer.Typer(
    cls=_Commands,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve.serve)
app.add_typer(channels.app, name="channels")
app.add_typer(rooms.app, name="rooms")
app.add_typer(admins.app, name="admins")
app.add_typer(plugins.app, name="plugins")


def main() -> None:
    """Run the command line; the exit code tells how it went."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app(prog_name="bunga")
    except OSError:
        _flush()
        raise


def _flush() -> None:
    """Tell if it was stdout that failed: help is printed by typer, before our hook is there."""
    try:
        output.flush()
    except BungaError as error:
        output.error(str(error))
        raise SystemExit(1) from None


@app.callback()
def root(
    context: typer.Context,
    data: DataOption = None,  # noqa: ARG001  the option of the commands looks here
    debug: Annotated[  # noqa: ARG001  the group looks at it
        bool, typer.Option("--debug", envvar="BUNGA_DEBUG", help="Show tracebacks of failures.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Watch videos together, in sync."""
    if version:
        output.line(f"bunga {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        output.text(context.get_help())


def _tell(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    """Tell a failure in place of a traceback; Python then exits with 1."""
    if isinstance(error, BungaError):
        output.error(str(error))
    else:
        output.error(f"{kind.__name__}: {error} (a defect; --debug shows where)")
