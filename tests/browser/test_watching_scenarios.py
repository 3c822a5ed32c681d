"""An evening of people who watch together, each in a browser: all that goes as it should."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.evening_kit import (
    assert_never_stopped,
    at_rest,
    evening,
    move_to,
    said,
    shows,
    stands,
    watch_for_stops,
)
from tests.browser.watch_kit import bob_in, press, until, until_in_step
from tests.end_to_end.kit import SECOND_US, status
from tests.servers import Site

CLOSE_S = 0.1
LENGTH_S, TOO_SOON_S = 90, 10
"""How long the film is, and how long after its beginning nobody is believed that it is over."""


async def test_who_is_invited_sees_what_was_put_on(visit: Visit, cinema: Site) -> None:
    async with evening(visit, cinema, "Ann", "Bob") as it:
        ann, bob = it.pages
        for page in (ann, bob):
            await expect(page.get_by_role("heading", name="film.webm")).to_be_visible()
            await expect(page.locator("#sharer")).to_have_text("put on by Ann")
            await shows(page, "paused")
        await stands(ann, "Bob", "Ready")
        await said(bob, "Ann put on “film.webm”")
        assert await at_rest(ann, bob) == 0


async def test_who_presses_play_and_pause_does_so_for_both(visit: Visit, cinema: Site) -> None:
    async with evening(visit, cinema, "Ann", "Bob") as it:
        ann, bob = it.pages
        await press(ann, "Play")
        await it.all_in_step()
        await said(bob, "Ann pressed play")

        await press(bob, "Pause")
        for page in (ann, bob):
            await shows(page, "paused")
        stopped = await at_rest(ann, bob)
        assert stopped > 0
        await said(ann, "Bob paused")

        await press(bob, "Play")
        await it.all_in_step()
        await until(ann, f"video.currentTime > {stopped}")


async def test_who_moves_the_bar_does_so_for_both(visit: Visit, cinema: Site) -> None:
    async with evening(visit, cinema, "Ann", "Bob") as it:
        ann, bob = it.pages
        await move_to(bob, 30)
        await until(ann, f"Math.abs(video.currentTime - 30) < {CLOSE_S}")
        assert await at_rest(ann, bob) == pytest.approx(30, abs=CLOSE_S)

        await press(ann, "Play")
        await it.all_in_step()
        await move_to(ann, 60)
        for page in (ann, bob):
            await until(page, "video.currentTime > 60")
        await it.all_in_step()
        await said(bob, "Ann moved to another place")

        await bob.locator("body").press("ArrowLeft")
        await said(ann, "Bob moved to another place", times=2)
        await it.all_in_step()


async def test_who_press_at_once_end_at_one_place(visit: Visit, cinema: Site) -> None:
    async with evening(visit, cinema, "Ann", "Bob") as it:
        ann, bob = it.pages
        await asyncio.gather(move_to(ann, 20), move_to(bob, 60))
        assert await at_rest(ann, bob) in (pytest.approx(20, abs=0.1), pytest.approx(60, abs=0.1))

        await asyncio.gather(press(ann, "Play"), press(bob, "Play"))
        await it.all_in_step()
        await asyncio.gather(press(ann, "Pause"), move_to(bob, 40))
        for page in (ann, bob):
            await shows(page, "paused")
            await until_in_step(page, cinema)
        await at_rest(ann, bob)


PRESSES_WHEN_IT_TURNS = """() => {
    const turned = new MutationObserver(() => {
        turned.disconnect();
        document.querySelector("#play").click();
    });
    turned.observe(document.querySelector("#box"), { attributeFilter: ["data-state"] });
}"""


async def test_a_press_that_crosses_anothers_does_not_undo_it(visit: Visit, cinema: Site) -> None:
    async with evening(visit, cinema, "Ann", "Bob") as it:
        ann, bob = it.pages
        await bob.evaluate(PRESSES_WHEN_IT_TURNS)
        await press(ann, "Play")
        await it.all_in_step()

        await press(bob, "Pause")
        for page in (ann, bob):
            await shows(page, "paused")
            await said(page, "Bob paused")


async def test_the_film_is_over_for_both_and_begins_anew(visit: Visit, cinema: Site) -> None:
    async with evening(visit, cinema, "Ann", "Bob") as it:
        ann, bob = it.pages
        await move_to(ann, LENGTH_S - TOO_SOON_S)
        await press(ann, "Play")
        for page in (ann, bob):
            await expect(page.locator("#reason")).to_have_text("The video is over")
            await shows(page, "paused")
        assert await at_rest(ann, bob) == pytest.approx(0, abs=CLOSE_S)

        await press(bob, "Play")
        await it.all_in_step()
        for page in (ann, bob):
            await said(page, "The server did not take that.", times=0)


async def test_what_is_said_is_seen_by_the_other(visit: Visit, cinema: Site) -> None:
    async with evening(visit, cinema, "Ann", "Bob") as it:
        ann, bob = it.pages
        await bob.get_by_role("textbox", name="Say something").fill("What a film!")
        await bob.get_by_role("textbox", name="Say something").press("Enter")
        for page in (ann, bob):
            await expect(page.locator("#over")).to_contain_text("What a film!")
            await said(page, "What a film!")
            await expect(page.get_by_role("log")).to_contain_text("Bob:")


async def test_who_comes_late_pauses_the_room_and_is_where_it_is(
    visit: Visit, cinema: Site
) -> None:
    async with evening(visit, cinema, "Ann", "Bob") as it:
        await press(it.pages[0], "Play")
        await it.all_in_step()
        cid = await it.come("Cid")
        for page in it.pages:
            await shows(page, "paused")
        await expect(cid.locator("#sharer")).to_have_text("put on by Ann")
        await it.all_ready()
        assert await at_rest(*it.pages) > 0

        await press(cid, "Play")
        await it.all_in_step()


async def test_who_comes_late_disturbs_nobody_where_the_room_goes_on(
    visit: Visit, cinema: Site
) -> None:
    async with evening(visit, cinema, "Ann", "Bob", on_join="continue") as it:
        others = it.pages
        await press(others[0], "Play")
        await it.all_in_step()
        for page in others:
            await watch_for_stops(page)
        await it.come("Cid")
        await it.all_in_step()
        await it.all_ready()
        for page in others:
            await assert_never_stopped(page)


async def test_the_app_hears_and_is_heard_in_the_same_room(visit: Visit, cinema: Site) -> None:
    async with (
        evening(visit, cinema, "Ann", "Cid") as it,
        bob_in(cinema, it.channel) as bob,
    ):
        ann, cid = it.pages
        projected = await bob.expect("start-projection")
        assert projected["video_record"]["path"] == it.films.url
        await stands(ann, "Bob", "Ready")

        await press(ann, "Play")
        assert (await bob.expect("play"))["sender"]["name"] == "Ann"
        told = await status(bob, play_status="playing")
        assert told["position"] >= 0
        await it.all_in_step()

        await move_to(cid, 40)
        sought = await bob.expect("seek")
        assert (sought["sender"]["name"], sought["position"]) == ("Cid", 40 * SECOND_US)
        await until(ann, "video.currentTime > 40")
        await it.all_in_step()

        await press(ann, "Pause")
        paused = await bob.expect("pause")
        rests_s = await at_rest(ann, cid)
        assert paused["position"] / SECOND_US == pytest.approx(rests_s, abs=CLOSE_S)
        told = await status(bob, play_status="paused")
        assert told["position"] == paused["position"]

        await bob.seek(20 * SECOND_US)
        await until(cid, f"Math.abs(video.currentTime - 20) < {CLOSE_S}")
        await bob.play()
        await it.all_in_step()
        await bob.pause(25 * SECOND_US)
        for page in it.pages:
            await until(page, f"video.paused && Math.abs(video.currentTime - 25) < {CLOSE_S}")
            await said(page, "Bob paused")
