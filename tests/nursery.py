"""Imports what `bunga` needs, and then becomes a `bunga` whenever it is asked, by a fork.

Asked over the socket on stdin: a byte, with four files: a line to who asks, and the command's own.
On that line, a JSON object says what to run; back come the process id and the exit code.
"""

import gc
import importlib
import json
import os
import runpy
import secrets
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_FILES = 4
_IMPORTED = (
    "aiosqlite",
    "alembic.command",
    "httpx2",
    "tty",
    "uvicorn.lifespan.off",
    "uvloop",
    "bunga_cli.app",
    "bunga_cli.backup",
    "bunga_cli.cli",
    "bunga_cli.client",
    "bunga_cli.doctor",
    "bunga_cli.importing",
)


def attend() -> dict[str, Any]:
    """Fork for each request; return, in the fork that is to carry it out, what was asked."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # forks between wait for what is carried out
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who presses Ctrl-C means the tests
    asking = socket.socket(fileno=os.dup(0))
    while True:
        said, files, _, _ = socket.recv_fds(asking, 1, _FILES)
        if not said:
            os._exit(0)
        if os.fork() == 0:
            asking.close()
            return _begin(*files)
        for number in files:
            os.close(number)


def _begin(line_fd: int, *files: int) -> dict[str, Any]:
    """Fork the command and wait for it; return in the fork."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    line = socket.socket(fileno=line_fd)
    asked: dict[str, Any] = json.loads(_line_of(line))
    pid = os.fork()
    if pid == 0:
        line.close()
        _take(files)
        return asked
    for number in (0, *files):
        os.close(number)
    _tell(line, pid)
    _, status = os.waitpid(pid, 0)
    _tell(line, os.waitstatus_to_exitcode(status))
    os._exit(0)


def _line_of(line: socket.socket) -> bytes:
    said = b""
    while not said.endswith(b"\n"):
        said += line.recv(1 << 16)
    return said


def _tell(line: socket.socket, number: int) -> None:
    with suppress(OSError):  # nobody waits for it any more
        line.sendall(number.to_bytes(8, "big", signed=True))


def _take(files: tuple[int, ...]) -> None:
    """Make these files what the process reads, prints to and tells to."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin = os.fdopen(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, "utf-8", "backslashreplace", closefd=False)


def _take_a_clock_of_its_own() -> None:
    """Name this process's clock anew wherever that name was imported."""
    epoch = secrets.token_hex(8)
    for name, module in [*sys.modules.items()]:
        if name.startswith("bunga_cli") and hasattr(module, "EPOCH"):
            setattr(module, "EPOCH", epoch)  # noqa: B010  it is Final for all others


def become(asked: dict[str, Any]) -> None:
    """Become a process that was started with what was asked."""
    if asked["leads"]:
        os.setsid()
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    more = asked["env"].get("PYTHONPATH")
    sys.path[:1] = [asked["cwd"], *(more.split(os.pathsep) if more else [])]
    sys.argv = ["bunga", *asked["arguments"]]
    _take_a_clock_of_its_own()
    runpy.run_module("bunga_cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    sys.path[0] = str(Path.cwd())
    for name in _IMPORTED:
        importlib.import_module(name)
    gc.freeze()  # else the end of each fork would take longer than all it does
    become(attend())
