"""Every command on a real server: a success, a failure, its JSON."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.reference import commands, options
from tests.commands import run as run_bunga
from tests.end_to_end.kit import new_channel, pair
from tests.importing.old_site import lived_in_site
from tests.servers import Site, running_site

INTERRUPTED = 130
Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Case:
    """One command. `{channel}` and `{account}` are new for each run; `{tmp}` is a folder; `{token}`
    is what the last command before printed.

    `before` are commands that make what it needs. `says` is in what it prints, and `complains` in
    the line that tells why it failed.
    """

    command: str
    says: str
    fails: str
    complains: str
    before: tuple[str, ...] = ()
    stdin: str = ""
    failing_exit: int = 1
    json_of: str = ""
    """The success with `--json`, where it is not the same as without."""


ACCOUNT = "tokens issue --account {account} --create-account --channel {channel}"
OTHER_DATA = "--data {tmp}/elsewhere"
CASES = [
    Case(
        "channels create {channel}-x",
        "{channel}-x",
        "channels create {channel}",
        "already",
        json_of="channels create {channel}-y",
    ),
    Case("channels list", "{channel}", f"channels list {OTHER_DATA}", "no server data"),
    Case("channels show {channel}", "{channel}", "channels show nowhere", "no channel"),
    Case(
        "channels set {channel} on_join continue",
        "continue",
        "channels set nowhere name x",
        "no channel",
    ),
    Case("channels open {channel}", "{channel}", "channels open nowhere", "no channel"),
    Case("channels close {channel}", "no", "channels close nowhere", "no channel"),
    Case(
        "channels members {channel}",
        "{account}",
        "channels members {channel} --add nobody",
        "no account",
        before=(ACCOUNT,),
    ),
    Case("channels invite {channel}", "channel={channel}", "channels invite nowhere", "no channel"),
    Case(
        "channels delete {channel} --yes", "deleted", "channels delete nowhere --yes", "no channel"
    ),
    Case("rooms list", "{channel}", f"rooms list {OTHER_DATA}", "no server data"),
    Case("rooms show {channel}", "{channel}", "rooms show nowhere", "no channel"),
    Case("rooms play {channel}", "is playing", "rooms play nowhere", "no channel"),
    Case("rooms pause {channel}", "is paused", "rooms pause nowhere", "no channel"),
    Case(
        "rooms seek {channel} 1:00",
        "at 0:01:00",
        "rooms seek {channel} soon",
        "soon",
        failing_exit=2,
    ),
    Case(
        "rooms project {channel} https://films.example/1.mp4",
        "at 0:00:00",
        "rooms project {channel} nonsense",
        "address",
    ),
    Case("rooms say {channel} hello", "sees it", "rooms say nowhere hello", "no channel"),
    Case("rooms kick {channel} {watcher}", "Bob has left", "rooms kick {channel} nobody", "nobody"),
    Case("rooms reset {channel}", "reset", "rooms reset nowhere", "no channel"),
    Case(
        "admins create {account} --stdin",
        "{account}",
        "admins create {account} --stdin",
        "already",
        stdin="a-long-password",
    ),
    Case(
        "admins list",
        "{account}",
        f"admins list {OTHER_DATA}",
        "no server data",
        before=("admins create {account} --stdin",),
        stdin="a-long-password",
    ),
    Case(
        "admins passwd {account} --stdin",
        "{account}",
        "admins passwd nobody --stdin",
        "nobody",
        before=("admins create {account} --stdin",),
        stdin="a-long-password",
    ),
    Case(
        "admins delete {account} --yes",
        "{account}",
        "admins delete nobody --yes",
        "nobody",
        before=("admins create {account} --stdin",),
        stdin="a-long-password",
    ),
    Case("accounts list", "{account}", f"accounts list {OTHER_DATA}", "data", before=(ACCOUNT,)),
    Case(
        "accounts show {account}",
        "{account}",
        "accounts show nobody",
        "no account",
        before=(ACCOUNT,),
    ),
    Case(
        "accounts ban {account}",
        "is banned",
        "accounts ban nobody",
        "no account",
        before=(ACCOUNT,),
    ),
    Case(
        "accounts unban {account}",
        "may come into",
        "accounts unban nobody",
        "no account",
        before=(ACCOUNT, "accounts ban {account}"),
    ),
    Case(
        "accounts kick {account} --channel {channel}",
        "stays out of {channel} until",
        "accounts kick nobody",
        "no account",
        before=(ACCOUNT,),
    ),
    Case(
        "accounts reset-password {account}",
        "The password of {account} is changed",
        "accounts reset-password nobody",
        "no account",
        before=(ACCOUNT,),
    ),
    Case(
        "accounts delete {account} --yes",
        "{account}",
        "accounts delete nobody --yes",
        "no account",
        before=(ACCOUNT,),
    ),
    Case(ACCOUNT, "ey", "tokens issue --account nobody-{account}", "no account"),
    Case("tokens list", "{account}", f"tokens list {OTHER_DATA}", "data", before=(ACCOUNT,)),
    Case(
        "tokens inspect {token}",
        "{account}",
        "tokens inspect nonsense --data {tmp}",
        "data",
        before=(ACCOUNT,),
    ),
    Case(
        "tokens revoke --account {account} --yes",
        "All tokens of {account} are revoked",
        "tokens revoke --account nobody --yes",
        "no account",
        before=(ACCOUNT,),
    ),
    Case("secret rotate --yes", "The secret is new", f"secret rotate --yes {OTHER_DATA}", "data"),
    Case("status", "connections", f"status {OTHER_DATA}", "No server runs"),
    Case(
        "logs --last 5",
        "sync.max_wait",
        f"logs {OTHER_DATA}",
        "No server runs",
        before=("config set sync.max_wait 23s",),
        json_of="logs --last 1",
    ),
    Case(
        "audit list --search {channel}",
        "channels.create",
        f"audit list {OTHER_DATA}",
        "no server data",
    ),
    Case("plugins list", "gallery", "plugins list --nonsense", "--nonsense", failing_exit=2),
    Case("plugins info gallery", "gallery", "plugins info galery", "gallery"),
    Case("plugins enable bilibili", "bilibili", "plugins enable nothing", "no plugin"),
    Case("plugins disable bilibili", "disabled", "plugins disable nothing", "no plugin"),
    Case("plugins check gallery", "gallery", "plugins check nothing", "no plugin"),
    Case(
        "plugins set gallery timeout_s 7",
        "timeout_s",
        "plugins set gallery timeout_s soon",
        "timeout_s",
    ),
    Case("plugins new {account} --dir {tmp}/{account}", "project", "plugins new alist", "already"),
    Case(
        "config list",
        "sync.max_wait",
        f"config list --config {{tmp}} {OTHER_DATA}",
        "{tmp} cannot be read: Is a directory.",
    ),
    Case("config get sync.max_wait", "s", "config get sync.max_wat", "sync.max_wait"),
    Case(
        "config set sync.max_wait 21s",
        "sync.max_wait is 21s.",
        "config set sync.max_wait soon",
        "sync.max_wait",
    ),
    Case(
        "config unset sync.max_wait",
        "sync.max_wait is 20s again",
        "config unset sync.max_wat",
        "sync.max_wait",
    ),
    Case("config path", "bunga.auto.toml", "config path --nonsense", "--nonsense", failing_exit=2),
    Case("config check", "are valid", "config check {tmp}/wrong.toml", "server.prot"),
    Case("config example", "[server]", "config example --nonsense", "--nonsense", failing_exit=2),
    Case(
        "backup {tmp}/{account}.tar.gz",
        "{account}.tar.gz",
        "backup {tmp}/nowhere/b.tar.gz",
        "nowhere",
        json_of="backup {tmp}/{account}-2.tar.gz",
    ),
    Case(
        "restore {tmp}/{account}.tar.gz --data {tmp}/{account}",
        "{account}",
        "restore {tmp}/wrong.toml --data {tmp}/{account}-3",
        "wrong.toml",
        before=("backup {tmp}/{account}.tar.gz",),
        json_of="restore {tmp}/{account}.tar.gz --data {tmp}/{account}-2",
    ),
    Case(
        "import-django {old} --data {tmp}/{account}",
        "channel",
        "import-django {tmp}/wrong.toml --data {tmp}/{account}",
        "wrong.toml",
    ),
    Case(
        "doctor --offline",
        "ok       database: It is whole",
        f"doctor --offline {OTHER_DATA}",
        "There is no folder {tmp}/elsewhere.",
    ),
    Case("completion bash", "bunga", "completion tcsh", "tcsh", failing_exit=2),
]
TELLS_ON_STDOUT = {"doctor"}
LIVE = {"serve", "rooms watch", "rooms events"}
"""They end with a key or a signal; the tests below run them."""

CHANNEL = (
    "id name allow_new_client on_join max_wait_us reconnect_grace_us shows_room"
    " legacy_compensation members created_at"
)
ROOM = (
    "channel_id play_state position_us rate cause record sharer watchers waiting_for talking"
    " call_pending connections events"
)
SETTING = (
    "key value text default default_text origin is_changed is_secret help kind choices applies"
    " needs_restart pending_restart fixed_by problem"
)
JSON = {
    "channels create": f"{CHANNEL} register_url",
    "channels list": f"[] {CHANNEL}",
    "channels show": f"{CHANNEL} records subtitles register_url",
    "channels set": f"{CHANNEL} register_url",
    "channels open": f"{CHANNEL} register_url",
    "channels close": f"{CHANNEL} register_url",
    "channels members": "[] username is_admin joined_at excluded until sockets seen_as seen_at",
    "channels invite": "link register_url",
    "rooms list": f"[] {ROOM}",
    "rooms show": ROOM,
    "admins list": "[] id username created_at",
    "accounts list": "[] id username is_admin created_at channels sockets banned seen_as seen_at",
    "accounts show": (
        "id username is_admin created_at channels sockets banned seen_as seen_at "
        "memberships exclusions connections"
    ),
    "accounts reset-password": "password",
    "tokens issue": (
        "id kind name account channel_id scopes created_at expires_at last_used_at "
        "revoked_at state token"
    ),
    "tokens list": (
        "[] id kind name account channel_id scopes created_at expires_at last_used_at "
        "revoked_at state"
    ),
    "tokens inspect": "id kind valid problem account channel_id scopes issued_at expires_at claims",
    "secret rotate": "overlap_until closed",
    "status": (
        "since at rooms watchers connections messages_in_per_s messages_out_per_s "
        "cpu_percent memory_bytes version python started_at uptime_s messages_in "
        "messages_out open_files max_open_files"
    ),
    "logs": "id at level logger message traceback",
    "audit list": "[] id at actor via address action subject details",
    "plugins list": "[] name version source state reason hooks checks",
    "plugins info": "name version source state reason hooks settings channel_settings problem",
    "plugins check": "[] name state text details picture",
    "config list": f"[] {SETTING}",
    "config get": SETTING,
    "config path": "operator auto",
    "config check": "is_valid problems",
    "backup": (
        "file size_bytes bunga_version schema_revision created_at files missing_uploads "
        "skipped_links locked_databases"
    ),
    "restore": "folder operators_file bunga_version schema_revision created_at files",
    "import-django": "applied data counts findings",
    "doctor": "[] check state text advice",
}
"""What a command prints with `--json`: the names in it, or (`[]`) in each thing of a list."""


def words_of(case: Case) -> str:
    """Return the command's name: its words before the first that is not of its name."""
    names = {" ".join(words) for words, _ in commands()}
    words = case.command.split()
    return next(name for n in (2, 1) if (name := " ".join(words[:n])) in names)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site") / "data") as site:
        yield site


class Bench:
    """Runs the commands of one case, with names of its own."""

    def __init__(self, site: Site, tmp_path: Path, old: Path) -> None:
        self.site = site
        channel = new_channel(site)
        (tmp_path / "wrong.toml").write_text("[server]\nprot = 1\n")
        self.names = {
            "channel": channel,
            "account": channel.replace("-", "_"),
            "watcher": "bob",
            "tmp": str(tmp_path),
            "old": str(old),
        }

    def run(self, line: str, *more: str, stdin: str = "") -> Done:
        words = [word.format(**self.names) for word in line.split()]
        data = [] if "--data" in words else ["--data", str(self.site.data)]
        environ = {**os.environ, "NO_COLOR": "1", "COLUMNS": "80"}
        folder = Path(self.names["tmp"])
        return run_bunga([*words, *more, *data], stdin=stdin, cwd=folder, env=environ)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lived_in_site(tmp_path_factory.mktemp("old")).database


@asynccontextmanager
async def watched(bench: Bench) -> AsyncIterator[None]:
    """Have two players watch a film in the channel for the length of a block."""
    async with pair(bench.site, bench.names["channel"]):
        yield


@pytest.mark.parametrize("case", CASES, ids=words_of)
async def test_a_command_succeeds_fails_and_prints_json(
    case: Case, site: Site, tmp_path: Path, old: Path
) -> None:
    bench = Bench(site, tmp_path, old)
    async with watched(bench) if case.command.startswith("rooms ") else nullcontext():
        await asyncio.to_thread(_try, case, bench)


def _try(case: Case, bench: Bench) -> None:
    for line in case.before:
        made = bench.run(line, stdin=case.stdin)
        assert made.returncode == 0, made
        bench.names["token"] = made.stdout.strip()

    done = bench.run(case.command, stdin=case.stdin)
    assert (done.returncode, "Error" in done.stderr) == (0, False), done
    assert case.says.format(**bench.names) in done.stdout + done.stderr

    failed = bench.run(case.fails, stdin=case.stdin)
    assert failed.returncode == case.failing_exit, failed
    why = failed.stdout if words_of(case) in TELLS_ON_STDOUT else failed.stderr.splitlines()[-1]
    assert case.complains.format(**bench.names) in why, failed

    if "--json" in options(dict(commands())[tuple(words_of(case).split())]):
        printed = bench.run(case.json_of or case.command, "--json", stdin=case.stdin)
        assert shape_of(json.loads(printed.stdout)) == {JSON[words_of(case)]}


def shape_of(answer: Any) -> set[str]:
    """Return the names in an answer, as `JSON` has them; of a list, those in each thing in it."""
    if isinstance(answer, list):
        return {" ".join(["[]", *thing]) for thing in answer}
    return {" ".join(answer)}


def test_json_is_known_of_each_command_that_prints_some() -> None:
    leaves = (pair for pair in commands() if not hasattr(pair[1], "commands"))
    printing = {" ".join(words) for words, command in leaves if "--json" in options(command)}
    assert printing - LIVE == JSON.keys()


def test_each_command_says_something() -> None:
    assert [case.command for case in CASES if not (case.says and case.complains)] == []


def test_each_command_has_a_case() -> None:
    leaves = {" ".join(words) for words, command in commands() if not hasattr(command, "commands")}
    assert sorted([*map(words_of, CASES), *LIVE]) == sorted(leaves)


def test_a_server_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as site:
        second = site.bunga("serve", check=False)
        assert (second.returncode, "already serves" in second.stderr) == (1, True)
        assert site.stop() == 0


async def test_events_are_lines_until_ctrl_c(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel) as (ann, _):
        for arguments in ([], ["--json"]):
            words = ["rooms", "events", channel, "--last", "1", *arguments]
            command = [sys.executable, "-m", "bunga_cli", *words, "--data", str(site.data)]
            process = await asyncio.create_subprocess_exec(
                *command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
            )
            assert process.stdout is not None
            await ann.say("hello")
            line = (await process.stdout.readline()).decode()
            process.send_signal(signal.SIGINT)
            await process.communicate()
            assert process.returncode == INTERRUPTED
            assert json.loads(line) if arguments else channel in line
    failed = await asyncio.to_thread(site.bunga, "rooms", "events", "nowhere", check=False)
    assert (failed.returncode, "no channel" in failed.stderr) == (1, True)


def test_watching_needs_a_terminal(site: Site) -> None:
    failed = site.bunga("rooms", "watch", new_channel(site), check=False)
    assert failed.returncode == 1
    assert "terminal" in failed.stderr
