"""Somebody who watches: a Chromium process of their own with the page, behind a network."""

import json
import secrets
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Page, Playwright

from benchmarks.precision.figures import Look
from benchmarks.precision.scenarios import Viewer
from benchmarks.proxy import Link, delaying_proxy

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
_SCRIPT = Path(__file__).with_name("page.js")
_LOADED = "() => document.getElementById('video').readyState >= 4"


@dataclass
class Notes:
    """What a page has noted: where its picture was, and what the server said."""

    looks: list[Look] = field(default_factory=list)
    frames: list[tuple[float, float]] = field(default_factory=list)
    """When one was seen, and where it belongs."""
    states: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    opened_at: float | None = None
    learned: dict[str, Any] = field(default_factory=dict)

    def add(self, noted: dict[str, Any]) -> None:
        self.looks += [Look(*look) for look in noted["looks"]]
        self.frames += [(at, position) for at, position in noted["frames"]]
        self.states += [(at, state) for at, state in noted["states"]]
        self.opened_at = noted["openedAt"]
        self.learned = noted["learned"]

    def clear(self) -> None:
        """Forget what was noted before now."""
        self.looks.clear()
        self.frames.clear()
        self.states.clear()


@dataclass
class Seat:
    """A viewer whose page is open."""

    viewer: Viewer
    page: Page
    notes: Notes = field(default_factory=Notes)

    async def collect(self) -> None:
        """Take over what the page has noted since the last time."""
        self.notes.add(await self.page.evaluate("takeNotes()"))

    async def until_loaded(self) -> None:
        await self.page.wait_for_function(_LOADED, polling=50, timeout=60_000)


def link_of(viewer: Viewer, seed: int) -> Link:
    """Return the network of a viewer; each way takes half of the round trip."""
    return Link(
        delay_ms=viewer.rtt_ms / 2,
        jitter_ms=viewer.rtt_ms * viewer.jitter,
        spike_share=viewer.spikes,
        seed=seed,
    )


@asynccontextmanager
async def browsing(
    playwright: Playwright, viewer: Viewer, number: int, port: int, channel: str
) -> AsyncIterator[Seat]:
    """Open the page of a channel, whose server is at `port`, for the length of a block."""
    async with AsyncExitStack() as stack:
        near = await stack.enter_async_context(delaying_proxy(port, link_of(viewer, number + 1)))
        chromium = await playwright.chromium.launch(executable_path=_chromium(), args=FLAGS)
        stack.push_async_callback(chromium.close)
        page = await chromium.new_page(viewport={"width": 640, "height": 480})
        await page.add_init_script(_script(viewer, number))
        await page.goto(f"http://127.0.0.1:{near}/watch/{channel}")
        yield Seat(viewer, page)


def _script(viewer: Viewer, number: int) -> str:
    config = {
        "skewMs": viewer.skew_ms,
        "ppm": viewer.ppm,
        "isSilent": viewer.media == "silent",
        "identity": {
            "username": secrets.token_hex(4),
            "password": secrets.token_hex(20),
            "name": f"Viewer {number + 1}",
            "hue": 100 * number,
        },
        "volume": {"volume": 1, "muted": viewer.media == "muted"},
    }
    return f"(() => {{ const CONFIG = {json.dumps(config)};\n{_SCRIPT.read_text()}\n}})();"


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        sys.exit("Error: chromium is needed to measure how well it is in step.")
    return found
