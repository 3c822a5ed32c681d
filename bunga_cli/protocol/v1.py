"""The room's events as 1.4 and 1.5 read them.

Both generations get the same frames; each ignores the codes it does not know.
"""

from collections.abc import Callable
from typing import Any

from bunga_cli.protocol import server_messages as messages
from bunga_cli.protocol.server_messages import ServerMessage
from bunga_cli.sync import events

_SOCIAL: dict[str, type[ServerMessage]] = {
    "popmoji": messages.Popmoji,
    "danmaku": messages.Danmaku,
    "spark": messages.Spark,
    "share-sub": messages.ShareSub,
}

_PROJECTIONS: dict[type, Callable[[Any], ServerMessage]] = {
    events.HereAre: lambda e: messages.HereAre(
        watchers=e.watchers, buffering=e.buffering, talking=e.talking
    ),
    events.Joined: lambda e: messages.Aloha(sender=e.user),
    events.Left: lambda e: messages.Bye(sender=e.user),
    events.NowPlaying: lambda e: messages.NowPlaying(
        record=e.projection.record, sharer=e.projection.sharer
    ),
    events.Projected: lambda e: messages.StartProjection(
        sender=e.sender, video_record=e.projection.record, position=e.position_us
    ),
    events.Status: lambda e: messages.ChannelStatus(
        watcher_ids=e.watcher_ids,
        ready_ids=e.ready_ids,
        position=e.position_us,
        play_status=e.play_status,
        waiting_for=e.waiting_for,
        excused_ids=e.excused_ids,
    ),
    events.PlayAt: lambda e: messages.PlayAt(is_play=e.is_play, position=e.position_us),
    events.ReadinessChanged: lambda e: messages.BufferStateChanged(
        sender=e.user, is_buffering=e.is_buffering
    ),
    events.Played: lambda e: messages.Play(sender=e.user),
    events.Paused: lambda e: messages.Pause(sender=e.user, position=e.position_us),
    events.Sought: lambda e: messages.Seek(sender=e.user, position=e.position_us),
    events.Said: lambda e: _SOCIAL[e.code].model_validate({"sender": e.user, **dict(e.fields)}),
    events.Talked: lambda e: messages.TalkStatus(
        sender=e.user, status="start" if e.talking else "end"
    ),
    events.CallSaid: lambda e: messages.Call(action=e.action.value),
    events.WhoAreYou: lambda _: messages.WhoAreYou(),
    events.WasReset: lambda _: messages.Reset(),
    events.Refused: lambda e: messages.Error(reason=e.reason, detail=e.detail, ref=e.ref),
}


def project(event: events.Event) -> ServerMessage:
    """Return the message by which 1.4 and 1.5 learn of `event`."""
    return _PROJECTIONS[type(event)](event)


def encode(event: events.Event) -> bytes:
    """Return the JSON text of that message, UTF-8."""
    return project(event).model_dump_json().encode()


def encode_elsewhere(status: events.Status, like: events.Status, payload: bytes) -> bytes | None:
    """Return the JSON text of `status`, given that of one of the same call for another delay.

    They differ in the place and what is done there. No quote stands unescaped in a JSON text but at
    the ends of its strings, so that what is replaced is found nowhere else. None if they differ in
    more than that.
    """
    if status.watcher_ids is not like.watcher_ids or status.ready_ids is not like.ready_ids:
        return None
    return payload.replace(_place(like), _place(status), 1)


def _place(status: events.Status) -> bytes:
    return f'"position":{status.position_us},"play_status":"{status.play_status}"'.encode()
