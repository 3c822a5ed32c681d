"""What clients say: one strict model per code, each turned into a command of the sync core.

Unknown fields are ignored (a `sender` among them: the socket decides who speaks), wrong or missing
ones are refused. `decode` is the only way in.
"""

from functools import lru_cache
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from bunga_cli.sync import commands
from bunga_cli.sync.commands import CallAction, Command
from bunga_cli.sync.values import MAX_POSITION_US, User, VideoRecord

Position = Annotated[int, Field(ge=0, le=MAX_POSITION_US)]
Moment = Annotated[int, Field(ge=0, le=2**63 - 1)]
Duration = Annotated[int, Field(ge=0, le=2**63 - 1)]
Ref = Annotated[str, Field(max_length=64)] | Annotated[int, Field(ge=-(2**53), le=2**53)]
"""What a client calls a request; exact in every client's numbers."""
Fraction = Annotated[float, Field(ge=-1, le=2, allow_inf_nan=False)]

_CACHED_BYTES = 128
"""Frames up to this size are decoded once and remembered: most are equal to one seen before."""


class Malformed(Exception):
    """A frame that no command can be made of. `ref` is the code it bore, if it bore any."""

    def __init__(self, reason: str, detail: str, ref: str | int | None) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.ref = reason, detail, ref


class Body(BaseModel):
    """A part of a message."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Request(Body):
    """A message. Its `ref` comes back in the answers to it, for clients of v2."""

    ref: Ref | None = None


class UserBody(Body):
    """A person: the account's name, a nickname, a colour."""

    id: str = Field(min_length=1, max_length=150)
    name: str = Field(max_length=150)
    color_hue: int = Field(ge=0, le=359)

    def user(self) -> User:
        """Return it as the core's value."""
        return User(self.id, self.name, self.color_hue)


class RecordBody(Body):
    """A video's identity."""

    record_id: str = Field(min_length=1, max_length=512)
    title: str = Field(max_length=1024)
    thumb_url: str | None = Field(default=None, max_length=8192)
    source: str = Field(max_length=64)
    path: str = Field(max_length=8192)

    def record(self) -> VideoRecord:
        """Return it as the core's value."""
        return VideoRecord(self.record_id, self.title, self.thumb_url, self.source, self.path)


class WhatsOn(Request):
    """Ask what is projected."""

    code: Literal["whats-on"]

    def command(self) -> Command:
        """Return the command it stands for."""
        return commands.WhatsOn()


class StartProjection(Request):
    """Share a video."""

    code: Literal["start-projection"]
    video_record: RecordBody
    position: Position = 0

    def command(self) -> commands.Project:
        """Return the command it stands for."""
        return commands.Project(self.video_record.record(), self.position)


class JoinIn(Request):
    """Become a watcher.

    One that was here before may say what it heard last: the `resume` of the `here-are` that it got,
    and the highest `seq`.
    """

    code: Literal["join-in"]
    user: UserBody
    my_share: StartProjection | None = None
    resume: Annotated[str, Field(max_length=64)] | None = None
    seq: Moment = 0

    def command(self) -> Command:
        """Return the command it stands for."""
        share = self.my_share.command() if self.my_share else None
        return commands.Join(self.user.user(), share, self.resume, self.seq)


class ClientStatus(Request):
    """1.5: ready or not, once a second; from some players also where they are, and when that was.

    `at` is the server's monotonic clock. `start` is how long its player takes to get going.
    `rtt` is how long a question for the time took, `buffered` how much is loaded ahead; these two
    are checked, and nothing depends on them. All are in microseconds. `revision` is that of the
    `state` by which it is ready or not.
    """

    code: Literal["client-status"]
    is_pending: bool
    position: Position | None = None
    at: Moment | None = None
    rtt: Duration | None = None
    buffered: Duration | None = None
    revision: Moment | None = None
    start: Duration | None = None

    def command(self) -> Command:
        """Return the command it stands for."""
        return commands.Heartbeat(
            self.is_pending, self.position, self.at, self.revision, self.start
        )


class BufferStateChanged(Request):
    """1.4: ready or not, on change."""

    code: Literal["buffer-state-changed"]
    is_buffering: bool

    def command(self) -> Command:
        """Return the command it stands for."""
        return commands.Buffering(self.is_buffering)


class PlayRequest(Request):
    """Ask to play."""

    code: Literal["play"]

    def command(self) -> Command:
        """Return the command it stands for."""
        return commands.Play()


class PauseRequest(Request):
    """Paused locally."""

    code: Literal["pause"]
    position: Position | None = None

    def command(self) -> Command:
        """Return the command it stands for."""
        return commands.Pause(self.position)


class SeekRequest(Request):
    """Sought locally."""

    code: Literal["seek"]
    position: Position

    def command(self) -> Command:
        """Return the command it stands for."""
        return commands.Seek(self.position)


class PlayFinished(Request):
    """Reached the end."""

    code: Literal["play-finished"]

    def command(self) -> Command:
        """Return the command it stands for."""
        return commands.Finish()


class Bye(Request):
    """Leave the watchers."""

    code: Literal["bye"]

    def command(self) -> Command:
        """Return the command it stands for."""
        return commands.Bye()


class CallRequest(Request):
    """Voice call signalling."""

    code: Literal["call"]
    action: Literal["call", "accept", "reject", "cancel"]

    def command(self) -> Command:
        """Return the command it stands for."""
        return commands.Call(CallAction(self.action))


class TalkStatus(Request):
    """Began or ceased to talk."""

    code: Literal["talk-status"]
    status: Literal["start", "end"]

    def command(self) -> Command:
        """Return the command it stands for."""
        return commands.Talk(self.status == "start")


class Social(Request):
    """Something that is passed on as it is."""

    code: str
    fields: ClassVar[tuple[str, ...]]

    def command(self) -> Command:
        """Return the command it stands for."""
        return commands.Say(self.code, tuple((name, getattr(self, name)) for name in self.fields))


class Popmoji(Social):
    """A big emoji."""

    fields = ("popmoji_code",)
    code: Literal["popmoji"]
    popmoji_code: str = Field(max_length=64)


class Danmaku(Social):
    """A line of text that flies over the video."""

    fields = ("message",)
    code: Literal["danmaku"]
    message: str = Field(max_length=2000)


class Spark(Social):
    """An emoji at a place of the picture, given in fractions of its width and height."""

    fields = ("emoji", "fraction")
    code: Literal["spark"]
    emoji: str = Field(max_length=64)
    fraction: list[Fraction] = Field(min_length=2, max_length=2)

    def command(self) -> Command:
        """Return the command it stands for."""
        return commands.Say(self.code, (("emoji", self.emoji), ("fraction", (*self.fraction,))))


class ShareSub(Social):
    """A subtitle for the others."""

    fields = ("url", "title")
    code: Literal["share-sub"]
    url: str = Field(max_length=4096)
    title: str = Field(max_length=512)


ClientMessage = Annotated[
    WhatsOn
    | StartProjection
    | JoinIn
    | ClientStatus
    | BufferStateChanged
    | PlayRequest
    | PauseRequest
    | SeekRequest
    | PlayFinished
    | Bye
    | CallRequest
    | TalkStatus
    | Popmoji
    | Danmaku
    | Spark
    | ShareSub,
    Field(discriminator="code"),
]

_adapter: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


def decode(payload: bytes) -> Command:
    """Return the command in one text message; raises Malformed with what is wrong with it."""
    return _decode_cached(payload) if len(payload) <= _CACHED_BYTES else _decode(payload)


def _decode(payload: bytes) -> Command:
    try:
        return _adapter.validate_json(payload).command()
    except ValidationError as error:
        raise malformed(error) from None


_decode_cached = lru_cache(maxsize=4096)(_decode)


def malformed(error: ValidationError) -> Malformed:
    """Return what is wrong with a frame, in words for its sender."""
    first = error.errors(include_url=False)[0]
    message = first["input"]
    code = message.get("code") if isinstance(message, dict) else None
    if first["type"] == "json_invalid":
        return Malformed("malformed", f"This is not JSON: {first['ctx']['error']}.", None)
    if first["type"] == "union_tag_invalid" and isinstance(code, str):
        return Malformed("unknown-code", f"No message has the code {code[:64]!r}.", code[:64])
    if not first["loc"]:
        detail = "A message is a JSON object with a text field `code`."
        return Malformed("malformed", detail, None)
    details = "; ".join(_complaint(wrong) for wrong in error.errors(include_url=False)[:5])
    return Malformed("invalid", details, str(first["loc"][0]))


def _complaint(wrong: ErrorDetails) -> str:
    where = ".".join(str(part) for part in wrong["loc"][1:])
    return f"{where}: {wrong['msg']}"
