"""What a room did, as plugins are told."""

from collections.abc import Iterator

from bunga_cli.clock import utc_now
from bunga_cli.plugin.providers import EventKind, Record, RoomEvent
from bunga_cli.sync import events
from bunga_cli.sync.effects import Effect, Tell
from bunga_cli.sync.room import Room
from bunga_cli.sync.values import VideoRecord

_TEXTS = {"danmaku": "message", "popmoji": "popmoji_code", "spark": "emoji", "share-sub": "title"}
"""The field of each kind of message that is its text."""


class Reporter:
    """Makes the events of one room out of its effects, and of who is in it."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._watchers = set(room.roster.watchers)
        self._waited_for: frozenset[str] = frozenset()

    def report(self, effects: list[Effect]) -> Iterator[RoomEvent]:
        """Yield what happened since the last call."""
        yield from self._comings_and_goings()
        for effect in effects:
            if type(effect) is Tell and effect.to is None:
                yield from self._deeds(effect.event)

    def event(
        self,
        kind: EventKind,
        account: str,
        position_us: int | None = None,
        text: str | None = None,
    ) -> RoomEvent:
        """Return an event of now."""
        projection = self._room.projection
        record = as_plugins_know_it(projection.record if projection else None)
        return RoomEvent(self._room.channel_id, kind, account, position_us, record, text, utc_now())

    def _comings_and_goings(self) -> Iterator[RoomEvent]:
        """Compare who is here with who was: a room does not announce that the last one left."""
        watchers = self._room.roster.watchers
        if watchers.keys() == self._watchers:
            return
        before, self._watchers = self._watchers, set(watchers)
        for account in sorted(self._watchers - before):
            yield self.event("joined", account)
        for account in sorted(before - self._watchers):
            yield self.event("left", account)

    def _deeds(self, event: events.Event) -> Iterator[RoomEvent]:
        match event:
            case events.Projected():
                yield self.event("projected", event.sender.id, event.position_us)
            case events.Played():
                yield self.event("played", event.user.id, self._room.playback.timeline.position_us)
            case events.Paused():
                yield self.event("paused", event.user.id, event.position_us)
            case events.Sought():
                yield self.event("sought", event.user.id, event.position_us)
            case events.Said():
                yield self.event("message", event.user.id, text=_text(event))
            case events.Status():
                yield from self._waits(event)

    def _waits(self, status: events.Status) -> Iterator[RoomEvent]:
        before, self._waited_for = self._waited_for, frozenset(status.waiting_for)
        for account in sorted(self._waited_for - before):
            yield self.event("waited", account, status.position_us)


def as_plugins_know_it(record: VideoRecord | None) -> Record | None:
    """Return a record as plugins know it."""
    if record is None:
        return None
    return Record(record.record_id, record.title, record.thumb_url, record.source, record.path)


def _text(said: events.Said) -> str | None:
    text = dict(said.fields).get(_TEXTS.get(said.code, ""))
    return text if isinstance(text, str) else None
