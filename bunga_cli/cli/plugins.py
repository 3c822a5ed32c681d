"""`bunga plugins`: what extends the server."""

import shlex
from pathlib import Path, PurePath
from typing import Annotated, Any

import typer

from bunga_cli.cli import output, plugin_facts
from bunga_cli.cli.completion import complete_channels, complete_plugins
from bunga_cli.cli.options import (
    DataOption,
    DefaultOption,
    JsonOption,
    StdinOption,
    ValueCommand,
    find_data,
    value_from,
)
from bunga_cli.errors import Conflict

app = typer.Typer(help="See, switch, check and set up plugins.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The plugin's name.", autocompletion=complete_plugins),
]
ValueArgument = Annotated[
    str | None,
    typer.Argument(metavar="VALUE", help="A text; of a list, the values with commas between."),
]


@app.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List all plugins, and what their health checks say."""
    plugins = plugin_facts.read_all(find_data(data))
    if as_json:
        output.document(plugins)
        return
    headings = ("PLUGIN", "VERSION", "FROM", "STATE", "COMMANDS", "HEALTH", "REASON")
    rows = map(_row, plugins)
    output.table(headings, rows, empty="There is no plugin.", wraps=True, below=True)


@app.command()
def info(
    name: Name,
    *,
    channel: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Show what is set in this channel.", autocompletion=complete_channels
        ),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one plugin and its settings; secrets are not shown."""
    plugin = plugin_facts.read(find_data(data), name, channel)
    if as_json:
        output.document(plugin)
        return
    output.fields(_facts(plugin))
    _show_settings(plugin["settings"], f"bunga plugins set {name} FIELD VALUE", "VALUE")
    command = f"bunga channels set {shlex.quote(channel or 'ID')} plugins.{name}.FIELD VALUE"
    _show_settings(plugin["channel_settings"], command, "VALUE" if channel else "DEFAULT")


@app.command()
def enable(name: Name, data: DataOption = None) -> None:
    """Start a plugin, now and whenever the server starts."""
    state = plugin_facts.switch(find_data(data), name, on=True)
    output.note(f"The plugin {name} is {state}")


@app.command()
def disable(name: Name, data: DataOption = None) -> None:
    """Stop a plugin, now and whenever the server starts."""
    state = plugin_facts.switch(find_data(data), name, on=False)
    output.note(f"The plugin {name} is {state}")


@app.command()
def check(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The plugin's name; else all of them.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the health checks of one plugin, or of all.

    Exits with 1 if one fails.
    """
    folder = find_data(data)
    checks = plugin_facts.check_all(folder) if name is None else plugin_facts.check(folder, name)
    if as_json:
        output.document(checks)
    else:
        columns = {"CHECK": "name", "STATE": "state", "SAYS": "text"}
        if name is None:
            columns = {"PLUGIN": "plugin", **columns}
        rows = ([check[key] for key in columns.values()] for check in checks)
        output.table(list(columns), rows, empty="There are no health checks.", wraps=True)
    if any(check["state"] == "failure" for check in checks):
        raise typer.Exit(1)


@app.command("set", cls=ValueCommand)
def set_(
    name: Name,
    field: Annotated[str, typer.Argument(metavar="FIELD", help="What to set.")],
    value: ValueArgument = None,
    *,
    stdin: StdinOption = False,
    default: DefaultOption = False,
    data: DataOption = None,
) -> None:
    """Set something of a plugin for the whole site, at once."""
    text = value_from(value, stdin=stdin, default=default)
    if field == "enabled":
        hint = f"`bunga plugins enable {name}` and `bunga plugins disable {name}` switch it."
        raise typer.BadParameter(hint, param_hint="FIELD")
    more = plugin_facts.save(find_data(data), name, field, text)
    output.note(f"plugins.{name}.{field} is {'back to its default' if default else 'set'}.{more}")


@app.command()
def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call the plugin.")],
    *,
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="PATH", help="The folder to make; else ./NAME.")
    ] = None,
    data: DataOption = None,
) -> None:
    """Write a plugin of your own.

    It is a complete project with every hook, and tests that pass.
    """
    from bunga_cli.plugin.discovery import discover
    from bunga_cli.plugin.manager import FOLDER
    from bunga_cli.plugin.new_project import write_project

    plugins = {found.name for found in discover(find_data(data).path / FOLDER)}
    if name in plugins | set(context.find_root().command.commands):  # type: ignore[attr-defined]
        raise Conflict(f"There is a plugin or a command {name} already; choose another name.")
    project = folder or Path(name)
    write_project(name, project)
    output.note(f"{project} is a plugin's project. Next, in the server's environment:")
    output.notes(
        {
            f"cd {shlex.quote(str(project))}": "goes there; README.md tells what is what",
            "pip install -e '.[test]'": "installs it; the server finds it when it starts again",
            "pytest": "runs its tests",
            f"bunga plugins info {name}": "shows how it stands",
        }
    )


def _row(plugin: dict[str, Any]) -> tuple[object, ...]:
    health = ", ".join(f"{check['name']}: {check['state']}" for check in plugin["checks"])
    facts = (plugin["name"], plugin["version"], _short(plugin["source"]), plugin["state"])
    return (*facts, "yes" if _has_commands(plugin) else None, health, plugin["reason"])


def _short(source: str) -> str:
    """Return where a plugin is from, of a file in the data folder the path within that."""
    path = PurePath(source)
    return "/".join(path.parts[-2:]) if path.is_absolute() else source


def _has_commands(plugin: dict[str, Any]) -> bool:
    """Return whether `bunga NAME` is the plugin's, and not ours."""
    from bunga_cli.plugin.commands import OUR_COMMANDS

    return "bunga_commands" in plugin["hooks"] and plugin["name"] not in OUR_COMMANDS


def _facts(plugin: dict[str, Any]) -> dict[str, object]:
    return {
        "name": plugin["name"],
        "version": plugin["version"],
        "from": plugin["source"],
        "state": plugin["state"],
        "reason": plugin["reason"],
        "settings": _validity(plugin["problem"], plugin["reason"]),
        "commands": f"bunga {plugin['name']} --help" if _has_commands(plugin) else None,
        "hooks": ", ".join(plugin["hooks"]),
    }


def _validity(problem: str, reason: str) -> str:
    """Return what is wrong with the settings, without what is told as the plugin's reason."""
    if not problem:
        return "valid"
    if not reason:
        return problem
    return "not valid" if problem in reason else problem.replace(reason, "").rstrip()


def _show_settings(settings: list[dict[str, Any]], command: str, heading: str) -> None:
    if settings:
        output.line("")
        output.line(command)
        rows = [(s["name"], s["value"], s["description"]) for s in settings]
        output.table(("FIELD", heading, "MEANING"), rows, wraps=True)
