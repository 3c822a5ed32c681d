"""A real server for tests: its own process, its own data folder, a port of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2

from tests import commands

_START_S = 60.0
_STOP_S = 60.0
_ANSWER_S = 60.0
_ROOT = Path(__file__).parents[1]


@dataclass
class Site:
    """A data folder, and the server process on it while there is one."""

    data: Path
    process: subprocess.Popen[str] | commands.Server | None = None
    url: str = ""
    python: str = sys.executable
    """Of the environment that the server is installed in."""

    @property
    def secret(self) -> str:
        """What the site signs tokens with."""
        return (self.data / "secret").read_text()

    def bunga(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a `bunga` command on this site."""
        words = [*arguments, "--data", str(self.data)]
        if self.python == sys.executable:
            done = commands.run(words, cwd=_ROOT)
        else:
            command = [self.python, "-m", "bunga_cli", *words]
            done = subprocess.run(
                command, check=False, capture_output=True, text=True, timeout=300, cwd=_ROOT
            )
        if check:
            done.check_returncode()
        return done

    def create_channel(self, channel_id: str, **settings: object) -> None:
        """Make a channel, as `bunga channels create` does but faster."""
        transport = httpx2.HTTPTransport(uds=str(self.data / "bunga.sock"))
        with httpx2.Client(
            transport=transport, base_url="http://local", timeout=_ANSWER_S
        ) as control:
            channel = {"id": channel_id, "name": channel_id, **settings}
            control.post("/api/v1/channels", json=channel).raise_for_status()

    def start(self, *arguments: str, environ: dict[str, str] | None = None) -> None:
        """Start the server and wait until it answers."""
        run_file = self.data / "run.json"
        run_file.unlink(missing_ok=True)
        where = ["--data", str(self.data), "--host", "127.0.0.1", "--port", "0"]
        self.process = self._served(
            ["serve", *where, *arguments], {**os.environ, **(environ or {})}
        )
        deadline = time.monotonic() + _START_S
        while not run_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"The server did not start: {self.log}")
            time.sleep(0.02)
        self.url = json.loads(run_file.read_text())["url"].rstrip("/")
        httpx2.get(f"{self.url}/healthz", timeout=_ANSWER_S).raise_for_status()

    def _served(
        self, words: list[str], environ: dict[str, str]
    ) -> subprocess.Popen[str] | commands.Server:
        if self.python == sys.executable:
            return commands.Server(words, cwd=_ROOT, env=environ)
        return subprocess.Popen(
            [self.python, "-m", "bunga_cli", *words],
            stderr=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
            env=environ,
        )

    def stop(self) -> int:
        """End the server in order; return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End the server without a chance to do anything."""
        return self._end(signal.SIGKILL)

    log: str = ""
    """What ended servers wrote to stderr."""

    def _end(self, with_signal: int) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(with_signal)
        _, errors = process.communicate(timeout=_STOP_S)
        self.log += errors
        return process.wait()

    def register_url(self, channel_id: str) -> str:
        """Return what a person pastes into the player."""
        return f"{self.url}/api/channels/{quote(channel_id, safe='')}/register/"

    def register(self, channel_id: str, username: str, password: str = "a-password") -> Any:
        """Register an account, which makes it if need be; return the answer."""
        answer = httpx2.post(
            self.register_url(channel_id),
            data={"username": username, "password": password},
            timeout=_ANSWER_S,
        )
        answer.raise_for_status()
        return answer.json()

    def register_and_get(self, service: str, channel_id: str, username: str) -> Any:
        """Register, again if need be, until a service has an answer; return the whole one.

        A service that takes more than 2 s is left out, and there the next time.
        """
        deadline = time.monotonic() + _ANSWER_S
        while (answer := self.register(channel_id, username))[service] is None:
            assert time.monotonic() < deadline, answer
        return answer

    def chat_url(self, token: str | None, channel_id: str | None, path: str = "/chat/") -> str:
        """Return the WebSocket's address."""
        query = [
            f"{name}={quote(value, safe='')}"
            for name, value in (("token", token), ("channel_id", channel_id))
            if value is not None
        ]
        return f"ws{self.url.removeprefix('http')}{path}?{'&'.join(query)}"


@contextmanager
def running_site(data: Path, *arguments: str, **settings: str) -> Iterator[Site]:
    """Run a server for the length of a block; end it and fail if it logged a traceback.

    `settings` are environment variables without their prefix: `SYNC__MAX_WAIT="5s"`.
    """
    site = Site(data)
    site.start(*arguments, environ={f"BUNGA_{key}": value for key, value in settings.items()})
    try:
        yield site
    finally:
        site.stop()
    assert "Traceback" not in site.log, site.log
