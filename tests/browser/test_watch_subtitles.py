"""Subtitles in the browser's player: own ones, shared ones, sooner and later."""

import asyncio

import httpx2
from playwright.async_api import FilePayload, Page, expect

from bunga_cli.client import Client
from tests.browser.conftest import Visit, Visitor
from tests.browser.watch_kit import EVIL, bob_in, come_in, film, press, until, watching
from tests.end_to_end.kit import SECOND_US, new_channel
from tests.servers import Site

SRT = f"""1
00:00:01,000 --> 00:00:30,000
<i>Hello</i> 你好

2
00:00:40,000 --> 00:00:50,000
{EVIL}Later & more
"""
SHOWN = "(video.textTracks[0].activeCues ?? [])[0]?.text"
LINES = "<i>Hello</i> 你好"


def subtitle(text: str = SRT, name: str = "Film.zh.srt", encoding: str = "utf-8") -> FilePayload:
    return FilePayload(name=name, mimeType="text/plain", buffer=text.encode(encoding))


async def add(page: Page, file: FilePayload, *, is_shared: bool = True) -> None:
    await press(page, "Subtitles")
    await page.get_by_label("Share it with the room").set_checked(is_shared)
    await page.get_by_label("Add one from your disk").set_input_files(file)


async def close(page: Page) -> None:
    await page.locator("#subtitles").get_by_role("button", name="Close").click()


def upload(site: Site, channel: str) -> str:
    """Keep a subtitle as Bob, and return where it is."""
    token = site.register(channel, "bob", "pw")["token"]["access"]
    answer = httpx2.post(
        f"{site.url}/api/channels/{channel}/records/film/subtitle",
        headers={"Authorization": f"Bearer {token}"},
        files={"file": ("Film.zh.srt", SRT)},
        timeout=60,
    )
    return str(answer.raise_for_status().json()["file"])


async def share(bob: Client, url: str, title: str) -> None:
    await bob.send({"code": "share-sub", "url": url, "title": title})


async def is_shown(page: Page, text: str | None) -> None:
    wanted = "undefined" if text is None else repr(text)
    await until(page, f"{SHOWN} === {wanted}")


async def test_a_subtitle_is_shared_and_shown_to_all(ann: Visitor, visit: Visit) -> None:
    async with watching(ann) as (page, bob):
        mia = (await visit(ann.site)).page
        await mia.goto(page.url)
        await mia.get_by_role("textbox", name="Name").fill("Mia")
        await press(mia, "Watch")
        await until(mia, "video.readyState >= 3")
        await bob.seek(2 * SECOND_US)

        await add(page, subtitle(encoding="gb18030"))
        shared = await bob.expect("share-sub")
        assert (shared["title"], shared["sender"]["name"]) == ("Film.zh", "Ann")
        assert "/media/subtitles/" in shared["url"]
        await expect(mia.locator("#lines")).to_contain_text("Ann shared the subtitle “Film.zh”")
        for each in (page, mia):
            await is_shown(each, LINES)
        await expect(page.get_by_role("radio")).to_have_count(2)

        await press(mia, "Subtitles")
        await expect(mia.get_by_role("radio", name="Film.zh")).to_be_checked()
        await mia.get_by_role("radio", name="No subtitles").check()
        await until(mia, "video.textTracks[0].mode === 'disabled'")
        await bob.seek(45 * SECOND_US)
        await is_shown(page, "Later &amp; more")
        assert await page.title() != "taken"


async def test_a_subtitle_that_somebody_shared_is_found_where_it_is(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        channel = page.url.rpartition("/")[2]
        url = await asyncio.to_thread(upload, ann.site, channel)
        await share(bob, url.replace("127.0.0.1", "bunga.example"), "The same")
        await expect(page.locator("#lines")).to_contain_text("Bob shared the subtitle “The same”")
        await press(page, "Subtitles")
        await expect(page.get_by_role("radio", name="The same shared by Bob")).to_be_checked()
        await expect(page.locator("#subtitles-state")).to_have_text("Shown: The same")

        for url in (f"{ann.site.url}/media/subtitles/none.srt", "http://[", "javascript:alert(1)"):
            await share(bob, url, f"Gone {url[-3:]}")
        await expect(page.get_by_role("radio")).to_have_count(5)
        ann.allowed += ["404 (Not Found)"]
        await page.get_by_role("radio", name="Gone srt").click()
        await expect(page.locator("#subtitles-state")).to_contain_text("could not be fetched")
        await expect(page.get_by_role("radio", name="No subtitles")).to_be_checked()


async def test_who_comes_late_or_again_has_the_subtitles_too(ann: Visitor, visit: Visit) -> None:
    async with watching(ann) as (page, bob):
        await bob.seek(2 * SECOND_US)
        await add(page, subtitle())
        await bob.expect("share-sub")
        await page.reload()
        await is_shown(page, LINES)

        mia = await visit(ann.site)
        late = await come_in(mia, page.url.rpartition("/")[2], "Mia")
        await press(late, "Subtitles")
        await late.get_by_role("radio", name="Film.zh shared earlier").check()
        await is_shown(late, LINES)
        await late.get_by_role("radio", name="No subtitles").check()
        await late.reload()
        await press(late, "Subtitles")
        await expect(late.get_by_role("radio", name="Film.zh")).not_to_be_checked()


async def test_subtitles_come_later_and_sooner(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await bob.seek(int(1.2 * SECOND_US))
        await add(page, subtitle(), is_shared=False)
        await is_shown(page, LINES)
        await page.get_by_role("button", name="Half a second later").click()
        await expect(page.locator("#delay")).to_have_text("0.5 s later")
        await is_shown(page, None)
        await close(page)
        for key in "zz":
            await page.locator("body").press(key)
        await is_shown(page, LINES)
        await expect(page.locator("#delay")).to_have_text("0.5 s sooner")
        await page.locator("body").press("c")
        await until(page, "video.textTracks[0].mode === 'disabled'")
        await page.locator("body").press("c")
        await is_shown(page, LINES)
        await bob.say("So far")
        await bob.expect("danmaku")
        assert "share-sub" not in [received.message["code"] for received in bob.received]


async def test_what_is_no_subtitle_says_so(ann: Visitor) -> None:
    async with watching(ann) as (page, _):
        state = page.locator("#subtitles-state")
        await add(page, subtitle("Hello"), is_shared=False)
        await expect(state).to_contain_text("no subtitle that this page knows")
        await close(page)
        await add(page, subtitle("x --> y\nno"), is_shared=False)
        await expect(state).to_contain_text("no line in this subtitle")
        await close(page)
        await add(page, subtitle(f"{SRT}\nx --> y\nno"), is_shared=False)
        await expect(state).to_contain_text("could not be read, and is left out (1)")
        await expect(page.get_by_role("radio")).to_have_count(2)


async def test_another_video_has_other_subtitles(ann: Visitor) -> None:
    channel = new_channel(ann.site)
    page = await come_in(ann, channel)
    async with bob_in(ann.site, channel, share=film(ann.site, channel)) as bob:
        await until(page, "video.readyState >= 3")
        await add(page, subtitle(name="Film.ass", text=_ASS), is_shared=False)
        await bob.seek(2 * SECOND_US)
        await is_shown(page, "<b>Hello</b>\nyou")
        await page.get_by_label("Size").select_option("Large")
        await ann.axe()
        await bob.project({**film(ann.site, channel), "record_id": "other"})
        await expect(page.get_by_role("radio")).to_have_count(1)
        await until(page, "video.textTracks[0].mode === 'disabled'")
        await page.reload()
        await expect(page.locator("#box")).to_have_attribute("data-captions", "large")


_ASS = r"""[Script Info]
[Events]
Format: Start, End, Text
Dialogue: 0:00:01.00,0:00:09.00,{\b1}Hello{\b0}\Nyou
"""
