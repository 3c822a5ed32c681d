"""What people say and show each other in the browser's player."""

import re

import pytest
from playwright.async_api import Position, expect

from tests.browser.conftest import PHONE, Visit, Visitor
from tests.browser.evening_kit import shows
from tests.browser.watch_kit import EVIL, come_in, film, press, until, watching
from tests.end_to_end.kit import SECOND_US, new_channel
from tests.servers import Site


async def test_what_is_said_flies_over_the_picture(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await bob.say(EVIL)
        await expect(page.locator("#lines")).to_contain_text(EVIL)
        await expect(page.locator("#over .danmaku")).to_have_text(EVIL)

        await page.get_by_role("textbox", name="Say something").fill("Hello k")
        await page.get_by_role("textbox", name="Say something").press("Enter")
        said = await bob.expect("danmaku", where=lambda m: m["message"] != EVIL)
        assert (said["message"], said["sender"]["name"]) == ("Hello k", "Ann")
        await press(page, "🎉")
        assert (await bob.expect("popmoji"))["popmoji_code"] == "🎉"
        await expect(page.locator("#over .popmoji")).to_have_text("🎉")
        assert await page.title() != "taken"


async def test_a_name_can_be_changed(ann: Visitor) -> None:
    async with watching(ann) as (page, _):
        await press(page, "Your name")
        await page.get_by_role("textbox", name="Name").fill("Anna")
        await press(page, "Watch")
        await expect(page.locator("#people")).to_contain_text("Anna (you)")


async def test_a_spark_is_put_where_one_clicks(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await press(page, "☝️")
        await expect(page.locator("#spark-hint")).to_contain_text("Click on the picture")
        box = await page.locator("video").bounding_box()
        assert box
        place = Position(x=box["width"] / 4, y=box["height"] * 3 / 4)
        await page.locator("video").click(position=place)
        spark = await bob.expect("spark")
        assert spark["emoji"] == "☝️"
        assert spark["fraction"] == [pytest.approx(0.25, abs=0.01), pytest.approx(0.75, abs=0.01)]
        seen = await page.locator("#over .spark-mark").bounding_box()
        assert seen
        middle = (
            seen["x"] + seen["width"] / 2 - box["x"],
            seen["y"] + seen["height"] / 2 - box["y"],
        )
        assert middle == (pytest.approx(place["x"], abs=3), pytest.approx(place["y"], abs=3))

        await page.locator("video").click(position=Position(x=40, y=1))
        assert min((await bob.expect("spark"))["fraction"]) > 0  # no whole numbers for the app
        await page.locator("body").press("Escape")
        await expect(page.get_by_role("button", name="☝️")).to_have_attribute(
            "aria-pressed", "false"
        )
        await page.locator("body").press("e")
        assert (await bob.expect("spark"))["fraction"] == [0.5, 0.5]
        await page.locator("video").click()
        await bob.expect("play")


async def test_sparks_of_others_are_seen_where_they_are(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await bob.send({"code": "spark", "emoji": EVIL, "fraction": [0.5, 0.25]})
        mark = page.locator("#over .spark-mark")
        await expect(mark).to_have_text(EVIL)
        box, seen = await page.locator("video").bounding_box(), await mark.bounding_box()
        assert box
        assert seen
        assert seen["y"] + seen["height"] / 2 - box["y"] == pytest.approx(box["height"] / 4, abs=3)
        assert await page.title() != "taken"


async def test_what_others_do_is_told_over_the_picture(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        told = page.locator("#told")
        await bob.play()
        await expect(told).to_have_text("Bob pressed play")
        await until(page, "video.currentTime > 0.5")
        await bob.set_buffering(True)
        await expect(told).to_have_text(re.compile(r"Waiting for Bob \(\d+ s\)"))
        await bob.set_buffering(False)
        await until(page, "!video.paused")
        await expect(told).to_be_hidden()
        await press(page, "Pause")
        await expect(page.locator("#lines")).to_contain_text("Ann paused")
        await expect(told).to_be_hidden()


async def test_the_full_screen_has_everything_in_it(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await page.locator("body").press("f")
        box = page.locator("#box:fullscreen")
        await expect(box).to_be_visible()
        await bob.say("Large")
        await expect(box.locator(".danmaku")).to_have_text("Large")
        await page.locator("body").press("Enter")
        await box.get_by_role("textbox", name="Say something").press_sequentially("Very")
        await page.keyboard.press("Enter")
        await bob.expect("danmaku", where=lambda message: message["message"] == "Very")
        await box.get_by_role("button", name="🎉").click()
        await bob.expect("popmoji")
        await box.get_by_role("button", name="Subtitles").click()
        await expect(page.get_by_role("dialog", name="Subtitles")).to_be_visible()
        await ann.axe()
        await page.keyboard.press("Escape")
        await box.get_by_role("button", name="Leave the full screen").click()
        await expect(box).to_have_count(0)
        await expect(page.locator(".watch-side #say")).to_be_visible()


async def test_fingers_show_the_controls_and_go_back_and_ahead(visit: Visit, cinema: Site) -> None:
    ann = await visit(cinema, size=PHONE, has_touch=True)
    async with watching(ann) as (page, bob):
        await bob.seek(20 * SECOND_US)
        await until(page, "Math.abs(video.currentTime - 20) < 0.1")
        box = await page.locator("video").bounding_box()
        assert box
        y = box["y"] + box["height"] / 2
        await page.touchscreen.tap(box["x"] + box["width"] * 0.9, y)
        for _ in range(2):
            await page.touchscreen.tap(box["x"] + box["width"] * 0.1, y)
        await expect(page.locator("#told")).to_have_text("5 s back")
        sought = await bob.expect("seek", where=lambda m: m["sender"]["name"] == "Ann")
        assert sought["position"] == pytest.approx(15 * SECOND_US, abs=SECOND_US / 10)
        for _ in range(2):
            await page.touchscreen.tap(box["x"] + box["width"] / 2, y)
        await bob.expect("play")


async def test_all_keys_are_shown(ann: Visitor) -> None:
    async with watching(ann) as (page, _):
        await page.locator("body").press("?")
        dialog = page.get_by_role("dialog", name="Keys")
        await expect(dialog).to_contain_text("Full screen")
        await ann.axe()
        await dialog.get_by_role("button", name="Close").click()
        await page.evaluate(_WITHOUT_PICTURES)
        await page.locator("body").press("p")
        await until(page, "document.title === 'asked'")


# A headless browser has no small picture.
_WITHOUT_PICTURES = """
    HTMLVideoElement.prototype.requestPictureInPicture = async () => {
      document.title = "asked";
    };
"""


async def test_the_volume_stays(ann: Visitor) -> None:
    channel = new_channel(ann.site)
    page = await come_in(ann, channel)
    await page.get_by_role("slider", name="Volume").fill("0.35")
    await press(page, "Mute")
    await page.reload()
    await expect(page.locator("#people")).to_contain_text("Ann (you)")
    await until(page, "video.muted && video.volume === 0.35")
    await press(page, "Sound on")
    await expect(page.get_by_role("slider", name="Volume")).to_have_value("0.35")


async def test_the_system_is_told_what_is_on(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await until(page, "navigator.mediaSession.metadata?.title === 'Film'")
        await until(page, "navigator.mediaSession.playbackState === 'paused'")
        channel = page.url.rpartition("/")[2]
        bad = {"record_id": "bad", "title": "Bad", "thumb_url": "http://["}
        await bob.project({**film(ann.site, channel), **bad})
        await until(page, "navigator.mediaSession.metadata?.title === 'Bad'")
        await until(page, "video.readyState >= 3")


async def test_the_keys_are_the_films_again_after_a_click_and_after_a_word(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await page.locator("[data-emoji]").first.click()
        await bob.expect("popmoji")
        await page.keyboard.press("Space")
        await shows(page, "playing")

        await press(page, "Put on a video")
        await page.keyboard.press("Escape")
        await page.wait_for_function("() => document.activeElement === document.body")
        await page.keyboard.press("Space")
        await shows(page, "paused")
        await expect(page.get_by_role("dialog")).to_have_count(0)

        for leave, follows in (("Escape", "playing"), ("Enter", "paused")):
            await page.keyboard.press("Enter")
            await page.keyboard.type("hello")
            await page.keyboard.press("Enter")
            await bob.expect("danmaku")
            await page.keyboard.press(leave)
            await page.keyboard.press("Space")
            await shows(page, follows)


async def test_other_colours_do_not_disturb_who_watches(ann: Visitor) -> None:
    async with watching(ann) as (page, _bob):
        await page.evaluate("() => (window.isTheSame = true)")
        await page.get_by_role("button", name="Dark").click()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await expect(page.get_by_role("button", name="Dark")).to_have_attribute(
            "aria-pressed", "true"
        )
        assert await page.evaluate("() => window.isTheSame")

        await page.reload()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
