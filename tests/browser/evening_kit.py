"""What the tests of whole evenings share: people, each in a browser, and a film somewhere else.

Nothing here looks at the time: it waits until the pages are where they should be, and compares
their pictures by the one clock that all pages of a machine have.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import DATA, Visit, Visitor
from tests.browser.watch_kit import press, until, until_in_step
from tests.servers import Site

HELD_FROM = 2 * 32_768
"""The first byte of the film that can be held back, as browsers read blocks of 32 KiB."""
HELD_FROM_S = 48
"""The second of the film that it belongs to."""
_CLOSE_S = 0.12
_AT_REST_S = 0.06
_IN_A_ROW = 3
_TRIES = 120
_AGAIN_S = 0.25
_RANGE = re.compile(r"^range: bytes=(\d+)-(\d*)\r$", re.IGNORECASE | re.MULTILINE)
_WHO = re.compile(r"^from: (\w+)\r$", re.IGNORECASE | re.MULTILINE)


class FilmServer:
    """Serves one film, in ranges; from `HELD_FROM` on only to those from whom nothing is held back.

    Who asks is told by the header `From` that the browsers of these tests send.
    """

    def __init__(self) -> None:
        self.url = ""
        self._film = (DATA / "film.webm").read_bytes()
        self._gates: dict[str, asyncio.Event] = {}
        self._refused: set[str] = set()
        self._open: set[asyncio.StreamWriter] = set()

    def hold_back(self, who: str) -> None:
        """Send this person no more of the film's second half."""
        self._gates[who] = asyncio.Event()

    def let_go(self, who: str) -> None:
        """Send what was held back, and hold back no more."""
        self._gates.pop(who).set()

    def turn_away(self, who: str) -> None:
        """Break off what this person was to be sent, and refuse all that they ask for."""
        self._refused.add(who)
        self.let_go(who)

    def let_in(self, who: str) -> None:
        """Refuse this person nothing any more."""
        self._refused.discard(who)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FilmServer"]:
        """Serve for the length of a block."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/film.webm"
        try:
            yield self
        finally:
            server.close()
            for writer in self._open:
                writer.close()
            for who in [*self._gates]:
                self.let_go(who)
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):  # the page was closed
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            await self._answer(request, writer)
        self._open.discard(writer)
        writer.close()

    async def _answer(self, request: str, writer: asyncio.StreamWriter) -> None:
        who, wanted = _WHO.search(request), _RANGE.search(request)
        if who and who[1] in self._refused:
            writer.write(
                b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            return
        first = int(wanted[1]) if wanted else 0
        last = int(wanted[2]) if wanted and wanted[2] else len(self._film) - 1
        writer.write(self._head(first, last, is_part=wanted is not None))
        writer.write(self._film[first : min(last + 1, HELD_FROM)])
        await writer.drain()
        if last >= HELD_FROM and who and who[1] in self._gates:
            await self._gates[who[1]].wait()
            if who[1] in self._refused:
                return
        writer.write(self._film[max(first, HELD_FROM) : last + 1])
        await writer.drain()

    def _head(self, first: int, last: int, *, is_part: bool) -> bytes:
        lines = [
            "HTTP/1.1 206 Partial Content" if is_part else "HTTP/1.1 200 OK",
            "Content-Type: video/webm",
            "Accept-Ranges: bytes",
            f"Content-Length: {last + 1 - first}",
            "Cache-Control: no-store",
            "Connection: close",
        ]
        if is_part:
            lines.append(f"Content-Range: bytes {first}-{last}/{len(self._film)}")
        return "\r\n".join([*lines, "", ""]).encode()


@dataclass
class Evening:
    """A room, the film that is on there, and who is in it: their names and their browsers."""

    visit: Visit
    site: Site
    channel: str
    films: FilmServer
    people: dict[str, Visitor] = field(default_factory=dict)

    @property
    def pages(self) -> list[Page]:
        """The page of each, in the order in which they came."""
        return [visitor.page for visitor in self.people.values()]

    async def come(self, name: str) -> Page:
        """Somebody comes in by the link of the invitation, with a browser of their own."""
        visitor = await self.visit(self.site, extra_http_headers={"From": name})
        self.people[name] = visitor
        visitor.allowed.append(f"an address outside the server: {self.films.url}")
        await visitor.go(f"/?channel={self.channel}")
        page = visitor.page
        await page.get_by_role("link", name="Watch in the browser").click()
        await page.get_by_role("textbox", name="Name").fill(name)
        await press(page, "Watch")
        await stands(page, name, ANY)
        return page

    async def put_on(self, page: Page) -> None:
        """Share the film by its address."""
        await press(page, "Put on a video")
        await page.get_by_role("tab", name="Address").click()
        await page.get_by_label("Address of the video").fill(self.films.url)
        await press(page, "Put it on")

    async def all_ready(self) -> None:
        """Wait until each has loaded the film, and sees that the others have."""
        for page in self.pages:
            await until(page, "video.readyState >= 3")
            for name in self.people:
                await stands(page, name, "Ready")

    async def all_in_step(self) -> None:
        """Wait until all play where the room is, and so at the same place."""
        for page in self.pages:
            await shows(page, "playing")
            await until_in_step(page, self.site)
        await together(*self.pages)


@asynccontextmanager
async def evening(
    visit: Visit, site: Site, *names: str, **settings: object
) -> AsyncIterator[Evening]:
    """These people are in a room, the first of them has put the film on, and it is loaded."""
    channel = f"evening-{uuid4().hex[:8]}"
    site.create_channel(channel, **settings)
    async with FilmServer().running() as films:
        it = Evening(visit, site, channel, films)
        for name in names:
            await it.come(name)
        await it.put_on(it.pages[0])
        await it.all_ready()
        yield it
        for visitor in it.people.values():
            await visitor.context.close()


ANY = re.compile("Ready|Buffering|Excused|Away")


async def stands(page: Page, name: str, state: str | re.Pattern[str]) -> None:
    """Wait until the page's list of watchers says so of somebody."""
    await expect(row(page, name)).to_contain_text(state)


def row(page: Page, name: str) -> Locator:
    """Return the line of somebody in the page's list of watchers."""
    return page.locator("#people").get_by_role("listitem").filter(has_text=name)


async def shows(page: Page, play_state: str) -> None:
    """Wait until the page says that the room is paused, waiting, playing or seeking."""
    await expect(page.locator("#box")).to_have_attribute("data-state", play_state)


async def said(page: Page, text: str, times: int = 1) -> None:
    """Wait until this stands so often in the list of what was said and done."""
    await expect(page.get_by_role("log").get_by_text(text)).to_have_count(times)


async def move_to(page: Page, second: int) -> None:
    """Move the bar under the picture."""
    await page.get_by_role("slider", name="Position").fill(str(second))


async def watch_for_stops(page: Page) -> None:
    """Take note from now on of when this page's picture stops, and of what its room does."""
    await page.evaluate(_NOTE_STOPS)


async def assert_never_stopped(page: Page) -> None:
    """Fail if the picture or the room has stopped since then."""
    assert await page.evaluate("window.stopped") == []


_NOTE_STOPS = """() => {
  const video = document.querySelector("video");
  const box = document.querySelector("#box");
  window.stopped = [];
  video.addEventListener("pause", () => window.stopped.push(["picture", video.currentTime]));
  const look = () => {
    if (box.dataset.state !== "playing") window.stopped.push(["room", box.dataset.state]);
  };
  new MutationObserver(look).observe(box, { attributes: true, attributeFilter: ["data-state"] });
}"""


async def together(*pages: Page) -> None:
    """Wait until all play, and their pictures are at the same place and stay together."""
    seen: list[Any] = []
    in_a_row = 0
    for _ in range(_TRIES):
        seen = [await page.evaluate(_SEEN) for page in pages]
        starts = [one["at"] - one["now"] / 1000 for one in seen]
        is_one = all(one["runs"] for one in seen) and max(starts) - min(starts) < _CLOSE_S
        in_a_row = in_a_row + 1 if is_one else 0
        if in_a_row == _IN_A_ROW:
            return
        await asyncio.sleep(_AGAIN_S)
    raise AssertionError(f"they do not play at one place: {seen}")


async def at_rest(*pages: Page) -> float:
    """Wait until all rest at the same place; return it, in seconds."""
    seen: list[Any] = []
    for _ in range(_TRIES):
        seen = [await page.evaluate(_SEEN) for page in pages]
        places = [float(one["at"]) for one in seen]
        if not any(one["runs"] for one in seen) and max(places) - min(places) < _AT_REST_S:
            return places[0]
        await asyncio.sleep(_AGAIN_S)
    raise AssertionError(f"they do not rest at one place: {seen}")


_SEEN = """() => {
  const video = document.querySelector("video");
  return { at: video.currentTime, now: Date.now(), runs: !video.paused && !video.seeking };
}"""
