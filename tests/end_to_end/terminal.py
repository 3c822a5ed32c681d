"""A terminal for a test to look at: a pseudo-terminal, with an emulator that knows its screen."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pyte  # type: ignore[import-untyped]

_ROOT = Path(__file__).parents[2]
_PATIENCE_S = 60.0


class Terminal:
    """80 columns and 24 lines, in which one command runs."""

    def __init__(self, *command: str, columns: int = 80, lines: int = 24) -> None:
        self.printed = b""
        self._screen = pyte.Screen(columns, lines)
        self._emulator = pyte.ByteStream(self._screen)
        self._news = asyncio.Event()
        self._ours, self._theirs = pty.openpty()
        termios.tcsetwinsize(self._theirs, (lines, columns))
        self.modes_before = termios.tcgetattr(self._theirs)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _IN_OUR_TERMINAL, *command],
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            cwd=_ROOT,
            env={**os.environ, "PYTHONUTF8": "1", "TERM": "xterm-256color", "TZ": "UTC", **_STALE},
            start_new_session=True,
        )
        asyncio.get_running_loop().add_reader(self._ours, self._read)

    @property
    def lines(self) -> list[str]:
        """What is on the screen."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def modes(self) -> list[object]:
        """How the terminal treats what is typed."""
        return termios.tcgetattr(self._theirs)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Make the window another size; what runs in it is told, as by any terminal."""
        self._screen.resize(lines, columns)
        termios.tcsetwinsize(self._theirs, (lines, columns))

    async def shows(self, text: str) -> list[str]:
        """Wait until `text` is somewhere on the screen, and return the screen."""
        await self.until(lambda: any(text in line for line in self.lines), f"no {text!r}")
        return self.lines

    async def shows_no_more(self, text: str) -> list[str]:
        """Wait until `text` is gone."""
        await self.until(lambda: not any(text in line for line in self.lines), f"still {text!r}")
        return self.lines

    async def exit_code(self) -> int:
        """Wait for the end of the command."""
        return await asyncio.to_thread(self.process.wait, _PATIENCE_S)

    async def close(self) -> None:
        """Take the terminal away."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        asyncio.get_running_loop().remove_reader(self._ours)
        os.close(self._theirs)
        os.close(self._ours)

    def _read(self) -> None:
        printed = os.read(self._ours, 65536)
        self.printed += printed
        self._emulator.feed(printed)
        self._news.set()

    async def until(
        self, condition: Callable[[], bool], complaint: str = "not what was waited for"
    ) -> None:
        """Wait until what is printed makes this true."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            screen = "\n".join(self.lines)
            raise AssertionError(f"{complaint} on the screen:\n{screen}") from None


_STALE = {"COLUMNS": "80", "LINES": "24"}
"""What a parent that uses readline leaves behind, and what no resize changes."""
_IN_OUR_TERMINAL = (
    "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "sys.argv[0] = 'bunga'; from bunga_cli.cli import main; main()"
)
"""The command as `bunga` runs it, with this terminal as the one that can interrupt it."""


@asynccontextmanager
async def terminal(*command: str, columns: int = 80, lines: int = 24) -> AsyncIterator[Terminal]:
    """Run a `bunga` command in a terminal, for the length of a block."""
    shown = Terminal(*command, columns=columns, lines=lines)
    try:
        yield shown
    finally:
        await shown.close()
