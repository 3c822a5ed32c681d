"""`bunga plugins`: what extends the server."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bunga_cli.cli import local_api, output
from bunga_cli.cli.options import DataOption, JsonOption, find_data
from bunga_cli.errors import BungaError, Conflict

app = typer.Typer(help="See, switch, check and set up plugins.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The plugin's name.")]
ValueArgument = Annotated[
    str | None,
    typer.Argument(metavar="VALUE", help='A text; a list is written ["as", "JSON"].'),
]
StdinOption = Annotated[
    bool, typer.Option("--stdin", help="Read the value from stdin: secrets belong in no history.")
]
DefaultOption = Annotated[bool, typer.Option("--default", help="Go back to the default.")]

TIMEOUT_S = 30.0


@app.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List all plugins, and what their health checks say."""
    plugins = local_api.call(find_data(data), "GET", "plugins", timeout_s=TIMEOUT_S)["plugins"]
    if as_json:
        output.document(plugins)
        return
    headings = ("NAME", "VERSION", "FROM", "STATE", "HEALTH", "REASON")
    output.table(headings, map(_row, plugins), empty="There is no plugin.")


@app.command()
def info(name: Name, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show one plugin and its settings; of a secret, only whether it is set."""
    folder = find_data(data)
    plugin = local_api.call(folder, "GET", "plugins", name, timeout_s=TIMEOUT_S)
    try:
        found = local_api.call(folder, "GET", "plugins", name, "settings", timeout_s=TIMEOUT_S)
    except BungaError as error:
        found = {"settings": [], "channel_settings": [], "problem": str(error)}
    if as_json:
        output.document({**plugin, **found})
        return
    output.fields(_facts(plugin, found["problem"]))
    _show_settings(found["settings"], f"bunga plugins set {name} FIELD VALUE")
    channel = f"bunga channels set ID plugins.{name}.FIELD VALUE"
    _show_settings(found["channel_settings"], channel)


@app.command()
def enable(name: Name, data: DataOption = None) -> None:
    """Start a plugin, now and whenever the server starts."""
    _tell_state(_post(name, "enable", data))


@app.command()
def disable(name: Name, data: DataOption = None) -> None:
    """Stop a plugin, now and whenever the server starts."""
    _tell_state(_post(name, "disable", data))


@app.command()
def check(name: Name, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Run a plugin's health checks; exit with 1 if one fails."""
    checks = _post(name, "check", data)["checks"]
    if as_json:
        output.document(checks)
    else:
        rows = [(c["name"], c["state"], c["text"]) for c in checks]
        output.table(("CHECK", "STATE", "SAYS"), rows, empty="The plugin has no health checks.")
    if any(check["state"] == "failure" for check in checks):
        raise typer.Exit(1)


@app.command("set")
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
    body = {field: None if default else value_from(value, stdin=stdin)}
    folder = find_data(data)
    local_api.call(folder, "PATCH", "plugins", name, "settings", body=body, timeout_s=TIMEOUT_S)
    output.note(f"plugins.{name}.{field} is set.")


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
    """Write a plugin of your own: a complete project with every hook, and tests that pass."""
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


def value_from(value: str | None, *, stdin: bool) -> str:
    """Return the value that was given as an argument, or on stdin."""
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if value is None:
        raise typer.BadParameter("A value is missing; --stdin reads it.", param_hint="VALUE")
    return value


def _post(name: str, action: str, data: Any) -> dict[str, Any]:  # noqa: ANN401  as DataOption is
    return local_api.call(find_data(data), "POST", "plugins", name, action, timeout_s=TIMEOUT_S)


def _tell_state(plugin: dict[str, Any]) -> None:
    if plugin["state"] == "failed":
        raise BungaError(f"The plugin {plugin['name']} failed. {plugin['reason']}")
    output.note(f"The plugin {plugin['name']} is {plugin['state']}.")


def _row(plugin: dict[str, Any]) -> tuple[object, ...]:
    health = ", ".join(f"{check['name']}: {check['state']}" for check in plugin["checks"])
    facts = (plugin[key] for key in ("name", "version", "source", "state"))
    return (*facts, health, plugin["reason"])


def _facts(plugin: dict[str, Any], problem: str) -> dict[str, object]:
    has_commands = "bunga_commands" in plugin["hooks"]
    return {
        "name": plugin["name"],
        "version": plugin["version"],
        "from": plugin["source"],
        "state": plugin["state"],
        "reason": plugin["reason"],
        "settings": problem or "valid",
        "commands": f"bunga {plugin['name']} --help" if has_commands else None,
        "hooks": ", ".join(plugin["hooks"]),
    }


def _show_settings(settings: list[dict[str, Any]], command: str) -> None:
    if settings:
        output.line("")
        output.line(command)
        rows = [(s["name"], s["value"], s["description"]) for s in settings]
        output.table(("FIELD", "VALUE", "MEANING"), rows)
