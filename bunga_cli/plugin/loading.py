"""From something that was found to a plugin that runs, one hook after the other.

Everything here runs foreign code, and is called in a thread with a time limit.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import typer
from fastapi import APIRouter

from bunga_cli.plugin import checks
from bunga_cli.plugin.commands import Console
from bunga_cli.plugin.context import PluginContext
from bunga_cli.plugin.discovery import Found
from bunga_cli.plugin.hooks import Hook, hooks_of
from bunga_cli.plugin.isolation import describe
from bunga_cli.plugin.providers import (
    HealthCheck,
    Linker,
    MediaResolver,
    PluginFailure,
    PluginSettings,
    ServiceProvider,
    SignIn,
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plugin that is imported."""

    hooks: Mapping[str, Hook]
    models: PluginSettings

    def call(self, name: str, **arguments: object) -> Any:  # noqa: ANN401  each hook's own
        """Call a hook if the plugin has it. Raises PluginFailure."""
        hook = self.hooks.get(name)
        return None if hook is None else hook(**arguments)


@dataclass(frozen=True, slots=True)
class Started:
    """What a plugin that has started provides."""

    services: tuple[ServiceProvider, ...]
    linkers: tuple[Linker, ...]
    resolvers: tuple[MediaResolver, ...]
    sign_ins: tuple[SignIn, ...]
    checks: tuple[HealthCheck, ...]
    router: APIRouter | None


def load(found: Found) -> Loaded:
    """Import a plugin. Raises PluginFailure."""
    try:
        plugin = found.load()
    except BaseException as error:
        raise PluginFailure(f"It cannot be imported. {describe(error)}") from error
    hooks = hooks_of(plugin)
    if "bunga_settings" not in hooks:
        return Loaded(hooks, PluginSettings())
    return Loaded(hooks, checks.models(hooks["bunga_settings"]()))


def start(loaded: Loaded, context: PluginContext) -> Started:
    """Start a plugin and ask what it provides; stop it again if that fails. Raises anything."""
    loaded.call("bunga_start", context=context)
    try:
        return Started(
            services=_all(loaded, "bunga_services"),
            linkers=_all(loaded, "bunga_linkers"),
            resolvers=_all(loaded, "bunga_media_resolvers"),
            sign_ins=_all(loaded, "bunga_sign_ins"),
            checks=_all(loaded, "bunga_health_checks"),
            router=_router(loaded),
        )
    except BaseException:
        with suppress(PluginFailure):
            loaded.call("bunga_stop")
        raise


def commands(loaded: Loaded, console: Console) -> typer.Typer | None:
    """Return the plugin's commands, None if it has none. Raises PluginFailure."""
    if "bunga_commands" not in loaded.hooks:
        return None
    found = loaded.call("bunga_commands", console=console)
    return checks.of_type(typer.Typer, found, "bunga_commands")


def _all(loaded: Loaded, hook: str) -> tuple[Any, ...]:
    if hook not in loaded.hooks:
        return ()
    return checks.providers(hook, loaded.call(hook))


def _router(loaded: Loaded) -> APIRouter | None:
    if "bunga_routes" not in loaded.hooks:
        return None
    return checks.of_type(APIRouter, loaded.call("bunga_routes"), "bunga_routes")
