"""`bunga completion`, and what the shell's Tab key offers.

Between two key strokes there is no time to ask a server or to import its parts: ids are read from
the database with nothing but SQLite. What cannot be read is not offered; a Tab key has no way to
complain.
"""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from bunga_cli.cli import output
from bunga_cli.cli.options import DataOption, find_data

_PLAIN = re.compile(r"\w[\w.@+-]*")
"""What needs no quotes in any shell; strangers choose names, and shells do as they are told."""

_MOST = 500


def completion(
    shell: Annotated[
        Literal["bash", "zsh", "fish"], typer.Argument(metavar="SHELL", help="bash, zsh or fish.")
    ],
    data: DataOption = None,  # noqa: ARG001  every command takes it
) -> None:
    """Print what the Tab key needs to know, for your shell.

    bash: put `eval "$(bunga completion bash)"` into ~/.bashrc. zsh: the same with zsh, into
    ~/.zshrc behind compinit. fish: bunga completion fish > ~/.config/fish/completions/bunga.fish
    """
    from typer._completion_shared import get_completion_script

    script = get_completion_script(prog_name="bunga", complete_var="_BUNGA_COMPLETE", shell=shell)
    output.text(script)


def complete_channels(context: typer.Context, incomplete: str) -> list[str]:
    """Return the ids of channels, and so of rooms, that begin so."""
    return _named(context, "SELECT id FROM channels ORDER BY id", incomplete)


def complete_accounts(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of accounts that begin so."""
    return _named(context, "SELECT username FROM accounts ORDER BY username", incomplete)


def complete_settings(incomplete: str) -> list[str]:
    """Return the keys of settings that begin so; those of plugins are only theirs to know."""
    from bunga_cli.settings.keys import core_keys

    return [key for key in core_keys() if key.startswith(incomplete)]


def complete_plugins(incomplete: str) -> list[str]:
    """Return the names of installed plugins that begin so."""
    from importlib.metadata import entry_points

    names = {point.name for point in entry_points(group="bunga.plugins")}
    return sorted(name for name in names if name.startswith(incomplete))


def _named(context: typer.Context, query: str, incomplete: str) -> list[str]:
    import sqlite3

    database = find_data(context.params.get("data") or _before(context)).database
    # Without journals beside it, nobody has it open, and looking should leave none behind.
    is_in_use = database.with_name(f"{database.name}-wal").exists()
    uri = f"{database.as_uri()}?mode=ro{'' if is_in_use else '&immutable=1'}"
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=0.1)
        try:
            names = [str(name) for (name,) in connection.execute(query)]
        finally:
            connection.close()
    except sqlite3.Error:
        return []
    fitting = (name for name in names if name.startswith(incomplete) and _PLAIN.fullmatch(name))
    return [name for name, _ in zip(fitting, range(_MOST), strict=False)]


def _before(context: typer.Context) -> Path | None:
    """Return the `--data` that stands before the command's name."""
    path = context.find_root().params.get("data")
    return Path(path) if path else None
