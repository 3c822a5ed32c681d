"""Settings of a real server: changed while people watch, by several at once, and through kills."""

import asyncio
import json
import random
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event
from typing import Any

import httpx2
import jwt
import pytest

from bunga_cli.data_folder import DataFolder
from bunga_cli.settings.files import save_overrides
from bunga_cli.units import SECOND, parse_duration
from tests.end_to_end.kit import clients, new_channel, pair, status
from tests.servers import Site, running_site

ROOT = Path(__file__).parents[2]

# Writes two keys that always belong together, as fast as it can; says what it is done with.
WRITER = """
import sys
from pathlib import Path
from bunga_cli.data_folder import DataFolder
from bunga_cli.settings.files import save_overrides

data = DataFolder(Path(sys.argv[1]))
for number in range(1, 1_000_000):
    name = str(number) * 10
    save_overrides(data, {"site.name": name, "plugins.shelf.name": name, "sync.max_wait": number})
    print(number, flush=True)
"""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server of its own for tests that change what is set and take it back."""
    with running_site(tmp_path_factory.mktemp("watched") / "data") as site:
        yield site


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Site]:
    """A site on which a test starts and kills servers."""
    site = Site(tmp_path / "data")
    DataFolder(site.data).create()
    yield site
    site.stop()
    assert "Traceback" not in site.log, site.log


def _control(site: Site) -> httpx2.Client:
    transport = httpx2.HTTPTransport(uds=str(site.data / "bunga.sock"))
    return httpx2.Client(transport=transport, base_url="http://local/api/v1", timeout=30)


def _set(site: Site, **changes: object) -> dict[str, Any]:
    named = {key.replace("__", "."): value for key, value in changes.items()}
    with _control(site) as client:
        answer = client.patch("/settings", json=named).raise_for_status()
    return dict(answer.json())


def _written(site: Site) -> dict[str, Any]:
    path = site.data / "bunga.auto.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


# -- at once ----------------------------------------------------------------------------------


async def test_a_room_that_waits_goes_by_a_shorter_patience_at_once(watched: Site) -> None:
    _set(watched, sync__max_wait="10m")  # longer than this test may take
    async with pair(watched, new_channel(watched)) as (ann, bob):
        await ann.play()
        await status(ann, play_status="playing")
        await bob.set_buffering(True)
        await status(ann, waiting_for=["bob"])

        told = await asyncio.to_thread(watched.bunga, "config", "set", "sync.max_wait", "1500ms")
        await status(ann, excused_ids=["bob"])

        assert told.stderr == "sync.max_wait is 1s500ms.\n"
    await asyncio.to_thread(watched.bunga, "config", "unset", "sync.max_wait")


def test_names_addresses_lifetimes_and_uploads_follow_at_once(stopped: Site) -> None:
    stopped.start()
    _set(
        stopped,
        site__name="Film night",
        server__public_url="https://films.example",
        limits__client_log_max="1KiB",
        tokens__access_lifetime="1h",
    )

    page = httpx2.get(f"{stopped.url}/?channel=lobby").text
    shown = stopped.bunga("channels", "show", "lobby").stdout
    access = stopped.register("lobby", "ann")["token"]["access"]
    upload = httpx2.post(
        f"{stopped.url}/api/client-logs/",
        headers={"Authorization": f"Bearer {access}"},
        data={"channel_id": "lobby"},
        files={"file": ("player.log", b"x" * 2048)},
    )

    assert "Film night" in page
    assert "https://films.example" in page
    assert "https://films.example/api/channels/lobby/register/" in shown
    assert 3500 < _lifetime_s(access) <= 3600
    assert (upload.status_code, [*upload.json()]) == (400, ["file"])
    _set(stopped, server__public_url=None)
    assert "films.example" not in stopped.bunga("channels", "show", "lobby").stdout


def test_the_log_follows_at_once(stopped: Site) -> None:
    stopped.start()
    for level, name in (("warning", "unheard"), ("debug", "heard")):
        _set(stopped, log__level=level)
        _set(stopped, site__name=name)
    stopped.stop()
    assert stopped.log.count("Changed from inside: site.name.") == 1
    assert stopped.log.count("Changed from inside: log.level.") == 1


async def test_a_limit_of_messages_counts_for_new_connections(stopped: Site) -> None:
    await asyncio.to_thread(stopped.start)
    async with clients(stopped, "lobby", "early") as (early,):
        told = await asyncio.to_thread(stopped.bunga, "config", "set", "limits.max_frame", "1KiB")
        async with clients(stopped, "lobby", "late") as (late,):
            await late.say("x" * 2000)
            gone = await late.wait_closed()
            await early.say("x" * 2000)
            await early.whats_on()
            await early.expect("channel-status")

    assert told.stderr == "limits.max_frame is 1KiB. It counts for new connections.\n"
    assert gone.close_code == 1009


def _lifetime_s(token: str) -> float:
    claims = jwt.decode(token, options={"verify_signature": False})
    return float(claims["exp"]) - time.time()


def test_what_waits_for_a_restart_says_so_until_there_was_one(stopped: Site) -> None:
    stopped.start()
    told = stopped.bunga("config", "set", "limits.ping_interval", "33s").stderr
    waiting = stopped.bunga("config", "list", "--changed").stdout
    stopped.stop()
    stopped.start()
    done = stopped.bunga("config", "list", "--changed").stdout

    assert told == "limits.ping_interval is 33s. It counts after a restart of the server.\n"
    assert "33s (after a restart)" in waiting
    assert "33s" in done
    assert "(after a restart)" not in done


def test_what_the_server_was_started_with_cannot_be_changed(stopped: Site) -> None:
    stopped.start(environ={"BUNGA_SYNC__MAX_WAIT": "7s", "BUNGA_PLUGINS__ALIST__HOST": "http://x"})

    for command, key, where in (
        (("config", "set", "sync.max_wait", "5s"), "sync.max_wait", "by BUNGA_SYNC__MAX_WAIT"),
        (("config", "set", "server.port", "5"), "server.port", "on the command line"),
        (
            ("plugins", "set", "alist", "host", "http://y"),
            "plugins.alist.host",
            "by BUNGA_PLUGINS__ALIST__HOST",
        ),
    ):
        refused = stopped.bunga(*command, check=False)
        assert refused.returncode == 1
        assert refused.stderr.startswith(f"Error: {key} is set {where} of the server, which wins;")
    assert _written(stopped) == {}
    assert stopped.bunga("config", "get", "plugins.alist.host").stdout == "http://x\n"


def test_a_server_starts_with_settings_of_plugins_that_are_not_there(
    stopped: Site, tmp_path: Path
) -> None:
    toml = tmp_path / "mine.toml"
    toml.write_text('[plugins.alits]\nhost = "s3cret"\n')

    stopped.start("--config", str(toml))
    listed = stopped.bunga("config", "list", "--changed")
    stopped.stop()

    assert "plugin 'alits', which is not there; did you mean alist?" in stopped.log
    assert "There is no plugin 'alits'" in listed.stderr
    assert "s3cret" not in listed.stdout + stopped.log
    assert stopped.bunga("config", "check", str(toml), check=False).returncode == 1


# -- several at once --------------------------------------------------------------------------


def test_two_who_set_at_once_lose_nothing(watched: Site) -> None:
    keys = [f"sync.{name}" for name in ("max_wait", "reconnect_grace", "silence", "seek_cooldown")]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: watched.bunga("config", "set", key, "11s"), keys))

    assert _written(watched) == {
        "sync": {key.removeprefix("sync."): "11s" for key in keys},
    }
    _set(watched, **dict.fromkeys(keys))


def test_two_who_set_at_once_without_a_server_lose_nothing(stopped: Site) -> None:
    keys = [f"sync.{name}" for name in ("max_wait", "reconnect_grace", "silence", "seek_cooldown")]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: stopped.bunga("config", "set", key, "11s"), keys))

    assert _written(stopped) == {"sync": {key.removeprefix("sync."): "11s" for key in keys}}


# -- kills ------------------------------------------------------------------------------------


def test_a_writer_killed_at_any_moment_leaves_all_of_a_change_or_nothing(stopped: Site) -> None:
    chance = random.Random(4)
    numbers = [
        _number_after_kill(stopped, chance.randrange(1, 8), chance.uniform(0, 0.02))
        for _ in range(30)
    ]

    assert len(set(numbers)) > 3  # the kills were at different moments
    save_overrides(DataFolder(stopped.data), {"site.name": "whole"})
    assert [path.name for path in stopped.data.glob(".*")] == []


def _number_after_kill(site: Site, after_changes: int, after_s: float) -> int:
    """Kill a writer in the middle of its work; return the number it got to."""
    command = [sys.executable, "-c", WRITER, str(site.data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
        assert writer.stdout
        for _ in range(after_changes):
            writer.stdout.readline()
        time.sleep(after_s)
        writer.kill()
        told = [int(line) for line in writer.stdout.readlines() if line.endswith("\n")]
    written = _written(site)
    name = written["site"]["name"]
    number = int(name[: len(name) // 10])
    assert name == str(number) * 10
    assert written["plugins"]["shelf"]["name"] == name
    assert written["sync"]["max_wait"] == number
    assert number >= (told[-1] if told else after_changes)  # what it was done with is there
    return number


def test_a_command_killed_at_any_moment_leaves_the_old_value_or_the_new(stopped: Site) -> None:
    chance = random.Random(5)
    for number in range(12):
        before = _written(stopped)
        command = [sys.executable, "-m", "bunga_cli", "config", "set", "site.name", f"n{number}"]
        with subprocess.Popen(
            [*command, "--data", str(stopped.data)], cwd=ROOT, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(chance.uniform(0.2, 1.2))
            process.kill()
        assert _written(stopped) in (before, {"site": {"name": f"n{number}"}})
    assert stopped.bunga("config", "set", "site.name", "last").returncode == 0
    assert [path.name for path in stopped.data.glob(".*")] == []


def test_a_server_killed_while_it_is_set_starts_with_one_of_both(stopped: Site) -> None:
    chance = random.Random(6)
    for _ in range(5):
        stopped.start()
        with ThreadPoolExecutor(1) as pool:
            is_at_it = Event()
            setting = pool.submit(_set_until_killed, stopped, is_at_it)
            assert is_at_it.wait(60)
            time.sleep(chance.uniform(0, 0.4))
            stopped.kill()
            done = setting.result()
        assert done > 0
        number = _written(stopped)["sync"]["max_wait"]
        assert number == f"{_written(stopped)['sync']['reconnect_grace']}"
        assert parse_duration(number) // SECOND in (done, done + 1)
    stopped.start()
    assert stopped.bunga("config", "get", "sync.max_wait").stdout == f"{number}\n"


def _set_until_killed(site: Site, is_at_it: Event) -> int:
    """Set two keys together again and again; return the last number that was acknowledged."""
    done, headers = 0, {"Content-Type": "application/json"}
    with closing(_Control(site.data / "bunga.sock")) as client:
        for number in range(1, 1000):
            changes = {"sync.max_wait": f"{number}s", "sync.reconnect_grace": f"{number}s"}
            try:
                client.request("PATCH", "/api/v1/settings", json.dumps(changes), headers)
                assert client.getresponse().read()
            except (OSError, HTTPException):
                break
            done = number
            is_at_it.set()
    return done


class _Control(HTTPConnection):
    """Speaks over the Unix socket, and can be closed when its server was killed."""

    def __init__(self, path: Path) -> None:
        super().__init__("local")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))
