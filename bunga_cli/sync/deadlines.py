"""What a room does by itself as time passes, and when.

Every deadline is a value computed from the room's state: nothing has to be cancelled. `poll` does
what is due and never leaves anything due behind.
"""

from collections.abc import Iterator

from bunga_cli.sync import parking
from bunga_cli.sync.effects import Effect
from bunga_cli.sync.moves import Cause
from bunga_cli.sync.policy import Policy
from bunga_cli.sync.presence import Presence
from bunga_cli.sync.readiness import Watcher


class Deadlines(Presence):
    """What is due next: heartbeats, cooldowns, holds, spent budgets, graces, silences."""

    def __init__(
        self, channel_id: str, policy: Policy, now_us: int, progress: dict[str, int]
    ) -> None:
        super().__init__(channel_id, policy, now_us, progress)
        self.next_deadline_us: int | None = None
        self._phase_us = 0
        self._tick_us: int | None = None
        self._due_us: int | None = None
        """The first deadline but for the heartbeat's."""

    def poll(self, now_us: int) -> list[Effect]:
        """Do what is due; call it at `next_deadline_us`."""
        if self._due_us is not None and now_us >= self._due_us:
            self._expire(now_us)
            return self._flush(now_us)
        self._beat(now_us)
        if self.truth.sockets:
            self._tell_state(now_us)
        self._arm(now_us)
        return self._drain(now_us)

    def _expire(self, now_us: int) -> None:
        self._expire_sockets(now_us)
        self._expire_holds(now_us)
        self._expire_waits(now_us)
        cooldown_us = self.playback.cooldown_us
        if cooldown_us is not None and now_us >= cooldown_us:
            self._move(Cause.COOLDOWN, now_us)
            self._tell_truth(now_us)
        self._announce(now_us)
        self._beat(now_us)
        if (
            self._empty_since_us is not None
            and now_us >= self._empty_since_us + self.policy.put_away_us
        ):
            self._put_away(now_us)

    def _expire_holds(self, now_us: int) -> None:
        for watcher in self.roster.watchers.values():
            hold_us = self._hold_until_us(watcher)
            if hold_us is not None and now_us >= hold_us:
                for socket in watcher.sockets.values():
                    if socket.ready is None:
                        self._report(watcher, socket, True, now_us)

    def _expire_waits(self, now_us: int) -> None:
        """Excuse those who spent their budget; those who were held may begin to charge by that."""
        for watcher in self.roster.watchers.values():
            exhausted_us = watcher.ledger.exhausted_at_us()
            if exhausted_us is not None and now_us >= exhausted_us:
                parking.excuse(watcher, self.position_at(now_us))
                self._settle(now_us, by=watcher.user)

    def _hold_until_us(self, watcher: Watcher) -> int | None:
        """Return when a watcher that never reported counts as ready; None if it does not gate."""
        since_us = watcher.joined_us if watcher.arriving else self.playback.held_since_us
        if since_us is None or not watcher.is_present or watcher.readiness is not None:
            return None
        return max(since_us, watcher.joined_us) + self.policy.unreported_hold_us

    def _beat(self, now_us: int) -> None:
        """Tell everybody the truth, every second while a socket is open.

        That changes no other deadline, so `poll` need not look for those again.
        """
        if self._tick_us is None or now_us < self._tick_us:
            return
        for watcher in self.roster.watchers.values():
            if watcher.excused and watcher.is_present:
                self._tend(watcher, now_us)
        self._tick_us = None
        self.arrivals.reclassify()
        self._tell_status(now_us, is_beat=True)

    def _tend(self, watcher: Watcher, now_us: int) -> None:
        """See what becomes of one that nobody waits for."""
        has_been_us = now_us - watcher.readiness_since_us
        if watcher.arriving and watcher.is_ready and has_been_us >= self.policy.arrival_us:
            watcher.arriving = False
        if self.playback.is_running:
            parking.tend(watcher, self.position_at(now_us), self.policy)
        if not watcher.excused:
            self.arrivals.unsettle(now_us)

    def _deadlines(self) -> Iterator[int | None]:
        yield self.playback.cooldown_us
        yield self.arrivals.due_us(self.playback.timeline)
        yield self.roster.silent_at_us()
        if self._empty_since_us is not None:
            yield self._empty_since_us + self.policy.put_away_us
        for watcher in self.roster.watchers.values():
            if watcher.away_since_us is not None:
                yield watcher.away_since_us + self.policy.reconnect_grace_us
            yield watcher.ledger.exhausted_at_us()
            yield self._hold_until_us(watcher)

    def _rearm(self, now_us: int) -> None:
        due = [deadline for deadline in self._deadlines() if deadline is not None]
        self._due_us = min(due, default=None)
        self._arm(now_us)

    def _arm(self, now_us: int) -> None:
        """Name the next deadline: the next heartbeat, unless something else is due before."""
        if not self.roster.sockets:
            self._tick_us = None
        elif self._tick_us is None:
            beat_us = self.policy.heartbeat_us
            self._tick_us = now_us + beat_us - (now_us - self._phase_us) % beat_us
        due = [deadline for deadline in (self._tick_us, self._due_us) if deadline is not None]
        self.next_deadline_us = min(due, default=None)

    def _flush(self, now_us: int) -> list[Effect]:
        out = self._drain(now_us)
        if self.truth.sockets:
            self._tell_state(now_us)
            out += self._drain(now_us)
        self._rearm(now_us)
        return out

    def _drain(self, now_us: int) -> list[Effect]:
        out, self._out = self._out, []
        return self.journal.number(out, now_us) if self.journal.is_kept else out
