"""The people and videos that the tests are about."""

from bunga_cli.sync.snapshot import RoomSnapshot
from bunga_cli.sync.values import Projection, User, VideoRecord

ANN = User(id="ann", name="Ann", color_hue=30)
BEN = User(id="ben", name="Ben", color_hue=200)
FILM = VideoRecord("alist:/films/1", "A film", "http://pictures/1", "alist", "/films/1.mkv")
SEQUEL = VideoRecord("local:2", "Its sequel", None, "local", "/films/2.mkv")


def snapshot(
    channel_id: str = "lobby",
    record: VideoRecord | None = FILM,
    *,
    position_us: int = 0,
    rate: int = 0,
    at_us: int = 0,
) -> RoomSnapshot:
    """Return a room of Ann and Ben, in which Ann shared `record`."""
    projection = Projection(record, ANN) if record else None
    return RoomSnapshot(channel_id, projection, position_us, rate, at_us, (ANN, BEN))
