"""What of a room must outlive the process."""

from dataclasses import dataclass

from bunga_cli.sync.values import Projection, User


@dataclass(frozen=True, slots=True)
class RoomSnapshot:
    """A room as the store keeps it.

    `at_us` is monotonic time of the process that took it and means nothing to another one.
    `watchers` are those who were in the room: they are given the chance to come back unannounced.
    """

    channel_id: str
    projection: Projection | None
    position_us: int
    rate: int
    at_us: int
    watchers: tuple[User, ...]
