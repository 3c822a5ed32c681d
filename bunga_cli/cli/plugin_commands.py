"""Commands that plugins bring: `bunga <plugin's name> …`.

They are looked for only when no command of ours has the name, so that ours stay quick.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from bunga_cli.cli import local_api, output
from bunga_cli.cli.options import find_data

if TYPE_CHECKING:
    from pathlib import Path

    from typer.core import TyperGroup

    from bunga_cli.data_folder import DataFolder


class Console:
    """What the commands of plugins are given (`bunga_cli.plugin.Console`)."""

    def __init__(self, folder: "DataFolder") -> None:
        self._folder = folder

    def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Return what the running server answers."""
        return local_api.call_path(self._folder, method, path, body=body)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print rows in columns."""
        output.table(headings, rows)

    def document(self, value: object) -> None:
        """Print a value as JSON."""
        output.document(value)

    def note(self, sentence: str) -> None:
        """Tell the person something that is not data."""
        output.note(sentence)


def find(name: str, data: "Path | None") -> "TyperGroup | None":
    """Return the commands of a plugin, None if there is no such plugin, or if it has none."""
    from bunga_cli.plugin import loading
    from bunga_cli.plugin.discovery import discover
    from bunga_cli.plugin.manager import FOLDER

    folder = find_data(data)
    found = next((f for f in discover(folder.path / FOLDER) if f.name == name), None)
    if found is None:
        return None
    commands = loading.commands(loading.load(found), Console(folder))
    return None if commands is None else typer.main.get_group(commands)
