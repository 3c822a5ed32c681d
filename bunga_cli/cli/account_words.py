"""What the commands about accounts and tokens have in common."""

from typing import Annotated, Any

import typer

from bunga_cli.cli import output
from bunga_cli.cli.completion import complete_accounts, complete_channels
from bunga_cli.units import parse_duration

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
AccountName = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The account's name.", autocompletion=complete_accounts),
]
WhoName = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="The account's name, or what it was last seen as.",
        autocompletion=complete_accounts,
    ),
]
ChannelOption = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        help="In this channel alone; else everywhere.",
        autocompletion=complete_channels,
    ),
]


def called(account: dict[str, Any]) -> str:
    """Return an account's name, and what people know it as if that is another."""
    name, seen_as = str(account["username"]), account["seen_as"]
    return name if seen_as in (None, name) else f"{name} ({seen_as})"


def duration(text: str) -> int:
    """Return a duration of an option, in microseconds."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} {error}.") from error


def closed(count: int) -> str:
    """Return a sentence about connections that were closed; nothing if there was none."""
    if not count:
        return ""
    return " Its connection is closed." if count == 1 else f" Its {count} connections are closed."


def moment_or_none(iso_time: str | None) -> str | None:
    """Return a time for people, if there is one."""
    return iso_time and output.moment(iso_time)
