"""The `bunga` command in a process of its own that need not import anything first.

Python and the libraries take a second to start, what a command does itself some hundredths of that.
So each worker of the tests has one process that has imported all of it, `nursery.py`, which forks.
What is to be tested about the start of the process itself is run by `subprocess`.
"""

import atexit
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread
from typing import IO

ROOT = Path(__file__).parents[1]
_INT = 8


class Command:
    """A command that runs. Used as `subprocess.Popen` is, of which it has what is needed here.

    `files` are what it reads, prints to and tells to; with `leads`, it leads a session of its own.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        files: Sequence[int],
        *,
        cwd: Path,
        env: Mapping[str, str],
        leads: bool = False,
    ) -> None:
        self.returncode: int | None = None
        self._line, theirs = socket.socketpair()
        asked = {"arguments": [*arguments], "cwd": str(cwd), "env": {**env}, "leads": leads}
        with theirs:
            socket.send_fds(_nursery(), [b"!"], [theirs.fileno(), *files])
        self._line.sendall(json.dumps(asked).encode() + b"\n")
        self.pid = self._told()

    def _told(self) -> int:
        told = self._line.recv(_INT, socket.MSG_WAITALL)
        assert len(told) == _INT, "the process that runs commands is gone"
        return int.from_bytes(told, "big", signed=True)

    def poll(self) -> int | None:
        """Return the exit code, None while the command runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once there is one. Raises TimeoutExpired."""
        if self.returncode is None:
            answers = select.poll()
            answers.register(self._line, select.POLLIN)
            if not answers.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired("bunga", timeout or 0)
            self.returncode = self._told()
            self._line.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, if the command runs still."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Server(Command):
    """A command that runs for long; what it tells is read from `stderr`."""

    def __init__(self, arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> None:
        ours, theirs = os.pipe()
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            super().__init__(arguments, [nothing, nothing, theirs], cwd=cwd, env=env)
        finally:
            os.close(theirs)
            os.close(nothing)
        self.stderr = os.fdopen(ours, encoding="utf-8", errors="replace")

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Return nothing, and all that it tells from now to its end. Raises TimeoutExpired."""
        told: list[str] = []
        reading = Thread(target=lambda: told.append(self.stderr.read()), daemon=True)
        reading.start()
        reading.join(timeout)
        self.wait(timeout)
        self.stderr.close()
        return "", "".join(told)


def run(
    arguments: Sequence[str],
    *,
    stdin: str = "",
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    timeout: float = 300.0,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. Raises TimeoutExpired, and leaves it behind then."""
    with TemporaryFile() as given, TemporaryFile() as printed, TemporaryFile() as told:
        given.write(stdin.encode())
        given.seek(0)
        files = [each.fileno() for each in (given, printed, told)]
        command = Command(arguments, files, cwd=cwd, env=os.environ if env is None else env)
        code = command.wait(timeout)
        return subprocess.CompletedProcess([*arguments], code, _text(printed), _text(told))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


@cache
def _nursery() -> socket.socket:
    """Start the process that forks, and return the way to it; it ends when this one does."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-X", "utf8", str(Path(__file__).with_name("nursery.py"))]
    with theirs:
        process = subprocess.Popen(command, stdin=theirs.fileno(), cwd=ROOT)
    atexit.register(_end, ours, process)
    return ours


def _end(line: socket.socket, process: subprocess.Popen[bytes]) -> None:
    line.close()
    process.wait()
