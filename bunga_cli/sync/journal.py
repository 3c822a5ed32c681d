"""What the whole room was told lately, numbered, for those who come back.

It is kept from the first v2 socket on; a room in which nobody speaks v2 pays nothing for it. It is
bounded in bytes as well, because a message may be long: not only for the memory, but all of it is
written at once to one who comes back, and a connection with too much yet to be read is closed.
"""

from collections import deque
from dataclasses import dataclass, replace

from bunga_cli.sync.effects import Effect, Tell
from bunga_cli.sync.events import FROM_2, UP_TO_1_5, Event, Projected, Said

KEPT_US = 120_000_000
KEPT_MOST = 256
KEPT_BYTES = 512 * 1024
"""Half of what may wait for a peer that does not read (`server.limits`)."""

_BYTES_PER_CHARACTER = 6
"""In JSON at most, for one that has to be escaped; in memory it is four at most."""
_BYTES_BESIDES = 256

_UNNUMBERED = UP_TO_1_5 | FROM_2
"""What is said again all the time; only the last of these counts."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was told to everybody, or to all but somebody, whose own doing it was."""

    seq: int
    at_us: int
    event: Event
    is_for_others: bool
    weight: int = 0
    """How many bytes it has at most, on the wire or in memory."""


class Journal:
    """The last 256 things that the room was told in the last 120 s, or as many as 512 KiB hold.

    Numbers begin at the time of the room's birth, so that those of an earlier room are lower.
    `name` tells whether a number is one of this journal's at all.
    """

    __slots__ = ("_entries", "_weight", "is_kept", "name", "seq")

    def __init__(self, now_us: int) -> None:
        self.seq = now_us
        self.name = f"{now_us:x}"
        self.is_kept = False
        self._entries: deque[Entry] = deque()
        self._weight = 0

    def number(self, effects: list[Effect], now_us: int) -> list[Effect]:
        """Return `effects`, those numbered that the whole room is told; they are kept."""
        return [self._keep(effect, now_us) for effect in effects]

    def since(self, seq: int, now_us: int) -> list[Entry] | None:
        """Return what was told after the number `seq`; None if not all of that is known."""
        entries = [entry for entry in self._entries if entry.at_us >= now_us - KEPT_US]
        first = entries[0].seq if entries else self.seq + 1
        if not first - 1 <= seq <= self.seq:
            return None
        return [entry for entry in entries if entry.seq > seq]

    def _keep(self, effect: Effect, now_us: int) -> Effect:
        if type(effect) is not Tell or effect.to is not None or type(effect.event) in _UNNUMBERED:
            return effect
        self.seq += 1
        weight = _weight(effect.event)
        self._entries.append(Entry(self.seq, now_us, effect.event, bool(effect.but), weight))
        self._weight += weight
        self._forget(now_us)
        return replace(effect, seq=self.seq)

    def _forget(self, now_us: int) -> None:
        """Forget the oldest, until no more is left than may be kept."""
        entries = self._entries
        while entries and (
            len(entries) > KEPT_MOST
            or self._weight > KEPT_BYTES
            or entries[0].at_us < now_us - KEPT_US
        ):
            self._weight -= entries.popleft().weight


def _weight(event: Event) -> int:
    """Return how many bytes there are in an event at most."""
    user = getattr(event, "user", None) or getattr(event, "sender", None)
    texts: list[object] = [user.id, user.name] if user else []
    if isinstance(event, Said):
        texts += [value for _, value in event.fields]
    elif isinstance(event, Projected):
        record, sharer = event.projection.record, event.projection.sharer
        texts += [record.record_id, record.title, record.thumb_url, record.source, record.path]
        texts += [sharer.id, sharer.name]
    characters = sum(len(text) for text in texts if isinstance(text, str))
    return _BYTES_BESIDES + _BYTES_PER_CHARACTER * characters
