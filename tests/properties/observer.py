"""An account of a room's waiting, kept from the outside and without `WaitLedger`."""

from collections import defaultdict
from dataclasses import dataclass, field

from bunga_cli.sync.views import RoomView

Span = tuple[int, int]


def somebody_is_there(view: RoomView) -> bool:
    """Say whether any watcher has a living socket; while there is none, all stays as it was."""
    return any(watcher.state != "away" for watcher in view.watchers)


def media_may_move(view: RoomView) -> bool:
    """Say whether nobody has to be waited for: the excused count only if nobody can watch."""
    states = [watcher.state for watcher in view.watchers]
    return "buffering" not in states and ("ready" in states or "excused" not in states)


def media_moves(view: RoomView, moved_before: bool) -> bool:
    """Say whether the media moves: in `playing`, and in `seeking` while all are ready."""
    if view.play_state == "seeking":
        return media_may_move(view) if somebody_is_there(view) else moved_before
    return view.play_state == "playing"


def keep_others_waiting(view: RoomView) -> list[str]:
    """Name those who keep somebody who could watch from watching."""
    somebody_could_watch = any(watcher.state == "ready" for watcher in view.watchers)
    if view.play_state not in ("waiting", "seeking") or not somebody_could_watch:
        return []
    return [watcher.user.id for watcher in view.watchers if watcher.state == "buffering"]


@dataclass
class WaitingBook:
    """Who kept the others waiting, and when."""

    spans: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))

    def note(self, names: list[str], from_us: int, to_us: int) -> None:
        """Write down that `names` kept the others waiting from `from_us` to `to_us`."""
        if to_us > from_us:
            for name in names:
                self.spans[name].append((from_us, to_us))

    def worst_us(self, window_us: int, now_us: int) -> int:
        """Return the longest that anybody kept the others waiting in the window ending now."""
        begin_us = now_us - window_us
        for name, spans in self.spans.items():
            self.spans[name] = [span for span in spans if span[1] > begin_us]
        return max((_total(spans, begin_us) for spans in self.spans.values()), default=0)


def _total(spans: list[Span], begin_us: int) -> int:
    return sum(end - max(start, begin_us) for start, end in spans)
