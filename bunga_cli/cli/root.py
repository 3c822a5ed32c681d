"""The root of the command: what stands before a noun, and how failures are told.

Exit codes: 0 done, 1 expected failure, 2 wrong usage, 130 interrupted. Commands import what they
need when they run, so that `bunga --help` is quick.
"""

import sys
from types import TracebackType
from typing import Annotated, Any

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError, UsageError
from typer.core import TyperGroup

from bunga_cli import __version__
from bunga_cli.cli import (
    accounts,
    admins,
    answers,
    audit,
    backup,
    channels,
    completion,
    config,
    doctor,
    import_django,
    logs,
    output,
    plugin_commands,
    plugins,
    remote,
    rooms,
    secret,
    serve,
    status,
    tokens,
    usage,
)
from bunga_cli.cli.options import DataOption
from bunga_cli.errors import BungaError, SettingsError

_SELDOM = ("doctor", "backup", "restore", "import-django", "completion")


class _Commands(TyperGroup):
    """Our commands, and behind them those that plugins bring."""

    # Typer keeps the types of these methods to itself.
    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        """Run a command; failures are told from here on, as typer has its own way of it."""
        sys.excepthook = sys.__excepthook__ if ctx.params["debug"] else _tell
        return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002
        """Return the names as help lists them: what is used most often comes first."""
        return sorted(self.commands, key=lambda name: name in _SELDOM)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        """Return the command that the arguments begin with."""
        name, *rest = args
        if name not in self.commands:
            here = ctx.params.get("server") is None
            brought = plugin_commands.find(name, rest, ctx.params.get("data"), serves_here=here)
            if brought is not None:
                self.add_command(brought, name)
        return super().resolve_command(ctx, args)


_EXAMPLES = """\b
Examples:
  bunga serve                       start a server in ./bunga-data
  bunga channels invite lobby       show friends the way in
  bunga rooms watch lobby           see who watches, and who is waited for
  bunga config set sync.max_wait 30s
  bunga doctor                      look whether all is well

`bunga COMMAND --help` tells more of each. Plugins bring commands of their own:
`bunga plugins list` names them.
"""

app = typer.Typer(
    cls=_Commands,
    epilog=_EXAMPLES,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve.serve)
app.command()(status.status)
app.add_typer(channels.app, name="channels")
app.add_typer(rooms.app, name="rooms")
app.add_typer(accounts.app, name="accounts")
app.add_typer(tokens.app, name="tokens")
app.add_typer(admins.app, name="admins")
app.add_typer(plugins.app, name="plugins")
app.add_typer(config.app, name="config")
app.add_typer(secret.app, name="secret")
app.add_typer(audit.app, name="audit")
app.command()(logs.logs)
app.command()(doctor.doctor)
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(import_django.import_django)
app.command()(completion.completion)


def main() -> None:
    """Run the command line; the exit code tells how it went."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = app(prog_name="bunga", standalone_mode=False)
    except ClickException as error:
        _tell_usage(error)
        raise SystemExit(error.exit_code) from None
    except typer.Abort:  # of a plugin's command; ours say themselves how they end
        output.note("It was broken off. What was done before that stays done.")
        raise SystemExit(1) from None
    except OSError:
        _flush()
        raise
    raise SystemExit(code or 0)


def _tell_usage(error: ClickException) -> None:
    if isinstance(error, UsageError) and not isinstance(error, NoArgsIsHelpError):
        usage.tell(error)
    else:
        error.show()


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
    server: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="BUNGA_SERVER_URL",
            help="Administer a server elsewhere, with the token in BUNGA_TOKEN.",
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="TOKEN", envvar="BUNGA_TOKEN", hidden=True, help="An API token of that server."
        ),
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Watch videos together, in sync."""
    if server is not None and not _is_unasked(context):
        remote.choose(server, token, context.invoked_subcommand)
    elif server is not None and context.invoked_subcommand == "doctor":
        output.note("BUNGA_SERVER_URL is set; `bunga doctor` looks at this machine's files.")
    if version:
        output.line(f"bunga {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        output.text(context.get_help())


def _is_unasked(context: typer.Context) -> bool:
    """Return whether only the environment names a server, for a command that has no use of it."""
    source = context.get_parameter_source("server")
    is_said = source is not None and source.name == "COMMANDLINE"
    return context.invoked_subcommand in remote.ON_FILES and not is_said


def _tell(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    """Tell a failure in place of a traceback; Python then exits with 1."""
    told = error if isinstance(error, BungaError) else answers.misread(error)
    if isinstance(told, SettingsError):
        output.error(*told.problems)
    elif told is not None:
        output.error(str(told))
    else:
        output.error(f"{kind.__name__}: {error} (a defect; --debug shows where)")
