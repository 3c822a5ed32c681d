"""The legal moves of a room, as one table.

`docs/architecture.md` shows this table as a diagram; a test keeps the two equal. A cause that has
no row for a state cannot happen there: the room refuses it before it gets this far.
"""

from enum import StrEnum


class PlayState(StrEnum):
    """What the room is doing."""

    PAUSED = "paused"
    WAITING = "waiting"
    PLAYING = "playing"
    SEEKING = "seeking"


class Cause(StrEnum):
    """Why a room moves."""

    PLAY = "play"
    PAUSE = "pause"
    SEEK = "seek"
    READINESS = "readiness changes"
    COOLDOWN = "cooldown over"
    JOIN = "new watcher"
    PROJECT = "new projection"
    FINISH = "end of the video"
    EMPTY = "last watcher leaves"


class Target(StrEnum):
    """Where a move leads. SYNC is `playing` if every watcher is ready, else `waiting`."""

    PAUSED = "paused"
    SEEKING = "seeking"
    SYNC = "sync"
    SAME = "same"


_P, _W, _Y, _S = PlayState.PAUSED, PlayState.WAITING, PlayState.PLAYING, PlayState.SEEKING

MOVES: dict[tuple[PlayState, Cause], Target] = {
    (_P, Cause.PLAY): Target.SYNC,
    (_P, Cause.PAUSE): Target.SAME,
    (_P, Cause.SEEK): Target.SAME,
    (_P, Cause.PROJECT): Target.SAME,
    (_P, Cause.EMPTY): Target.SAME,
    (_W, Cause.PLAY): Target.SAME,
    (_W, Cause.PAUSE): Target.PAUSED,
    (_W, Cause.SEEK): Target.SEEKING,
    (_W, Cause.READINESS): Target.SYNC,
    (_W, Cause.JOIN): Target.PAUSED,
    (_W, Cause.PROJECT): Target.PAUSED,
    (_W, Cause.FINISH): Target.PAUSED,
    (_W, Cause.EMPTY): Target.PAUSED,
    (_Y, Cause.PLAY): Target.SAME,
    (_Y, Cause.PAUSE): Target.PAUSED,
    (_Y, Cause.SEEK): Target.SEEKING,
    (_Y, Cause.READINESS): Target.SYNC,
    (_Y, Cause.JOIN): Target.PAUSED,
    (_Y, Cause.PROJECT): Target.PAUSED,
    (_Y, Cause.FINISH): Target.PAUSED,
    (_Y, Cause.EMPTY): Target.PAUSED,
    (_S, Cause.PLAY): Target.SAME,
    (_S, Cause.PAUSE): Target.PAUSED,
    (_S, Cause.SEEK): Target.SAME,
    (_S, Cause.READINESS): Target.SAME,
    (_S, Cause.COOLDOWN): Target.SYNC,
    (_S, Cause.JOIN): Target.PAUSED,
    (_S, Cause.PROJECT): Target.PAUSED,
    (_S, Cause.FINISH): Target.PAUSED,
    (_S, Cause.EMPTY): Target.PAUSED,
}


def destination(state: PlayState, cause: Cause, everyone_is_ready: bool) -> PlayState:
    """Return the state that `cause` leads to; KeyError where it cannot happen."""
    target = MOVES[state, cause]
    if target is Target.SYNC:
        return PlayState.PLAYING if everyone_is_ready else PlayState.WAITING
    return state if target is Target.SAME else PlayState(target.value)


def mermaid() -> str:
    """Return the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> paused"]
    lines += [
        f"    {state} --> {arrow}" for state in PlayState for arrow in dict.fromkeys(_arrows(state))
    ]
    return "\n".join(lines) + "\n"


def _arrows(state: PlayState) -> list[str]:
    ready = {to: [] for to in PlayState}  # type: dict[PlayState, list[str]]
    for (origin, cause), target in MOVES.items():
        if origin is state:
            for everyone_is_ready in (True, False):
                condition = _condition(target, everyone_is_ready)
                ready[destination(state, cause, everyone_is_ready)].append(cause + condition)
    return [f"{to}: {', '.join(dict.fromkeys(labels))}" for to, labels in ready.items() if labels]


def _condition(target: Target, everyone_is_ready: bool) -> str:
    if target is not Target.SYNC:
        return ""
    return " (all ready)" if everyone_is_ready else " (someone buffers)"
