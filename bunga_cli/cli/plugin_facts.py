"""Plugins as a running server knows them, and as the files of one that does not run tell of them.

Without a server no plugin is imported but to check what is set of it: one may end the process.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from bunga_cli.cli import local_api, output
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import BungaError, Invalid, NotFound, ServerUnreachable

if TYPE_CHECKING:
    from bunga_cli.configuration.live import LiveSettings

TIMEOUT_S = 30.0
NOT_RUNNING = "not running"


def read_all(folder: DataFolder) -> list[dict[str, Any]]:
    """Return what `GET /plugins` answers, or what the files tell."""
    try:
        found: list[dict[str, Any]] = _call(folder, "GET")["plugins"]
    except ServerUnreachable:
        found = _stored(folder)
    return found


def read(folder: DataFolder, name: str, channel_id: str | None) -> dict[str, Any]:
    """Return one plugin with its settings, those of a channel if one is named."""
    try:
        plugin = _call(folder, "GET", name)
    except ServerUnreachable:
        if channel_id is not None:
            raise
        return {**_one_stored(folder, name), **_unknown("They are known while a server runs.")}
    return {**plugin, **_settings(folder, name, channel_id)}


def switch(folder: DataFolder, name: str, *, on: bool) -> str:
    """Switch a plugin, and return how it is now. Raises BungaError if it failed to start."""
    try:
        plugin = _call(folder, "POST", name, "enable" if on else "disable")
    except ServerUnreachable:
        return _switch_stored(folder, name, on=on)
    if plugin["state"] == "failed":
        raise BungaError(f"The plugin {name} failed. {plugin['reason']}")
    return f"{plugin['state']}."


def check(folder: DataFolder, name: str) -> list[dict[str, Any]]:
    """Run the checks of a plugin. Raises BungaError if it has none because it does not work."""
    checks: list[dict[str, Any]] = _call(folder, "POST", name, "check")["checks"]
    plugin = {} if checks else _call(folder, "GET", name)
    match plugin.get("state", "active"):
        case "active":
            return checks
        case "disabled":
            hint = f"switch it on: bunga plugins enable {name}"
            raise BungaError(f"The plugin {name} is disabled; {hint}")
        case "failed":
            raise BungaError(f"The plugin {name} failed. {plugin['reason']}")
        case state:
            raise BungaError(f"The plugin {name} is {state} still; try again.")


def check_all(folder: DataFolder) -> list[dict[str, Any]]:
    """Run the checks of all plugins; one that failed is a failure without being asked."""
    checks = []
    for plugin in _call(folder, "GET")["plugins"]:
        found = plugin["checks"]
        if plugin["state"] == "failed":
            text = plugin["reason"]
            found = [{"name": "plugin", "state": "failure", "text": text, "details": {}}]
        checks += [{"plugin": plugin["name"], **each} for each in found]
    return checks


def save(folder: DataFolder, name: str, field: str, value: str | None) -> str:
    """Change a setting for the whole site, and return what there is to say of it then."""
    try:
        _call(folder, "PATCH", name, "settings", body={field: value})
    except ServerUnreachable:
        live = _live(folder)
        asyncio.run(live.set({f"plugins.{name}.{field}": value}))
        return _later(folder)
    return ""


def _call(folder: DataFolder, method: str, *path: str, body: Any = None) -> dict[str, Any]:  # noqa: ANN401  JSON
    return local_api.call(folder, method, "plugins", *path, body=body, timeout_s=TIMEOUT_S)


def _settings(folder: DataFolder, name: str, channel_id: str | None) -> dict[str, Any]:
    try:
        found = _call(folder, "GET", name, "settings")
    except BungaError as error:
        return _unknown(str(error))
    if channel_id is not None:
        path = ("channels", channel_id, "plugins", name)
        of_channel = local_api.call(folder, "GET", *path, timeout_s=TIMEOUT_S)
        found["channel_settings"] = of_channel["settings"]
        found["problem"] = found["problem"] or of_channel["problem"]
    return found


def _unknown(problem: str) -> dict[str, Any]:
    return {"settings": [], "channel_settings": [], "problem": problem}


# -- without a server -------------------------------------------------------------------------


def _stored(folder: DataFolder) -> list[dict[str, Any]]:
    from bunga_cli.plugin.discovery import discover
    from bunga_cli.plugin.manager import FOLDER
    from bunga_cli.settings.files import find_problems

    output.note(f"No server runs on {folder.path}; this is what one would find.")
    table = find_problems(folder)[1].tables()[0].get("plugins", {})
    rows: dict[str, dict[str, Any]] = {}
    twins = []
    for found in discover(folder.path / FOLDER):
        row: dict[str, Any] = {"name": found.name, "version": found.version, "source": found.source}
        row |= {"state": _state(table, found.name), "reason": "", "hooks": [], "checks": []}
        first = rows.setdefault(found.name, row)
        if first is not row:
            reason = f"There is a plugin of this name already, from {first['source']}."
            twins.append({**row, "state": "failed", "reason": reason})
    return [*rows.values(), *twins]


def _state(plugins: Any, name: str) -> str:  # noqa: ANN401  what a file says
    from bunga_cli.settings.keys import ENABLED, is_on

    table = plugins.get(name) if isinstance(plugins, dict) else None
    is_enabled = not isinstance(table, dict) or is_on(table.get(ENABLED, True))
    return NOT_RUNNING if is_enabled else "disabled"


def _one_stored(folder: DataFolder, name: str) -> dict[str, Any]:
    plugins = _stored(folder)
    found = next((plugin for plugin in plugins if plugin["name"] == name), None)
    if found is None:
        raise _missing(name, [plugin["name"] for plugin in plugins])
    return {key: value for key, value in found.items() if key != "checks"}


def _switch_stored(folder: DataFolder, name: str, *, on: bool) -> str:
    from bunga_cli.plugin.discovery import name_problem
    from bunga_cli.settings.keys import ENABLED

    live = _live(folder)
    names = asyncio.run(live.plugins.names())
    if name not in names:
        raise _missing(name, names)
    if problem := name_problem(name):
        raise Invalid(f"The plugin {name!r} cannot be switched. {problem}")
    asyncio.run(live.save_of_plugin(name, {ENABLED: on}))
    return f"{'enabled' if on else 'disabled'}.{_later(folder)}"


def _live(folder: DataFolder) -> "LiveSettings":
    """Return the settings of a server that would be started here and now."""
    from bunga_cli.configuration.live import LiveSettings
    from bunga_cli.settings.files import load_settings

    folder.create()
    return LiveSettings(load_settings(folder), folder)


def _later(folder: DataFolder) -> str:
    return f" No server runs on {folder.path}; the next one goes by it."


def _missing(name: str, names: Any) -> NotFound:  # noqa: ANN401  any sequence
    from difflib import get_close_matches

    close = get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]}?" if close else "`bunga plugins list` shows all."
    return NotFound(f"There is no plugin {name!r}: {hint}")
