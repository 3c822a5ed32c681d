"""Every command through the real executable on a real server: a success, a failure, its JSON."""

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

import pytest

from tests.cli.reference import commands, options
from tests.end_to_end.kit import new_channel, pair
from tests.importing.old_site import lived_in_site
from tests.servers import Site, running_site

INTERRUPTED = 130
Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Case:
    """One command. `{channel}` and `{account}` are new for each run; `{tmp}` is a folder; `{token}`
    is what the last command before printed.

    `before` are commands that make what it needs. Each word of `says` is in what it prints, each of
    `complains` in the line that tells why it failed.
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
    Case("rooms play {channel}", "", "rooms play nowhere", "no channel"),
    Case("rooms pause {channel}", "", "rooms pause nowhere", "no channel"),
    Case("rooms seek {channel} 1:00", "", "rooms seek {channel} soon", "soon", failing_exit=2),
    Case(
        "rooms project {channel} https://films.example/1.mp4",
        "",
        "rooms project {channel} nonsense",
        "address",
    ),
    Case("rooms say {channel} hello", "", "rooms say nowhere hello", "no channel"),
    Case("rooms kick {channel} {watcher}", "", "rooms kick {channel} nobody", "nobody"),
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
    Case("accounts ban {account}", "", "accounts ban nobody", "no account", before=(ACCOUNT,)),
    Case(
        "accounts unban {account}",
        "",
        "accounts unban nobody",
        "no account",
        before=(ACCOUNT, "accounts ban {account}"),
    ),
    Case(
        "accounts kick {account} --channel {channel}",
        "",
        "accounts kick nobody",
        "no account",
        before=(ACCOUNT,),
    ),
    Case(
        "accounts reset-password {account}",
        "",
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
        "",
        "tokens revoke --account nobody --yes",
        "no account",
        before=(ACCOUNT,),
    ),
    Case("secret rotate --yes", "", f"secret rotate --yes {OTHER_DATA}", "data"),
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
    Case("config list", "sync.max_wait", f"config list --config {{tmp}} {OTHER_DATA}", ""),
    Case("config get sync.max_wait", "s", "config get sync.max_wat", "sync.max_wait"),
    Case("config set sync.max_wait 21s", "", "config set sync.max_wait soon", "sync.max_wait"),
    Case("config unset sync.max_wait", "", "config unset sync.max_wat", "sync.max_wait"),
    Case("config path", "bunga.auto.toml", "config path --nonsense", "--nonsense", failing_exit=2),
    Case("config check", "", "config check {tmp}/wrong.toml", "server.prot"),
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
    Case("doctor --offline", "", f"doctor --offline {OTHER_DATA}", ""),
    Case("completion bash", "bunga", "completion tcsh", "tcsh", failing_exit=2),
]
LIVE = {"serve", "rooms watch", "rooms events"}
"""They end with a key or a signal; the tests below run them."""


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
        command = [sys.executable, "-m", "bunga_cli", *words, *more, *data]
        environ = {**os.environ, "NO_COLOR": "1", "COLUMNS": "80", "PYTHONUTF8": "1"}
        return subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            env=environ,
            cwd=self.names["tmp"],
            check=False,
        )


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
    assert case.complains.format(**bench.names) in failed.stderr.splitlines()[-1], failed

    if "--json" in options(dict(commands())[tuple(words_of(case).split())]):
        printed = bench.run(case.json_of or case.command, "--json", stdin=case.stdin)
        assert json.loads(printed.stdout) is not None


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
