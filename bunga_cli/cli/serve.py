"""`bunga serve`: run the server."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bunga_cli.cli import output
from bunga_cli.cli.options import DataOption, find_data

if TYPE_CHECKING:
    from bunga_cli.listening import Addresses


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The TCP port to listen on.")] = None,
    data: DataOption = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The settings file; else ./bunga.toml if it is there."),
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"] | None,
        typer.Option(help="The least important messages to show."),
    ] = None,
    log_format: Annotated[
        Literal["text", "json"] | None, typer.Option(help="For people, or for programs.")
    ] = None,
) -> None:
    """Run the server until Ctrl-C or SIGTERM; an empty data folder is a fine start."""
    from bunga_cli.settings_file import load_settings

    folder = find_data(data)
    flags = {
        "server.host": host,
        "server.port": port,
        "log.level": log_level,
        "log.format": log_format,
    }
    loaded = load_settings(folder, config=config, flags=flags)
    from bunga_cli import app

    os.umask(0o077)  # whatever the server makes is for its owner alone
    app.serve(loaded.settings, folder, _announce)


def _announce(found: "Addresses") -> None:
    """Tell what a person needs next."""
    if found.register_url is None:
        output.note("There is no channel yet: make one with `bunga channels create`.")
    else:
        output.note(f"Paste into the player:  {found.register_url}")
    output.note(f"Homepage:               {found.homepage}")
    output.note(f"Console:                {found.console}")
