"""`bunga admins`, on a running server and without one."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.cli.conftest import Bunga, StandIn, Terminal
from tests.servers import Site, running_site


def login(site: Site, password: str, name: str = "root") -> int:
    """Return the status of a login."""
    form = {"username": name, "password": password}
    return httpx2.post(f"{site.url}/api/token/", data=form).status_code


def test_an_admin_is_made_changed_and_deleted_by_the_running_server(
    tmp_path: Path, bunga: Bunga
) -> None:
    with running_site(tmp_path / "data") as site:

        def run(*command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
            return bunga("admins", *command, "--data", str(site.data), stdin=stdin)

        made = run("create", "root", "--stdin", stdin="the first one\n")
        listed = json.loads(run("list", "--json").stdout)
        first = login(site, "the first one")
        changed = run("passwd", "root", "--stdin", stdin="the second one\n")
        logins = [login(site, "the first one"), login(site, "the second one")]
        deleted = run("delete", "root", "--yes")
        after = login(site, "the second one")

    assert [done.returncode for done in (made, changed, deleted)] == [0, 0, 0]
    assert [admin["username"] for admin in listed] == ["root"]
    assert (first, logins, after) == (200, [401, 200], 401)
    assert changed.stderr == "The password of root is changed; its tokens are revoked.\n"
    assert deleted.stderr.splitlines()[-1].startswith("There is no admin any more: ")


def test_an_admin_who_lost_the_password_gets_another_one_without_a_server(
    tmp_path: Path, bunga: Bunga
) -> None:
    with running_site(tmp_path / "data") as site:
        site.stop()
        data = ("--data", str(site.data))
        made = bunga("admins", "create", "root", "--stdin", *data, stdin="the first one\n")
        again = bunga("admins", "create", "root", "--stdin", *data, stdin="the first one\n")
        short = bunga("admins", "create", "ben", "--stdin", *data, stdin="short\n")
        changed = bunga("admins", "passwd", "root", "--stdin", *data, stdin="the second one\n")
        site.start()
        logins = [login(site, "the first one"), login(site, "the second one")]

    assert [done.returncode for done in (made, again, short, changed)] == [0, 1, 1, 0]
    assert "No server runs on" in made.stderr
    assert "There is an account 'root' already" in again.stderr
    assert "at least 8 characters" in short.stderr
    assert logins == [401, 200]


@pytest.mark.parametrize(
    "command", [["passwd", "nobody", "--stdin"], ["delete", "nobody", "--yes"]]
)
def test_who_is_no_admin_is_said_to_be_none(
    bunga: Bunga, server: StandIn, command: list[str]
) -> None:
    refusal = {"error": {"code": "not_found", "message": "There is no admin 'nobody'."}}
    server.answer("GET /api/v1/admins", {"admins": []})
    server.answer("POST /api/v1/admins/nobody/passwd", refusal, status=404)
    done = bunga("admins", *command, "--data", str(server.data.path), stdin="a password\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: There is no admin 'nobody'")


def test_the_last_admin_is_deleted_only_after_a_yes_to_that(
    terminal: Terminal, server: StandIn
) -> None:
    server.answer("GET /api/v1/admins", {"admins": [{"username": "root"}]})
    server.answer("DELETE /api/v1/admins/root", {"closed": 0})
    command = ("admins", "delete", "root", "--data", str(server.data.path))
    refused, told = terminal(*command, typed="n\n", columns=200)
    agreed, _ = terminal(*command, typed="y\n")
    assert (refused, agreed) == (1, 0)
    assert "It is the last one." in told


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (" ", "The name must not be empty."),
        ("x" * 151, "username: must have at most 150 characters."),
        (" root ", "There is an account 'root' already"),
        ("server", "The name 'server' is reserved: choose another one."),
        ("a\x07b", r"The name 'a\x07b' has characters that cannot be seen: leave them out."),
    ],
)
def test_no_password_is_asked_for_to_a_name_that_cannot_be(
    terminal: Terminal, server: StandIn, name: str, problem: str
) -> None:
    server.answer("GET /api/v1/accounts/root", {"username": "root"})
    command = ("admins", "create", name, "--data", str(server.data.path))

    code, told = terminal(*command, columns=200)

    assert code == 1
    assert told.startswith(f"Error: {problem}")


def test_a_new_password_is_asked_for_twice(server: StandIn) -> None:
    server.answer("GET /api/v1/admins", {"admins": [{"username": "root"}]})
    server.answer("POST /api/v1/admins/root/passwd", {"username": "root"})
    command = ["admins", "passwd", "root", "--data", str(server.data.path)]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "bunga_cli", *command], stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        for prompt in (b"not shown: ", b"same again: "):
            printed = b""
            while prompt not in printed:  # what is typed before it is asked for is thrown away
                printed += os.read(ours, 1000)
            os.write(ours, b"long enough\n")
    os.close(ours)
    assert process.returncode == 0
    sent = [body for request, body in server.requests if request.startswith("POST")]
    assert sent == [{"password": "long enough"}]
