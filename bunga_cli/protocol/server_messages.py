"""What the server says to 1.4 and 1.5: one model per code, in the clients' own shapes.

Fields are always complete, because the clients' parsers throw on a missing one. Positions are
integers of microseconds.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from bunga_cli.sync.values import SERVER, User, VideoRecord


class Part(BaseModel):
    """A part of a message."""

    model_config = ConfigDict(frozen=True)


class ServerMessage(Part):
    """A frame from the server; `sender` is who caused it."""

    code: str
    sender: User = SERVER


class HereAre(ServerMessage):
    """Who is in the room."""

    code: Literal["here-are"] = "here-are"
    watchers: tuple[User, ...]
    buffering: tuple[str, ...]
    talking: tuple[str, ...]


class Aloha(ServerMessage):
    """The sender became a watcher."""

    code: Literal["aloha"] = "aloha"


class Bye(ServerMessage):
    """The sender left."""

    code: Literal["bye"] = "bye"


class NowPlaying(ServerMessage):
    """The answer to `whats-on`."""

    code: Literal["now-playing"] = "now-playing"
    record: VideoRecord
    sharer: User


class StartProjection(ServerMessage):
    """A record is on."""

    code: Literal["start-projection"] = "start-projection"
    video_record: VideoRecord
    position: int


class ChannelStatus(ServerMessage):
    """1.5: the truth, every second. The last two fields are ours; old clients ignore them."""

    code: Literal["channel-status"] = "channel-status"
    watcher_ids: tuple[str, ...]
    ready_ids: tuple[str, ...]
    position: int
    play_status: Literal["paused", "pending", "playing"]
    waiting_for: tuple[str, ...]
    excused_ids: tuple[str, ...]


class PlayAt(ServerMessage):
    """1.4: the truth, on every change."""

    code: Literal["play-at"] = "play-at"
    is_play: bool
    position: int


class BufferStateChanged(ServerMessage):
    """1.4: the sender began or ceased buffering."""

    code: Literal["buffer-state-changed"] = "buffer-state-changed"
    is_buffering: bool


class Play(ServerMessage):
    """The sender asked to play."""

    code: Literal["play"] = "play"


class Pause(ServerMessage):
    """The sender paused; the room rests at `position`."""

    code: Literal["pause"] = "pause"
    position: int


class Seek(ServerMessage):
    """The sender sought to `position`."""

    code: Literal["seek"] = "seek"
    position: int


class TalkStatus(ServerMessage):
    """The sender began or ceased to talk."""

    code: Literal["talk-status"] = "talk-status"
    status: Literal["start", "end"]


class Call(ServerMessage):
    """How a voice call stands."""

    code: Literal["call"] = "call"
    action: Literal["call", "accept", "reject", "cancel"]


class Popmoji(ServerMessage):
    """A big emoji."""

    code: Literal["popmoji"] = "popmoji"
    popmoji_code: str


class Danmaku(ServerMessage):
    """A line of text."""

    code: Literal["danmaku"] = "danmaku"
    message: str


class Spark(ServerMessage):
    """An emoji at a place of the picture."""

    code: Literal["spark"] = "spark"
    emoji: str
    fraction: tuple[float, float]


class ShareSub(ServerMessage):
    """A subtitle."""

    code: Literal["share-sub"] = "share-sub"
    url: str
    title: str


class WhoAreYou(ServerMessage):
    """Asks a socket that speaks without having joined."""

    code: Literal["who-are-you"] = "who-are-you"


class Reset(ServerMessage):
    """An admin reset the room."""

    code: Literal["reset"] = "reset"


class Error(ServerMessage):
    """A frame had no effect. `ref` is its code, or for v2 what its sender called it."""

    code: Literal["error"] = "error"
    reason: str
    detail: str
    ref: str | int | None
