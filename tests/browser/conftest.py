"""A real browser on a real server.

All tests of this folder share one event loop and one browser; each has a profile of its own. What a
page says to the browser's console, and any address outside the server, fails the test.
"""

import json
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    async_playwright,
    expect,
)

from tests.servers import Site, running_site

PHONE, DESKTOP = (360, 740), (1600, 1000)
EVERY_LOOK = [
    pytest.param(PHONE, "light", "zh-CN", id="phone-light-zh"),
    pytest.param(PHONE, "dark", "en-US", id="phone-dark-en"),
    pytest.param(DESKTOP, "light", "en-US", id="desktop-light-en"),
    pytest.param(DESKTOP, "dark", "zh-CN", id="desktop-dark-zh"),
]
"""Sizes, colours and languages in which a page has to be good, so that each meets each once."""
TWO_LOOKS = [
    pytest.param(PHONE, "dark", "en-US", id="phone-dark-en"),
    pytest.param(DESKTOP, "light", "zh-CN", id="desktop-light-zh"),
]
"""Those for tests that look at many pages: English words are the longer ones, on the phone."""
SOME_SECONDS = re.compile(r"\b0:(0[1-9]|[1-5]\d)")
"""The position of a film that has played for a while, however late somebody looks."""
ADMIN, PASSWORD = "olga", "correct horse 9"
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE_MS = 30_000
DATA = Path(__file__).parents[1] / "data"
FILM_FOLDERS = {"PLUGINS__GALLERY__LOCAL_FOLDERS": json.dumps([str(DATA)])}
"""Settings of a server that has a film in its gallery."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"one of these browsers is needed: {', '.join(_NAMES)}")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield browser
        await browser.close()


def make_admin(site: Site, name: str = ADMIN) -> None:
    """Make an admin, as `bunga admins create` does but faster."""
    transport = httpx2.HTTPTransport(uds=str(site.data / "bunga.sock"))
    with httpx2.Client(transport=transport, base_url="http://local", timeout=60) as control:
        new = {"username": name, "password": PASSWORD}
        control.post("/api/v1/admins", json=new).raise_for_status()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with an admin, for all tests that leave its settings alone."""
    with running_site(tmp_path_factory.mktemp("house") / "data") as site:
        make_admin(site)
        yield site


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server for one test, which may end everybody's sessions."""
    with running_site(tmp_path_factory.mktemp("own") / "data") as site:
        make_admin(site)
        yield site


@pytest.fixture(scope="session")
def cinema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server that has a film, for the player in the browser."""
    with running_site(tmp_path_factory.mktemp("cinema") / "data", **FILM_FOLDERS) as site:
        make_admin(site)
        yield site


@dataclass
class Visitor:
    """Somebody with a browser. `allowed`: parts of console messages that the test expects."""

    site: Site
    context: BrowserContext
    page: Page
    allowed: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        """Open a page of the server."""
        await self.page.goto(f"{self.site.url}{path}")

    async def sign_in(self, name: str = ADMIN) -> None:
        """Sign in to the console without its form."""
        answer = await self.context.request.post(
            f"{self.site.url}/console/sign-in",
            form={"username": name, "password": PASSWORD},
            headers={"Origin": self.site.url},
            max_redirects=0,
        )
        assert answer.status == HTTPStatus.SEE_OTHER, await answer.text()

    async def axe(self) -> None:
        """Fail if axe finds anything serious on the page."""
        found = await Axe().run(self.page)
        serious = [
            f"{violation['help']}: {[node['html'] for node in violation['nodes']]}"
            for violation in found.response["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
        assert not serious, "\n".join(serious)

    async def fits(self) -> None:
        """Fail if the page has to be scrolled sideways."""
        wide = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, f"{wide} pixels too wide"

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.site.url, "data:", "blob:", "about:")):
            self.complaints.append(f"an address outside the server: {request.url}")

    def listen(self) -> None:
        """Begin to take note of what goes wrong."""
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asked)

    def finish(self) -> None:
        """Fail if something went wrong that the test does not expect."""
        bad = [text for text in self.complaints if not any(part in text for part in self.allowed)]
        assert not bad, bad


Visit = Callable[..., Awaitable[Visitor]]


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, house: Site) -> AsyncIterator[Visit]:
    """`await visit()` opens a browser; `site`, `size`, `locale`, `scheme`, `signed_in` say more."""
    visitors: list[Visitor] = []

    async def open_browser(
        site: Site | None = None,
        *,
        size: tuple[int, int] = DESKTOP,
        locale: str = "en-US",
        scheme: Any = "light",
        signed_in: bool = False,
        **options: Any,
    ) -> Visitor:
        width, height = size
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            locale=locale,
            color_scheme=scheme,
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        visitor = Visitor(site or house, context, await context.new_page())
        visitor.listen()
        visitors.append(visitor)
        if signed_in:
            await visitor.sign_in()
        return visitor

    yield open_browser
    for visitor in visitors:
        await visitor.context.close()
    for visitor in visitors:
        visitor.finish()


@pytest_asyncio.fixture(loop_scope="session")
async def admin(visit: Visit) -> Visitor:
    """An admin who is signed in, at a desk."""
    return await visit(signed_in=True)


@pytest_asyncio.fixture(loop_scope="session")
async def ann(visit: Visit, cinema: Site) -> Visitor:
    """Somebody who watches in the browser, at a desk."""
    return await visit(cinema)
