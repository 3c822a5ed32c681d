"""`bunga serve`: run the server."""

import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bunga_cli.cli import output
from bunga_cli.cli.options import DataOption, find_data
from bunga_cli.data_folder import DataFolder

if TYPE_CHECKING:
    from bunga_cli.listening import Addresses
    from bunga_cli.settings.files import LoadedSettings

_log = logging.getLogger(__name__)


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The TCP port to listen on.")
    ] = None,
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
    """Run the server until Ctrl-C or SIGTERM.

    A data folder that is empty or missing is a fine start.
    """
    from bunga_cli.settings.files import load_settings

    folder = find_data(data)
    flags = {
        "server.host": host,
        "server.port": port,
        "log.level": log_level,
        "log.format": log_format,
    }
    loaded = load_settings(folder, config=config, flags=flags)
    os.umask(0o077)  # whatever the server makes is for its owner alone
    _run(loaded, folder)
    from bunga_cli.loop import leave

    leave()


def _run(loaded: "LoadedSettings", folder: DataFolder) -> None:
    """Run the server, and tell of its start and end."""
    from bunga_cli import app

    if loaded.settings.log.format == "json":
        app.serve(loaded, folder, _log_addresses)
        _log.info("Stopped.")
        return
    new_folder = None if folder.database.exists() else folder.path
    app.serve(loaded, folder, partial(announce, new_folder=new_folder))
    if sys.stderr.isatty():
        output.note("")  # The terminal wrote `^C` in this line.
    output.note("Stopped.")


def announce(found: "Addresses", new_folder: Path | None = None) -> None:
    """Tell what a person needs next."""
    if new_folder:
        output.note(f"New data folder: {new_folder}")
        output.note("")
    if found.register_url is None:
        output.note("There is no channel yet: make one with `bunga channels create`.")
    pages = {"Homepage:": found.homepage, "Console:": found.console}
    output.notes({**_for_players(found), **pages})
    if found.first_run_url:
        output.note("")
        output.note("There is no admin yet. Whoever opens this link first becomes one:")
        output.note(f"  {found.first_run_url}")
        output.note("")
    output.note("Ctrl-C stops the server.")


def _for_players(found: "Addresses") -> dict[str, str]:
    if found.register_url is None:
        return {}
    closed = "  (closed to new players)" if found.is_closed else ""
    lines = {"Paste into the player:": found.register_url + closed}
    if found.has_more:
        lines["Other channels:"] = "bunga channels list"
    return lines


def _log_addresses(found: "Addresses") -> None:
    """Tell a program."""
    fields = {
        "register_url": found.register_url,
        "homepage": found.homepage,
        "console": found.console,
    }
    _log.info("Listening; the homepage is %s", found.homepage, extra={"fields": fields})
