"""`bunga import-django`, by the real command."""

import json
from pathlib import Path

import pytest

from bunga_cli.data_folder import DataFolder
from bunga_cli.importing.unfinished import read_mark
from tests.cli.conftest import Bunga, Terminal
from tests.importing.new_site import Facts, facts
from tests.importing.old_site import SECRET_KEY, OldSite, lived_in_site


@pytest.fixture
def old(tmp_path: Path) -> OldSite:
    return lived_in_site(tmp_path / "old")


@pytest.fixture
def given(old: OldSite, tmp_path: Path) -> list[str]:
    """The command, and what it always needs."""
    files = [str(old.database), "--media", str(old.media)]
    return ["import-django", *files, "--data", str(tmp_path / "new")]


@pytest.fixture
def new(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "new")


def test_what_would_come_is_shown_and_nothing_is_changed(
    bunga: Bunga, given: list[str], new: DataFolder
) -> None:
    done = bunga(*given)

    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "WHAT              NEW  HERE ALREADY  CONFLICTS  LOST"
    assert "account           3    0             0          0" in lines
    assert lines[-2:] == [
        "Taken over, but:",
        "  account off: it was switched off, and is banned here.",
    ]
    assert "Nothing was changed: --apply does it." in done.stderr
    assert not new.path.exists()


def test_an_import_is_done_and_can_be_repeated(
    bunga: Bunga, given: list[str], new: DataFolder
) -> None:
    done = bunga(*given, "--secret-key-stdin", "--apply", stdin=f"{SECRET_KEY}\n")
    again = bunga(*given, "--secret-key", SECRET_KEY, "--apply", "--json")

    assert done.returncode == 0
    assert f"All of that is in {new.path} now" in done.stderr
    assert facts(new).old_secrets == [SECRET_KEY]
    assert again.returncode == 0
    assert {count["new"] for count in json.loads(again.stdout)["counts"]} == {0}
    channels = bunga("channels", "list", "--json", "--data", str(new.path))
    assert [channel["id"] for channel in json.loads(channels.stdout)] == ["film/night é", "lobby"]


def test_the_report_is_to_be_had_as_json(
    bunga: Bunga, given: list[str], new: DataFolder, old: OldSite
) -> None:
    (old.media / "logs" / "app.log").unlink()

    done = bunga(*given, "--json")

    shown = json.loads(done.stdout)
    assert (shown["applied"], shown["data"]) == (False, str(new.path))
    assert shown["counts"][1] == {
        "kind": "channel",
        "new": 2,
        "present": 0,
        "conflicts": 0,
        "losses": 0,
    }
    assert {
        "kind": "client log",
        "verdict": "loss",
        "name": "logs/app.log",
        "sentence": "its file is missing.",
    } in shown["findings"]


def test_what_is_true_of_many_is_told_once(bunga: Bunga, given: list[str], old: OldSite) -> None:
    for number in range(30):
        old.change(
            "INSERT INTO server_clientlog (channel_id, created_at, file) VALUES ('lobby', ?, ?)",
            *("2025-01-01 00:00:00", f"logs/{number:02}.log"),
        )

    done = bunga(*given)

    shown = ", ".join(f"logs/{number:02}.log" for number in range(10))
    line = f"  client log {shown} and 20 more: its file is missing."
    assert line in done.stdout.splitlines()


def test_a_file_that_is_no_database_is_refused(
    bunga: Bunga, given: list[str], new: DataFolder, old: OldSite
) -> None:
    old.database.write_text("hello")

    done = bunga(*given, "--apply")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (f"Error: {old.database} is no SQLite database; nothing was imported.\n")
    assert not new.path.exists()


def test_a_folder_that_a_server_serves_is_refused(
    bunga: Bunga, given: list[str], new: DataFolder
) -> None:
    new.create()
    with new.lock():
        done = bunga(*given, "--apply")

    assert done.returncode == 1
    assert "stop it" in done.stderr
    assert facts(new) == Facts()


def test_a_key_can_only_be_given_in_one_way(bunga: Bunga, given: list[str]) -> None:
    done = bunga(*given, "--secret-key", "x", "--secret-key-stdin")
    assert done.returncode == 2
    assert "not both" in done.stderr


def test_a_terminal_shows_how_far_it_is(terminal: Terminal, given: list[str]) -> None:
    code, printed = terminal(*given, "--apply")
    assert code == 0
    assert "Importing" in printed
    assert "100%" in printed


def test_a_command_that_comes_after_a_killed_import_ends_it(
    bunga: Bunga, given: list[str], new: DataFolder
) -> None:
    bunga(*given, "--apply")
    # As if it had died before the settings were written.
    new.auto_settings.unlink()
    mark = read_mark(new.database)
    rest = {"mark": mark, "settings": {"site.name": "Film club"}, "secret": None}
    new.import_note.write_text(json.dumps(rest))

    shown = bunga("config", "get", "site.name", "--data", str(new.path))

    assert shown.stdout == "Film club\n"
    assert not new.import_note.exists()
