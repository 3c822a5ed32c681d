"""The whole truth of a room in one value, and what the v2 sockets were told of it last.

A change is found by comparison, not by remembering to report it: after each call of a room in which
somebody speaks v2 its truth is made anew, and told to all of them if it is another one. So nothing
that is part of a `State` can change unnoticed, and what changes twice in a call is told once.
"""

from dataclasses import replace

from bunga_cli.sync.effects import Effect, Tell
from bunga_cli.sync.events import Standing, State, WaitedFor
from bunga_cli.sync.moves import Cause
from bunga_cli.sync.playback import Playback
from bunga_cli.sync.readiness import Socket
from bunga_cli.sync.roster import Roster
from bunga_cli.sync.values import ConnId, User


def whole_truth(
    roster: Roster,
    playback: Playback,
    because: tuple[Cause, User | None] | None,
    record_id: str | None,
    now_us: int,
) -> State:
    """Return the truth of now, without a revision, as it is for those who keep up."""
    watchers = roster.watchers.values()
    held_us = playback.held_since_us
    waited_for = [] if held_us is None else roster.waited_for
    return State(
        play_state=playback.state,
        timeline=playback.timeline,
        waiting_for=tuple([WaitedFor(w.id, w.waited_for_since(held_us or 0)) for w in waited_for]),
        excused_ids=tuple([w.id for w in watchers if w.excused]),
        watchers=tuple(
            [Standing(w.user, w.standing, w.drift_at(playback.timeline, now_us)) for w in watchers]
        ),
        cause=because,
        record_id=record_id,
        is_held=held_us is not None,
    )


CROWD = 20
"""In rooms of more watchers than this, who is ready is told with the next heartbeat only.

After a seek each of them reports, and each report would be told to all with the names of all.
"""


class Truth:
    """Who speaks v2 in a room, and what they know.

    `is_due` makes them be told once more what has not changed. Revisions begin at the time of the
    room's birth, so that they rise from one room of a channel to the next one as well.
    """

    __slots__ = ("_known", "_must_rise", "_owed", "_revision", "is_due", "sockets")

    def __init__(self, now_us: int) -> None:
        self.sockets: set[ConnId] = set()
        self.is_due = False
        self._owed: set[ConnId] = set()
        self._revision = now_us
        self._must_rise = False
        self._known: tuple[State, dict[ConnId, int]] | None = None

    def add(self, socket: Socket) -> None:
        """Take in a socket, and tell it soon."""
        if socket.is_v2:
            self.sockets.add(socket.conn)
            self._owed.add(socket.conn)

    def remove(self, socket: Socket) -> None:
        """Account for a socket that is gone."""
        self.sockets.discard(socket.conn)
        self._owed.discard(socket.conn)

    def owe(self, socket: Socket) -> None:
        """Tell one socket, if it speaks v2, whether anything changed or not."""
        if socket.is_v2:
            self._owed.add(socket.conn)

    def next_revision(self) -> int:
        """Return the revision that what is being done now will have, whatever it changes."""
        self._must_rise = True
        return self._revision + 1

    def news(self, state: State, parked: list[tuple[Socket, int]], seq: int) -> list[Effect]:
        """Return what is to be told now that the truth is `state`, and who rests elsewhere.

        `seq` is the number of the last event before it.
        """
        resting = {socket.conn: at_us for socket, at_us in parked if socket.is_v2}
        if self._must_rise or self._known != (state, resting):
            self.is_due |= self._must_rise or not self._can_wait(state, resting)
            self._known, self._must_rise = (state, resting), False
            self._revision += 1
        state = replace(state, revision=self._revision, seq=seq)
        effects: list[Effect] = [Tell(state, but=tuple(resting))] if self.is_due else []
        for conn in resting if self.is_due else sorted(self._owed):
            at_us = resting.get(conn)
            own = state if at_us is None else replace(state, parked_us=at_us)
            effects.append(Tell(own, to=conn))
        self.is_due, self._owed = False, set()
        return effects

    def _can_wait(self, state: State, resting: dict[ConnId, int]) -> bool:
        """Tell whether nothing but who is ready changed, in a crowd."""
        if self._known is None or len(state.watchers) <= CROWD:
            return False
        known, rested = self._known
        return rested == resting and _of_nobody(known) == _of_nobody(state)


def _of_nobody(state: State) -> State:
    """Return a truth without those whom it is about."""
    return replace(state, watchers=(), waiting_for=(), excused_ids=())
