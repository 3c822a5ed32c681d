"""What a room did, noted for those who look on, and told to the plugins."""

from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import cast, get_args

from bunga_cli.clock import wall_us
from bunga_cli.plugin.providers import EventKind, Record, RoomEvent
from bunga_cli.plugin.rooms import RoomHooks
from bunga_cli.server.feed import Feed, Happening, Noted, Raw
from bunga_cli.sync import events
from bunga_cli.sync.moves import Cause
from bunga_cli.sync.room import Room
from bunga_cli.sync.values import User, VideoRecord

KEPT = 100

NOTED = frozenset(
    {
        events.CallSaid,
        events.Joined,
        events.Left,
        events.Paused,
        events.Played,
        events.Projected,
        events.Said,
        events.Sought,
        events.Status,
        events.Talked,
        events.WasReset,
    }
)
"""What a room tells everybody that is worth a look here."""

_PLUGINS_KNOW = frozenset(get_args(EventKind))
_HAVE_POSITION = frozenset({"projected", "played", "paused", "sought", "waited"})


class History:
    """The last events of one room.

    Much of it no socket is told in so many words: that somebody is away, or that the last one left.
    It is found out by comparing what the room tells everybody with what it told before.
    """

    def __init__(
        self, room: Room, feed: Feed, hooks: RoomHooks, wall: Callable[[], int] = wall_us
    ) -> None:
        self._room, self._feed, self._hooks, self._wall = room, feed, hooks, wall
        self._entries: deque[Raw] = deque(maxlen=KEPT)
        self._users = self._users_now
        self._watcher_ids: tuple[str, ...] = ()
        self._waiting_for: tuple[str, ...] = ()
        self._excused_ids: tuple[str, ...] = ()
        self._away = self._away_now
        self.sent_out: str | None = None
        """Who is being sent out by an admin at this moment."""
        self.state = room.playback.state
        """What `note_state` was last called for."""

    def last(self, count: int) -> list[Happening]:
        """Return the last events, the latest last."""
        entries = [*self._entries][-count:] if count > 0 else []
        return [Happening.of(self._room.channel_id, raw) for raw in entries]

    def note(self, event: events.Event, now_us: int) -> None:
        """Take note of an event of a kind in NOTED that everybody was told."""
        kind = type(event)
        if kind is events.Status:
            self._compare(cast(events.Status, event), now_us)
        elif kind is events.Joined or kind is events.Left:
            self._compare_roster(now_us)
        else:
            self._add(event, now_us)

    def note_state(self, now_us: int) -> None:
        """Take note of a new play state, once all that led to it is noted."""
        self.state = self._room.playback.state
        cause, who = self._room.because or (None, None)
        if cause is Cause.FINISH:
            self._add(Noted("finished", who), now_us)
        self._add(Noted("state", who, self.state.value, cause and cause.value), now_us)

    def look(self, now_us: int) -> None:
        """See whose connection was lost, and who is back."""
        away = self._away_now
        if away != self._away:
            before, self._away = self._away, away
            self._add_all("away", _gone(away, before), now_us)
            self._add_all("back", _gone(before, away), now_us)

    @property
    def _away_now(self) -> list[str]:
        watchers = self._room.roster.watchers
        return [name for name, w in watchers.items() if w.away_since_us is not None]

    @property
    def _users_now(self) -> dict[str, User]:
        return {name: w.user for name, w in self._room.roster.watchers.items()}

    def _compare(self, status: events.Status, now_us: int) -> None:
        if status.watcher_ids != self._watcher_ids:
            self._watcher_ids = status.watcher_ids
            self._compare_roster(now_us)
        if status.waiting_for != self._waiting_for:
            before, self._waiting_for = self._waiting_for, status.waiting_for
            self._add_all("waited", _gone(status.waiting_for, before), now_us)
        if status.excused_ids != self._excused_ids:
            before, self._excused_ids = self._excused_ids, status.excused_ids
            self._add_all("excused", _gone(status.excused_ids, before), now_us)
            self._add_all("resumed", _gone(before, status.excused_ids), now_us)

    def _compare_roster(self, now_us: int) -> None:
        before, self._users = self._users, self._users_now
        for name in sorted(self._users.keys() - before.keys()):
            self._add(Noted("joined", self._users[name]), now_us)
        for name in sorted(before.keys() - self._users.keys()):
            kicked = "kicked" if name == self.sent_out else None
            self._add(Noted("left", before[name], kicked), now_us)

    def _add_all(self, kind: str, names: Iterable[str], now_us: int) -> None:
        """Note what became of some watchers; of those who left, that is said."""
        for name in names:
            if name in self._users:
                self._add(Noted(kind, self._users[name]), now_us)

    def _add(self, event: object, now_us: int) -> None:
        raw = (self._wall(), event, self._room.playback.timeline, now_us)
        self._entries.append(raw)
        if self._feed.is_heard:
            self._feed.publish(self._room.channel_id, raw)
        if self._hooks.tell is not None:
            self._tell_plugins(Happening.of(self._room.channel_id, raw))

    def _tell_plugins(self, event: Happening) -> None:
        if self._hooks.tell is None or event.kind not in _PLUGINS_KNOW:
            return
        projection = self._room.projection
        told = RoomEvent(
            event.channel_id,
            cast(EventKind, event.kind),
            event.who.id if event.who else None,
            event.position_us if event.kind in _HAVE_POSITION else None,
            as_plugins_know_it(projection.record if projection else None),
            event.text if event.kind == "message" else None,
            datetime.fromtimestamp(event.at_us / 1_000_000, UTC),
        )
        self._hooks.tell(told)


def as_plugins_know_it(record: VideoRecord | None) -> Record | None:
    """Return a record as plugins know it."""
    if record is None:
        return None
    return Record(record.record_id, record.title, record.thumb_url, record.source, record.path)


def _gone(names: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return those of `names` that are not among `others`."""
    return sorted({*names} - {*others})
