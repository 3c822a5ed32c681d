"""`bunga tokens`, on a running server and without one."""

import json
from pathlib import Path

import httpx2
import pytest

from tests.cli.conftest import Bunga, StandIn, Terminal
from tests.servers import Site, running_site


def test_a_token_is_printed_alone_so_that_a_script_can_take_it(site: Site) -> None:
    done = site.bunga(
        "tokens", "issue", "--scope", "rooms:read", "--name", "bot", "--expires", "2d"
    )
    token = done.stdout.strip()
    headers = {"Authorization": f"Bearer {token}"}
    assert done.stdout == f"{token}\n"
    assert "is not shown again" in done.stderr
    assert httpx2.get(f"{site.url}/api/v1/rooms", headers=headers).status_code == 200


def test_a_token_for_a_player_makes_its_account_a_member(site: Site) -> None:
    site.create_channel("film")
    command = ("--account", "handy", "--create-account", "--channel", "film", "--json")
    issued = json.loads(site.bunga("tokens", "issue", *command).stdout)
    found = json.loads(site.bunga("tokens", "inspect", issued["token"], "--json").stdout)
    assert (issued["kind"], issued["channel_id"], issued["state"]) == ("access", "film", "valid")
    assert (found["valid"], found["account"], found["id"]) == (True, "handy", issued["id"])
    assert json.loads(site.bunga("channels", "show", "film", "--json").stdout)["members"] == 1


def test_tokens_are_listed_and_revoked_by_their_id(site: Site) -> None:
    command = ("--kind", "api", "--scope", "admin", "--scope", "rooms:read", "--json")
    issued = json.loads(site.bunga("tokens", "issue", *command).stdout)
    revoked = site.bunga("tokens", "revoke", issued["id"])
    tokens = json.loads(site.bunga("tokens", "list", "--json").stdout)
    table = site.bunga("tokens", "list").stdout
    why = site.bunga("tokens", "inspect", issued["token"], check=False).stdout

    assert f"The token {issued['id']} is revoked" in revoked.stderr
    [row] = [token for token in tokens if token["id"] == issued["id"]]
    assert (row["scopes"], row["state"]) == (["rooms:read", "admin"], "revoked")
    assert "token" not in row
    [line] = [line for line in table.splitlines() if line.startswith(issued["id"])]
    assert "rooms:read, admin" in line
    assert why.splitlines()[0].split(maxsplit=1) == ["valid", "no: The token is revoked."]


def test_all_tokens_of_an_account_are_revoked(site: Site) -> None:
    site.create_channel("club")
    token = site.register("club", "gone")["token"]["access"]
    done = site.bunga("tokens", "revoke", "--account", "gone")
    verified = httpx2.post(f"{site.url}/api/token/verify/", data={"token": token})
    assert "All tokens of gone are revoked" in done.stderr
    assert verified.status_code == 401


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["issue", "--account", "nobody"], 1, "There is no account 'nobody'"),
        (["issue", "--account", "x", "--scope", "everything"], 2, "'everything'"),
        (["issue", "--account", "x", "--expires", "soon"], 2, "must be a duration"),
        (["revoke", "what"], 1, "There is no token 'what'"),
        (["revoke"], 2, "Give an ID, --account or --all."),
        (["revoke", "x", "--all"], 2, "Give an ID, --account or --all."),
        (["revoke", "--all"], 1, "Not revoked: nobody to ask; use --yes."),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    site: Site, command: list[str], code: int, said: str
) -> None:
    done = site.bunga("tokens", *command, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr.splitlines()[-1]


def test_a_foreign_token_is_nothing_and_why_is_said(bunga: Bunga, server: StandIn) -> None:
    unknown = dict.fromkeys(
        ("id", "kind", "account", "channel_id", "issued_at", "expires_at", "claims")
    )
    answer = {**unknown, "valid": False, "problem": "It is not ours.", "scopes": []}
    server.answer("POST /api/v1/tokens/inspect", answer)
    done = bunga("tokens", "inspect", "--data", str(server.data.path), stdin="abc\n")
    assert (done.returncode, done.stdout) == (1, "valid  no: It is not ours.\n")
    assert server.requests == [("POST /api/v1/tokens/inspect", {"token": "abc"})]


def test_all_tokens_are_revoked_only_after_a_yes(terminal: Terminal, server: StandIn) -> None:
    server.answer("POST /api/v1/tokens/revoke", {"revoked": None, "closed": 7})
    command = ("tokens", "revoke", "--all", "--data", str(server.data.path))
    refused, _ = terminal(*command, typed="n\n")
    agreed, told = terminal(*command, typed="y\n")
    assert (refused, agreed) == (1, 0)
    assert "All tokens are revoked; connections closed: 7." in told
    assert server.requests == [("POST /api/v1/tokens/revoke", {"all": True})]


def test_tokens_are_read_without_a_server_and_not_changed(tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as site:
        command = ("--account", "ann", "--create-account", "--json")
        issued = json.loads(site.bunga("tokens", "issue", *command).stdout)
        alive = site.bunga("tokens", "list", "--json").stdout
    gone = site.bunga("tokens", "list", "--json")
    found = json.loads(site.bunga("tokens", "inspect", issued["token"], "--json").stdout)
    refused = site.bunga("tokens", "revoke", issued["id"], check=False)

    assert json.loads(gone.stdout) == json.loads(alive)
    assert "No server runs on" in gone.stderr
    assert found["valid"] is True
    assert (refused.returncode, "start one with" in refused.stderr) == (1, True)
