"""Ask the person."""

import typer

from bunga_cli.errors import BungaError

INTERRUPTED = 130


def confirm(question: str) -> None:
    """Return if the answer is yes; raise BungaError if it is no."""
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        raise typer.Exit(INTERRUPTED) from None
    if not agreed:
        raise BungaError("Nothing was changed.")


def new_password() -> str:
    """Return a password that was typed twice, unseen."""
    try:
        password: str = typer.prompt(
            "Password", hide_input=True, confirmation_prompt=True, err=True
        )
    except typer.Abort:
        raise typer.Exit(INTERRUPTED) from None
    return password
