"""Coming and going: who is a watcher, who may act, and what a lost connection means.

A blip is not a leave. A watcher whose last socket is lost or falls silent is *away*: it keeps its
place, does not gate the room, and is back, unannounced, as soon as its account opens a socket or
speaks on an old one. Only when its grace is over do the others hear that it left.
"""

from dataclasses import replace

from bunga_cli.sync import commands, events, parking
from bunga_cli.sync.commands import Command
from bunga_cli.sync.effects import Tell
from bunga_cli.sync.journal import Entry
from bunga_cli.sync.mechanics import Mechanics
from bunga_cli.sync.moves import Cause, PlayState
from bunga_cli.sync.policy import OnJoin
from bunga_cli.sync.readiness import Socket, Watcher
from bunga_cli.sync.values import User


class Presence(Mechanics):
    """Who is here, and on which sockets."""

    # -- who may act ------------------------------------------------------------------------------

    def _actor(self, socket: Socket, command: Command, now_us: int) -> Watcher | None:
        """Return the watcher for whom the socket acts; one that has none is asked who it is.

        A 1.4 player sends no second join-in after a drop, so what it does speaks for it.
        """
        watcher = self.roster.watcher_of(socket)
        if watcher is None and not socket.speaks and socket.bye_us is None:
            watcher = self._adopt(socket, now_us)
        if watcher is None:
            self._ask_who(socket, command, now_us)
        return watcher

    def _projecting_actor(self, socket: Socket, command: Command, now_us: int) -> Watcher | None:
        watcher = self._actor(socket, command, now_us)
        if watcher is not None and self.projection is None:
            self._refuse(socket, command, "no-projection", "Nothing is projected in this room.")
            return None
        return watcher

    def _adopt(self, socket: Socket, now_us: int) -> Watcher | None:
        watcher = self.roster.watchers.get(socket.account)
        user = self.roster.former.get(socket.account)
        if watcher is not None:
            watcher.take(socket, ready=watcher.presumption)
            self._settle(now_us, by=watcher.user)
        elif user is not None:
            self._join(socket, user, None, now_us)
        return self.roster.watchers.get(socket.account)

    def _ask_who(self, socket: Socket, command: Command, now_us: int) -> None:
        if self._is_quiet(socket, now_us):
            self._refuse(socket, command, "not-joined", "You left the room; join it again first.")
        else:
            self._tell(events.WhoAreYou(), to=socket.conn)

    def _is_quiet(self, socket: Socket, now_us: int) -> bool:
        """Tell if a who-are-you would pull back in a player that said bye just now."""
        return socket.bye_us is not None and now_us - socket.bye_us < self.policy.bye_quiet_us

    # -- joining and leaving ----------------------------------------------------------------------

    def _join(
        self,
        socket: Socket,
        user: User,
        share: commands.Project | None,
        now_us: int,
        missed: list[Entry] | None = None,
    ) -> None:
        """Make `user` a watcher, for the first time or once more, and show it what is on.

        `missed` is all that it has not heard of since it was here last; None if that is unknown.
        """
        self._tell(replace(self._here_are(), is_replayed=missed is not None), to=socket.conn)
        for entry in missed or ():
            if not _is_own_news(entry, user.id):
                self._out.append(Tell(entry.event, to=socket.conn, seq=entry.seq))
        watcher = self.roster.watchers.get(user.id)
        pauses = False
        if watcher is None:
            pauses = self._welcome(socket, user, now_us)
        else:
            self._rejoin(watcher, socket, user)
        is_told = self._share(socket, share, now_us)
        self._settle(now_us, by=user)
        if pauses and not is_told:
            self._tell_truth(now_us, actor=socket)
        elif self.playback.state is not PlayState.PAUSED:
            self._tell_truth_to(socket, now_us)
        self.truth.owe(socket)

    def _welcome(self, socket: Socket, user: User, now_us: int) -> bool:
        """Add a new watcher; return True if that paused the room."""
        watcher = self.roster.add(user, now_us)
        watcher.take(socket, ready=None)
        watcher.speaks = socket.speaks
        self._empty_since_us = None
        self.revision += 1
        self._tell(events.Joined(user), but=socket)
        if self.playback.state is PlayState.PAUSED:
            return False
        if self.policy.on_join is OnJoin.CONTINUE:
            parking.excuse(watcher, self.position_at(now_us))
            watcher.arriving = True
            return False
        self._move(Cause.JOIN, now_us, by=user)
        return True

    def _rejoin(self, watcher: Watcher, socket: Socket, user: User) -> None:
        """Join once more: news to the others if the name is new or it was here all along."""
        was_here_all_along = socket.joined and not socket.welcome_back
        if was_here_all_along or watcher.user != user:
            self._tell(events.Joined(user), but=socket)
            self.revision += 1
        if not socket.joined:
            watcher.take(socket, ready=watcher.presumption)
        watcher.user, socket.welcome_back = user, False

    def _leave(self, watcher: Watcher, now_us: int) -> None:
        self.roster.remove(watcher, now_us)
        self.revision += 1
        outcome = self.call.leave(watcher.id)
        if not self.roster.watchers:
            self._save_progress(now_us)
            self._empty_since_us = now_us
            self._move(Cause.EMPTY, now_us, by=watcher.user)
            self._tell_truth(now_us)
            return
        self._tell(events.Left(watcher.user))
        if outcome is not None:
            self._tell(events.CallSaid(outcome))
        self._settle(now_us, by=watcher.user)

    # -- losing and finding -----------------------------------------------------------------------

    def _resume(self, watcher: Watcher, socket: Socket, now_us: int) -> None:
        """Give a watcher that was away its place back, unannounced, on a new socket."""
        watcher.take(socket, ready=watcher.presumption)
        socket.speaks, socket.welcome_back = socket.is_v2 or watcher.speaks, True
        self._settle(now_us, by=watcher.user)
        self._tell(self._here_are(), to=socket.conn)
        if watcher.left_record_id != self._record_id:
            self._share(socket, None, now_us)
        self._tell_truth_to(socket, now_us)

    def _unlapse(self, socket: Socket) -> None:
        """Give a silent socket that speaks again its watcher back, if its grace is not over.

        What that means for the room is settled after what it says: that may be bye.
        """
        socket.lapsed = False
        watcher = self.roster.watchers.get(socket.account)
        if watcher is not None:
            watcher.take(socket, ready=watcher.presumption)
            socket.welcome_back = True

    def _lapse(self, socket: Socket, now_us: int) -> None:
        watcher = self.roster.watcher_of(socket)
        if watcher is not None:
            self._lose(watcher, socket, now_us)
            socket.lapsed = True
            self._settle(now_us, by=watcher.user)

    def _expire_sockets(self, now_us: int) -> None:
        silent_at_us = self.roster.silent_at_us()
        if silent_at_us is not None and now_us >= silent_at_us:
            for socket in [*self.roster.sockets.values()]:
                if socket.speaks and now_us >= socket.heard_us + self.policy.silence_us:
                    self._lapse(socket, now_us)
        for watcher in [*self.roster.watchers.values()]:
            away_us = watcher.away_since_us
            if away_us is not None and now_us >= away_us + self.policy.reconnect_grace_us:
                self.roster.remember(watcher.user)
                self._leave(watcher, now_us)


def _is_own_news(entry: Entry, account: str) -> bool:
    """Tell whether this is what only the others were told of `account`."""
    event = entry.event
    if not entry.is_for_others or not isinstance(event, events.Joined | events.ReadinessChanged):
        return False
    return event.user.id == account
