"""The sockets and watchers of a room, and what follows from their readiness."""

from dataclasses import dataclass, field

from bunga_cli.sync.policy import Policy
from bunga_cli.sync.readiness import Socket, WaitLedger, Watcher
from bunga_cli.sync.values import ConnId, User

_MOST_FORMER = 1000


@dataclass(slots=True)
class Roster:
    """Who is here. Watchers are in the order in which they joined."""

    policy: Policy
    sockets: dict[ConnId, Socket] = field(default_factory=dict)
    watchers: dict[str, Watcher] = field(default_factory=dict)
    ledgers: dict[str, WaitLedger] = field(default_factory=dict)
    """What everybody spent, the absent too: leaving buys no new budget."""
    former: dict[str, User] = field(default_factory=dict)
    """The last of those whom the room removed after their grace; they never said bye."""

    def watcher_of(self, socket: Socket) -> Watcher | None:
        """Return the watcher for whom this socket speaks, if it joined."""
        return self.watchers[socket.account] if socket.joined else None

    def add(self, user: User, now_us: int) -> Watcher:
        """Make `user` a watcher without sockets as yet."""
        self._forget_what_no_longer_counts(now_us)
        fresh = WaitLedger(self.policy.max_wait_us, self.policy.wait_window_us)
        ledger = self.ledgers.setdefault(user.id, fresh)
        watcher = self.watchers[user.id] = Watcher(user, ledger, joined_us=now_us)
        self.former.pop(user.id, None)
        return watcher

    def remove(self, watcher: Watcher, now_us: int) -> None:
        """Take a watcher and its sockets out."""
        for socket in [*watcher.sockets.values()]:
            watcher.lose(socket, now_us)
        watcher.ledger.charge(False, now_us)
        del self.watchers[watcher.id]

    def remember(self, user: User) -> None:
        """Keep in mind who was away for too long; nobody is kept in mind for ever."""
        self.former[user.id] = user
        while len(self.former) > _MOST_FORMER:
            del self.former[next(iter(self.former))]

    def _forget_what_no_longer_counts(self, now_us: int) -> None:
        """Drop what the absent spent so long ago that it is nothing against them."""
        for account in [*self.ledgers]:
            if account not in self.watchers and not self.ledgers[account].spent_us(now_us):
                del self.ledgers[account]

    def spare_socket(self, account: str, after_us: int) -> Socket | None:
        """Return the newest open 1.4 socket that took over, unsaid, from one opened before."""
        spares = [
            socket
            for socket in self.sockets.values()
            if socket.account == account
            and not (socket.joined or socket.speaks or socket.lapsed or socket.bye_us is not None)
            and socket.opened_us >= after_us
        ]
        return max(spares, key=lambda socket: socket.opened_us, default=None)

    @property
    def users(self) -> tuple[User, ...]:
        """All watchers, away or not."""
        return tuple(watcher.user for watcher in self.watchers.values())

    @property
    def present(self) -> list[Watcher]:
        """The watchers that are not away."""
        return [watcher for watcher in self.watchers.values() if watcher.is_present]

    @property
    def unready(self) -> list[Watcher]:
        """The present watchers that are not ready."""
        return [w for w in self.watchers.values() if w.is_present and not w.is_ready]

    def parked(self) -> list[tuple[Socket, int]]:
        """Return the sockets that are shown a place ahead, and which, because they are too slow."""
        return [
            (socket, watcher.parked_at_us)
            for watcher in self.watchers.values()
            if watcher.parked_at_us is not None
            for socket in watcher.sockets.values()
        ]

    def left_behind(self) -> tuple[ConnId, ...]:
        """Return the old sockets of those who buffer while the others watch on."""
        return tuple(
            socket.conn
            for watcher in self.watchers.values()
            if watcher.excused and not watcher.is_ready
            for socket in watcher.sockets.values()
            if not socket.is_v2
        )

    @property
    def anyone_is_present(self) -> bool:
        """True while some watcher has a living socket."""
        return any(watcher.is_present for watcher in self.watchers.values())

    @property
    def anyone_is_ready(self) -> bool:
        """True if somebody present could watch right now."""
        return any(w.is_present and w.is_ready for w in self.watchers.values())

    @property
    def waited_for(self) -> list[Watcher]:
        """Those who keep the room from playing: empty when the media may move.

        The excused do not, unless nobody is left who could watch.
        """
        unready = self.unready
        gating = [watcher for watcher in unready if not watcher.excused]
        return gating if gating or self.anyone_is_ready else unready

    @property
    def everyone_is_ready(self) -> bool:
        """True when nobody has to be waited for."""
        return not self.waited_for

    def silent_at_us(self) -> int | None:
        """Return when the first heartbeat speaker will have been silent for too long."""
        heard = [s.heard_us for s in self.sockets.values() if s.joined and s.speaks]
        return min(heard) + self.policy.silence_us if heard else None
