"""`docs/quickstart.md` in terminals of 80 by 24; two players come in where it says so."""

import asyncio
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path

from tests.end_to_end.kit import FILM, Patient15, status

PAGE = Path(__file__).parents[2] / "docs" / "quickstart.md"
COLUMNS, LINES = 80, 24
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Person:
    """Somebody with two terminals in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.invitation = ""

    def do(self, block: str) -> None:
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            with self._terminal(command) as (process, printed):
                text = printed()
                assert process.wait(60) == 0, text
            self._compare(command, text, expected)
            if found := re.search(r"http\S+/register/", text):
                self.invitation = found.group()

    @contextmanager
    def serving(self, block: str) -> Iterator[None]:
        """Follow the block that starts the server; end it with Ctrl-C."""
        command, _, expected = block.removeprefix("$ ").partition("\n")
        with self._terminal(command) as (process, printed):
            self._compare(command, printed(until="Ctrl-C stops the server."), expected)
            yield
            os.killpg(process.pid, signal.SIGINT)
            assert "Stopped." in printed()
            assert process.wait(60) == 0

    def _compare(self, command: str, shown: str, expected: str) -> None:
        lines = [line.rstrip() for line in shown.splitlines()]
        assert max(map(len, lines)) <= COLUMNS or "register" in shown, shown
        plain = re.sub(r"[\[*?]", r"[\g<0>]", expected.strip())
        pattern = re.sub(r"^…$\n?", "*", plain, flags=re.MULTILINE)
        pattern = pattern.replace(" …", "*").replace("…", "*")
        assert fnmatchcase("\n".join(lines).strip(), pattern), f"$ {command}\n{shown}"

    @contextmanager
    def _terminal(self, command: str) -> Iterator[tuple[subprocess.Popen[bytes], "_Printed"]]:
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (LINES, COLUMNS))
        words = command.replace("bunga", f"{sys.executable} -m bunga_cli", 1)
        environ = {name: value for name, value in os.environ.items() if name[:5] != "BUNGA"}
        root = str(Path(__file__).parents[2])
        environ |= {"PYTHONPATH": root, "PYTHONUTF8": "1", "BUNGA_SERVER__PORT": "0"}
        process = subprocess.Popen(
            ["bash", "-c", f"exec {words}"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=self._folder,
            env={**environ, "NO_COLOR": "1"},
            start_new_session=True,
        )
        os.close(theirs)
        try:
            yield process, _Printed(ours)
        finally:
            process.kill()
            process.wait(60)
            os.close(ours)


class _Printed:
    """What a terminal shows, once it is there."""

    def __init__(self, terminal_fd: int) -> None:
        self._fd = terminal_fd

    def __call__(self, until: str = "\0") -> str:
        shown = b""
        with suppress(OSError):  # so a terminal ends that nobody writes to any more
            while until.encode() not in shown and (more := os.read(self._fd, 10_000)):
                shown += more
        return shown.decode().replace("\r\n", "\n")


async def test_the_quickstart_is_what_happens(tmp_path: Path) -> None:
    person = Person(tmp_path)
    look, serve, invite, list_, play, close = _BLOCK.findall(PAGE.read_text("utf-8"))
    person.do(look)
    with person.serving(serve):
        person.do(invite)
        async with AsyncExitStack() as stack:
            for name in ("ann", "bob"):
                player = Patient15.register(person.invitation, username=name, password="pw")
                watcher = await stack.enter_async_context(player)
                await watcher.join(name=name.title(), share=FILM if name == "ann" else None)
                await watcher.start_heartbeat()
            await status(watcher, ready_ids=["ann", "bob"])
            for block in (list_, play, close):
                await asyncio.to_thread(person.do, block)
