"""An evening on which somebody's film comes too slowly: the others wait, but not for ever."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.evening_kit import (
    HELD_FROM_S,
    Evening,
    assert_never_stopped,
    at_rest,
    evening,
    move_to,
    shows,
    stands,
    watch_for_stops,
)
from tests.browser.watch_kit import press, until
from tests.servers import Site, running_site

BEFORE_S = HELD_FROM_S - 3


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server that waits a second for anybody."""
    with running_site(tmp_path_factory.mktemp("hasty") / "data", SYNC__MAX_WAIT="1s") as site:
        yield site


async def test_all_wait_for_whose_film_does_not_come(visit: Visit, cinema: Site) -> None:
    async with evening(visit, cinema, "Ann", "Cid") as it:
        ann, cid = it.pages
        bob = await _who_has_half_of_it(it, "Bob")
        for page in it.pages:
            await until(page, f"video.currentTime > {BEFORE_S} + 0.5")

        for page in it.pages:
            await shows(page, "waiting")
        for page in (ann, cid):
            await expect(page.locator("#reason")).to_contain_text("for Bob (")
            await expect(page.locator("#told")).to_contain_text("Waiting for Bob (")
            await stands(page, "Bob", "Buffering")
        assert BEFORE_S < await at_rest(ann, cid) < HELD_FROM_S + 4

        it.films.let_go("Bob")
        await it.all_ready()
        await it.all_in_step()
        await until(bob, f"video.currentTime > {HELD_FROM_S + 1}")


async def test_a_start_waits_for_whose_film_has_not_come(visit: Visit, cinema: Site) -> None:
    async with evening(visit, cinema, "Ann") as it:
        [ann] = it.pages
        it.films.hold_back("Bob")
        await it.come("Bob")
        await it.all_ready()
        await move_to(ann, HELD_FROM_S + 10)
        await stands(ann, "Bob", "Buffering")
        await press(ann, "Play")
        for page in it.pages:
            await shows(page, "waiting")
        await until(ann, "video.readyState >= 3 && video.paused")
        assert await at_rest(ann) == pytest.approx(HELD_FROM_S + 10, abs=0.1)

        it.films.let_go("Bob")
        await it.all_in_step()


async def test_who_keeps_all_waiting_is_excused_and_taken_back(visit: Visit, hasty: Site) -> None:
    async with evening(visit, hasty, "Ann", "Cid") as it:
        others = it.pages
        await _who_has_half_of_it(it, "Bob")
        for page in it.pages:
            await stands(page, "Bob", "Excused")
        for page in others:
            await shows(page, "playing")
            place = await page.evaluate("document.querySelector('video').currentTime")
            await until(page, f"!video.paused && video.currentTime > {place} + 0.5")
            await watch_for_stops(page)

        it.films.let_go("Bob")
        await stands(others[0], "Bob", "Ready")
        await it.all_in_step()
        for page in others:
            await assert_never_stopped(page)


async def _who_has_half_of_it(it: Evening, name: str) -> Page:
    """Somebody comes, and the room plays, whose film ends some seconds after where that is."""
    it.films.hold_back(name)
    page = await it.come(name)
    await it.all_ready()
    await move_to(it.pages[0], BEFORE_S)
    await press(it.pages[0], "Play")
    return page
