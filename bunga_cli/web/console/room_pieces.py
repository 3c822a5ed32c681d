"""The page of a room in pieces: what of them changed since somebody last saw them.

A piece is an element of the page, known by its id, with the values it is made of. It is rendered
anew when one of them has changed, and lists say which of their elements are left, in what order.
Time alone changes no piece: a script moves the timeline and counts the seconds.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

from bunga_cli.api.v1.room_models import Event, Room, Watcher
from bunga_cli.web.rendering import macros

HISTORY = 60
"""How many drifts of each watcher are shown, one a second."""
_SAMPLE_GAP_S = 0.8
_HOUR_US = 3_600_000_000
_SCALES_H = (2, 3, 4, 6, 8, 12, 24, 48, 100, 1000)
_FULL = 0.95


class Piece(NamedTuple):
    """An element of the page. It is within another one, or in none."""

    id: str
    made_of: Hashable
    render: Callable[[], str]
    within: str = ""


def scale_us(position_us: int) -> int:
    """Return the round length that a timeline is drawn with: nobody tells how long a video is."""
    fitting = (h * _HOUR_US for h in _SCALES_H if position_us <= h * _HOUR_US * _FULL)
    return next(fitting, _SCALES_H[-1] * _HOUR_US)


def key_of(watcher_id: str) -> str:
    """Return what a watcher is called in ids of elements, whatever its account is called."""
    return sha256(watcher_id.encode("utf-8", "replace")).hexdigest()[:12]


def event_keys(events: list[Event]) -> list[str]:
    """Return what events are called, the last first; the same as long as they are shown."""
    seen: dict[int, int] = {}
    keys = []
    for event in events:
        at_us = round(event.at.timestamp() * 1_000_000)
        seen[at_us] = number = seen.get(at_us, -1) + 1
        keys.append(f"event-{at_us}-{number}")
    return keys[::-1]


class Pieces:
    """What one reader has seen of a room. `action`: under which address its orders are posted."""

    def __init__(self, language: str, action: str, csrf_token: str) -> None:
        self._live = macros(language, "parts/room.html")
        self._action, self._token = action, csrf_token
        self._known: dict[str, Hashable] = {}
        self._lists: dict[str, list[str]] = {}
        self._drifts: dict[str, deque[int]] = {}
        self._sampled_at_s = float("-inf")

    def changed(self, room: Room, now_s: float) -> dict[str, Any]:
        """Return what of a room is not as it was seen: where it is, pieces by id, lists of ids."""
        self._sample(room, now_s)
        seen, self._known = self._known, {}
        pieces: dict[str, str] = {}
        for piece in self._pieces(room, now_s):
            self._known[piece.id] = piece.made_of
            is_told = piece.within in pieces or seen.get(piece.id) == piece.made_of
            if not is_told:
                pieces[piece.id] = str(piece.render())
        return {"now": _now(room), "pieces": pieces, "lists": self._changed_lists(room)}

    def _changed_lists(self, room: Room) -> dict[str, list[str]]:
        seen, self._lists = (
            self._lists,
            {
                "watchers": [f"watcher-{key_of(watcher.id)}" for watcher in room.watchers],
                "events": event_keys(room.events),
            },
        )
        return {name: ids for name, ids in self._lists.items() if seen.get(name) != ids}

    def _sample(self, room: Room, now_s: float) -> None:
        """Take down who is how far from the room, at most once a second."""
        if now_s - self._sampled_at_s < _SAMPLE_GAP_S:
            return
        self._sampled_at_s = now_s
        told = {w.id: w.drift_us for w in room.watchers}
        self._drifts = {name: self._drifts.get(name, deque(maxlen=HISTORY)) for name in told}
        for name, drift_us in told.items():
            if drift_us is not None:
                self._drifts[name].append(round(drift_us / 1000))

    # -- the pieces -------------------------------------------------------------------------------

    def _pieces(self, room: Room, now_s: float) -> Iterator[Piece]:
        yield from self._stage(room, now_s)
        for watcher in room.watchers:
            yield from self._watcher(watcher, room, now_s)
        yield from self._beside(room)

    def _stage(self, room: Room, now_s: float) -> Iterator[Piece]:
        live, states = self._live, tuple(watcher.state for watcher in room.watchers)
        record = room.record
        waited = tuple(
            _called(w) for w in room.watchers if w.id in {x.id for x in room.waiting_for}
        )
        cause = room.cause and (room.cause.what, room.cause.who and room.cause.who.name)
        since = _since(now_s, max((one.for_us for one in room.waiting_for), default=None))
        is_paused = room.play_state == "paused"
        is_excused = "excused" in states
        yield Piece("alive", bool(room.connections), partial(live["alive"], room))
        yield Piece("bloom", (room.play_state, states), partial(live["flower"], room))
        yield Piece(
            "play-state",
            (room.play_state, cause, waited, is_excused),
            partial(live["play_state"], room),
        )
        yield Piece("waited", since, partial(live["waited"], room))
        on_now = record and (record.title, record.source, room.sharer and room.sharer.name)
        yield Piece("on-now", on_now, partial(live["on_now"], room))
        scale, action = scale_us(room.position_us), self._action if record else ""
        yield Piece(
            "timeline",
            (scale, record is not None),
            partial(live["timeline"], room.position_us, scale, (), action, self._token),
        )
        yield Piece(
            "controls",
            (record is not None, is_paused),
            partial(live["controls"], room, self._action, self._token),
        )

    def _watcher(self, watcher: Watcher, room: Room, now_s: float) -> Iterator[Piece]:
        key, live = key_of(watcher.id), self._live
        talks, drifts = watcher.id in room.talking, tuple(self._drifts.get(watcher.id, ()))
        row = f"watcher-{key}"
        yield Piece(
            row,
            (watcher.name, watcher.color_hue),
            partial(live["watcher_row"], watcher, key, drifts, self._action, self._token, talks),
        )
        standing = (watcher.state, _since(now_s, watcher.since_us), talks)
        yield Piece(f"state-{key}", standing, partial(live["standing"], watcher, key, talks), row)
        distance = (watcher.generation, watcher.connections, watcher.rtt_us)
        yield Piece(f"player-{key}", distance[:2], partial(live["player"], watcher, key), row)
        yield Piece(f"rtt-{key}", distance[2], partial(live["round_trip"], watcher, key), row)
        drift = watcher.drift_us if watcher.drift_us is None else (watcher.drift_us, drifts)
        yield Piece(f"drift-{key}", drift, partial(live["drift"], watcher, key, drifts), row)

    def _beside(self, room: Room) -> Iterator[Piece]:
        live = self._live
        talking = tuple(_called(w) for w in room.watchers if w.id in room.talking)
        yield Piece("watchers-count", len(room.watchers), partial(live["count"], room))
        yield Piece("nobody", not room.watchers, partial(live["nobody"], room))
        yield Piece("call", (talking, room.call_pending), partial(live["call"], room))
        yield Piece("no-events", not room.events, partial(live["no_events"], room))
        for key, event in zip(event_keys(room.events), reversed(room.events), strict=True):
            yield Piece(key, key, partial(live["event_item"], event, key))


def _now(room: Room) -> dict[str, int]:
    scale = scale_us(room.position_us)
    return {"position_us": room.position_us, "rate": room.rate, "scale_us": scale}


def _called(watcher: Watcher) -> str:
    return watcher.name or watcher.id


def _since(now_s: float, for_us: int | None) -> int | None:
    """Return when something began, to the second; it is another one when it began anew."""
    return None if for_us is None else round(now_s - for_us / 1_000_000)
