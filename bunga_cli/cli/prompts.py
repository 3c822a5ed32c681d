"""Ask the person."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from bunga_cli.cli import output
from bunga_cli.errors import BungaError, Invalid

INTERRUPTED = 130
_YES_OR_NO = "[y/N]:"
_ANSWER = "__"
"""As wide as the answer is, with the space before it."""


def confirm(question: str, unasked: str) -> None:
    """Return if the answer is yes, end the command if not; raise BungaError without anybody."""
    # The answer stays in the line of what is asked for, which no terminal's edge breaks in two.
    asked = output.wrapped(f"{question} {_YES_OR_NO}{_ANSWER}").removesuffix(_ANSWER)
    with _somebody(unasked):
        agreed = typer.confirm(asked, err=True, show_default=False, prompt_suffix=" ")
    if not agreed:
        output.note("Nothing was changed.")
        raise typer.Exit(1)


def new_password(unasked: str) -> str:
    """Return a password that was typed twice, unseen; raise BungaError without anybody."""
    from bunga_cli.auth.passwords import SHORTEST

    with _somebody(unasked):
        while True:
            password = _hidden(f"Password, at least {SHORTEST} characters, not shown")
            if len(password.strip()) < SHORTEST:
                raise Invalid(f"The password must have at least {SHORTEST} characters.")
            if _hidden("The same again") == password:
                return password
            output.note("Those were two different ones.")


def unseen(what: str) -> str:
    """Return a line of stdin; at a terminal, `what` is asked for, and not shown."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    with _somebody("Nothing was given."):
        return _hidden(f"{what}, not shown")


def _hidden(question: str) -> str:
    answer: str = typer.prompt(question, hide_input=True, err=True, default="", show_default=False)
    return answer


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
