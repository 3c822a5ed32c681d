"""The server itself: its settings, whether it answers, its plugins, and who may come in."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from bunga_cli import __version__
from bunga_cli.configuration.checks import problems_of_plugins
from bunga_cli.configuration.plugin_models import StoppedPlugins
from bunga_cli.doctor.case import Case
from bunga_cli.doctor.findings import Finding, State, failure, off, ok, warning
from bunga_cli.errors import PortError, ServerUnreachable
from bunga_cli.listening import listen_tcp
from bunga_cli.settings.files import find_problems

SETTINGS, SERVER, PORT = "settings", "server", "port"
PLUGINS, CHANNELS, ADMINS = "plugins", "channels", "admins"

_PLUGINS_TIMEOUT_S = 15.0
_CONNECT_TIMEOUT_S = 5.0
_AT_HOME = (".local", ".lan", ".home", ".internal", ".home.arpa", ".localhost", ".test")
_NOT_RUNNING = "Known while the server runs."


def check_settings(case: Case) -> Iterator[Finding]:
    """Look at everything that is set, as the next start of the server will."""
    problems, sources = find_problems(case.data, config=case.config)
    problems += asyncio.run(problems_of_plugins(sources, StoppedPlugins(case.data)))
    advice = "Correct it, then: bunga config check"
    yield from (failure(SETTINGS, problem, advice) for problem in problems)
    if not problems:
        yield ok(SETTINGS, "All settings are valid.")


def check_server(case: Case) -> Iterator[Finding]:
    """Look whether a server runs, answers, and is of this version."""
    server = case.server
    pid = server.announced.pid if server.announced else 0
    if server.life == "stopped":
        yield warning(
            SERVER,
            f"No server runs on {case.data.path}.",
            f"Start it: bunga{case.data.option} serve",
        )
    elif server.life == "gone":
        yield failure(
            SERVER,
            "The server ended without a goodbye: it was killed, or the machine was. What it knew is"
            f" in its database. ({server.problem})",
            f"Start it again: bunga{case.data.option} serve",
        )
    elif server.seen is None:
        yield failure(
            SERVER,
            f"The server (process {pid}) is there, but does not answer: {server.problem}",
            "Look at its log, then restart it.",
        )
    elif server.seen["version"] != __version__:
        yield warning(
            SERVER,
            f"The server is version {server.seen['version']}, this command {__version__}.",
            "Restart the server, so that the new version runs.",
        )
    else:
        took = f"answers within {server.answered_in_ms} ms"
        yield ok(SERVER, f"Version {__version__} runs as process {pid} and {took}.")


def check_port(case: Case) -> Iterator[Finding]:
    """Look whether the server can be reached where it listens, or could listen there."""
    if case.place is None:
        yield off(PORT, "The settings must be valid first.")
    elif not case.is_running:
        yield _free(case.place.host, case.place.port)
    elif (address := case.listens_at()) is None:
        yield off(PORT, "Where the server listens is known after its next start.")
    else:
        yield _reached(*address)


def _free(host: str, port: int) -> Finding:
    try:
        listen_tcp(host, port).close()
    except PortError as error:
        return failure(PORT, str(error), "bunga config set server.port N, or bunga serve --port N")
    return ok(PORT, f"Port {port} on {host} is free for the server." if port else "Any is taken.")


def _reached(host: str, port: int) -> Finding:
    try:
        socket.create_connection((host, port), _CONNECT_TIMEOUT_S).close()
    except OSError as error:
        return failure(
            PORT,
            f"The server runs, but {host} port {port} cannot be reached: {error}.",
            "Look for a firewall on this machine, then restart the server.",
        )
    return ok(PORT, f"The server can be reached at {host} port {port}.")


# -- what it serves ---------------------------------------------------------------------------


def check_plugins(case: Case) -> Iterator[Finding]:
    """Look at every plugin, and at what its own health checks say."""
    if not case.is_running:
        yield off(PLUGINS, _NOT_RUNNING)
        return
    try:
        plugins = case.server.get("/api/v1/plugins", _PLUGINS_TIMEOUT_S)["plugins"]
    except ServerUnreachable as error:
        yield failure(PLUGINS, str(error), "Look at the server's log.")
        return
    for plugin in plugins:
        yield from _plugin(plugin)
    if not plugins:
        yield off(PLUGINS, "There is none.")


def _plugin(plugin: Mapping[str, Any]) -> Iterator[Finding]:
    name = f"plugin {plugin['name']}"
    advice = f"bunga plugins info {plugin['name']}"
    if plugin["state"] == "failed":
        yield failure(name, plugin["reason"] or "It failed.", advice)
    elif plugin["state"] == "disabled":
        yield off(name, "It is disabled.")
    elif plugin["state"] == "starting":
        yield warning(name, "It is still starting.", advice)
    elif plugin["reason"]:
        yield warning(name, plugin["reason"], advice)
    elif not plugin["checks"]:
        yield ok(name, "It is active.")
    for check in plugin["checks"] if plugin["state"] == "active" else ():
        state: State = check["state"]
        is_ill = state in ("warning", "failure")
        text = check["text"] or state
        yield Finding(f"{name}: {check['name']}", state, text, advice if is_ill else "")


def check_channels(case: Case) -> Iterator[Finding]:
    """Look whether strangers may come in."""
    if not case.is_running:
        yield off(CHANNELS, _NOT_RUNNING)
        return
    channels = case.server.get("/api/v1/channels")["channels"]
    opened = [channel["id"] for channel in channels if channel["allow_new_client"]]
    if opened and is_public(case):
        first = opened[0]
        yield warning(
            CHANNELS,
            f"Whoever knows the address may join {_named(opened)}, also from far away.",
            f"When all your friends are in: bunga channels set {first} allow_new_client no",
        )
    else:
        count = f"{len(channels)} channel{'s' if len(channels) != 1 else ''}"
        yield ok(CHANNELS, f"{count}, {len(opened)} open to new players.")


def _named(ids: Iterable[str]) -> str:
    first, *others = ids
    return f"the channel {first}" + (f" and {len(others)} more" if others else "")


def check_admins(case: Case) -> Iterator[Finding]:
    """Look whether there is an admin, which only those need who cannot use commands."""
    if not case.is_running:
        yield off(ADMINS, _NOT_RUNNING)
        return
    admins = case.server.get("/api/v1/admins")["admins"]
    if admins:
        yield ok(ADMINS, f"There are {len(admins)}." if len(admins) > 1 else "There is one.")
    else:
        text = "There is none; the commands on this machine need none."
        yield ok(ADMINS, text, "For the console and programs elsewhere: bunga admins create NAME")


def is_public(case: Case) -> bool:
    """Return whether people outside of the operator's own network may reach the server."""
    url = case.place.public_url if case.place else ""
    if not url and case.server.announced:
        url = case.server.announced.url
    host = urlsplit(url).hostname or "localhost"
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not f".{host}".endswith(_AT_HOME)
