"""Commands that plugins bring: `bunga <plugin's name> …`.

They are looked for only when no command of ours has the name, so that ours stay quick. Each of them
also takes `--data`, as ours do, unless it has an option of this name itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bunga_cli.cli import local_api, output
from bunga_cli.cli.options import data_option, find_data
from bunga_cli.cli.qr_codes import qr_code
from bunga_cli.errors import Invalid, SettingsError

if TYPE_CHECKING:
    from typer.core import TyperGroup

    from bunga_cli.plugin.discovery import Found

_OPTION = "--data"


class Console:
    """What the commands of plugins are given (`bunga_cli.plugin.Console`)."""

    def __init__(self, data: Path | None) -> None:
        self.data = data

    def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Return what the running server answers."""
        return local_api.call_path(find_data(self.data), method, path, body=body)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print rows in columns."""
        output.table(headings, rows)

    def document(self, value: object) -> None:
        """Print a value as JSON."""
        output.document(value)

    def note(self, sentence: str) -> None:
        """Tell the person something that is not data."""
        output.note(sentence)

    def qr_code(self, text: str) -> None:
        """Show a text as a QR code."""
        output.text(qr_code(text))


def find(
    name: str, arguments: Sequence[str], data: Path | None, *, serves_here: bool = True
) -> "TyperGroup | None":
    """Return the commands of a plugin, None if there is no such plugin, or if it has none.

    `arguments` follow the name. A plugin may be a file in the data folder that they name. Whether
    it is used by a server elsewhere is not to be read here.
    """
    told = _data_in(arguments)
    found = _found(name, told) or _found(name, data)
    if found is None:
        return None
    if serves_here:
        _refuse_if_disabled(name, told or data)
    console = Console(data)
    commands = _commands_of(found, console)
    if commands is None:
        return None
    commands.rich_markup_mode = None  # help looks as that of our commands does
    group = typer.main.get_group(commands)
    option = _make_option(console)
    for command in _commands_in(group):
        if not any(_OPTION in parameter.opts for parameter in command.params):
            command.params.append(option)
    return group


def _found(name: str, data: Path | None) -> "Found | None":
    from bunga_cli.plugin.discovery import discover
    from bunga_cli.plugin.manager import FOLDER

    plugins = discover(find_data(data).path / FOLDER)
    return next((found for found in plugins if found.name == name), None)


def _refuse_if_disabled(name: str, data: Path | None) -> None:
    from bunga_cli.settings.files import load_settings
    from bunga_cli.settings.keys import ENABLED, is_on

    try:
        tables = load_settings(find_data(data)).settings.plugins
    except SettingsError:  # which is for the server to complain of
        return
    if not is_on(tables.get(name, {}).get(ENABLED, True)):
        raise Invalid(f"The plugin {name} is disabled; switch it on: bunga plugins enable {name}")


def _commands_of(found: "Found", console: Console) -> typer.Typer | None:
    """Import the plugin and ask for its commands. Raises PluginFailure, also if that hangs."""
    from bunga_cli.plugin import loading
    from bunga_cli.plugin.isolation import describe, in_time
    from bunga_cli.plugin.providers import PluginFailure
    from bunga_cli.plugin.slot import LIMIT_S

    def ask() -> typer.Typer | None:
        return loading.commands(loading.load(found), console)

    try:
        return in_time(ask, LIMIT_S, found.name)
    except Exception as error:
        reason = f"The commands of the plugin {found.name} cannot be used. {describe(error)}"
        raise PluginFailure(reason) from error


def _data_in(arguments: Sequence[str]) -> Path | None:
    """Return what `--data` names, while nothing is known of the other options."""
    options = [*takewhile(lambda argument: argument != "--", arguments), ""]
    for option, value in pairwise(options):
        if option == _OPTION and value:
            return Path(value)
        if option.startswith(f"{_OPTION}="):
            return Path(option.removeprefix(f"{_OPTION}="))
    return None


def _make_option(console: Console) -> Any:  # noqa: ANN401  typer keeps these types to itself
    """Return an option that tells the console where the data is."""

    def remember(value: Path | None) -> None:
        console.data = value or console.data

    app = typer.Typer(add_completion=False)

    @app.command()
    def _command(
        data: Annotated[Path | None, data_option(remember, expose_value=False)] = None,
    ) -> None:
        """Have the option, which typer makes only for a command."""

    [option] = typer.main.get_command(app).params
    return option


def _commands_in(group: Any) -> Iterator[Any]:  # noqa: ANN401  likewise
    for command in group.commands.values():
        if hasattr(command, "commands"):
            yield from _commands_in(command)
        else:
            yield command
