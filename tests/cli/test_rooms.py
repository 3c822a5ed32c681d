"""`bunga rooms` against a stand-in for the server: what it asks, prints and returns."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
import typer
from rich.console import Console

from bunga_cli.cli import local_api, room_live, room_view, room_words
from bunga_cli.cli.screen import Screen
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import BungaError, NotFound, ServerUnreachable
from tests.cli.conftest import Bunga, StandIn, Terminal

SECOND = 1_000_000
ROOM: dict[str, Any] = {
    "channel_id": "lobby",
    "play_state": "waiting",
    "position_us": 3_723_000_000,
    "rate": 0,
    "cause": {"what": "readiness changes", "who": {"id": "ben", "name": "Ben"}},
    "record": {
        "record_id": "r1",
        "title": "Sintel",
        "thumb_url": None,
        "source": "link",
        "path": "https://example.org/sintel.mp4",
    },
    "sharer": {"id": "ann", "name": "Ann", "color_hue": 10},
    "watchers": [
        {
            "id": "ann",
            "name": "Ann",
            "color_hue": 10,
            "state": "ready",
            "since_us": 130 * SECOND,
            "connections": 2,
            "generation": "1.5",
            "rtt_us": 23_400,
            "drift_us": None,
        },
        {
            "id": "ben",
            "name": "Ben",
            "color_hue": 20,
            "state": "buffering",
            "since_us": 4_200_000,
            "connections": 1,
            "generation": "1.4",
            "rtt_us": None,
            "drift_us": -40_000,
        },
    ],
    "waiting_for": [{"id": "ben", "for_us": 4_200_000}],
    "talking": [],
    "call_pending": False,
    "connections": 3,
    "events": [],
}
EVENT = {
    "channel_id": "lobby",
    "at": "2026-01-02T03:04:05Z",
    "kind": "paused",
    "who": {"id": "ann", "name": "Ann"},
    "position_us": 42 * SECOND,
    "text": None,
    "cause": None,
}


def test_rooms_are_listed(bunga: Bunga, server: StandIn) -> None:
    server.answer("GET /api/v1/rooms", {"rooms": [ROOM]})

    done = bunga("rooms", "list", "--data", str(server.data.path))

    assert done.stdout.splitlines()[1].split() == [
        *("lobby", "waiting", "1:02:03", "Sintel", "2", "Ben")
    ]


def test_rooms_are_listed_and_shown_as_json(bunga: Bunga, server: StandIn) -> None:
    server.answer("GET /api/v1/rooms", {"rooms": [ROOM]})
    server.answer("GET /api/v1/rooms/lobby", ROOM)
    folder = str(server.data.path)

    assert json.loads(bunga("rooms", "list", "--json", "--data", folder).stdout) == [ROOM]
    assert json.loads(bunga("rooms", "show", "lobby", "--json", "--data", folder).stdout) == ROOM


def test_a_narrow_terminal_shortens_names_and_titles_and_a_pipe_does_not(
    bunga: Bunga, terminal: Terminal, server: StandIn
) -> None:
    title = "一部很长的电影 " + "a title without an end " * 5
    record = {**ROOM["record"], "title": title}
    server.answer("GET /api/v1/rooms", {"rooms": [{**ROOM, "record": record}]})
    command = ("rooms", "list", "--data", str(server.data.path))

    _, shown = terminal(*command, columns=72)

    assert shown.splitlines() == [
        "CHANNEL  STATE    POSITION  VIDEO                      WATCHERS  HELD BY",
        "lobby    waiting  1:02:03   一部很长的电影 a title w…  2         Ben",
    ]
    assert title.rstrip() in bunga(*command).stdout


def test_a_room_shows_its_watchers_and_whom_it_waits_for(bunga: Bunga, server: StandIn) -> None:
    server.answer("GET /api/v1/rooms/lobby", ROOM)

    lines = bunga("rooms", "show", "lobby", "--data", str(server.data.path)).stdout.splitlines()

    assert "because       Ben is not ready" in lines
    assert "waiting for   Ben (4 s)" in lines
    assert lines[-2].split() == ["ann", "Ann", "ready", "0:02:10", "1.5", "23", "ms", "-"]
    assert lines[-1].split() == ["ben", "Ben", "buffering", "4", "s", "1.4", "-", "-40", "ms"]


def test_a_room_without_video_is_shown(bunga: Bunga, server: StandIn) -> None:
    bare = {**ROOM, "record": None, "sharer": None, "watchers": [], "waiting_for": []}
    server.answer("GET /api/v1/rooms/lobby", {**bare, "cause": None})

    done = bunga("rooms", "show", "lobby", "--data", str(server.data.path))

    assert done.returncode == 0
    assert "video         -" in done.stdout.splitlines()


def test_a_room_that_does_not_exist_is_one_line(bunga: Bunga, server: StandIn) -> None:
    refusal = {"error": {"code": "not_found", "message": "There is no channel 'x'."}}
    server.answer("GET /api/v1/rooms/x", refusal, status=404)

    done = bunga("rooms", "show", "x", "--data", str(server.data.path))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: There is no channel 'x'.\n"


# -- a hand in a room -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        (("play", "lobby"), None),
        (("pause", "lobby"), None),
        (("seek", "lobby", "1:23:45"), {"position_us": 5025 * SECOND}),
        (("seek", "lobby", "+30s"), {"offset_us": 30 * SECOND}),
        (("seek", "lobby", "-1m"), {"offset_us": -60 * SECOND}),
        (("seek", "lobby", "-1h"), {"offset_us": -3600 * SECOND}),
        (("project", "lobby", "http://a/b.mp4"), {"url": "http://a/b.mp4"}),
        (
            ("project", "lobby", "http://a/b.mp4", "--title", "The film"),
            {"url": "http://a/b.mp4", "title": "The film"},
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_room_does_what_it_is_told(
    bunga: Bunga, server: StandIn, command: tuple[str, ...], sent: object
) -> None:
    request = f"POST /api/v1/rooms/lobby/{command[0]}"
    server.answer(request, ROOM)

    done = bunga("rooms", *command, "--data", str(server.data.path))

    assert server.requests == [(request, sent)]
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "The room lobby is waiting at 1:02:03; it waits for Ben.\n"


def test_a_command_in_vain_says_why(bunga: Bunga, server: StandIn) -> None:
    refusal = {"error": {"code": "conflict", "message": "Nothing is projected in this room."}}
    server.answer("POST /api/v1/rooms/lobby/play", refusal, status=409)

    done = bunga("rooms", "play", "lobby", "--data", str(server.data.path))

    assert (done.returncode, done.stderr) == (1, "Error: Nothing is projected in this room.\n")


def test_something_is_said_to_everybody(bunga: Bunga, server: StandIn) -> None:
    server.answer("POST /api/v1/rooms/lobby/say", ROOM)

    done = bunga("rooms", "say", "lobby", "hello there", "--data", str(server.data.path))

    assert done.returncode == 0
    assert server.requests == [("POST /api/v1/rooms/lobby/say", {"text": "hello there"})]


def test_what_is_said_needs_no_quotes(bunga: Bunga, server: StandIn) -> None:
    server.answer("POST /api/v1/rooms/lobby/say", ROOM)

    done = bunga("rooms", "say", "lobby", "Tea", "in", "five", "--data", str(server.data.path))

    assert done.returncode == 0
    assert server.requests == [("POST /api/v1/rooms/lobby/say", {"text": "Tea in five"})]


def test_a_room_is_reset(bunga: Bunga, server: StandIn) -> None:
    server.answer("POST /api/v1/rooms/lobby/reset", None, status=204)

    done = bunga("rooms", "reset", "lobby", "--data", str(server.data.path))

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "The room lobby is reset.\n"


@pytest.mark.parametrize("wanted", ["ben", "Ben", "BEN"])
def test_a_watcher_is_kicked_by_id_or_by_name(bunga: Bunga, server: StandIn, wanted: str) -> None:
    server.answer("GET /api/v1/rooms/lobby", ROOM)
    server.answer("POST /api/v1/accounts/ben/kick", {"closed": 1})

    done = bunga("rooms", "kick", "lobby", wanted, "--data", str(server.data.path))

    assert done.returncode == 0
    assert server.requests[-1] == ("POST /api/v1/accounts/ben/kick", {"channel_id": "lobby"})


def test_who_is_not_there_cannot_be_kicked(bunga: Bunga, server: StandIn) -> None:
    server.answer("GET /api/v1/rooms/lobby", ROOM)

    done = bunga("rooms", "kick", "lobby", "cem", "--data", str(server.data.path))

    assert done.returncode == 1
    assert done.stderr == "Error: No cem is in the room lobby; there are Ann, Ben.\n"


def test_of_two_with_one_name_none_is_kicked(bunga: Bunga, server: StandIn) -> None:
    twins = [{**watcher, "name": "Sam"} for watcher in ROOM["watchers"]]
    server.answer("GET /api/v1/rooms/lobby", {**ROOM, "watchers": twins})

    done = bunga("rooms", "kick", "lobby", "sam", "--data", str(server.data.path))

    assert done.returncode == 1
    assert done.stderr == "Error: Two watchers are called sam: name one by id: ann, ben.\n"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "position", ["soon", "1:2:3:4", "+", "-", "1:99x", "", "99:99:99", "1:75", "1:60:00", "+0:60"]
)
def test_what_is_no_position_is_wrong_usage(bunga: Bunga, data: DataFolder, position: str) -> None:
    done = bunga("rooms", "seek", "--data", str(data.path), "--", "lobby", position)

    assert (done.returncode, done.stdout) == (2, "")
    assert "1:23:45, 90, +30s or -1m" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("90", {"position_us": 90 * SECOND}),
        ("1:30", {"position_us": 90 * SECOND}),
        ("90:00", {"position_us": 5400 * SECOND}),
        ("1:02:03.5", {"position_us": 3_723_500_000}),
        ("100:00:00", {"position_us": 360_000 * SECOND}),
        ("1h2m", {"position_us": 3720 * SECOND}),
        ("+1:30", {"offset_us": 90 * SECOND}),
        ("+90", {"offset_us": 90 * SECOND}),
        ("-500ms", {"offset_us": -500_000}),
        ("\N{MINUS SIGN}1m", {"offset_us": -60 * SECOND}),
        ("- 1m", {"offset_us": -60 * SECOND}),
    ],
)
def test_a_position_is_written_in_many_ways(text: str, asked: dict[str, int]) -> None:
    assert room_words.sought(text) == asked


def test_a_position_with_too_many_colons_is_none() -> None:
    with pytest.raises(typer.BadParameter):
        room_words.sought("1:2:3:4")


def test_a_minus_is_shielded_only_before_the_end_of_the_options() -> None:
    shielded = room_words.shielded(["-1m", "-h", "--data", "x", "--", "-2m"])

    assert shielded == ["\N{MINUS SIGN}1m", "-h", "--data", "x", "--", "-2m"]


# -- events ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ({}, "Ann paused at 0:00:42"),
        ({"kind": "message", "text": "hello"}, "Ann: hello"),
        ({"kind": "joined", "who": {"id": "a1", "name": ""}}, "a1 joined"),
        ({"kind": "projected", "text": "Sintel"}, "Ann shares Sintel"),
        ({"kind": "left"}, "Ann left"),
        ({"kind": "left", "text": "kicked"}, "an admin sent Ann out"),
        ({"kind": "reset", "who": None}, "an admin reset the room"),
        (
            {"kind": "projected", "text": "Sintel", "who": {"id": "admin", "name": "admin"}},
            "an admin shares Sintel",
        ),
        (
            {"kind": "projected", "text": "Sintel", "who": {"id": "admin", "name": "Mia"}},
            "Mia shares Sintel",
        ),
        ({"kind": "finished", "who": None}, "the video ended"),
        (
            {"kind": "state", "text": "waiting", "cause": "readiness changes"},
            "now waiting: Ann is not ready",
        ),
        (
            {"kind": "state", "text": "playing", "cause": "readiness changes"},
            "now playing: everybody is ready",
        ),
        ({"kind": "state", "text": "paused", "cause": "new watcher"}, "now paused: Ann is new"),
        ({"kind": "call", "text": "cancel", "who": None}, "call cancel"),
        ({"kind": "lost", "text": "12", "who": None}, "12 events were missed here"),
        ({"kind": "unheard-of", "text": None}, "unheard-of Ann"),
    ],
)
def test_an_event_is_a_sentence(event: dict[str, object], sentence: str) -> None:
    assert room_words.sentence({**EVENT, **event}) == sentence


@pytest.mark.parametrize("command", [["events"], ["events", "lobby"], ["watch", "lobby"]])
def test_without_a_server_nothing_happens(
    bunga: Bunga, data: DataFolder, command: list[str]
) -> None:
    done = bunga("rooms", *command, "--data", str(data.path))

    assert (done.returncode, done.stdout) == (1, "")
    assert "No server runs on" in done.stderr


def test_a_view_needs_a_terminal(bunga: Bunga, server: StandIn) -> None:
    server.answer("GET /api/v1/rooms/lobby", ROOM)

    done = bunga("rooms", "watch", "lobby", "--data", str(server.data.path))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: This draws on a terminal, and here is none:"
        " `bunga rooms show` and `bunga rooms events` write into a pipe.\n"
    )


def test_two_who_are_called_the_same_are_told_apart_by_their_ids() -> None:
    twins = [{**watcher, "name": "Sam"} for watcher in ROOM["watchers"]]

    assert room_words.known_as("ben", ROOM) == "Ben"
    assert room_words.known_as("ben", {**ROOM, "watchers": twins}) == "Sam (ben)"
    assert room_words.known_as("gone", ROOM) == "gone"


def test_a_small_view_has_room_for_those_who_hold_it_up() -> None:
    states = {"cem": "away", "dan": "away", "eve": "ready", "fay": "ready", "ben": "buffering"}
    ben = ROOM["watchers"][1]
    watchers = [{**ben, "id": who, "name": who, "state": states[who]} for who in states]
    console = Console(width=60, height=12)

    with console.capture() as drawn:
        console.print(room_view.picture({**ROOM, "watchers": watchers}, "", 60, 12))

    lines = drawn.get().splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("WATCHER"))
    first, second = (line.split()[0] for line in lines[head + 1 : head + 3])
    assert (first, second) == ("ben", "eve")
    assert any("5 watching (2 away)" in line for line in lines)
    assert any("waiting for ben (4 s)" in line for line in lines)


def test_what_a_server_says_cannot_command_the_terminal() -> None:
    evil = "\x1b]0;x\x07\x1b[2J\x9b7m\u202e"

    def spoilt(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spoilt(each) for key, each in value.items()}
        if isinstance(value, list):
            return [spoilt(each) for each in value]
        return f"{value}{evil}" if isinstance(value, str) else value

    console = Console(width=200, height=40)
    with console.capture() as drawn:
        console.print(room_view.picture(spoilt(ROOM), evil, 200, 40))

    assert "waiting\ufffd" in drawn.get()
    assert all(char.isprintable() or char == "\n" for char in drawn.get())


@dataclass
class Canvas:
    """A screen that nobody sees."""

    width: int = 80
    height: int = 24
    keys_fd: int = -1

    def draw(self, picture: object) -> None:
        assert picture


async def test_a_view_waits_for_a_server_that_is_away_and_ends_with_its_channel(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[BungaError | dict[str, Any]] = [
        BungaError("502"),
        ServerUnreachable("gone"),
        ROOM,
        NotFound("no channel"),
    ]

    async def stream(folder: DataFolder, *path: str) -> AsyncIterator[dict[str, Any]]:
        assert (folder, path) == (data, ("rooms", "lobby", "watch"))
        answer = answers.pop(0)
        if isinstance(answer, BungaError):
            raise answer
        yield answer

    monkeypatch.setattr(local_api, "stream", stream)
    monkeypatch.setattr(room_live, "_RETRY_S", 0)
    look = room_live._Look(data, "lobby", cast(Screen, Canvas()), {**ROOM, "watchers": []})

    with pytest.raises(NotFound):
        await look._follow()

    assert (look.room, look.trouble) == (ROOM, "connection lost, trying again")
