"""`docs/cli.md`: the help of every command, as an 80-column terminal shows it.

`python -m tests.cli.reference` writes it anew; a test compares.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from bunga_cli.cli.root import app

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
WIDTH = 80

_HEAD = """\
# Commands

What `--help` says, of every command. `python -m tests.cli.reference` writes this page.

Exit codes: 0 done, 1 a failure that is explained in one line, 2 wrong usage, 130 interrupted. Data
goes to stdout, talk to stderr; `--json` prints JSON with keys that stay.
"""


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the words of each command and the command itself, the groups before what is in them."""
    yield from _below((), typer.main.get_command(app))


def options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def page() -> str:
    sections = (
        f"## `{' '.join(('bunga', *words))}`\n\n```\n{_help(words, command)}\n```\n"
        for words, command in commands()
    )
    return "\n".join([_HEAD, *sections])


def _below(words: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _below((*words, name), inner)


def _help(words: tuple[str, ...], command: Any) -> str:
    # What the terminal of the one who runs this says of itself shall not matter.
    root = typer.main.get_command(app).make_context("bunga", [], resilient_parsing=True)
    context = command.context_class(
        command,
        info_name=" ".join(("bunga", *words)),
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=root.help_option_names,
    )
    shown: str = command.get_help(context)
    return "\n".join(line.rstrip() for line in shown.splitlines())


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
