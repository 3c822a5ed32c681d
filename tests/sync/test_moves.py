"""The table of legal moves: every row, every cell without a row, and its picture in the docs."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from bunga_cli.sync.commands import Bye, Finish, Heartbeat, Pause, Play, Seek
from bunga_cli.sync.moves import MOVES, Cause, PlayState, Target, destination, mermaid
from tests.sync.stage import Stage, playing, share, us

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"
BEGIN, END = "<!-- moves:begin -->", "<!-- moves:end -->"
RENEW = "python -m tests.sync.test_moves"


Pair = tuple[str | None, str | None]


def room(state: PlayState, bob_is_ready: bool) -> Stage:
    """Return a room in `state`, 15 s after its projection."""
    stage = playing("ann", "bob")
    stage.advance(15)
    if state is PlayState.PAUSED:
        stage.say("ann", Pause(us(60)))
    elif state is PlayState.SEEKING:
        stage.say("ann", Seek(us(90)))
    bob_becomes(stage, bob_is_ready)
    assert stage.state == state.value
    return stage


def bob_becomes(stage: Stage, ready: bool) -> None:
    stage.say("bob", Heartbeat(is_pending=not ready))
    stage.beats["bob"] = not ready


def everybody_leaves(stage: Stage) -> None:
    for name in ("bob", "ann"):
        stage.say(name, Bye())


ACTS: dict[Cause, Callable[[Stage], None]] = {
    Cause.PLAY: lambda stage: stage.say("ann", Play()),
    Cause.PAUSE: lambda stage: stage.say("ann", Pause(us(60))),
    Cause.SEEK: lambda stage: stage.say("ann", Seek(us(70))),
    Cause.COOLDOWN: lambda stage: stage.advance(2),
    Cause.JOIN: lambda stage: stage.enter("cat"),
    Cause.PROJECT: lambda stage: stage.say("ann", share("other")),
    Cause.FINISH: lambda stage: stage.say("ann", Finish()),
    Cause.EMPTY: everybody_leaves,
}
"""How people bring each cause about, but for readiness changes, which every case begins with."""

EXPECTED: dict[tuple[PlayState, Cause], Pair] = {
    # state, cause: (result if all are ready, result if bob buffers); None: it cannot be so there
    (PlayState.PAUSED, Cause.PLAY): ("playing", "waiting"),
    (PlayState.PAUSED, Cause.PAUSE): ("paused", "paused"),
    (PlayState.PAUSED, Cause.SEEK): ("paused", "paused"),
    (PlayState.PAUSED, Cause.PROJECT): ("paused", "paused"),
    (PlayState.PAUSED, Cause.EMPTY): ("paused", "paused"),
    (PlayState.WAITING, Cause.PLAY): (None, "waiting"),
    (PlayState.WAITING, Cause.PAUSE): (None, "paused"),
    (PlayState.WAITING, Cause.SEEK): (None, "seeking"),
    (PlayState.WAITING, Cause.READINESS): ("playing", "waiting"),
    (PlayState.WAITING, Cause.JOIN): (None, "paused"),
    (PlayState.WAITING, Cause.PROJECT): (None, "paused"),
    (PlayState.WAITING, Cause.FINISH): (None, "paused"),
    (PlayState.WAITING, Cause.EMPTY): (None, "paused"),
    (PlayState.PLAYING, Cause.PLAY): ("playing", None),
    (PlayState.PLAYING, Cause.PAUSE): ("paused", None),
    (PlayState.PLAYING, Cause.SEEK): ("seeking", None),
    (PlayState.PLAYING, Cause.READINESS): ("playing", "waiting"),
    (PlayState.PLAYING, Cause.JOIN): ("paused", None),
    (PlayState.PLAYING, Cause.PROJECT): ("paused", None),
    (PlayState.PLAYING, Cause.FINISH): ("paused", None),
    (PlayState.PLAYING, Cause.EMPTY): ("paused", None),
    (PlayState.SEEKING, Cause.PLAY): ("seeking", "seeking"),
    (PlayState.SEEKING, Cause.PAUSE): ("paused", "paused"),
    (PlayState.SEEKING, Cause.SEEK): ("seeking", "seeking"),
    (PlayState.SEEKING, Cause.READINESS): ("seeking", "seeking"),
    (PlayState.SEEKING, Cause.COOLDOWN): ("playing", "waiting"),
    (PlayState.SEEKING, Cause.JOIN): ("paused", "paused"),
    (PlayState.SEEKING, Cause.PROJECT): ("paused", "paused"),
    (PlayState.SEEKING, Cause.FINISH): ("paused", "paused"),
    (PlayState.SEEKING, Cause.EMPTY): ("paused", "paused"),
}
"""What the rules say, written down once more by hand."""

CASES = [
    (state, cause, ready, result)
    for (state, cause), pair in EXPECTED.items()
    for ready, result in zip((True, False), pair, strict=True)
    if result is not None
]
ILLEGAL = sorted(set(product(PlayState, Cause)) - EXPECTED.keys())


def test_the_table_has_exactly_the_rows_of_the_rules() -> None:
    assert MOVES.keys() == EXPECTED.keys()


@pytest.mark.parametrize(("state", "cause", "ready", "result"), CASES)
def test_every_row_of_the_table_happens_in_a_room(
    state: PlayState, cause: Cause, ready: bool, result: str
) -> None:
    if cause is Cause.READINESS:
        stage = room(state, state is not PlayState.WAITING)
        bob_becomes(stage, not ready)
        bob_becomes(stage, ready)
    else:
        stage = room(state, ready)
        ACTS[cause](stage)
    assert stage.state == result


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize(("state", "cause"), MOVES)
def test_every_row_leads_where_it_says(state: PlayState, cause: Cause, ready: bool) -> None:
    target = MOVES[state, cause]
    expected = {
        Target.SYNC: "playing" if ready else "waiting",
        Target.SAME: state.value,
    }.get(target, target.value)
    assert destination(state, cause, ready) == expected


@pytest.mark.parametrize(("state", "cause"), ILLEGAL)
def test_a_cell_without_a_row_cannot_happen(state: PlayState, cause: Cause) -> None:
    with pytest.raises(KeyError):
        destination(state, cause, everyone_is_ready=True)


@pytest.mark.parametrize(
    ("state", "cause"), [cell for cell in ILLEGAL if cell[1] is not Cause.READINESS]
)
def test_in_a_room_a_cell_without_a_row_changes_nothing(state: PlayState, cause: Cause) -> None:
    stage = room(state, state is not PlayState.WAITING)
    before_us, rate = stage.position_us, stage.room.snapshot().rate
    moment_us = stage.now_us
    ACTS[cause](stage)
    assert stage.state == state.value
    assert stage.position_us == before_us + rate * (stage.now_us - moment_us)


def test_readiness_changes_nothing_in_a_paused_room() -> None:
    stage = room(PlayState.PAUSED, bob_is_ready=False)
    bob_becomes(stage, ready=True)
    assert (stage.state, stage.position_us) == ("paused", us(60))


def test_the_docs_show_the_table_as_it_is() -> None:
    shown = ARCHITECTURE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert shown == picture(), f"docs/architecture.md is out of date; renew it with: {RENEW}"


def picture() -> str:
    """Return what stands between the markers."""
    return f"\n```mermaid\n{mermaid()}```\n"


def renew() -> None:
    """Write the table into the docs."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    ARCHITECTURE.write_text(before + BEGIN + picture() + END + after, encoding="utf-8")


if __name__ == "__main__":
    renew()
