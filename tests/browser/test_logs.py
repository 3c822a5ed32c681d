"""The pages of logs in a real browser: the server's own as it is written, and those of players."""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import TWO_LOOKS, Visit, Visitor, make_admin
from tests.end_to_end.kit import new_channel
from tests.servers import Site, running_site

EVIL = "<img src=x onerror=\"document.title='taken'\">"
LOGS, CLIENTS = "/console/logs", "/console/logs/clients"
TALKER = '''
"""One that logs what a file says: a line of a level and a text each."""

import logging
from pathlib import Path

from bunga_cli.plugin import *


class Talks:
    name = "talks"

    async def check(self):
        for line in Path(__file__).with_suffix(".txt").read_text().splitlines():
            level, _, text = line.partition(" ")
            if level == "FAILURE":
                try:
                    raise RuntimeError(text)
                except RuntimeError:
                    logging.getLogger("talker").exception("It fails.")
            else:
                logging.getLogger("talker").log(getattr(logging, level), text)
        return Health("ok")


@hookimpl
def bunga_health_checks():
    return [Talks()]
'''


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with a plugin that logs what it is told to."""
    data = tmp_path_factory.mktemp("talking") / "data"
    folder = data / "plugins"
    folder.mkdir(parents=True)
    (folder / "talker.py").write_text(TALKER)
    site = Site(data)
    site.start()
    make_admin(site)
    yield site
    site.stop()


def say(site: Site, *lines: str) -> None:
    """Have the server log lines, each of which begins with its level."""
    (site.data / "plugins" / "talker.txt").write_text("\n".join(lines))
    transport = httpx2.HTTPTransport(uds=str(site.data / "bunga.sock"))
    with httpx2.Client(transport=transport, base_url="http://local", timeout=60) as control:
        control.post("/api/v1/plugins/talker/check").raise_for_status()


def lines(page: Page) -> Locator:
    return page.locator("#lines > li")


# -- of the server --------------------------------------------------------------------------------


async def test_lines_come_as_they_are_written(visit: Visit, talking: Site) -> None:
    visitor, word = await visit(talking, signed_in=True), uuid4().hex
    page = visitor.page
    await visitor.go(LOGS)
    await expect(page.locator("#following")).to_be_visible()
    say(talking, f"WARNING first {word}")
    await expect(lines(page).last).to_contain_text(f"first {word}")
    await expect(lines(page).last).to_contain_text("WARNING")

    say(talking, f"INFO second {word}", f"ERROR third {word}")
    await expect(lines(page).last).to_contain_text(f"third {word}")
    await page.reload()
    await expect(lines(page).filter(has_text=word)).to_have_count(3)
    await page.close()


async def test_a_level_and_a_text_leave_out_the_rest_of_what_comes_too(
    visit: Visit, talking: Site
) -> None:
    visitor, word = await visit(talking, signed_in=True), uuid4().hex
    page = visitor.page
    say(talking, f"INFO plain {word}", f"WARNING grave {word}", "ERROR of something else")
    await visitor.go(LOGS)
    await page.get_by_role("searchbox").fill(word.upper())
    await expect(lines(page)).to_have_count(2)
    await page.get_by_label("Level").select_option("warning")
    await expect(lines(page)).to_have_count(1)
    await expect(lines(page)).to_contain_text(f"grave {word}")

    say(talking, f"INFO too plain {word}", f"ERROR graver {word}", "ERROR of something else")
    await expect(lines(page).last).to_contain_text(f"graver {word}")
    await expect(lines(page)).to_have_count(2)

    await page.get_by_role("searchbox").fill("no such thing")
    await expect(page.get_by_text("No line is like that.")).to_be_visible()
    await page.close()


async def test_a_traceback_is_folded_and_what_lines_say_is_text(
    visit: Visit, talking: Site
) -> None:
    visitor, word = await visit(talking, signed_in=True), uuid4().hex
    page = visitor.page
    await visitor.go(LOGS)
    await expect(page.locator("#following")).to_be_visible()
    say(talking, f"WARNING {EVIL} {word}", f"FAILURE {EVIL} {word}")
    failed = lines(page).filter(has_text="It fails.").last
    await expect(failed).to_be_visible()
    for _ in range(2):
        await expect(failed.locator("pre")).to_be_hidden()
        await failed.locator("summary").click()
        await expect(failed.locator("pre")).to_contain_text(f"RuntimeError: {EVIL} {word}")
        await expect(lines(page).filter(has_text=f"{EVIL} {word}").first).to_be_visible()
        assert await page.locator("main img").count() == 0
        assert await page.title() != "taken"
        await page.reload()
    await page.close()


async def test_who_reads_further_up_is_left_there(visit: Visit, talking: Site) -> None:
    visitor, word = await visit(talking, signed_in=True), uuid4().hex
    page, box = visitor.page, visitor.page.locator("#lines")
    say(talking, *(f"INFO line {number} {word}" for number in range(150)))
    await visitor.go(LOGS)
    at_end = "e => e.scrollHeight - e.scrollTop - e.clientHeight < 40"
    assert await box.evaluate(at_end)
    say(talking, f"INFO the end {word}")
    await expect(lines(page).last).to_contain_text(f"the end {word}")
    assert await box.evaluate(at_end)

    await box.evaluate("e => e.scrollTo(0, 0)")
    say(talking, f"INFO after the end {word}")
    await expect(lines(page).last).to_contain_text(f"after the end {word}")
    assert await box.evaluate("e => e.scrollTop") == 0
    await page.close()


async def test_a_connection_that_is_lost_shows_and_heals(visit: Visit, tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as site:
        make_admin(site)
        visitor = await visit(site, signed_in=True)
        visitor.allowed += ["ERR_CONNECTION", "ERR_INCOMPLETE_CHUNKED_ENCODING"]
        await visitor.go(LOGS)
        await expect(visitor.page.locator("#following")).to_be_visible()
        port = site.url.rpartition(":")[2]
        site.kill()
        await expect(visitor.page.locator("#connection-lost")).to_be_visible()
        site.start("--port", port)
        await expect(visitor.page.locator("#connection-lost")).to_be_hidden()
        await visitor.page.close()


# -- of players -----------------------------------------------------------------------------------


def upload(site: Site, name: str, text: bytes) -> None:
    """Send a log as a player does."""
    channel = new_channel(site)
    token = site.register(channel, name)["token"]["access"]
    httpx2.post(
        f"{site.url}/api/client-logs/",
        headers={"Authorization": f"Bearer {token}"},
        data={"channel_id": channel},
        files={"file": ("log.txt", text)},
        timeout=60,
    ).raise_for_status()


def read(path: Path) -> bytes:
    return path.read_bytes()


def row(page: Page, name: str) -> Locator:
    return page.locator("tbody tr").filter(has_text=name)


async def test_a_players_log_is_read_downloaded_and_deleted(admin: Visitor) -> None:
    site, page, name = admin.site, admin.page, f"{EVIL} {uuid4().hex[:6]}"
    text = f"one {EVIL}\r\ntwo \x1b[31mred\x00 \u202e 三\n".encode()
    upload(site, name, text)
    await admin.go(CLIENTS)
    await expect(row(page, name)).to_contain_text(f"{len(text)} B")
    await row(page, name).get_by_role("link", name="View").click()
    shown = page.locator("pre")
    await expect(shown).to_have_text(f"one {EVIL}\ntwo �[31mred� � 三\n", use_inner_text=False)
    assert await page.locator("main img").count() == 0

    async with page.expect_download() as begun:
        await page.get_by_role("link", name="Download").click()
    assert read(await (await begun.value).path()) == text

    await page.get_by_role("link", name="Delete", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.locator("main .alert").first).to_contain_text("The log was deleted.")
    await expect(row(page, name)).to_have_count(0)
    assert "client_logs.delete" in site.bunga("audit", "list").stdout


async def test_of_a_large_log_the_end_is_shown(admin: Visitor) -> None:
    name = f"talkative-{uuid4().hex[:6]}"
    upload(admin.site, name, b"".join(b"line %06d\n" % number for number in range(60_000)))
    await admin.go(CLIENTS)
    await row(admin.page, name).get_by_role("link", name="View").click()
    await expect(admin.page.get_by_text("the last 256 KiB")).to_be_visible()
    shown = (await admin.page.locator("pre").inner_text()).strip().splitlines()
    assert shown[-1] == "line 059999"
    assert all(len(line) == len("line 000000") for line in shown)
    assert len("\n".join(shown)) < 256 * 1024


async def test_a_file_that_is_gone_is_told(admin: Visitor) -> None:
    admin.allowed.append("404 (Not Found)")
    name = f"lost-{uuid4().hex[:6]}"
    before = {*(admin.site.data / "media" / "logs").glob("*")}
    upload(admin.site, name, b"soon gone")
    for file in {*(admin.site.data / "media" / "logs").glob("*")} - before:
        file.unlink()
    await admin.go(CLIENTS)
    address = await row(admin.page, name).get_by_role("link", name="Download").get_attribute("href")
    await row(admin.page, name).get_by_role("link", name="View").click()
    await expect(admin.page.locator("main .alert")).to_contain_text("The file of this log is gone.")
    answer = await admin.context.request.get(f"{admin.site.url}{address}")
    assert answer.status == HTTPStatus.NOT_FOUND
    await admin.page.get_by_role("link", name="Delete", exact=True).click()
    await admin.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(row(admin.page, name)).to_have_count(0)


# -- the look -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "scheme", "locale"), TWO_LOOKS)
async def test_every_page_fits_and_can_be_read_by_all(
    visit: Visit, talking: Site, size: tuple[int, int], scheme: str, locale: str
) -> None:
    visitor = await visit(talking, size=size, locale=locale, scheme=scheme, signed_in=True)
    say(talking, "FAILURE x", f"WARNING {'a-long-word-' * 30}")
    upload(talking, f"long-name-{'x' * 90}", b"a line of text\n" * 200)
    for path in (LOGS, f"{LOGS}?text=nothing-like-this", CLIENTS):
        await visitor.go(path)
        await expect(visitor.page.locator("html")).to_have_attribute("lang", locale[:2])
        await visitor.fits()
        await visitor.axe()
    await visitor.page.locator("td.main a").first.click()
    await expect(visitor.page.locator("pre")).to_be_visible()
    await visitor.fits()
    await visitor.axe()
    await visitor.page.close()
