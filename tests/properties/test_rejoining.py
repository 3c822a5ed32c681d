"""Leaving and coming back is no way around the waiting budget."""

from hypothesis import given
from hypothesis import strategies as st

from bunga_cli.sync.commands import Bye, Heartbeat, Join, Play, Project
from bunga_cli.sync.policy import Policy
from bunga_cli.sync.room import Room
from bunga_cli.sync.values import ConnId, User, VideoRecord
from tests.properties.observer import WaitingBook, keep_others_waiting

SECOND = 1_000_000
ANN, BOB = ConnId(1), ConnId(2)
FILM = Project(VideoRecord("film", "film", None, "http", "/"))


@given(st.integers(1, 19))
def test_a_watcher_that_leaves_and_joins_again_gets_no_new_budget(leaves_every_s: int) -> None:
    policy, book = Policy(), WaitingBook()
    room = Room("den", policy, 0)
    for conn, name in ((ANN, "ann"), (BOB, "bob")):
        room.open(conn, name, 0)
        room.handle(conn, Join(User(name, name, 0)), 0)
    room.handle(ANN, FILM, 0)
    for second in range(60):
        now_us = second * SECOND
        if second % leaves_every_s == 0:
            room.handle(BOB, Bye(), now_us)
            room.handle(BOB, Join(User("bob", "Bob", 0)), now_us)
        room.handle(ANN, Heartbeat(False), now_us)
        room.handle(BOB, Heartbeat(True), now_us)
        if second % leaves_every_s == 0:
            room.handle(ANN, Play(), now_us)
        room.poll(now_us)
        book.note(keep_others_waiting(room.view(now_us)), now_us, now_us + SECOND)
    assert book.worst_us(policy.wait_window_us, 60 * SECOND) <= policy.max_wait_us
