"""`bunga accounts`, on a running server and without one."""

import json
from pathlib import Path

import httpx2
import pytest

from tests.cli.conftest import Bunga, StandIn, Terminal
from tests.servers import Site, running_site

PASSWORD = "a-password"


def register(site: Site, name: str, password: str = PASSWORD) -> int:
    """Return the status of a registration in the lobby."""
    form = {"username": name, "password": password}
    return httpx2.post(site.register_url("lobby"), data=form).status_code


def test_accounts_are_listed_and_shown(site: Site) -> None:
    site.register("lobby", "list-ann")
    site.register("lobby", "list-ben")
    rows = json.loads(site.bunga("accounts", "list", "--search", "LIST-", "--json").stdout)
    some = site.bunga("accounts", "list", "--search", "list-", "--limit", "1")
    shown = json.loads(site.bunga("accounts", "show", "list-ann", "--json").stdout)
    text = site.bunga("accounts", "show", "list-ann").stdout

    assert [(row["username"], row["channels"]) for row in rows] == [
        ("list-ann", 1),
        ("list-ben", 1),
    ]
    assert [line.split()[0] for line in some.stdout.splitlines()] == ["NAME", "list-ann"]
    assert "There are 2: --limit and --offset show more of them." in some.stderr
    assert [m["channel_id"] for m in shown["memberships"]] == ["lobby"]
    assert dict(line.split(maxsplit=1) for line in text.splitlines())["excluded"] == "no"


def test_a_ban_keeps_out_until_it_is_ended(site: Site) -> None:
    site.register("lobby", "ban-ann")
    banned = site.bunga("accounts", "ban", "ban-ann", "--reason", "spam")
    refused = register(site, "ban-ann")
    shown = site.bunga("accounts", "show", "ban-ann").stdout
    unbanned = site.bunga("accounts", "unban", "ban-ann")

    assert banned.stderr == "ban-ann is banned from the whole site.\n"
    assert "banned from the whole site (spam)" in shown
    assert unbanned.stderr == "ban-ann may come into the whole site again.\n"
    assert [refused, register(site, "ban-ann")] == [403, 200]


def test_who_is_known_by_another_name_is_named_by_it(bunga: Bunga, server: StandIn) -> None:
    account = {"username": "HQ48Erpz", "seen_as": "Ann", "is_admin": False}
    until = "2026-01-02T03:04:05Z"
    server.answer("GET /api/v1/accounts/Ann?seen_as=True", account)
    server.answer("POST /api/v1/accounts/HQ48Erpz/ban", {"closed": 1})
    server.answer("POST /api/v1/accounts/HQ48Erpz/unban", None, status=204)
    kicked = {"closed": 0, "channels": ["lobby"], "until": until}
    server.answer("POST /api/v1/accounts/HQ48Erpz/kick", kicked)
    folder = ("--data", str(server.data.path))

    told = [bunga("accounts", deed, "Ann", *folder).stderr for deed in ("ban", "unban", "kick")]

    assert told[0] == "HQ48Erpz (Ann) is banned from the whole site. Its connection is closed.\n"
    assert told[1] == "HQ48Erpz (Ann) may come into the whole site again.\n"
    assert told[2].startswith("HQ48Erpz (Ann) stays out of lobby until ")


def test_an_admin_is_banned_only_on_purpose(
    bunga: Bunga, terminal: Terminal, server: StandIn
) -> None:
    server.answer(
        "GET /api/v1/accounts/boss?seen_as=True",
        {"username": "boss", "seen_as": None, "is_admin": True},
    )
    server.answer("POST /api/v1/accounts/boss/ban", {"closed": 0})
    command = ("accounts", "ban", "boss", "--data", str(server.data.path))

    unasked = bunga(*command)
    refused, asked = terminal(*command, typed="n\n", columns=200)
    before = [request for request, _ in server.requests if request.startswith("POST")]
    agreed = bunga(*command, "--yes")

    assert (unasked.returncode, unasked.stderr) == (
        1,
        "Error: Not banned: boss is an admin, and nobody to ask; use --yes.\n",
    )
    assert refused == 1
    assert "boss is an admin. Ban it from the whole site?" in asked
    assert before == []
    assert (agreed.returncode, agreed.stderr) == (0, "boss is banned from the whole site.\n")


def test_a_kick_is_for_ten_minutes_in_one_channel(site: Site) -> None:
    site.register("lobby", "kick-ann")
    kicked = site.bunga("accounts", "kick", "kick-ann", "--channel", "lobby")
    shown = json.loads(site.bunga("accounts", "show", "kick-ann", "--json").stdout)
    assert kicked.stderr.startswith("kick-ann stays out of lobby until ")
    assert [(e["kind"], e["channel_id"]) for e in shown["exclusions"]] == [("kick", "lobby")]
    assert register(site, "kick-ann") == 403


def test_a_password_is_made_and_printed_or_read(site: Site) -> None:
    site.register("lobby", "pass-ann")
    made = site.bunga("accounts", "reset-password", "pass-ann").stdout.strip()
    with_made, with_old = register(site, "pass-ann", made), register(site, "pass-ann")
    as_json = site.bunga("accounts", "reset-password", "pass-ann", "--json").stdout
    assert [with_made, with_old] == [200, 401]
    assert register(site, "pass-ann", json.loads(as_json)["password"]) == 200


def test_an_account_is_deleted(site: Site) -> None:
    site.register("lobby", "gone-ann")
    unasked = site.bunga("accounts", "delete", "gone-ann", check=False)
    done = site.bunga("accounts", "delete", "gone-ann", "--yes")
    assert (unasked.returncode, unasked.stderr) == (
        1,
        "Error: Not deleted: nobody to ask; use --yes.\n",
    )
    assert done.stderr == "The account gone-ann is deleted.\n"
    assert register(site, "gone-ann") == 201


def test_a_deletion_says_what_goes_with_it(terminal: Terminal, server: StandIn) -> None:
    account = {
        "username": "ann",
        "seen_as": "Annie",
        "is_admin": False,
        "memberships": [{"channel_id": "lobby"}, {"channel_id": "film"}],
    }
    server.answer("GET /api/v1/accounts/ann", account)
    server.answer("DELETE /api/v1/accounts/ann", {"closed": 2})
    command = ("accounts", "delete", "ann", "--data", str(server.data.path))
    refused, told = terminal(*command, typed="n\n", columns=200)
    agreed, done = terminal(*command, typed="y\n", columns=200)
    assert (refused, agreed) == (1, 0)
    assert "the account ann (Annie) with its tokens and memberships (lobby, film)?" in told
    assert "The account ann is deleted. Its 2 connections are closed." in done


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["show", "nobody"], "There is no account 'nobody'"),
        (["ban", "nobody"], "There is no account 'nobody'"),
        (["unban", "nobody"], "There is no account 'nobody'"),
        (["kick", "nobody"], "There is no account 'nobody'"),
        (["delete", "nobody", "--yes"], "There is no account 'nobody'"),
        (["reset-password", "nobody"], "There is no account 'nobody'"),
    ],
)
def test_an_account_that_is_not_there_is_said_so(site: Site, command: list[str], said: str) -> None:
    done = site.bunga("accounts", *command, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {said}")


def test_without_a_server_accounts_are_read_and_passwords_reset_and_nothing_else(
    tmp_path: Path,
) -> None:
    with running_site(tmp_path / "data") as site:
        token = site.register("lobby", "ann")["token"]["access"]
        alive = site.bunga("accounts", "show", "ann", "--json").stdout
        site.stop()
        listed = json.loads(site.bunga("accounts", "list", "--json").stdout)
        gone = site.bunga("accounts", "show", "ann", "--json")
        password = site.bunga("accounts", "reset-password", "ann").stdout.strip()
        refused = site.bunga("accounts", "ban", "ann", check=False)
        site.start()
        welcome = register(site, "ann", password)
        old = httpx2.post(f"{site.url}/api/token/verify/", data={"token": token})
    assert [row["username"] for row in listed] == ["ann"]
    assert json.loads(gone.stdout) == json.loads(alive)
    assert "No server runs on" in gone.stderr
    assert (refused.returncode, "start one with: bunga" in refused.stderr) == (1, True)
    assert [welcome, old.status_code] == [200, 401]
