"""`bunga status`, `bunga logs` and `bunga audit`: what a running server tells of itself."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bunga_cli.data_folder import DataFolder
from tests.cli.conftest import Bunga, StandIn, Terminal
from tests.end_to_end.kit import new_channel, pair
from tests.servers import Site, running_site

INTERRUPTED = 130
STATUS = {
    "version": "1.2.3",
    "python": "3.11.7",
    "started_at": "2026-01-31T12:00:00Z",
    "since": "2026-02-03T16:04:55Z",
    "at": "2026-02-03T16:05:05Z",
    "uptime_s": 3 * 86_400 + 4 * 3_600 + 5 * 60 + 5,
    "rooms": 1_200,
    "watchers": 4_800,
    "connections": 5_000,
    "messages_in": 1_234_567,
    "messages_out": 12_345_678,
    "messages_in_per_s": 5_000.4,
    "messages_out_per_s": 25_000,
    "cpu_percent": 23.15,
    "memory_bytes": 1_500 * 2**20,
    "open_files": 5_025,
    "max_open_files": 20_000,
}


def test_the_status_of_a_busy_server_fits_a_terminal(
    data: DataFolder, server: StandIn, terminal: Terminal
) -> None:
    server.answer("GET /api/v1/status", STATUS)
    code, shown = terminal("status", "--data", str(data.path), TZ="UTC")
    assert (code, shown.splitlines()) == (
        0,
        [
            "version       1.2.3, on Python 3.11.7",
            "running       for 3d4h, since 2026-01-31 12:00",
            "rooms         1,200, watchers: 4,800",
            "connections   5,000",
            "messages in   5,000.4 a second, 1,234,567 in all",
            "messages out  25,000.0 a second, 12,345,678 in all",
            "processor     23.1 % of one core",
            "memory        1,500 MiB",
            "open files    5,025 of 20,000",
        ],
    )


@pytest.mark.parametrize(
    ("uptime_s", "shown"),
    [(0, "0s"), (59, "59s"), (61, "1m1s"), (3_600, "1h"), (7_325, "2h2m"), (90_000, "1d1h")],
)
def test_a_duration_has_two_units_at_most(
    data: DataFolder, server: StandIn, bunga: Bunga, uptime_s: int, shown: str
) -> None:
    server.answer("GET /api/v1/status", {**STATUS, "uptime_s": uptime_s, "max_open_files": None})
    lines = bunga("status", "--data", str(data.path)).stdout.splitlines()
    assert lines[1].startswith(f"running       for {shown}, since ")
    assert lines[-1] == "open files    5,025"


ENTRY = {
    "id": 7,
    "at": "2026-01-31T12:00:01.5Z",
    "level": "warning",
    "logger": "bunga_cli.plugin.slot",
    "message": "The plugin alist is not active.\nIt \x1b[31mfailed.",
    "traceback": 'Traceback:\n  File "x.py", line 1',
}


def test_the_log_is_broken_between_words_and_commands_no_terminal(
    data: DataFolder, server: StandIn, terminal: Terminal
) -> None:
    server.answer("GET /api/v1/logs?text=&last=50&after=0", {"entries": [ENTRY]})
    code, shown = terminal("logs", "--data", str(data.path), columns=60, TZ="UTC")
    assert (code, shown.splitlines()) == (
        0,
        [
            "2026-01-31 12:00:01 warning bunga_cli.plugin.slot: The",
            "  plugin alist is not active.",
            "  It \N{REPLACEMENT CHARACTER}[31mfailed.",
            "  Traceback:",
            '    File "x.py", line 1',
        ],
    )


def test_a_pipe_gets_each_message_in_one_line(
    data: DataFolder, server: StandIn, bunga: Bunga
) -> None:
    entry = {**ENTRY, "message": "word " * 40 + "end", "traceback": ""}
    server.answer("GET /api/v1/logs?text=disk&last=3&level=error&after=0", {"entries": [entry]})
    folder = ("--data", str(data.path))
    asked = ("logs", "--level", "error", "--text", "disk", "--last", "3", *folder)
    assert bunga(*asked).stdout.endswith(f": {entry['message']}\n")
    assert json.loads(bunga(*asked, "--json").stdout) == entry


AUDITED = {
    "id": 7,
    "at": "2026-01-31T12:00:01.5Z",
    "actor": "a-name-that-is-rather-long-for-an-admin",
    "via": "console",
    "address": "2001:db8:85a3::8a2e:370:7334",
    "action": "accounts.reset_password",
    "subject": "0d3c2b1a-0d3c-2b1a-0d3c-2b1a0d3c2b1a",
    "details": {
        "channel_id": "lobby",
        "reason": "A reason that takes more than the one line there is.",
    },
}


def test_the_audit_log_fits_eighty_columns(
    data: DataFolder, server: StandIn, terminal: Terminal
) -> None:
    server.answer("GET /api/v1/audit?search=&limit=50", {"entries": [AUDITED]})
    code, shown = terminal("audit", "list", "--data", str(data.path), TZ="UTC")
    lines = shown.splitlines()
    assert (code, max(map(len, lines))) == (0, 80)
    assert lines[0].split() == ["WHEN", "WHO", "FROM", "ACTION", "SUBJECT"]
    assert "accounts.reset_password" in lines[1]
    assert " ".join(lines[2:]).split() == [
        "channel_id:",
        "lobby,",
        "reason:",
        *str(AUDITED["details"]["reason"]).split(),  # type: ignore[index]
    ]


# -- a real server --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site") / "data") as site:
        yield site


def printed(site: Site, *arguments: str) -> Any:
    return json.loads(site.bunga(*arguments, "--json").stdout)


def test_a_server_tells_what_it_uses(site: Site) -> None:
    status = printed(site, "status")
    assert status["uptime_s"] >= 0
    assert 10 * 2**20 < status["memory_bytes"] < 2**30
    assert 5 < status["open_files"] < status["max_open_files"]
    assert status["cpu_percent"] >= 0


async def test_what_players_send_and_hear_is_counted(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel) as (ann, bob):
        before = await asyncio.to_thread(printed, site, "status")
        for _ in range(5):
            await ann.say("hello")
        for _ in range(5):
            await bob.expect("danmaku")
        status = await asyncio.to_thread(printed, site, "status")
    assert (status["watchers"], status["connections"], status["rooms"]) == (2, 2, 1)
    assert status["messages_in"] - before["messages_in"] >= 5
    assert status["messages_out"] - before["messages_out"] >= 10
    assert status["messages_out_per_s"] > 0


def test_who_looks_without_a_server_is_told_that_there_is_none(tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as site:
        site.bunga("channels", "create", "film")
        site.stop()
        for command in ("status", "logs"):
            failed = site.bunga(command, check=False)
            assert (failed.returncode, "No server runs" in failed.stderr) == (1, True)
        [entry] = printed(site, "audit", "list")
    assert (entry["action"], entry["subject"], entry["via"]) == (
        "channels.create",
        "film",
        "socket",
    )
    assert (entry["actor"], entry["address"]) == ("admin", "local")


def test_changes_by_command_and_failed_sign_ins_are_in_the_audit_log(site: Site) -> None:
    site.register("lobby", "eve")
    site.bunga("channels", "set", "lobby", "name", "The lobby")
    site.bunga("plugins", "set", "alist", "host", "https://alist.example")
    login = {"username": "eve", "password": "wrong"}
    httpx2.post(f"{site.url}/api/token/", data=login)
    told = [(one["action"], one["subject"]) for one in printed(site, "audit", "list")]
    assert told[:3] == [
        ("sign_in.failed", "eve"),
        ("plugins.set", "alist"),
        ("channels.set", "lobby"),
    ]
    assert [one["action"] for one in printed(site, "audit", "list", "--search", "THE LOBBY")] == [
        "channels.set"
    ]
    assert len(printed(site, "audit", "list", "--limit", "2")) == 2


def test_the_log_is_followed_until_ctrl_c(site: Site) -> None:
    command = [sys.executable, "-m", "bunga_cli", "logs", "--follow", "--text", "sync.max_wait"]
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*command, "--data", str(site.data)], stdout=subprocess.PIPE, text=True, env=environ
    ) as process:
        assert process.stdout is not None
        for value in ("21s", "22s"):
            site.bunga("config", "set", "sync.max_wait", value)
            assert "sync.max_wait" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait() == INTERRUPTED
