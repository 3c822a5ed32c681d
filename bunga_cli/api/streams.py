"""What all streams of what happens have in common: how many there may be, and what they show."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from weakref import WeakValueDictionary

from starlette.exceptions import HTTPException

_RETRY_AFTER_S = 10
_MOMENT_S = 0.05
"""How long a room that moves by time alone is shown as it was."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Look:
    """A room as it was at one moment, ready to be sent to all who look at it.

    `lasting` is what does not change by time alone, and `change` the last change that is in it.
    """

    line: str
    lasting: dict[str, Any]
    is_moving: bool
    change: int
    made_at_s: float


@dataclass(slots=True)
class Streams:
    """The streams that are open now."""

    count: int = 0
    _looks: WeakValueDictionary[str, Look] = field(default_factory=WeakValueDictionary)

    @contextmanager
    def place(self, most: int) -> Iterator[None]:
        """Take up the place of one stream of `most`. Raises HTTPException (503) if all are."""
        if self.count >= most:
            raise HTTPException(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"As many streams are open as may be ({most}); end one of them, or raise"
                " limits.max_streams.",
                headers={"Retry-After": str(_RETRY_AFTER_S)},
            )
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1

    def look(self, channel_id: str, change: int, now_s: float, make: Callable[[], Look]) -> Look:
        """Return a room as of its last change and about now; `make` is for the first who asks."""
        look = self._looks.get(channel_id)
        if look is None or look.change != change or now_s - look.made_at_s >= _MOMENT_S:
            look = self._looks[channel_id] = make()
        return look
