"""What all models have in common: a socket, a record, a film, a way into the room."""

from collections.abc import Callable
from typing import Any, ClassVar

from benchmarks.models.media import SECOND_US, Film, Media

Message = dict[str, Any]
Handlers = dict[str, Callable[[Any, Message, int], list[Message]]]

_ASKS_AFTER_US = 2 * SECOND_US
_RESOLVES_IN_US = SECOND_US


class Player:
    """An installed player and who sits before it.

    `connected`, `dropped`, `heard` and `tick` are called by whatever carries its messages, `tick`
    many times a second; `wants_socket` says whether it would have a connection now. With a record
    to `share` it shares that; without one it looks what is on, and joins in.
    """

    def __init__(
        self, account: str, film: Film | None = None, share: Message | None = None
    ) -> None:
        self.account, self.film = account, film or Film()
        self.media: Media | None = None
        self.record_id: str | None = None
        self.has_joined = False
        self._share = share
        self._connected_us: int | None = None
        self._asks_at_us: int | None = None
        self._joins_at_us: int | None = None
        self._retries = 0
        self._retries_at_us: int | None = 0

    # -- the connection ---------------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """True while there is a socket."""
        return self._connected_us is not None

    def wants_socket(self, now_us: int) -> bool:
        """Return whether it holds on to its socket, or is about to open one."""
        if self.is_connected:
            return True
        return self._retries_at_us is not None and now_us >= self._retries_at_us

    def connected(self, now_us: int) -> list[Message]:
        """Take note of a socket that opened."""
        self._connected_us = now_us
        if self.record_id is None:
            self._asks_at_us = now_us + _ASKS_AFTER_US
        return []

    def dropped(self, now_us: int) -> None:
        """Take note of a socket that is gone."""
        self._connected_us = self._asks_at_us = self._joins_at_us = None
        self._retries_at_us = self._next_retry_us(now_us)
        self._retries += 1

    def _next_retry_us(self, now_us: int) -> int | None:
        raise NotImplementedError

    # -- what happens -----------------------------------------------------------------------------

    def heard(self, message: Message, now_us: int) -> list[Message]:
        """Do what a message makes it do, and return what it sends."""
        if self.media is not None:
            self.media.advance(now_us)
        handler = self.handlers.get(message["code"])
        return handler(self, message, now_us) if handler else []

    def tick(self, now_us: int) -> list[Message]:
        """Let time pass, and return what it sends by itself."""
        if self.media is not None:
            self.media.advance(now_us)
        if not self.is_connected:
            return []
        if self._asks_at_us is not None and now_us >= self._asks_at_us:
            self._asks_at_us = None
            return [{"code": "whats-on"}] if self._share is None else self._enter(now_us)
        if self._joins_at_us is not None and now_us >= self._joins_at_us:
            return self._enter(now_us)
        return []

    # -- what its person does ---------------------------------------------------------------------

    def press_play(self) -> list[Message]:
        """Ask the room to play."""
        return [{"code": "play"}]

    def slide(self, position_us: int, now_us: int) -> list[Message]:
        """Drag the slider somewhere."""
        self._open_media().seek(position_us, now_us)
        return [{"code": "seek", "position": position_us}]

    # -- inside -----------------------------------------------------------------------------------

    def _open_media(self) -> Media:
        assert self.media is not None, "nothing is open"
        return self.media

    def _enter(self, now_us: int) -> list[Message]:
        self._joins_at_us = None
        self.has_joined = True
        share, said = self._share, []
        if share is not None:
            said = self._open_film(share["video_record"]["record_id"], share["position"], now_us)
            self._share = None
        return [self._join_in(share), *said]

    def _join_in(self, share: Message | None) -> Message:
        user = {"id": self.account, "name": self.account, "color_hue": 0}
        return {"code": "join-in", "user": user, "my_share": share}

    def _on_now_playing(self, _message: Message, now_us: int) -> list[Message]:
        if not self.has_joined:
            self._joins_at_us = now_us + _RESOLVES_IN_US
        return []

    def _on_projection(self, message: Message, now_us: int) -> list[Message]:
        if not self.has_joined:
            return self._on_now_playing(message, now_us)
        record_id, position_us = message["video_record"]["record_id"], message["position"]
        if record_id != self.record_id:
            return self._open_film(record_id, position_us, now_us)
        self._open_media().seek(position_us, now_us)
        return []

    def _open_film(self, record_id: str, position_us: int, now_us: int) -> list[Message]:
        self.record_id = record_id
        self.media = Media(self.film, now_us, position_us)
        return []

    handlers: ClassVar[Handlers] = {
        "now-playing": _on_now_playing,
        "start-projection": _on_projection,
    }
