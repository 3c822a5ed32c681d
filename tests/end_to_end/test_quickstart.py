"""`docs/quickstart.md` in terminals of 80 by 24; two players come in where it says so.

What it says of the console is looked at as well.
"""

import asyncio
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2

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
    def serving(self, block: str) -> Iterator[str]:
        """Follow the block that starts the server; yield the link it prints; end it with Ctrl-C."""
        command, _, expected = block.removeprefix("$ ").partition("\n")
        with self._terminal(command) as (process, printed):
            shown = printed(until="Ctrl-C stops the server.")
            self._compare(command, shown, expected)
            (link,) = re.findall(r"http\S+/first-run\S+", shown)
            yield link
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


@asynccontextmanager
async def console(link: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Open the link, become the admin, and go on from there, as in a browser."""
    parts = urlsplit(link)
    origin = f"{parts.scheme}://{parts.netloc}"
    form = {"username": "me", "password": "correct horse 9", "again": "correct horse 9"}
    key = parse_qs(parts.query)["key"][0]
    async with httpx2.AsyncClient(base_url=origin, follow_redirects=True, timeout=60) as browser:
        assert "Make the first admin" in (await browser.get(link)).text
        opened = await browser.post(
            "/console/first-run", data={"key": key, **form}, headers={"Origin": origin}
        )
        assert opened.url.path == "/console", opened.text
        yield browser


async def seen(browser: httpx2.AsyncClient, path: str, *words: str) -> None:
    page = (await browser.get(path)).text
    assert [word for word in words if word not in page] == [], path


async def test_the_quickstart_is_what_happens(tmp_path: Path) -> None:
    person = Person(tmp_path)
    look, serve, invite, list_, play, close = _BLOCK.findall(PAGE.read_text("utf-8"))
    person.do(look)
    with person.serving(serve) as link:
        person.do(invite)
        async with AsyncExitStack() as stack:
            browser = await stack.enter_async_context(console(link))
            await seen(browser, "/console/channels", "Channels", "New channel", "Film night")
            await seen(browser, "/console/channels/film-night", "Room monitor")
            await seen(browser, "/?channel=film-night", "Get the player", person.invitation)
            for name in ("ann", "bob"):
                player = Patient15.register(person.invitation, username=name, password="pw")
                watcher = await stack.enter_async_context(player)
                await watcher.join(name=name.title(), share=FILM if name == "ann" else None)
                await watcher.start_heartbeat()
            await status(watcher, ready_ids=["ann", "bob"])
            for block in (list_, play, close):
                await asyncio.to_thread(person.do, block)
            await seen(browser, "/console/channels/film-night/room", "A film", "Ann", "Bob")
