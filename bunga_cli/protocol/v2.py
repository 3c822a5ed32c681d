"""`bunga.v2`: what a client gets on top that asks for it with this subprotocol.

It hears all that 1.5 hears, but `state` in place of `channel-status` and `play-at`. It may ask for
the time with `clock`. What it calls a request by `ref`, comes back in the direct answers to it.
What the whole room is told bears a number, `seq`, so that one who comes back can say what it knows.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from bunga_cli.protocol import server_messages as messages
from bunga_cli.protocol import v1
from bunga_cli.protocol.client_messages import ClientMessage, Ref, Request, malformed
from bunga_cli.protocol.server_messages import ServerMessage
from bunga_cli.sync import events
from bunga_cli.sync.moves import Cause
from bunga_cli.sync.values import HowReady, User

SUBPROTOCOL: Final = "bunga.v2"

_MAX_T0 = 2**63
_Number = (
    Annotated[int, Field(ge=-_MAX_T0, le=_MAX_T0)]
    | Annotated[float, Field(ge=-_MAX_T0, le=_MAX_T0, allow_inf_nan=False)]
)


# -- from the client ------------------------------------------------------------------------------


class ClockRequest(Request):
    """Ask what time it is by the server's monotonic clock."""

    code: Literal["clock"]
    t0: _Number
    """When this was sent, in whatever the sender likes; it comes back as it is."""


AnyRequest = Annotated[ClientMessage | ClockRequest, Field(discriminator="code")]

_adapter: TypeAdapter[AnyRequest] = TypeAdapter(AnyRequest)
_refs: TypeAdapter[str | int] = TypeAdapter(Ref)


def decode(payload: bytes) -> AnyRequest:
    """Return the request in one text message; raises Malformed with what is wrong with it."""
    try:
        return _adapter.validate_json(payload)
    except ValidationError as error:
        wrong = malformed(error)
        own = _ref_of(payload)
        wrong.ref = wrong.ref if own is None else own
        raise wrong from None


def _ref_of(payload: bytes) -> str | int | None:
    """Return what a frame calls itself that is no message otherwise."""
    try:
        return _refs.validate_python(from_json(payload)["ref"], strict=True)
    except (ValueError, TypeError, KeyError):
        return None


# -- from the server ------------------------------------------------------------------------------

What = Literal[
    "play", "pause", "seek", "readiness", "cooldown", "join", "projection", "finish", "empty"
]


class Clock(ServerMessage):
    """The answer to `clock`, by the clock that `state` goes by, in µs.

    `t1`: when the request was taken up, `t2`: when this was written.
    """

    code: Literal["clock"] = "clock"
    t0: int | float
    t1: int
    t2: int
    ref: Ref | None = None


class Waiting(messages.Part):
    """A watcher whom the room waits for, and since when."""

    id: str
    since: int


class Watcher(messages.Part):
    """A watcher. `drift` is how far its picture is ahead of the room's, null if nobody knows."""

    id: str
    name: str
    color_hue: int
    state: HowReady
    drift: int | None


class Reason(messages.Part):
    """What led to the state of now, and whose doing it was; null where it was nobody's."""

    what: What
    who: User | None


class State(ServerMessage):
    """The whole truth of the room, at each change and each second.

    At the time `t` of the server's clock the room is at `position + (t - at) * rate`; while `at` is
    still to come, at `position + (t - at) * rate_before`. `phase` says what to do: `rest`, or
    `prepare` (be at `position`, load, report ready, for the room would play), or `run` from `at`
    on. `seq` is the number of the last thing that the whole room was told. `parked` is where the
    receiver should rest, because it cannot keep up; null if it can.
    """

    code: Literal["state"] = "state"
    revision: int
    epoch: str
    play_state: Literal["paused", "waiting", "playing", "seeking"]
    phase: Literal["rest", "prepare", "run"]
    position: int
    rate: Literal[0, 1]
    at: int
    rate_before: Literal[0, 1]
    waiting_for: tuple[Waiting, ...]
    excused_ids: tuple[str, ...]
    parked: int | None
    watchers: tuple[Watcher, ...]
    cause: Reason | None
    record_id: str | None
    seq: int


class HereAre(messages.HereAre):
    """Who is in the room.

    `resume` names what the numbers of this room's messages count; to be said with the highest `seq`
    when joining again. If it was said and all is known that came after it, `replayed` is true and
    that follows.
    """

    resume: str | None
    replayed: bool
    ref: Ref | None = None


class NowPlaying(messages.NowPlaying):
    """The answer to `whats-on`."""

    ref: Ref | None = None


class StartProjection(messages.StartProjection):
    """A record is on."""

    ref: Ref | None = None


class WhoAreYou(messages.WhoAreYou):
    """Asks a socket that speaks without having joined."""

    ref: Ref | None = None


_ANSWERS: dict[type, type[ServerMessage]] = {
    events.HereAre: HereAre,
    events.NowPlaying: NowPlaying,
    events.Projected: StartProjection,
    events.WhoAreYou: WhoAreYou,
    events.Refused: messages.Error,
}

ANSWERS: Final = frozenset(_ANSWERS)
"""The events that are direct answers to requests, when one socket is told them."""

_WHAT: dict[Cause, What] = {
    Cause.PLAY: "play",
    Cause.PAUSE: "pause",
    Cause.SEEK: "seek",
    Cause.READINESS: "readiness",
    Cause.COOLDOWN: "cooldown",
    Cause.JOIN: "join",
    Cause.PROJECT: "projection",
    Cause.FINISH: "finish",
    Cause.EMPTY: "empty",
}


def encode_state(state: events.State, epoch: str) -> bytes:
    """Return the JSON text of a `state`, UTF-8; `epoch` names the clock that it goes by."""
    return project_state(state, epoch).model_dump_json().encode()


def project_state(state: events.State, epoch: str) -> State:
    """Return the message by which v2 learns where the room is."""
    timeline = state.timeline
    phase: Literal["rest", "prepare", "run"] = (
        "run" if timeline.rate else "prepare" if state.is_held else "rest"
    )
    return State(
        revision=state.revision,
        epoch=epoch,
        play_state=state.play_state.value,
        phase=phase,
        position=timeline.position_us,
        rate=1 if timeline.rate else 0,
        at=timeline.at_us,
        rate_before=1 if timeline.rate_before else 0,
        waiting_for=tuple(Waiting(id=w.id, since=w.since_us) for w in state.waiting_for),
        excused_ids=state.excused_ids,
        parked=state.parked_us,
        watchers=tuple(map(_watcher, state.watchers)),
        cause=_reason(state.cause),
        record_id=state.record_id,
        seq=state.seq,
    )


def encode_answer(event: events.Event, ref: str | int | None) -> bytes:
    """Return the JSON text of the direct answer to the request `ref`; one of those in ANSWERS."""
    kind, fields = _ANSWERS[type(event)], dict(v1.project(event))
    if isinstance(event, events.HereAre):
        fields |= {"resume": event.journal, "replayed": event.is_replayed}
    if ref is not None:
        fields["ref"] = ref
    return kind.model_construct(**fields).model_dump_json(exclude_unset=True).encode()


def numbered(payload: bytes, seq: int) -> bytes:
    """Return the JSON text of what 1.5 is told as well, with its number."""
    return b'%s,"seq":%d}' % (payload[:-1], seq)


def encode_clock(asked: ClockRequest, t1_us: int, t2_us: int) -> bytes:
    """Return the JSON text of the answer to `clock`."""
    answer = Clock(t0=asked.t0, t1=t1_us, t2=t2_us, ref=asked.ref)
    return answer.model_dump_json(exclude_none=True).encode()


def _watcher(standing: events.Standing) -> Watcher:
    user = standing.user
    return Watcher(
        id=user.id,
        name=user.name,
        color_hue=user.color_hue,
        state=standing.state,
        drift=standing.drift_us,
    )


def _reason(cause: tuple[Cause, User | None] | None) -> Reason | None:
    return Reason(what=_WHAT[cause[0]], who=cause[1]) if cause else None
