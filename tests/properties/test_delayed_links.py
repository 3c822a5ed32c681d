"""Many v2 players act at random over links that delay, lose and repeat: all believe the same.

Between a room and its players there is nothing but queues. What is in one of them arrives whenever
the test wants, once or twice, in any order even, as it may come over an old connection and a new
one. Messages of people's doings tell a replica nothing; only states do.
"""

from collections import deque
from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bunga_cli.sync import commands as c
from bunga_cli.sync.commands import Command
from bunga_cli.sync.effects import Effect, Tell
from bunga_cli.sync.events import UP_TO_1_5, Event
from bunga_cli.sync.policy import SECOND_US, OnJoin, Policy
from bunga_cli.sync.room import Room
from bunga_cli.sync.values import ConnId, User, VideoRecord
from tests.properties.replicas import ReplicaV2

NAMES = ("ann", "bob", "cyn")
FILM, SERIES = (VideoRecord(name, name, None, "http", f"/{name}") for name in ("film", "series"))

positions = st.integers(0, 3600).map(lambda seconds: seconds * SECOND_US)
wishes: st.SearchStrategy[Command] = st.one_of(
    st.just(c.Play()),
    st.builds(c.Pause, st.none() | positions),
    st.builds(c.Seek, positions),
    st.builds(c.Project, st.sampled_from([FILM, SERIES]), positions),
    st.builds(c.Heartbeat, st.booleans(), st.none() | positions),
    st.just(c.Finish()),
    st.just(c.Bye()),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from(NAMES), wishes),
        st.tuples(st.sampled_from(["reach", "hear", "again"]), st.sampled_from(NAMES), st.none()),
        st.tuples(st.just("pass"), st.none(), st.integers(1, 7_000_000)),
    ),
    max_size=60,
)


@dataclass
class Link:
    """One player with its replica, and what is under way in both directions."""

    conn: ConnId
    to_room: deque[Command] = field(default_factory=deque)
    to_player: list[Event] = field(default_factory=list)
    heard: list[Event] = field(default_factory=list)
    replica: ReplicaV2 = field(default_factory=ReplicaV2)


class World:
    """A room, its players, and the time."""

    def __init__(self, on_join: OnJoin, dice: Random) -> None:
        self.now_us, self.dice = 1_000 * SECOND_US, dice
        self.room = Room("den", Policy(on_join=on_join), self.now_us)
        self.links = {name: Link(ConnId(i)) for i, name in enumerate(NAMES)}
        for name, link in self.links.items():
            self._deliver(self.room.open(link.conn, name, self.now_us, is_v2=True))
            link.to_room.append(c.Join(User(name, name, 1)))
            link.to_room.append(c.Heartbeat(is_pending=False))
        self.links["ann"].to_room.append(c.Project(FILM))

    def send(self, name: str, wish: Command) -> None:
        """Let a player wish something; its wishes reach the room in order."""
        self.links[name].to_room.append(wish)

    def reach(self, name: str) -> None:
        """Let a player's oldest wish reach the room."""
        link = self.links[name]
        if link.to_room:
            self._deliver(self.room.handle(link.conn, link.to_room.popleft(), self.now_us))

    def hear(self, name: str) -> None:
        """Let any one message under way reach a player."""
        link = self.links[name]
        if link.to_player:
            event = link.to_player.pop(self.dice.randrange(len(link.to_player)))
            link.heard.append(event)
            link.replica.hear(event)

    def again(self, name: str) -> None:
        """Let any one message that a player had reach it once more."""
        link = self.links[name]
        if link.heard:
            link.replica.hear(self.dice.choice(link.heard))

    def pass_time(self, duration_us: int) -> None:
        """Let time pass; the room is polled when it wants to be."""
        until_us = self.now_us + duration_us
        while (due_us := self.room.next_deadline_us) is not None and due_us <= until_us:
            self.now_us = max(due_us, self.now_us)
            self._deliver(self.room.poll(self.now_us))
        self.now_us = until_us

    def settle(self) -> None:
        """Let everything arrive."""
        for name, link in self.links.items():
            while link.to_room:
                self.reach(name)
        for name, link in self.links.items():
            while link.to_player:
                self.hear(name)

    def _deliver(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Tell) and type(effect.event) not in UP_TO_1_5:
                for link in self.links.values():
                    if effect.to == link.conn or (
                        effect.to is None and link.conn not in effect.but
                    ):
                        link.to_player.append(effect.event)


@settings(max_examples=150, deadline=None)
@given(steps=steps, on_join=st.sampled_from(OnJoin), seed=st.integers(0, 2**32))
def test_all_replicas_end_equal_to_each_other_and_to_the_room(
    steps: list[tuple[str, str | None, object]], on_join: OnJoin, seed: int
) -> None:
    world = World(on_join, Random(seed))
    for what, name, detail in steps:
        if what == "send":
            assert isinstance(name, str)
            world.send(name, detail)  # type: ignore[arg-type]
        elif what == "pass":
            assert isinstance(detail, int)
            world.pass_time(detail)
        else:
            getattr(world, what)(name)
    world.settle()

    room, beliefs = world.room, [link.replica.state for link in world.links.values()]
    for state in beliefs:
        assert state is not None
        assert state.timeline == room.playback.timeline
        assert state.play_state is room.playback.state
        assert state.record_id == (room.projection.record.record_id if room.projection else None)
        assert [w.user.id for w in state.watchers] == [*room.roster.watchers]
    assert len({state.revision for state in beliefs if state}) == 1


@settings(max_examples=100, deadline=None)
@given(steps=steps, seed=st.integers(0, 2**32))
def test_what_is_old_or_comes_twice_changes_nothing(
    steps: list[tuple[str, str | None, object]], seed: int
) -> None:
    world = World(OnJoin.CONTINUE, Random(seed))
    for what, name, detail in steps:
        if what == "send":
            assert isinstance(name, str)
            world.send(name, detail)  # type: ignore[arg-type]
    world.settle()
    before = [link.replica.state for link in world.links.values()]

    for name in NAMES * 20:
        world.again(name)

    assert [link.replica.state for link in world.links.values()] == before
