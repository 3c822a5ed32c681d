"""Between a room and the plugins that have a say in it.

Only rooms of a server with such plugins come here. Commands become requests as plugins know them;
neither the room nor the plugins know each other's types.
"""

from dataclasses import replace

from bunga_cli.plugin.providers import ActionName, ActionRequest
from bunga_cli.plugin.rooms import Authorise, RoomHooks
from bunga_cli.server.room_events import as_plugins_know_it
from bunga_cli.sync import commands
from bunga_cli.sync.commands import Command
from bunga_cli.sync.effects import Effect
from bunga_cli.sync.room import Room
from bunga_cli.sync.values import ConnId

REFUSAL = "This is not allowed here."

_ACTIONS: dict[type, ActionName] = {
    commands.Play: "play",
    commands.Pause: "pause",
    commands.Seek: "seek",
    commands.Project: "project",
    commands.Call: "call",
    commands.Talk: "talk",
    commands.Say: "say",
    commands.Join: "join",
}


class Plugged:
    """One room with its plugins."""

    def __init__(self, room: Room, hooks: RoomHooks) -> None:
        self._room, self._hooks = room, hooks

    def handle(self, by: ConnId, command: Command, now_us: int) -> list[Effect]:
        """Do what a socket asks, if no plugin objects."""
        authorise = self._hooks.authorise
        if authorise is None or type(command) not in _ACTIONS:
            return self._room.handle(by, command, now_us)
        reason = self._objection(authorise, by, command)
        if reason is not None:
            return self._room.refuse(by, command, reason, now_us)
        if type(command) is commands.Join and command.share is not None:
            return self._join(authorise, by, command, command.share, now_us)
        return self._room.handle(by, command, now_us)

    def _join(
        self,
        authorise: Authorise,
        by: ConnId,
        join: commands.Join,
        share: commands.Project,
        now_us: int,
    ) -> list[Effect]:
        """Let somebody join, without the video that it brings if it may not project that."""
        current = self._room.projection
        is_on = current is not None and current.record.record_id == share.record.record_id
        reason = None if is_on else self._objection(authorise, by, share)
        if reason is None:
            return self._room.handle(by, join, now_us)
        effects = self._room.handle(by, replace(join, share=None), now_us)
        return [*effects, *self._room.refuse(by, share, reason, now_us)]

    def _objection(self, authorise: Authorise, by: ConnId, command: Command) -> str | None:
        """Return why the plugins do not allow this, None if they do."""
        record = command.record if type(command) is commands.Project else None
        request = ActionRequest(
            channel_id=self._room.channel_id,
            account=self._room.roster.sockets[by].account,
            action=_ACTIONS[type(command)],
            position_us=getattr(command, "position_us", None),
            record=as_plugins_know_it(record),
        )
        verdict = authorise(request)
        return None if verdict is None or verdict.allowed else verdict.reason or REFUSAL
