"""The server under load: one of our own with prepared accounts, or any other by its address."""

import asyncio
import os
import random
import resource
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Protocol, Self
from urllib.parse import urlsplit

import psutil

from benchmarks.wire import Seat
from bunga_cli.auth.tokens import Subject, Tokens
from bunga_cli.client import Account, ServerAddress
from bunga_cli.clock import utc_now
from bunga_cli.data_folder import DataFolder
from bunga_cli.store import Database
from bunga_cli.store.schema import accounts, channels, members

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
REGISTERING_AT_ONCE = 8
SERVER_CORE, CLIENT_CORE = 0, 1
NOT_HANDED_OUT = range(20_000, 32_000)  # Linux and macOS take the ports they choose from above
WITHOUT_RATE_LIMIT = {
    "BUNGA_LIMITS__FRAMES_PER_SECOND": "1000000",
    "BUNGA_LIMITS__FRAME_BURST": "1000000",
}

Rooms = list[list[Seat]]


class Meter:
    """What the server's process uses; nothing is known of a server without process id."""

    def __init__(self, pid: int | None) -> None:
        self._process = psutil.Process(pid) if pid else None
        self._before = self._now()

    @classmethod
    def of_this_process(cls) -> Self:
        return cls(os.getpid())

    def restart(self) -> None:
        self._before = self._now()

    def cpu_percent(self) -> float | None:
        """Return the use since the last restart; 100 is one core."""
        (wall, cpu), (wall_before, cpu_before) = self._now(), self._before
        return 100 * (cpu - cpu_before) / (wall - wall_before) if self._process else None

    def rss_mb(self) -> float | None:
        return self._process.memory_info().rss / 1e6 if self._process else None

    def _now(self) -> tuple[float, float]:
        used = self._process.cpu_times() if self._process else None
        return time.perf_counter(), used.user + used.system if used else 0.0


@dataclass(frozen=True, slots=True)
class Target:
    """A server that is ready for load, the seats in its rooms, and, if it is ours, its folder."""

    rooms: Rooms
    server: Meter
    data: Path | None = None


class Host(Protocol):
    """Opens a server with one room per size for the length of a block."""

    def __call__(
        self, sizes: Sequence[int], *, unlimited: bool = False
    ) -> AbstractAsyncContextManager[Target]:
        """Return the block; a server that is not ours keeps its limits."""
        ...


# -- a server of our own --


@asynccontextmanager
async def served(
    sizes: Sequence[int],
    *,
    pin: bool,
    unlimited: bool = False,
    plugins: Mapping[str, str] = MappingProxyType({}),
    settings: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Target]:
    """Serve a temporary folder with one room per size, every seat an account of its own.

    `unlimited` lifts the limit of messages per second of one connection; `plugins` are the sources
    of one-file plugins by their names; `settings` are variables of the environment.
    """
    with TemporaryDirectory(prefix="bunga-load-") as folder:
        data = DataFolder(Path(folder) / "data")
        data.create()
        tokens = await _prepare(data, sizes)
        for name, source in plugins.items():
            (data.path / "plugins").mkdir(exist_ok=True)
            (data.path / "plugins" / f"{name}.py").write_text(source)
        environ = {**(WITHOUT_RATE_LIMIT if unlimited else {}), **settings}
        with serving(Path(folder), pin=pin, environ=environ) as (process, port):
            await asyncio.to_thread(wait_until_healthy, process, port)
            yield Target(rooms_at(port, tokens), Meter(process.pid), data.path)


def rooms_at(port: int, tokens: list[list[tuple[str, str]]]) -> Rooms:
    """Return a seat per name and token on a port of this machine."""
    url = f"http://127.0.0.1:{port}/api/channels/load-{{}}/register/"
    return [
        [_seat(url.format(room), number, *one) for number, one in enumerate(seats)]
        for room, seats in enumerate(tokens)
    ]


async def _prepare(data: DataFolder, sizes: Sequence[int]) -> list[list[tuple[str, str]]]:
    """Write channels and accounts; return a name and an access token per seat.

    Not by registering: the hash of a password alone takes longer than all of this.
    """
    tokens = Tokens(data.read_keyring(), access_s=86_400, refresh_s=86_400)
    places = [room for room, size in enumerate(sizes) for _ in range(size)]
    now = utc_now()
    account = {"password_hash": "!", "is_admin": False, "created_at": now}
    channel = {"allow_new_client": True, "created_at": now}
    database = await Database.open(data.database)
    async with database.begin() as connection:
        await connection.execute(
            channels.insert(),
            [{"id": f"load-{room}", "name": "Load", **channel} for room in range(len(sizes))],
        )
        await connection.execute(
            accounts.insert(),
            [{"id": i, "username": f"load-{i}", **account} for i in range(1, len(places) + 1)],
        )
        await connection.execute(
            members.insert(),
            [
                {"channel_id": f"load-{room}", "account_id": i, "joined_at": now}
                for i, room in enumerate(places, start=1)
            ],
        )
    await database.close()
    seats: list[list[tuple[str, str]]] = [[] for _ in sizes]
    for i, room in enumerate(places, start=1):
        seats[room].append((f"load-{i}", tokens.issue("access", Subject(i))))
    return seats


@contextmanager
def serving(
    folder: Path, *, pin: bool, environ: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run `bunga serve` on `folder`/data and a free port; it may not answer yet.

    It is told nothing by the settings file and the environment of who runs the benchmark.
    """
    port, config = free_port(), folder / "bunga.toml"
    config.touch()
    command = [sys.executable, "-m", "bunga_cli", "serve", "--data", str(folder / "data")]
    command += ["--host", "127.0.0.1", "--port", str(port), "--config", str(config)]
    command += ["--log-level", "warning"]
    with running(command, pin=pin, environ=environ) as process:
        yield process, port


@contextmanager
def running(
    command: Sequence[str], *, pin: bool, environ: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server, on the servers' core if it is to be pinned, for the length of a block."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("BUNGA_")}
    process = subprocess.Popen(command, env={**inherited, **environ}, stdout=subprocess.DEVNULL)
    try:
        pin_to(process.pid, SERVER_CORE if pin else None)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_healthy(process: subprocess.Popen[bytes], port: int) -> None:
    """Return as soon as `/healthz` is answered with 200.

    Raises RuntimeError when the server ended, TimeoutError when it takes too long.
    """
    give_up_at = time.perf_counter() + START_TIMEOUT_S
    while not _is_healthy(port):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        if time.perf_counter() > give_up_at:
            raise TimeoutError(f"the server does not serve after {START_TIMEOUT_S} s")
        time.sleep(0.002)


def _is_healthy(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=START_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    """Return a port on which nobody listens, and that the system gives to nobody meanwhile."""
    while True:
        port = random.choice(NOT_HANDED_OUT)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


# -- any server --


@asynccontextmanager
async def remote(
    sizes: Sequence[int],
    *,
    url: str,
    pid: int | None,
    unlimited: bool = False,  # noqa: ARG001
) -> AsyncIterator[Target]:
    """Register at a running server; `{room}` in the URL stands for the number of a room.

    The channels must be there, and let new clients in.
    """
    slots = asyncio.Semaphore(REGISTERING_AT_ONCE)
    total, done = sum(sizes), 0

    async def register(room: int, number: int) -> Seat:
        nonlocal done
        async with slots, Account.registered(url.replace("{room}", str(room))) as account:
            done += 1
            print(f"\rregistered {done} of {total}", end="", file=sys.stderr, flush=True)
            where = account.address.register_url
            return _seat(where, number, account.username, account.access_token)

    rooms = [
        list(await asyncio.gather(*(register(room, number) for number in range(size))))
        for room, size in enumerate(sizes)
    ]
    print(file=sys.stderr)
    yield Target(rooms, Meter(pid))


def _seat(register_url: str, number: int, username: str, token: str) -> Seat:
    address = ServerAddress.parse(register_url)
    chat = urlsplit(address.chat_url(token))
    port = chat.port or (443 if address.is_tls else 80)
    path = f"{chat.path}?{chat.query}"
    return Seat(number, address.host, port, address.is_tls, path, username)


# -- this machine --


def pin_to(pid: int, core: int | None) -> None:
    """Keep a process (0: this one) on one core where the system can."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, {core})


def can_pin() -> bool:
    """Return whether server and client can have a core each."""
    return hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) >= 2


def raise_open_file_limit() -> int:
    """Allow as many open files as this user may have and return how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
