"""An evening on which pages, networks and the server go away: all are back by themselves."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.evening_kit import (
    assert_never_stopped,
    at_rest,
    evening,
    row,
    said,
    shows,
    stands,
    watch_for_stops,
)
from tests.browser.watch_kit import name_of, press, until
from tests.servers import Site, running_site

OFFLINE = ["ERR_INTERNET_DISCONNECTED", "ERR_CONNECTION_REFUSED", "WebSocket", "Failed to fetch"]
GRACE = {"SYNC__RECONNECT_GRACE": "3s", "SYNC__SILENCE": "2s"}
STORED_WITHIN_S = 2
"""How much of what a room has played may be lost when its server is killed on a busy machine."""


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server that soon takes somebody for gone."""
    with running_site(tmp_path_factory.mktemp("hasty") / "data", **GRACE) as site:
        yield site


async def test_who_reloads_the_page_is_back_in_step(visit: Visit, cinema: Site) -> None:
    async with evening(visit, cinema, "Ann", "Bob") as it:
        ann, bob = it.pages
        before = await name_of(bob)
        await press(ann, "Play")
        await it.all_in_step()

        await bob.reload()
        await stands(bob, "Bob (you)", "Ready")
        assert await name_of(bob) == before
        await it.all_in_step()
        await said(ann, "Bob left", times=0)
        await expect(ann.locator("#people").get_by_role("listitem")).to_have_count(2)


@pytest.mark.parametrize("end", [Site.stop, Site.kill])
async def test_after_a_restart_all_rest_where_the_room_was(
    visit: Visit, tmp_path: Path, end: Callable[[Site], int]
) -> None:
    with running_site(tmp_path / "data") as site:
        async with evening(visit, site, "Ann", "Bob") as it:
            ann, bob = it.pages
            for visitor in it.people.values():
                visitor.allowed += OFFLINE
            await press(ann, "Play")
            await it.all_in_step()
            before = await _place(ann)

            await asyncio.to_thread(end, site)
            for page in it.pages:
                await expect(page.locator("#notice")).to_contain_text("The connection is lost")
            after = await _place(ann)
            port = str(urlsplit(site.url).port)
            await asyncio.to_thread(site.start, "--port", port)

            for page in it.pages:
                await expect(page.locator("#notice")).to_be_hidden()
                await shows(page, "paused")
            await it.all_ready()
            assert before - STORED_WITHIN_S < await at_rest(ann, bob) < after + 1
            await press(bob, "Play")
            await it.all_in_step()


async def _place(page: Page) -> float:
    return float(await page.evaluate("document.querySelector('video').currentTime"))


async def test_a_short_loss_of_the_network_disturbs_nobody(visit: Visit, cinema: Site) -> None:
    async with evening(visit, cinema, "Ann", "Bob") as it:
        ann, bob = it.pages
        it.people["Bob"].allowed += OFFLINE
        await press(ann, "Play")
        await it.all_in_step()
        await watch_for_stops(ann)

        await it.people["Bob"].context.set_offline(True)
        await expect(bob.locator("#notice")).to_contain_text("The connection is lost")
        await it.people["Bob"].context.set_offline(False)
        await expect(bob.locator("#notice")).to_be_hidden()
        await it.all_in_step()
        await stands(ann, "Bob", "Ready")
        await assert_never_stopped(ann)
        await said(ann, "Bob left", times=0)
        await said(ann, "Bob came in")


async def test_who_was_long_without_a_network_is_back_by_itself(visit: Visit, hasty: Site) -> None:
    async with evening(visit, hasty, "Ann", "Bob", on_join="continue") as it:
        ann, bob = it.pages
        it.people["Bob"].allowed += OFFLINE
        await press(ann, "Play")
        await it.all_in_step()
        await watch_for_stops(ann)

        await it.people["Bob"].context.set_offline(True)
        await stands(ann, "Bob", "Away")
        await expect(row(ann, "Bob")).to_have_count(0)
        await said(ann, "Bob left")
        await until(bob, "video.paused")
        await it.people["Bob"].context.set_offline(False)

        await stands(ann, "Bob", "Ready")
        await said(ann, "Bob came in", times=2)
        await it.all_in_step()
        await assert_never_stopped(ann)
