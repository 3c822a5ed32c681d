import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from threading import Thread
from typing import Any

import pytest

from bunga_cli.data_folder import DataFolder
from tests import commands

URL = "http://bunga.test:8000/"

Bunga = Callable[..., subprocess.CompletedProcess[str]]


Terminal = Callable[..., tuple[int, str]]
"""Returns the exit code and all that was printed, what was typed included."""


@dataclass
class StandIn:
    """Answers like a running server, with what the test tells it to."""

    data: DataFolder
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    requests: list[tuple[str, Any]] = field(default_factory=list)

    def answer(self, request: str, body: object, status: int = 200) -> None:
        self.answers[request] = status, body


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    return folder


def _environ(env: dict[str, str]) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    root = Path(__file__).parents[2]
    return {**inherited, "PYTHONPATH": str(root), "PYTHONUTF8": "1", "TZ": "UTC", **env}


@pytest.fixture
def bunga(tmp_path: Path) -> Bunga:
    """Runs the command in an empty folder, with nothing set in its environment."""

    def run(*args: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        if not any(name.startswith("PYTHON") for name in env):
            return commands.run(args, stdin=stdin, cwd=tmp_path, env=_environ(env))
        return subprocess.run(
            [sys.executable, "-m", "bunga_cli", *args],
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
            cwd=tmp_path,
            env=_environ(env),
            check=False,
        )

    return run


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Runs the command as `bunga` does, but in a terminal, into which somebody types."""

    def run(*args: str, typed: str = "", columns: int = 80, **env: str) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, columns))
        os.write(ours, typed.encode())
        environ = _environ({"NO_COLOR": "1", **env})
        command = commands.Command(args, [theirs] * 3, cwd=tmp_path, env=environ, leads=True)
        os.close(theirs)
        printed = b"".join(_read_to_end(ours))
        return command.wait(), printed.decode().replace("\r\n", "\n")

    return run


def _read_to_end(terminal_fd: int) -> Iterator[bytes]:
    """Yield what is printed; a terminal that nobody writes to any more fails, or is empty."""
    with suppress(OSError):
        while printed := os.read(terminal_fd, 10_000):
            yield printed
    os.close(terminal_fd)


@pytest.fixture
def server(data: DataFolder) -> Iterator[StandIn]:
    stand_in = StandIn(data)
    with (
        data.control_socket() as path,
        ThreadingUnixStreamServer(str(path), _handler(stand_in)) as unix_server,
        data.announced(path, URL),
    ):
        thread = Thread(target=unix_server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield stand_in
        unix_server.shutdown()
        thread.join()


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def handle_request(self) -> None:
            request = f"{self.command} {self.path}"
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            stand_in.requests.append((request, json.loads(sent) if sent else None))
            status, answer = stand_in.answers.get(request, (500, "not scripted"))
            content = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_request  # noqa: N815

        def log_message(self, *args: object) -> None:
            """Stay silent: a Unix socket's client has no address to log."""

    return Handler


@dataclass
class Elsewhere:
    """Answers everything with the same, and notes who asked."""

    status: int = 200
    content: bytes = b'{"channels": []}'
    headers: dict[str, str] = field(default_factory=dict)
    tokens: list[str | None] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    answer = Elsewhere()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer.tokens.append(self.headers["Authorization"])
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        answer.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield answer
        server.shutdown()
        thread.join()
