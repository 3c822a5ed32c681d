"""The hooks. Leave out those that you do not need."""

from collections.abc import Sequence

import typer
from fastapi import APIRouter

from bunga_cli.plugin import (
    ActionRequest,
    Console,
    HealthCheck,
    Linker,
    MediaResolver,
    PluginSettings,
    RoomEvent,
    ServiceProvider,
    SignIn,
    Verdict,
    hookimpl,
)

from .commands import make_commands
from .routes import make_routes
from .settings import Room, Site
from .shelf import NAME, Context, NoteService, ShelfCheck, ShelfLinker, ShelfResolver
from .sign_in import DeskSignIn
from .tally import Tally


class ShelfPlugin:
    """A shelf of films."""

    _context: Context
    _tally: Tally

    @hookimpl
    def bunga_settings(self) -> PluginSettings:
        """Return what can be set."""
        return PluginSettings(site=Site, channel=Room)

    @hookimpl
    def bunga_start(self, context: Context) -> None:
        """Begin with what was counted before."""
        self._context = context
        self._tally = Tally(context.data / "shown.json")

    @hookimpl
    def bunga_stop(self) -> None:
        """Keep what was counted."""
        self._tally.save()

    @hookimpl
    def bunga_settings_changed(self, channel_id: str | None) -> None:
        """Tell the log; whoever keeps something that depends on settings forgets it here."""
        self._context.log.info("Set anew: %s.", channel_id or "the shelf")

    @hookimpl
    def bunga_services(self) -> Sequence[ServiceProvider]:
        """Return the note that players get."""
        return [NoteService(self._context)]

    @hookimpl
    def bunga_linkers(self) -> Sequence[Linker]:
        """Return the shelf, for the gallery."""
        return [ShelfLinker(self._context)]

    @hookimpl
    def bunga_media_resolvers(self) -> Sequence[MediaResolver]:
        """Return what knows the films' addresses."""
        return [ShelfResolver(self._context)]

    @hookimpl
    def bunga_sign_ins(self) -> Sequence[SignIn]:
        """Return the way to sign in at the desk."""
        return [DeskSignIn(self._context)]

    @hookimpl
    def bunga_routes(self) -> APIRouter:
        """Return what the commands ask for."""
        return make_routes(self._tally)

    @hookimpl
    def bunga_commands(self, console: Console) -> typer.Typer:
        """Return `bunga example …`."""
        return make_commands(console)

    @hookimpl
    def bunga_authorise(self, request: ActionRequest) -> Verdict | None:
        """Refuse films that are not on the shelf, if only those are to be shown."""
        settings, record = self._context.site_settings(), request.record
        if request.action != "project" or record is None or not settings.only_shelf:
            return None
        if record.source == NAME and record.path in settings.films:
            return None
        return Verdict(False, "Only films from the shelf are shown here.")

    @hookimpl
    def bunga_room_event(self, event: RoomEvent) -> None:
        """Count what is shown."""
        self._tally.note(event)

    @hookimpl
    def bunga_health_checks(self) -> Sequence[HealthCheck]:
        """Return the look at the shelf."""
        return [ShelfCheck(self._context)]


plugin = ShelfPlugin()
