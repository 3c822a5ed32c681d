"""Who is called what: players register under random names, and people know those on the screen."""

from collections.abc import Iterable

from bunga_cli.server.live_room import LiveRoom
from bunga_cli.sync.values import User

_RENEWED_US = 60_000_000
"""How old a sighting may become while somebody goes on to be seen under the same name."""


class Sightings:
    """What the store is to be told of the people in the rooms; it knows what it was told."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, int]] = {}
        self._there: dict[str, tuple[User, ...]] = {}

    def news(self, rooms: Iterable[LiveRoom], now_us: int) -> dict[str, str]:
        """Return what accounts are called that is not stored, or was stored too long ago.

        Those who were there the last time count as well: they have just left.
        """
        seen: dict[str, str] = {}
        for live in rooms:
            present = tuple(watcher.user for watcher in live.room.roster.present)
            before = self._there.pop(live.room.channel_id, ())
            seen.update((user.id, user.name) for user in (*before, *present))
            if present:
                self._there[live.room.channel_id] = present
        return {who: name for who, name in seen.items() if not self._is_told(who, name, now_us)}

    def told(self, names: dict[str, str], now_us: int) -> None:
        """Learn that the store was told so."""
        fresh = {who: told for who, told in self._told.items() if now_us - told[1] < _RENEWED_US}
        self._told = {**fresh, **{who: (name, now_us) for who, name in names.items()}}

    def _is_told(self, who: str, name: str, now_us: int) -> bool:
        told_name, told_us = self._told.get(who, (None, 0))
        return told_name == name and now_us - told_us < _RENEWED_US
