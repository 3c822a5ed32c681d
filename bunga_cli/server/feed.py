"""What happens in the rooms, for people and programs that look on.

Rooms note events raw, which costs them next to nothing; they are put into words here, when somebody
reads them. A listener that is slower than the rooms loses the oldest events, and learns how many.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from bunga_cli.sync import events
from bunga_cli.sync.timeline import Timeline
from bunga_cli.sync.values import User

MAX_WAITING = 500
"""How many events a listener may be behind."""

_KINDS: dict[type, str] = {
    events.Projected: "projected",
    events.Played: "played",
    events.Paused: "paused",
    events.Sought: "sought",
    events.Said: "message",
    events.Talked: "call",
    events.CallSaid: "call",
    events.WasReset: "reset",
}
_TEXTS = {"danmaku": "message", "popmoji": "popmoji_code", "spark": "emoji", "share-sub": "title"}
"""The field of each kind of message that is its text."""


class Noted(NamedTuple):
    """An event that no socket is told of. `cause` is only for `state`: what led to it."""

    kind: str
    user: User | None
    text: str | None = None
    cause: str | None = None


Raw = tuple[int, object, Timeline, int]
"""Wall time in µs, an event of the core or `Noted`, and where the room was at which moment."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event in words. `at_us` is wall time; `text` is what was said, shown or is now the case.

    `kind`: `joined`, `left`, `away`, `back`, `projected`, `played`, `paused`, `sought`, `finished`,
    `waited`, `excused`, `resumed`, `message`, `call`, `reset`, or `state` (a new play state). Who
    `left` was sent out by an admin if `text` is `kicked`.
    """

    at_us: int
    channel_id: str
    kind: str
    who: User | None
    position_us: int
    text: str | None = None
    cause: str | None = None

    @classmethod
    def of(cls, channel_id: str, raw: Raw) -> "Happening":
        """Put what a room noted into words."""
        at_us, event, timeline, now_us = raw
        position_us = getattr(event, "position_us", None)
        if position_us is None:
            position_us = timeline.settled_at(now_us)
        if isinstance(event, Noted):
            return cls(at_us, channel_id, event.kind, event.user, position_us, *event[2:])
        who = getattr(event, "user", None) or getattr(event, "sender", None)
        return cls(at_us, channel_id, _KINDS[type(event)], who, position_us, _text(event))


def _text(event: object) -> str | None:
    match event:
        case events.Said(_, code, fields):
            text = dict(fields).get(_TEXTS.get(code, ""))
            return text if isinstance(text, str) else None
        case events.Projected(projection):
            return projection.record.title
        case events.CallSaid(action):
            return action.value
        case events.Talked(_, talking):
            return "start" if talking else "end"
    return None


class Listener:
    """One who listens to a room, or to all of them."""

    def __init__(self, channel_id: str | None, *, sees_changes: bool) -> None:
        self.channel_id, self.sees_changes = channel_id, sees_changes
        self.lost = 0
        """How many events went by unread since `take`."""
        self.has_ended = False
        """Whether there will be no more."""
        self._waiting: deque[tuple[str, Raw]] = deque()
        self._news = asyncio.Event()

    def put(self, channel_id: str, raw: Raw) -> None:
        """Keep an event until it is taken."""
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append((channel_id, raw))
        self._news.set()

    def touch(self) -> None:
        """Learn that there may be something new to see."""
        self._news.set()

    def end(self) -> None:
        """Learn that there will be no more."""
        self.has_ended = True
        self._news.set()

    async def news(self, timeout_s: float) -> bool:
        """Wait until there is something new, but not for ever; return whether there is."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True

    def take(self) -> tuple[int, list[Happening]]:
        """Return how many events were lost, and those after them."""
        lost, self.lost = self.lost, 0
        waiting = [Happening.of(*item) for item in self._waiting]
        self._waiting.clear()
        return lost, waiting


class Feed:
    """Where the events of all rooms of a node meet those who listen."""

    def __init__(self) -> None:
        self.is_heard = False
        """Whether anybody listens; rooms look here first."""
        self._listeners: list[Listener] = []
        self._has_ended = False
        self._count = 0
        self._changes: dict[str, int] = {}

    @contextmanager
    def listen(self, channel_id: str | None, *, sees_changes: bool = False) -> Iterator[Listener]:
        """Listen to one room, alive or not, or to all; perhaps to each change of it as well."""
        listener = Listener(channel_id, sees_changes=sees_changes)
        listener.has_ended = self._has_ended
        self._listeners.append(listener)
        self.is_heard = True
        if channel_id and channel_id not in self._changes:
            self._note_change(channel_id)
        try:
            yield listener
        finally:
            self._listeners.remove(listener)
            self.is_heard = bool(self._listeners)
            if channel_id and all(one.channel_id != channel_id for one in self._listeners):
                del self._changes[channel_id]

    def last_change(self, channel_id: str) -> int:
        """Return a number that is another one after each change of a room that is listened to."""
        return self._changes.get(channel_id, 0)

    def _note_change(self, channel_id: str) -> None:
        self._count += 1
        self._changes[channel_id] = self._count

    def publish(self, channel_id: str, raw: Raw) -> None:
        """Bring an event to those who want to know."""
        for listener in self._listeners:
            if listener.channel_id in (None, channel_id):
                listener.put(channel_id, raw)

    def touch(self, channel_id: str) -> None:
        """Tell those who look at a room that it may look different now."""
        if channel_id not in self._changes:
            return
        self._note_change(channel_id)
        for listener in self._listeners:
            if listener.sees_changes and listener.channel_id == channel_id:
                listener.touch()

    def end(self, channel_id: str | None = None) -> None:
        """Let go those who listen to a room: its channel is gone. Or all: the server ends."""
        self._has_ended = self._has_ended or channel_id is None
        for listener in self._listeners:
            if channel_id in (None, listener.channel_id):
                listener.end()
