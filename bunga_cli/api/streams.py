"""What all streams of what happens have in common: how many there may be, and what they show."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakValueDictionary

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from bunga_cli.api.v1.room_models import Room

_RETRY_AFTER_S = 10
_MOMENT_S = 0.05
"""How long a room that moves by time alone is shown as it was."""


@dataclass(frozen=True, eq=False)
class Look:
    """A room as it was at one moment, for all who look at it.

    `lasting` is what does not change by time alone, and `change` the last change that is in it.
    """

    room: "Room"
    lasting: dict[str, Any]
    change: int
    made_at_s: float

    @property
    def is_moving(self) -> bool:
        """Whether it is another one a moment later."""
        return bool(self.room.rate)

    @cached_property
    def line(self) -> str:
        """The room as a line of JSON."""
        return self.room.model_dump_json()


class Viewer(NamedTuple):
    """Who opens streams: an API token or somebody who signed in, by name."""

    name: str
    is_token: bool = False


@dataclass(slots=True)
class Streams:
    """The streams that are open now.

    One viewer may have half of the places, and all API tokens together three quarters, so that no
    program keeps admins from looking on.
    """

    _open: Counter[Viewer] = field(default_factory=Counter)
    _looks: WeakValueDictionary[str, Look] = field(default_factory=WeakValueDictionary)

    @property
    def count(self) -> int:
        """How many there are."""
        return self._open.total()

    @contextmanager
    def place(self, viewer: Viewer, most: int) -> Iterator[None]:
        """Take up one place of `most`. Raises HTTPException (503) if none is left for a viewer."""
        self._require_room(viewer, most)
        self._open[viewer] += 1
        try:
            yield
        finally:
            self._open[viewer] -= 1
            if not self._open[viewer]:
                del self._open[viewer]

    def _require_room(self, viewer: Viewer, most: int) -> None:
        share, for_tokens = most - most // 2, most - most // 4
        of_tokens = sum(count for one, count in self._open.items() if one.is_token)
        if self.count >= most:
            raise _too_many(f"As many streams are open as may be ({most})")
        if self._open[viewer] >= share:
            raise _too_many(f"{viewer.name} has as many streams open as one may have ({share})")
        if viewer.is_token and of_tokens >= for_tokens:
            raise _too_many(f"API tokens have as many streams open as they may ({for_tokens})")

    def look(self, channel_id: str, change: int, now_s: float, make: Callable[[], Look]) -> Look:
        """Return a room as of its last change and about now; `make` is for the first who asks."""
        look = self._looks.get(channel_id)
        if look is None or look.change != change or now_s - look.made_at_s >= _MOMENT_S:
            look = self._looks[channel_id] = make()
        return look


def _too_many(what: str) -> HTTPException:
    return HTTPException(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{what}; end one of them, or raise limits.max_streams.",
        headers={"Retry-After": str(_RETRY_AFTER_S)},
    )
