"""`bunga config`: everything that can be set, and where it comes from."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bunga_cli.cli import local_api, output, prompts
from bunga_cli.cli.completion import complete_settings
from bunga_cli.cli.options import DataOption, JsonOption, ValueCommand, find_data
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import Invalid, ServerUnreachable, SettingsError

if TYPE_CHECKING:
    from bunga_cli.configuration.live import LiveSettings

app = typer.Typer(help="See, change and check the settings.", no_args_is_help=True)

Key = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        help="Such as sync.max_wait, or plugins.NAME.FIELD.",
        autocompletion=complete_settings,
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Without a server: the operator's file; else ./bunga.toml if it is there.",
    ),
]

_TIMEOUT_S = 30.0


@app.command("list")
def list_(
    *,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only what is not the default.")
    ] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List all settings, their values, and where those come from.

    Of a secret is shown only whether it is set.
    """
    rows = _all(find_data(data), config)["settings"]
    rows = [row for row in rows if row["is_changed"] or row["problem"] or not changed]
    if as_json:
        output.document(rows)
        return
    cells = ((row["key"], _value(row), _origin(row), row["help"]) for row in rows)
    headings = ("KEY", "VALUE", "ORIGIN", "MEANING")
    output.table(headings, cells, empty="Everything is the default.", below=True)
    for row in rows:
        if row["problem"]:
            output.note(f"Warning: {row['problem']}")


@app.command()
def get(
    key: Key, config: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Print the value of one setting; with --json, all about it."""
    row = _one(find_data(data), config, key)
    if as_json:
        output.document(row)
    else:
        output.line(row["text"])


@app.command("set", cls=ValueCommand)
def set_(
    key: Key,
    value: Annotated[
        str | None,
        typer.Argument(metavar="VALUE", help='Such as 20s, 64KiB, yes, "a, b" or a text.'),
    ] = None,
    *,
    stdin: Annotated[
        bool,
        typer.Option("--stdin", help="Read the value from stdin: secrets belong in no history."),
    ] = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Change a setting; a running server says when it counts."""
    if (value is None) is not stdin:
        raise typer.BadParameter("Give the value, or --stdin.", param_hint="VALUE")
    text = prompts.unseen("Value") if value is None else value
    if any("\ud800" <= char <= "\udfff" for char in text):  # bytes that are no UTF-8
        raise Invalid("The value must be valid text.")
    row = _change(find_data(data), config, key, text)
    if value is not None and row["is_secret"]:
        output.note("The shell may remember it; --stdin keeps a secret out of its history.")


@app.command()
def unset(key: Key, config: ConfigOption = None, data: DataOption = None) -> None:
    """Take back what was set: the file or the default counts again.

    That is what `bunga config set` wrote, and plugins and the console; what the operator's file
    says is for the operator to change.
    """
    _change(find_data(data), config, key, None)


@app.command()
def path(config: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Print where settings are kept."""
    files = _all(find_data(data), config)["files"]
    if as_json:
        output.document(files)
    else:
        output.fields({"the operator's": files["operator"], "written by set": files["auto"]})


@app.command()
def check(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="In place of the operator's file, ./bunga.toml."),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check what a server would find here: files, environment, plugins.

    Exits with 1 and tells everything that is wrong, if anything is.
    """
    problems = asyncio.run(_problems(find_data(data), file))
    if as_json:
        output.document({"is_valid": not problems, "problems": problems})
        raise typer.Exit(1 if problems else 0)
    if problems:
        raise SettingsError(*problems)
    output.note("The settings are valid.")


@app.command()
def example(data: DataOption = None) -> None:  # noqa: ARG001  every command takes it
    """Print a bunga.toml that explains all and changes nothing."""
    from bunga_cli.plugin.example import example_tables
    from bunga_cli.settings.keys import example_toml

    output.text((example_toml() + example_tables()).removesuffix("\n"))


async def _problems(folder: DataFolder, file: Path | None) -> list[str]:
    from bunga_cli.configuration.checks import problems_of_plugins
    from bunga_cli.configuration.plugin_models import StoppedPlugins
    from bunga_cli.settings.files import find_problems

    problems, sources = find_problems(folder, config=file)
    return problems + await problems_of_plugins(sources, StoppedPlugins(folder))


# -- with a server, and without ---------------------------------------------------------------


def _all(folder: DataFolder, config: Path | None) -> dict[str, Any]:
    """Return what `GET /settings` answers, or would answer."""
    try:
        return local_api.call(folder, "GET", "settings", timeout_s=_TIMEOUT_S)
    except ServerUnreachable:
        live = _stored(folder, config)
    rows = [asdict(row) for row in asyncio.run(live.rows())]
    return {"settings": rows, "files": live.sources.files()}


def _one(folder: DataFolder, config: Path | None, key: str) -> dict[str, Any]:
    """Return what `GET /settings/KEY` answers, or would answer."""
    try:
        return local_api.call(folder, "GET", "settings", key, timeout_s=_TIMEOUT_S)
    except ServerUnreachable:
        live = _stored(folder, config)
    return asdict(asyncio.run(live.row(key)))


def _stored(folder: DataFolder, config: Path | None) -> "LiveSettings":
    """Return the settings of a server that would be started here and now."""
    from bunga_cli.configuration.live import LiveSettings
    from bunga_cli.settings.files import load_settings

    live = LiveSettings(load_settings(folder, config=config), folder)
    output.note(f"No server runs on {folder.path}; this is what one would find.")
    return live


def _change(folder: DataFolder, config: Path | None, key: str, value: str | None) -> dict[str, Any]:
    """Change a setting, tell how it stands now, and return its row, {} if there is none."""
    try:
        answer = local_api.call(
            folder, "PATCH", "settings", body={key: value}, timeout_s=_TIMEOUT_S
        )
    except ServerUnreachable:
        rows = _change_stored(folder, config, key, value)
        when = f" No server runs on {folder.path}; the next one goes by it."
    else:
        rows = answer["settings"]
        when = _when(rows[0]) if rows else ""
    _tell(key, rows, when, is_back=value is None)
    return rows[0] if rows else {}


def _change_stored(
    folder: DataFolder, config: Path | None, key: str, value: str | None
) -> list[dict[str, Any]]:
    from bunga_cli.configuration.live import LiveSettings
    from bunga_cli.settings.files import find_problems, load_settings, save_overrides

    folder.create()
    try:
        live = LiveSettings(load_settings(folder, config=config), folder)
    except SettingsError:
        _, sources = find_problems(folder, config=config)
        if value is not None or sources.auto_value(key) is None:
            raise
        save_overrides(folder, {key: None})  # It may be what is wrong.
        return []
    return [asdict(row) for row in asyncio.run(live.set({key: value}))]


# -- what is told -----------------------------------------------------------------------------


def _tell(key: str, rows: list[dict[str, Any]], when: str, *, is_back: bool) -> None:
    if not rows:
        output.note(f"{key} is taken out.{when}")
    for row in rows:
        value = ("set" if row["value"] else "not set") if row["is_secret"] else row["text"]
        again = f" again ({_origin(row)})" if is_back else ""
        output.note(f"{key} is {value or 'empty'}{again}.{when}")


def _when(row: dict[str, Any]) -> str:
    if row["pending_restart"]:
        return " It counts after a restart of the server."
    return " It counts for new connections." if row["applies"] == "new_connections" else ""


def _value(row: dict[str, Any]) -> str:
    pending = " (after a restart)" if row["pending_restart"] else ""
    return f"{row['text'] or '-'}{pending}"


def _origin(row: dict[str, Any]) -> str:
    """Return where a value comes from, of a file only the name."""
    origin = str(row["origin"])
    return Path(origin).name if origin.endswith(".toml") else origin
