"""Ask the person."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from bunga_cli.cli import output
from bunga_cli.errors import BungaError

INTERRUPTED = 130


def confirm(question: str, unasked: str) -> None:
    """Return if the answer is yes; raise BungaError if it is no, or `unasked` without anybody."""
    with _somebody(unasked):
        agreed = typer.confirm(question, err=True)
    if not agreed:
        raise BungaError("Nothing was changed.")


def new_password(unasked: str) -> str:
    """Return a password that was typed twice, unseen; raise BungaError without anybody."""
    with _somebody(unasked):
        password: str = typer.prompt(
            "Password", hide_input=True, confirmation_prompt=True, err=True
        )
    return password


@contextmanager
def _somebody(unasked: str) -> Iterator[None]:
    if not sys.stdin.isatty():
        raise BungaError(unasked)
    try:
        yield
    except typer.Abort as abort:
        output.note("")  # The terminal is still in the line of the question.
        if isinstance(abort.__context__, EOFError):
            raise BungaError(unasked) from None
        raise typer.Exit(INTERRUPTED) from None
