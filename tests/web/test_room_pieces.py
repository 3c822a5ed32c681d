"""What of a room's page is sent anew, and when."""

from dataclasses import replace
from typing import Any

import pytest

from bunga_cli.api.v1.room_models import Room
from bunga_cli.server.feed import Happening
from bunga_cli.sync.values import Projection, User, VideoRecord
from bunga_cli.sync.views import RoomView, Waiting, WatcherView
from bunga_cli.web.console.room_pieces import HISTORY, Pieces, event_keys, key_of, scale_us

HOUR_US = 3_600_000_000
SECOND_US = 1_000_000
ANN, BOB = User("ann", "Ann", 10), User("bob", "Bob", 200)
FILM = Projection(VideoRecord("film", "A film", None, "alist", "/film"), ANN)
EMPTY = RoomView("demo", "paused", 0, None, (), (), (), call_pending=False, connections=0)
PLAYING = replace(
    EMPTY,
    play_state="playing",
    rate=1,
    position_us=60 * SECOND_US,
    projection=FILM,
    connections=2,
    watchers=(WatcherView(ANN, "ready", 1, SECOND_US, "1.5"), WatcherView(BOB, "ready", 1)),
)
ANN_KEY, BOB_KEY = key_of("ann"), key_of("bob")


class Reader:
    """One who has the page open, at 1,000 s."""

    def __init__(self) -> None:
        self.pieces = Pieces("en", "/console/channels/demo/room", "the-token")
        self.now_s = 1000.0

    def see(self, view: RoomView, *events: Happening, after_s: float = 0) -> dict[str, Any]:
        """Look at the room, and return what is sent."""
        self.now_s += after_s
        return self.pieces.changed(Room.of(view, events), self.now_s)


def later(view: RoomView, seconds: int) -> RoomView:
    """Return the same room, a while later."""
    watchers = [replace(w, since_us=w.since_us + seconds * SECOND_US) for w in view.watchers]
    position_us = view.position_us + view.rate * seconds * SECOND_US
    return replace(view, position_us=position_us, watchers=tuple(watchers))


def event(number: int, kind: str = "joined", text: str | None = None) -> Happening:
    return Happening(number, "demo", kind, ANN, 0, text)


def test_at_first_all_pieces_are_sent_and_each_watcher_as_a_whole() -> None:
    sent = Reader().see(PLAYING, event(7))

    assert {"play-state", "timeline", "controls", "call", "event-7-0"} <= sent["pieces"].keys()
    assert f"watcher-{ANN_KEY}" in sent["pieces"]
    assert f"state-{ANN_KEY}" not in sent["pieces"]
    assert sent["lists"] == {
        "watchers": [f"watcher-{ANN_KEY}", f"watcher-{BOB_KEY}"],
        "events": ["event-7-0"],
    }
    assert sent["now"] == {"position_us": 60 * SECOND_US, "rate": 1, "scale_us": 2 * HOUR_US}


def test_each_piece_has_the_id_it_is_sent_under() -> None:
    view = replace(PLAYING, talking=("bob",), waiting_for=(Waiting("bob", 1),))
    for name, html in Reader().see(view, event(7))["pieces"].items():
        assert f' id="{name}"' in html.partition(">")[0]


def test_time_alone_changes_no_piece() -> None:
    reader = Reader()
    reader.see(PLAYING)

    sent = reader.see(later(PLAYING, 30), after_s=30)

    assert (sent["pieces"], sent["lists"]) == ({}, {})
    assert sent["now"]["position_us"] == 90 * SECOND_US


def test_a_watcher_that_buffers_changes_what_shows_that_and_nothing_else() -> None:
    reader = Reader()
    reader.see(PLAYING)
    ann, bob = PLAYING.watchers
    waiting = replace(
        PLAYING,
        play_state="waiting",
        rate=0,
        watchers=(ann, replace(bob, state="buffering")),
        waiting_for=(Waiting("bob", 3 * SECOND_US),),
    )

    sent = reader.see(waiting)["pieces"]

    assert sent.keys() == {"bloom", "play-state", "waited", f"state-{BOB_KEY}"}
    assert "for Bob" in sent["play-state"]
    assert 'data-ago="3000"' in sent["waited"]


def test_a_state_that_began_anew_is_sent_although_it_is_the_same_one() -> None:
    reader = Reader()
    reader.see(later(PLAYING, 20), after_s=20)

    sent = reader.see(PLAYING)["pieces"]

    assert sent.keys() == {f"state-{ANN_KEY}", f"state-{BOB_KEY}"}


def test_the_round_trip_is_a_piece_of_its_own_so_that_no_button_is_replaced() -> None:
    reader = Reader()
    reader.see(PLAYING)
    ann, bob = PLAYING.watchers

    sent = reader.see(replace(PLAYING, watchers=(replace(ann, rtt_us=23_000), bob)))["pieces"]

    assert sent.keys() == {f"rtt-{ANN_KEY}"}
    assert "23 ms" in sent[f"rtt-{ANN_KEY}"]


def test_drifts_are_kept_once_a_second_and_the_last_minute_is_drawn() -> None:
    reader = Reader()
    ann, bob = PLAYING.watchers
    for number in range(150):
        drifting = replace(ann, drift_us=number * 1000)
        view = later(replace(PLAYING, watchers=(drifting, bob)), number // 2)
        sent = reader.see(view, after_s=0.5)

    html = sent["pieces"][f"drift-{ANN_KEY}"]
    points = html.partition('points="')[2].partition('"')[0].split()
    assert "+149 ms" in html
    assert len(points) == HISTORY


def test_a_drift_that_is_not_told_any_more_is_not_shown() -> None:
    reader = Reader()
    ann, bob = PLAYING.watchers
    reader.see(replace(PLAYING, watchers=(replace(ann, drift_us=-99_600), bob)))

    sent = reader.see(PLAYING)["pieces"]

    assert sent.keys() == {f"drift-{ANN_KEY}"}
    assert "not reported" in sent[f"drift-{ANN_KEY}"]


def test_who_leaves_is_off_the_list_and_whole_again_on_return() -> None:
    reader = Reader()
    reader.see(PLAYING)
    left = reader.see(replace(PLAYING, watchers=PLAYING.watchers[:1]))
    back = reader.see(PLAYING)

    assert left["lists"] == {"watchers": [f"watcher-{ANN_KEY}"]}
    assert f"watcher-{BOB_KEY}" in back["pieces"]
    assert f"drift-{BOB_KEY}" not in back["pieces"]


def test_of_the_events_only_new_ones_are_sent() -> None:
    reader = Reader()
    reader.see(PLAYING, event(1), event(2))

    sent = reader.see(PLAYING, event(2), event(3))

    assert sent["pieces"].keys() == {"event-3-0"}
    assert sent["lists"] == {"events": ["event-3-0", "event-2-0"]}


def test_events_of_one_moment_are_told_apart() -> None:
    room = Room.of(PLAYING, (event(1), event(1, "left"), event(2)))
    assert event_keys(room.events) == ["event-2-0", "event-1-1", "event-1-0"]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_what_people_call_themselves_and_say_is_text(text: str) -> None:
    mallory = User(text, text, 0)
    record = VideoRecord("x", text, None, text, "/x")
    view = replace(
        PLAYING,
        projection=Projection(record, mallory),
        watchers=(WatcherView(mallory, "buffering", 1, drift_us=5),),
        waiting_for=(Waiting(text, 1),),
        talking=(text,),
        play_state="waiting",
    )
    said = Happening(1, "demo", "message", mallory, 0, text)

    for html in Reader().see(view, said)["pieces"].values():
        assert "<script" not in html
        assert "<img" not in html


def test_whoever_has_no_nickname_is_called_by_the_account() -> None:
    view = replace(PLAYING, watchers=(WatcherView(User("ann", "", 0), "ready", 1),))
    assert "<strong>ann</strong>" in Reader().see(view)["pieces"][f"watcher-{ANN_KEY}"]


@pytest.mark.parametrize(
    ("position_us", "hours"),
    [(0, 2), (int(1.9 * HOUR_US), 2), (int(1.91 * HOUR_US), 3), (2000 * HOUR_US, 1000)],
)
def test_a_timeline_is_drawn_with_a_round_length_and_room_behind_the_position(
    position_us: int, hours: int
) -> None:
    assert scale_us(position_us) == hours * HOUR_US


@pytest.mark.parametrize("name", ["ann", "a b", '"><x', "\udc80", "安"])
def test_any_account_has_a_key_that_is_good_in_an_id(name: str) -> None:
    assert key_of(name).isalnum()
