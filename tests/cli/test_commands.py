"""The commands against a stand-in for the server: what they ask, print and return."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Bunga, StandIn, Terminal

LOBBY = {
    "id": "lobby",
    "name": "Lobby",
    "allow_new_client": True,
    "on_join": None,
    "max_wait_us": None,
    "reconnect_grace_us": None,
    "shows_room": False,
    "legacy_compensation": None,
    "members": 2,
    "created_at": "2026-01-02T03:04:05+00:00",
}


def test_channels_are_listed_as_a_table(bunga: Bunga, server: StandIn) -> None:
    server.answer("GET /api/v1/channels", {"channels": [LOBBY]})

    done = bunga("channels", "list", "--data", str(server.data.path))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "ID     NAME   NEW CLIENTS  ON JOIN  MEMBERS  CREATED",
        "lobby  Lobby  yes          default  2        2026-01-02 03:04",
    ]


def test_channels_are_listed_as_json(bunga: Bunga, server: StandIn) -> None:
    server.answer("GET /api/v1/channels", {"channels": [LOBBY]})

    done = bunga("channels", "list", "--json", "--data", str(server.data.path))

    assert json.loads(done.stdout) == [LOBBY]


def test_the_data_folder_is_found_before_the_command_and_in_the_environment(
    bunga: Bunga, server: StandIn
) -> None:
    server.answer("GET /api/v1/channels", {"channels": []})
    folder = str(server.data.path)

    before = bunga("--data", folder, "channels", "list")
    in_environment = bunga("channels", "list", BUNGA_DATA=folder)
    overridden = bunga("channels", "list", "--data", folder, BUNGA_DATA="/nowhere")

    assert [before.returncode, in_environment.returncode, overridden.returncode] == [0, 0, 0]


def test_a_made_channel_is_shown_with_the_address_for_players(
    bunga: Bunga, server: StandIn
) -> None:
    made = {**LOBBY, "id": "film/night é", "name": "Film", "allow_new_client": False}
    server.answer("POST /api/v1/channels", made, status=201)

    done = bunga(
        *("channels", "create", "film/night é", "--name", "Film", "--closed"),
        *("--on-join", "continue", "--max-wait", "1m30s", "--shows-room"),
        *("--data", str(server.data.path)),
    )

    assert done.returncode == 0
    assert server.requests == [
        (
            "POST /api/v1/channels",
            {
                "id": "film/night é",
                "name": "Film",
                "allow_new_client": False,
                "on_join": "continue",
                "max_wait_us": 90_000_000,
                "reconnect_grace_us": None,
                "shows_room": True,
            },
        )
    ]
    address = "http://bunga.test:8000/api/channels/film%2Fnight%20%C3%A9/register/"
    assert done.stdout.splitlines()[-1].split() == ["for", "players", address]


def test_an_id_with_a_slash_is_one_segment_of_the_path(bunga: Bunga, server: StandIn) -> None:
    server.answer("GET /api/v1/channels/a%2Fb%20c", {**LOBBY, "id": "a/b c"})

    done = bunga("channels", "show", "a/b c", "--data", str(server.data.path))

    assert done.returncode == 0
    assert done.stdout.splitlines()[0].split(maxsplit=1) == ["id", "a/b c"]


@pytest.mark.parametrize(
    ("key", "value", "sent"),
    [
        ("name", "New name", {"name": "New name"}),
        ("name", "default", {"name": "default"}),
        ("allow_new_client", "no", {"allow_new_client": False}),
        ("allow_new_client", "TRUE", {"allow_new_client": True}),
        ("on_join", "continue", {"on_join": "continue"}),
        ("on_join", "default", {"on_join": None}),
        ("max_wait", "10s", {"max_wait_us": 10_000_000}),
        ("max_wait", "0", {"max_wait_us": 0}),
        ("max_wait", "default", {"max_wait_us": None}),
        ("reconnect_grace", "1m 500ms", {"reconnect_grace_us": 60_500_000}),
        ("reconnect_grace", "default", {"reconnect_grace_us": None}),
        ("shows_room", "on", {"shows_room": True}),
        ("shows_room", "no", {"shows_room": False}),
        ("legacy_compensation", "no", {"legacy_compensation": False}),
        ("legacy_compensation", "default", {"legacy_compensation": None}),
    ],
)
def test_a_channel_is_changed(
    bunga: Bunga, server: StandIn, key: str, value: str, sent: dict[str, object]
) -> None:
    server.answer("PATCH /api/v1/channels/lobby", LOBBY)

    done = bunga("channels", "set", "lobby", key, value, "--data", str(server.data.path))

    assert done.returncode == 0
    assert server.requests == [("PATCH /api/v1/channels/lobby", sent)]


def test_how_a_channel_is_run_is_shown_as_people_write_it(bunga: Bunga, server: StandIn) -> None:
    own = {
        "on_join": "pause",
        "max_wait_us": 90_000_000,
        "reconnect_grace_us": 0,
        "legacy_compensation": False,
    }
    server.answer("GET /api/v1/channels/lobby", LOBBY)
    server.answer("GET /api/v1/channels/film", {**LOBBY, **own, "shows_room": True})

    lobby, film = (
        dict(line.split("  ", 1) for line in done.stdout.splitlines())
        for name in ("lobby", "film")
        for done in [bunga("channels", "show", name, "--data", str(server.data.path))]
    )

    keys = ("on join", "max wait", "reconnect grace", "shows room", "legacy compensation")
    assert [lobby[key].strip() for key in keys] == ["default"] * 3 + ["no", "default"]
    assert [film[key].strip() for key in keys] == ["pause", "1m30s", "0s", "yes", "no"]


@pytest.mark.parametrize("option", ["--max-wait", "--reconnect-grace"])
def test_a_channel_is_not_made_with_a_duration_that_is_none(
    bunga: Bunga, server: StandIn, option: str
) -> None:
    done = bunga("channels", "create", "x", option, "soon", "--data", str(server.data.path))

    assert done.returncode == 2
    assert f"Invalid value for {option}: 'soon' is not a duration" in " ".join(done.stderr.split())
    assert server.requests == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("on_join", "jump"),
        ("allow_new_client", "maybe"),
        ("shows_room", "default"),
        ("legacy_compensation", "perhaps"),
        ("max_wait", "soon"),
        ("max_wait", "-5s"),
        ("reconnect_grace", "300y"),
        ("reconnect_grace", "99999999d"),
    ],
)
def test_a_value_that_is_not_allowed_is_wrong_usage(
    bunga: Bunga, server: StandIn, key: str, value: str
) -> None:
    done = bunga("channels", "set", "lobby", key, value, "--data", str(server.data.path))

    assert done.returncode == 2
    assert value in done.stderr
    assert server.requests == []


def test_a_channel_is_deleted_only_after_a_yes(terminal: Terminal, server: StandIn) -> None:
    server.answer("GET /api/v1/channels/lobby", {**LOBBY, "records": 3, "subtitles": 1})
    server.answer("DELETE /api/v1/channels/lobby", None, status=204)
    command = ("channels", "delete", "lobby", "--data", str(server.data.path))

    refused, told = terminal(*command, typed="n\n")
    agreed, _ = terminal(*command, typed="y\n")
    unasked, _ = terminal(*command, "--yes")

    assert [refused, agreed, unasked] == [1, 0, 0]
    assert "and with it 2 members, 3 records, 1 subtitle?" in told
    assert "Nothing was changed.\n" in told
    assert "Error" not in told
    deletions = [request for request in server.requests if request[0].startswith("DELETE")]
    assert deletions == [("DELETE /api/v1/channels/lobby", None)] * 2


def test_nobody_is_asked_about_a_channel_that_does_not_exist(
    terminal: Terminal, server: StandIn
) -> None:
    refusal = {"error": {"code": "not_found", "message": "There is no channel x."}}
    server.answer("GET /api/v1/channels/x", refusal, status=404)

    code, told = terminal("channels", "delete", "x", "--data", str(server.data.path))

    assert (code, told) == (1, "Error: There is no channel x.\n")


def test_nothing_is_deleted_without_anybody_to_ask(
    bunga: Bunga, terminal: Terminal, server: StandIn
) -> None:
    server.answer("GET /api/v1/channels/lobby", {**LOBBY, "records": 0, "subtitles": 0})
    command = ("channels", "delete", "lobby", "--data", str(server.data.path))

    piped = bunga(*command, stdin="y\n")
    code, told = terminal(*command, typed="\x04")

    complaint = "Error: Not deleted: nobody to ask; use --yes.\n"
    assert (piped.returncode, piped.stderr) == (1, complaint)
    assert (code, told.endswith(f"\n{complaint}")) == (1, True)
    assert {request for request, _ in server.requests} == {"GET /api/v1/channels/lobby"}


def test_a_password_is_asked_for_only_in_a_terminal_and_where_there_is_a_site(
    bunga: Bunga, terminal: Terminal, server: StandIn, tmp_path: Path
) -> None:
    refusal = {"error": {"code": "not_found", "message": "There is no account ann."}}
    server.answer("GET /api/v1/accounts/ann", refusal, status=404)

    piped = bunga("admins", "create", "ann", "--data", str(server.data.path), stdin="secret\n")
    nowhere = str(tmp_path / "nowhere")
    _, unasked = terminal("admins", "create", "ann", "--data", nowhere, columns=500)

    assert piped.returncode == 1
    assert piped.stderr == "Error: Not made: nobody to ask; use --stdin.\n"
    assert unasked.startswith("Error: There is no server data in ")


def test_a_refusal_of_the_server_is_one_line(bunga: Bunga, server: StandIn) -> None:
    refusal = {"error": {"code": "not_found", "message": "There is no channel x."}}
    server.answer("GET /api/v1/channels/x", refusal, status=404)

    done = bunga("channels", "show", "x", "--data", str(server.data.path))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: There is no channel x.\n"


def test_an_answer_that_is_not_understood_is_one_line(bunga: Bunga, server: StandIn) -> None:
    server.answer("GET /api/v1/channels", ["nonsense"], status=500)

    done = bunga("channels", "list", "--data", str(server.data.path))

    assert done.returncode == 1
    assert done.stderr == "Error: The server answered with HTTP status 500; its log may say why.\n"


def test_an_empty_id_is_refused(bunga: Bunga, server: StandIn) -> None:
    done = bunga("channels", "show", "", "--data", str(server.data.path))

    assert (done.returncode, done.stderr) == (1, "Error: An id must not be empty.\n")


@pytest.mark.parametrize("command", [["create", "lobby"], ["show", "lobby"]])
def test_json_has_the_address_for_players(
    bunga: Bunga, server: StandIn, command: list[str]
) -> None:
    server.answer("POST /api/v1/channels", LOBBY, status=201)
    server.answer("GET /api/v1/channels/lobby", LOBBY)

    done = bunga("channels", *command, "--json", "--data", str(server.data.path))

    address = "http://bunga.test:8000/api/channels/lobby/register/"
    assert json.loads(done.stdout) == {**LOBBY, "register_url": address}


@pytest.mark.parametrize(
    ("noun", "empty"),
    [
        ("rooms", "No room is open."),
        ("channels", "There is no channel: `bunga channels create` makes one."),
        ("admins", "There is no admin: `bunga admins create` makes one."),
    ],
)
def test_an_empty_list_is_a_sentence_in_a_terminal_and_a_heading_in_a_pipe(
    bunga: Bunga, terminal: Terminal, server: StandIn, noun: str, empty: str
) -> None:
    server.answer(f"GET /api/v1/{noun}", {noun: []})
    command = (noun, "list", "--data", str(server.data.path))

    piped = bunga(*command)

    assert terminal(*command) == (0, f"{empty}\n")
    assert (piped.returncode, len(piped.stdout.splitlines()), piped.stderr) == (0, 1, "")


def test_an_admins_password_is_read_from_stdin(bunga: Bunga, server: StandIn) -> None:
    server.answer("POST /api/v1/admins", {"id": 1, "username": "root"}, status=201)
    command = ("admins", "create", "root", "--stdin", "--data", str(server.data.path))

    done = bunga(*command, stdin="correct horse\n")
    without = bunga(*command, stdin="\n")

    assert done.returncode == 0
    assert without.stderr == "Error: The password must not be empty.\n"
    sent = {"username": "root", "password": "correct horse"}
    assert server.requests == [("POST /api/v1/admins", sent)]


def test_admins_are_listed(bunga: Bunga, server: StandIn) -> None:
    admin = {"id": 1, "username": "root", "created_at": "2026-01-02T03:04:05Z"}
    server.answer("GET /api/v1/admins", {"admins": [admin]})

    done = bunga("admins", "list", "--data", str(server.data.path))

    assert done.stdout.splitlines()[1].split() == ["root", "2026-01-02", "03:04"]


def test_a_name_cannot_command_the_terminal(bunga: Bunga, server: StandIn) -> None:
    server.answer("GET /api/v1/channels", {"channels": [{**LOBBY, "name": "\x1b[2J\u202e\n"}]})

    done = bunga("channels", "list", "--data", str(server.data.path))

    assert len(done.stdout.splitlines()) == 2
    assert not {"\x1b", "\u202e"} & set(done.stdout)


def test_an_invitation_into_a_closed_channel_says_so_and_how_to_open_it(
    bunga: Bunga, server: StandIn
) -> None:
    told = []
    for is_open in (True, False):
        server.answer("GET /api/v1/channels/a%20b", {"id": "a b", "allow_new_client": is_open})
        told.append(bunga("channels", "invite", "a b", "--data", str(server.data.path)).stderr)

    opening = f"`bunga --data {server.data.path} channels open 'a b'` opens it."
    assert told == ["", f"The channel a b is closed to new players; {opening}\n"]
