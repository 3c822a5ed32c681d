"""What the Tab key offers."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bunga_cli.data_folder import DataFolder
from bunga_cli.settings.keys import core_keys
from tests.backups import make_site
from tests.cli.conftest import Bunga
from tests.servers import Site


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return make_site(tmp_path / "bunga-data")


def add_channel(folder: DataFolder, channel_id: str) -> None:
    with closing(sqlite3.connect(folder.database)) as database, database:
        database.execute(
            "INSERT INTO channels (id, name, allow_new_client, created_at)"
            " SELECT ?, name, allow_new_client, created_at"
            " FROM channels WHERE id = 'lobby'",
            (channel_id,),
        )


def offered(bunga: Bunga, line: str, **env: str) -> list[str]:
    """Return what is offered behind a line that begins with `bunga`, as bash asks for it."""
    words = line.split(" ")
    done = bunga(
        _BUNGA_COMPLETE="complete_bash",
        COMP_WORDS=line,
        COMP_CWORD=str(len(words) - 1),
        **env,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("bunga do", ["doctor"]),
        ("bunga rooms sh", ["show"]),
        ("bunga rooms show l", ["lobby"]),
        ("bunga rooms show x", []),
        ("bunga rooms watch ", ["lobby"]),
        ("bunga rooms events ", ["lobby"]),
        ("bunga channels show ", ["lobby"]),
        ("bunga accounts show a", ["ann"]),
        ("bunga accounts kick --channel ", ["lobby"]),
        ("bunga config set sync.max", ["sync.max_wait"]),
        ("bunga config get server.p", ["server.port", "server.public_url"]),
        ("bunga plugins info a", ["agora", "alist"]),
        ("bunga serve --log-l", ["--log-level"]),
    ],
)
def test_what_fits_is_offered(
    bunga: Bunga, folder: DataFolder, line: str, expected: list[str]
) -> None:
    assert offered(bunga, line) == expected


@pytest.mark.parametrize(
    "line", ["bunga rooms show --data elsewhere ", "bunga --data elsewhere rooms show "]
)
def test_ids_are_those_of_the_folder_that_is_named(
    bunga: Bunga, folder: DataFolder, line: str
) -> None:
    folder.path.rename(folder.path.with_name("elsewhere"))

    assert offered(bunga, line) == ["lobby"]
    assert offered(bunga, "bunga rooms show ") == []
    assert offered(bunga, "bunga rooms show ", BUNGA_DATA="elsewhere") == ["lobby"]


def test_ids_that_a_shell_would_take_for_more_than_a_word_are_not_offered(
    bunga: Bunga, folder: DataFolder
) -> None:
    evil = ["$(touch evil)", "`touch evil`", "a b", "*", "a;b", "a'b", 'a"b', "-rf", "a\nb", "a/b"]
    for channel_id in [*evil, "放映室", "film-night_2.0"]:
        add_channel(folder, channel_id)

    assert offered(bunga, "bunga rooms show ") == ["film-night_2.0", "lobby", "放映室"]


def test_a_running_servers_channels_are_offered(site: Site, bunga: Bunga) -> None:
    site.create_channel("tab-key")

    assert offered(bunga, f"bunga --data {site.data} rooms show tab") == ["tab-key"]


def test_looking_for_ids_leaves_nothing_behind(bunga: Bunga, folder: DataFolder) -> None:
    before = {path.name for path in folder.path.iterdir()}
    offered(bunga, "bunga rooms show ")

    assert {path.name for path in folder.path.iterdir()} == before


def test_a_damaged_database_is_passed_over_in_silence(bunga: Bunga, folder: DataFolder) -> None:
    folder.database.write_bytes(b"no database")

    assert offered(bunga, "bunga rooms show ") == []


def test_all_keys_of_the_core_are_offered(bunga: Bunga) -> None:
    assert offered(bunga, "bunga config get ") == list(core_keys())


@pytest.mark.parametrize("line", ["bunga rooms show ", "bunga config set ", "bunga "])
def test_the_tab_key_waits_for_no_import_of_the_server(
    bunga: Bunga, folder: DataFolder, line: str
) -> None:
    done = bunga(
        _BUNGA_COMPLETE="complete_bash",
        COMP_WORDS=line,
        COMP_CWORD=str(len(line.split(" ")) - 1),
        PYTHONPROFILEIMPORTTIME="1",
    )
    imported = {row.rpartition("|")[2].strip() for row in done.stderr.splitlines()}

    assert "bunga_cli.cli.completion" in imported
    assert not {"fastapi", "httpx2", "sqlalchemy", "uvicorn"} & imported


@pytest.mark.parametrize(
    ("shell", "says"),
    [("bash", "complete -o default -F"), ("zsh", "#compdef bunga"), ("fish", "complete --command")],
)
def test_each_shell_has_its_script(bunga: Bunga, shell: str, says: str) -> None:
    done = bunga("completion", shell)

    assert done.returncode == 0
    assert says in done.stdout
    assert done.stderr == ""


def test_a_shell_that_nobody_knows_is_wrong_usage(bunga: Bunga) -> None:
    done = bunga("completion", "csh")

    assert done.returncode == 2
    assert "bash, zsh, fish" in done.stderr


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        ("complete_zsh", {"_TYPER_COMPLETE_ARGS": "bunga rooms show l"}),
        (
            "complete_fish",
            {
                "_TYPER_COMPLETE_ARGS": "bunga rooms show l",
                "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            },
        ),
    ],
)
def test_zsh_and_fish_are_answered_as_their_scripts_ask(
    bunga: Bunga, folder: DataFolder, words: str, typed: dict[str, str]
) -> None:
    assert "lobby" in bunga(_BUNGA_COMPLETE=words, **typed).stdout


def test_bash_completes_with_the_script(folder: DataFolder, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash
    command = tmp_path / "bunga"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m bunga_cli "$@"\n')
    command.chmod(0o755)
    typed = f"""
        PATH={tmp_path}:$PATH
        eval "$(bunga completion bash)"
        COMP_WORDS=(bunga rooms show lo) COMP_CWORD=3
        _bunga_completion bunga
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        [bash, "--norc", "-c", typed],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])},
    )

    assert done.stdout.split() == ["lobby"]
