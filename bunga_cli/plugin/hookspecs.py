"""Every hook a plugin can implement.

All hooks are synchronous, and each plugin's are called on their own. A plugin of which a hook
raises, hangs or returns something else than its specification says while it starts is not active;
`bunga plugins list` says why. What fails later is reported there too, and is left out.

Implement the hooks you need, each marked with `@hookimpl`; arguments you do not use may be left
out. Work that waits belongs into the provider objects that some hooks return.
"""

from collections.abc import Sequence

import pluggy
import typer
from fastapi import APIRouter

from bunga_cli.plugin.commands import Console
from bunga_cli.plugin.context import PluginContext
from bunga_cli.plugin.providers import (
    ActionRequest,
    HealthCheck,
    Linker,
    MediaResolver,
    PluginSettings,
    RoomEvent,
    ServiceProvider,
    SignIn,
    Verdict,
)

hookspec = pluggy.HookspecMarker("bunga")

hookimpl = pluggy.HookimplMarker("bunga")
"""Marks a function of a plugin as the implementation of the hook that it is named after."""


@hookspec
def bunga_settings() -> PluginSettings:  # type: ignore[empty-body]
    """Return the models of your settings, for the whole site and for each channel.

    Called once, when the plugin is loaded. Every field needs a default and a description: commands
    and the console are made from them. Secrets are `SecretStr`, durations `timedelta`.

    What a validator refuses cannot be set; in a file, it keeps the plugin from starting. One that
    shall only do the former asks `info.context["is_new"]`.
    """


@hookspec
def bunga_start(context: PluginContext) -> None:
    """Begin. Keep `context`: it is the plugin's way to its settings, its folder and the server.

    Called once, in a thread, before every hook that follows here, when the server starts or the
    plugin is enabled. It may take 5 s; a plugin that raises is not started.
    """


@hookspec
def bunga_stop() -> None:
    """Let go of what `bunga_start` took.

    Called once, in a thread, when the server stops or the plugin is disabled. It may take 5 s.
    """


@hookspec
def bunga_settings_changed(channel_id: str | None) -> None:
    """Take note that somebody set something of yours, in a channel or (None) for the whole site.

    Called in the server's own thread, after settings were changed from outside, also if they are
    what they were: somebody wants what failed to be tried again. What was issued of your services
    is forgotten already. Return at once, and read the settings when you need them.
    """


@hookspec
def bunga_services() -> Sequence[ServiceProvider]:  # type: ignore[empty-body]
    """Return the services whose credentials players get when they register in a channel.

    Called once, after `bunga_start`.
    """


@hookspec
def bunga_linkers() -> Sequence[Linker]:  # type: ignore[empty-body]
    """Return the media libraries that the gallery searches.

    Called once, after `bunga_start`.
    """


@hookspec
def bunga_media_resolvers() -> Sequence[MediaResolver]:  # type: ignore[empty-body]
    """Return what makes addresses that a player can open of a video's record.

    Called once, after `bunga_start`. Resolvers are asked one after the other until one knows.
    """


@hookspec
def bunga_sign_ins() -> Sequence[SignIn]:  # type: ignore[empty-body]
    """Return the ways to sign in at services with a phone, for the console to show.

    Called once, after `bunga_start`.
    """


@hookspec
def bunga_routes() -> APIRouter:  # type: ignore[empty-body]
    """Return HTTP routes, which are served beside the server's own, from the root of its address.

    Called once, after `bunga_start`. The server's own paths and pages come first, whatever the
    method; paths have no slash at their end and are served with and without it. `{name:id}` is a
    segment that is decoded, and may so hold a slash. Dependencies such as `AdminOnly` say who may
    call a route: anybody, without.
    """


@hookspec
def bunga_commands(console: Console) -> typer.Typer:  # type: ignore[empty-body]
    """Return commands, which become `bunga <name of the plugin> …`.

    Called in the process of the command, where the plugin is not started: what a command needs to
    know it asks the running server for, through `console`. `--data` is an option of every command.
    """


@hookspec(firstresult=True)
def bunga_authorise(request: ActionRequest) -> Verdict | None:
    """Say whether somebody may do something in a room, or None to leave that to others.

    Called for every action of every watcher, while the room waits: answer from memory, within
    5 ms. The first answer of any plugin wins; without one, everything is allowed.

    A hook that fails or takes longer ten times is switched off, however much time lies between,
    unless a thousand calls do. What counts is how long it computes or sleeps, not how long a busy
    machine keeps it waiting. One that hangs once is switched off, too.
    """


@hookspec
def bunga_room_event(event: RoomEvent) -> None:
    """Take note of what happened in a room.

    Called after the fact, in a thread of the plugin's own, in the order of events; it may wait as
    long as it likes. Events that it is more than 1,000 behind are dropped, the oldest first.
    """


@hookspec
def bunga_health_checks() -> Sequence[HealthCheck]:  # type: ignore[empty-body]
    """Return checks of what the plugin depends on.

    Called once, after `bunga_start`. The checks run whenever `bunga plugins list` or the like asks.
    """
