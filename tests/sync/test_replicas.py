"""Many clients of v2 command at random over links that delay, are cut and repeat what is old.

Rooms and wire format are the real ones, as is what a client makes of them: `is_news` keeps the
truth, `Hearing` what was said. Only the time is made up. Whatever happens, in the end all clients
have the same truth, the room's, and have heard the same comments in the same order, once.
"""

import json
from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bunga_cli.client.resuming import Hearing
from bunga_cli.client.v2 import is_news
from bunga_cli.protocol import v1, v2
from bunga_cli.sync import events
from bunga_cli.sync.effects import Effect, Tell
from bunga_cli.sync.policy import SECOND_US, OnJoin, Policy
from bunga_cli.sync.room import Room
from bunga_cli.sync.values import ConnId

Message = dict[str, Any]

NAMES = ("ann", "bob", "cyn", "dan")
SLOWEST_US = 400_000
FILMS = [
    {"record_id": name, "title": name, "thumb_url": None, "source": "http", "path": f"/{name}"}
    for name in ("film", "series")
]

positions = st.integers(0, 3600).map(lambda seconds: seconds * SECOND_US)
messages: st.SearchStrategy[Message] = st.one_of(
    st.just({"code": "play"}),
    st.builds(lambda p: {"code": "pause", "position": p}, st.none() | positions),
    st.builds(lambda p: {"code": "seek", "position": p}, positions),
    st.builds(
        lambda film, p: {"code": "start-projection", "video_record": film, "position": p},
        st.sampled_from(FILMS),
        positions,
    ),
    st.builds(lambda b: {"code": "client-status", "is_pending": b}, st.booleans()),
    st.just({"code": "danmaku", "message": "hello"}),
    st.just({"code": "danmaku", "message": "hello"}),
    st.just({"code": "play-finished"}),
    st.just({"code": "bye"}),
)
names = st.sampled_from(NAMES)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("say"), names, messages),
        st.tuples(st.just("say"), names, messages),
        st.tuples(st.sampled_from(["cut", "come", "repeat"]), names),
        st.tuples(st.just("blink"), names, names),
        st.tuples(st.just("pass_time"), st.integers(1, 4 * SECOND_US)),
        st.tuples(st.just("restart")),
    ),
    max_size=60,
)


@dataclass(eq=False)
class Line:
    """One direction of a connection: what is sent first arrives first."""

    under_way: deque[tuple[int, bytes]] = field(default_factory=deque)

    def send(self, payload: bytes, at_us: int) -> None:
        last_us = self.under_way[-1][0] if self.under_way else 0
        self.under_way.append((max(last_us, at_us), payload))

    @property
    def next_us(self) -> int | None:
        return self.under_way[0][0] if self.under_way else None


@dataclass(eq=False)
class Client:
    """What a client keeps, and its connection if it has one."""

    name: str
    conn: ConnId | None = None
    up: Line = field(default_factory=Line)
    down: Line = field(default_factory=Line)
    state: Message | None = None
    hearing: Hearing = field(default_factory=Hearing)
    old: list[bytes] = field(default_factory=list)
    comments: list[tuple[str, int]] = field(default_factory=list)
    """Since the last time that the room did not know any more what was missed."""

    def hear(self, payload: bytes) -> None:
        message = json.loads(payload)
        if message["code"] == "state":
            self.old.append(payload)
            if is_news(self.state, message):
                self.state = message
        elif message["code"] == "here-are" and message.get("ref") and not message["replayed"]:
            self.comments.clear()
        for one in self.hearing.take(message):
            if one["code"] == "danmaku":
                assert self.state is not None
                self.comments.append((self.state["epoch"], one["seq"]))


class World:
    """A server with one room, its clients, and the time."""

    def __init__(self, on_join: OnJoin, seed: int) -> None:
        self.now_us, self.dice, self.epochs = 1_000 * SECOND_US, Random(seed), 1
        self.room = Room("den", Policy(on_join=on_join), self.now_us)
        self.clients = {name: Client(name) for name in NAMES}
        self.conns = 0
        self.said: list[tuple[str, int]] = []
        for name in NAMES:
            self.come(name)
        self.say("ann", {"code": "start-projection", "video_record": FILMS[0], "position": 0})

    @property
    def epoch(self) -> str:
        return f"epoch {self.epochs}"

    # -- what happens -----------------------------------------------------------------------------

    def come(self, name: str) -> None:
        """Connect, unless that is so, and join; once more, perhaps."""
        client = self.clients[name]
        if client.conn is None:
            self.conns += 1
            client.conn, client.up, client.down = ConnId(self.conns), Line(), Line()
            effects = self.room.open(client.conn, name, self.now_us, is_v2=True)
            self._carry_out(effects)
        user = {"id": name, "name": name, "color_hue": 1}
        join = {"code": "join-in", "user": user, "my_share": None, "ref": 1}
        self.say(name, {**join, **client.hearing.resume(self.conns)})
        self.say(name, {"code": "client-status", "is_pending": False})

    def cut(self, name: str) -> None:
        """Lose a connection, and all that is under way on it."""
        client = self.clients[name]
        if client.conn is not None:
            conn, client.conn = client.conn, None
            client.up, client.down = Line(), Line()
            self._carry_out(self.room.close(conn, self.now_us))

    def blink(self, name: str, other: str) -> None:
        """Lose a connection while somebody else talks on, before and after it is back."""
        self.cut(name)
        for _ in range(2):
            self.say(other, {"code": "danmaku", "message": "gone"})
            self.pass_time(SLOWEST_US)
        self.say(other, {"code": "danmaku", "message": "there again"})
        self.pass_time(self.dice.randrange(SLOWEST_US))
        self.come(name)
        self.pass_time(self.dice.randrange(SLOWEST_US))

    def repeat(self, name: str) -> None:
        """Let an old state arrive once more, as over another connection."""
        client = self.clients[name]
        if client.old:
            state = json.loads(self.dice.choice(client.old))
            if client.state and state["epoch"] == client.state["epoch"]:
                client.state = state if is_news(client.state, state) else client.state

    def restart(self) -> None:
        """Let another process of the server take the room over."""
        snapshot = self.room.snapshot()
        for name in NAMES:
            self.cut(name)
        self.epochs += 1
        self.now_us = self.dice.randrange(10_000 * SECOND_US)  # another clock
        self.room = Room("den", self.room.policy, self.now_us, snapshot=snapshot)

    def say(self, name: str, message: Message) -> None:
        """Let a client send something, if it can."""
        client = self.clients[name]
        if client.conn is not None:
            client.up.send(json.dumps(message).encode(), self._later())

    def pass_time(self, duration_us: int) -> None:
        """Let everything happen that is due meanwhile, in the order of time."""
        until_us = self.now_us + duration_us
        while (due := self._next()) is not None and due[0] <= until_us:
            self.now_us = max(self.now_us, due[0])
            self._happen(due[1])
        self.now_us = until_us

    def settle(self) -> None:
        """Let all come back, and everything arrive."""
        for name in NAMES:
            self.come(name)
        self.pass_time(2 * SECOND_US)
        for client in self.clients.values():
            while client.down.under_way:
                client.hear(client.down.under_way.popleft()[1])

    # -- inside -----------------------------------------------------------------------------------

    def _later(self) -> int:
        return self.now_us + self.dice.randrange(SLOWEST_US)

    def _next(self) -> tuple[int, Line | None] | None:
        due: list[tuple[int, int, Line | None]] = []
        if self.room.next_deadline_us is not None:
            due.append((self.room.next_deadline_us, 0, None))
        for number, client in enumerate(self.clients.values()):
            lines = enumerate((client.up, client.down), start=2 * number + 1)
            due += [(line.next_us, n, line) for n, line in lines if line.next_us is not None]
        return min(due, key=lambda one: one[:2])[::2] if due else None

    def _happen(self, line: Line | None) -> None:
        if line is None:
            self._carry_out(self.room.poll(self.now_us))
            return
        _, payload = line.under_way.popleft()
        client = next(one for one in self.clients.values() if line in (one.up, one.down))
        if line is client.down:
            client.hear(payload)
        else:
            self._handle(client, payload)

    def _handle(self, client: Client, payload: bytes) -> None:
        assert client.conn is not None
        request = v2.decode(payload)
        assert not isinstance(request, v2.ClockRequest)
        command = request.command()
        self._carry_out(self.room.handle(client.conn, command, self.now_us), client, request.ref)

    def _carry_out(
        self, effects: list[Effect], by: Client | None = None, ref: str | int | None = None
    ) -> None:
        for effect in effects:
            if isinstance(effect, Tell) and type(effect.event) not in events.UP_TO_1_5:
                if effect.seq and effect.to is None and isinstance(effect.event, events.Said):
                    self.said.append((self.epoch, effect.seq))
                for client in self.clients.values():
                    if self._is_told(client, effect):
                        own_ref = ref if client is by else None
                        client.down.send(self._encode(effect, own_ref), self._later())

    def _is_told(self, client: Client, tell: Tell) -> bool:
        if client.conn is None:
            return False
        if tell.to is None:
            return client.conn not in tell.but and tell.among is None
        return tell.to == client.conn

    def _encode(self, tell: Tell, ref: str | int | None) -> bytes:
        if isinstance(tell.event, events.State):
            return v2.encode_state(tell.event, self.epoch)
        if tell.seq:
            return v2.numbered(v1.encode(tell.event), tell.seq)
        if isinstance(tell.event, events.HereAre) or (ref and type(tell.event) in v2.ANSWERS):
            return v2.encode_answer(tell.event, ref)
        return v1.encode(tell.event)


def ended(plot: list[tuple[Any, ...]], on_join: OnJoin, seed: int) -> World:
    """Return a world in which all this happened, and everything has arrived."""
    world = World(on_join, seed)
    for what, *details in plot:
        getattr(world, what)(*details)
    world.settle()
    return world


def truths(world: World) -> list[Message]:
    """Return what each client takes for the truth, but for where it alone should rest."""
    states = [client.state for client in world.clients.values()]
    return [{**(state or {}), "parked": None} for state in states]


@settings(max_examples=300, deadline=None)
@given(plot=steps, on_join=st.sampled_from(OnJoin), seed=st.integers(0, 2**32))
def test_all_clients_end_with_the_same_truth_and_it_is_the_rooms(
    plot: list[tuple[Any, ...]], on_join: OnJoin, seed: int
) -> None:
    world = ended(plot, on_join, seed)
    first, *others = truths(world)

    assert all(other == first for other in others)
    room, timeline = world.room, world.room.playback.timeline
    vector = (timeline.position_us, timeline.rate, timeline.at_us, timeline.rate_before)
    assert first["epoch"] == world.epoch
    assert tuple(first[key] for key in ("position", "rate", "at", "rate_before")) == vector
    assert first["play_state"] == room.playback.state.value
    assert first["record_id"] == (room.projection and room.projection.record.record_id)
    assert [one["id"] for one in first["watchers"]] == [*room.roster.watchers]


@settings(max_examples=300, deadline=None)
@given(plot=steps, on_join=st.sampled_from(OnJoin), seed=st.integers(0, 2**32))
def test_all_clients_hear_the_same_comments_in_the_same_order_and_once(
    plot: list[tuple[Any, ...]], on_join: OnJoin, seed: int
) -> None:
    world = ended(plot, on_join, seed)

    for client in world.clients.values():
        since = world.said.index(client.comments[0]) if client.comments else len(world.said)
        assert client.comments == world.said[since:]


@settings(max_examples=100, deadline=None)
@given(plot=steps, seed=st.integers(0, 2**32))
def test_what_is_old_or_comes_twice_changes_no_truth(
    plot: list[tuple[Any, ...]], seed: int
) -> None:
    world = ended(plot, OnJoin.CONTINUE, seed)
    before = [lasting(state) for state in truths(world)]
    for name in NAMES * 20:
        world.repeat(name)

    assert [lasting(state) for state in truths(world)] == before


def lasting(state: Message) -> Message:
    """Return a truth without what may be another one in each heartbeat of a revision."""
    watchers = [{**watcher, "drift": None} for watcher in state["watchers"]]
    return {**state, "seq": 0, "watchers": watchers}
