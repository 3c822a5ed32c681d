"""The page of settings in a real browser, each change through to where it counts."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from playwright.async_api import Locator, Page, expect

from bunga_cli.settings.keys import sections
from tests.browser.conftest import DESKTOP, PHONE, Visit, Visitor, make_admin
from tests.end_to_end.kit import new_channel, pair, status
from tests.servers import Site, running_site

PLACE = "/console/settings"
SCRIPT = "<script>document.title='owned'</script>"
FILE = """
[sync]
silence = "6s"

[downloads]
linux = "https://linux.example/player"
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server of which something is set in a file, and something in the environment."""
    home = tmp_path_factory.mktemp("office")
    (home / "data").mkdir()
    (home / "bunga.toml").write_text(FILE)
    fixed = {"TOKENS__ACCESS_LIFETIME": "1d"}
    with running_site(home / "data", "--config", str(home / "bunga.toml"), **fixed) as site:
        make_admin(site)
        yield site


@pytest.fixture
def api(office: Site) -> Iterator[httpx2.Client]:
    """What the command line sees of the same server."""
    transport = httpx2.HTTPTransport(uds=str(office.data / "bunga.sock"))
    with httpx2.Client(transport=transport, base_url="http://local", timeout=60) as client:
        yield client


def setting(api: httpx2.Client, key: str) -> Any:
    return api.get(f"/api/v1/settings/{key}").json()


async def opened(visit: Visit, office: Site, path: str = PLACE, **how: Any) -> Visitor:
    visitor = await visit(office, signed_in=True, **how)
    await visitor.go(path)
    return visitor


def section(page: Page, name: str) -> Locator:
    return page.locator(f"id=section-{name}")


def field(page: Page, key: str) -> Locator:
    return page.locator(f"id=f-set-{key.replace('.', '-')}")


async def change(page: Page, key: str, text: str) -> None:
    """Type a setting and save its section."""
    await field(page, key).fill(text)
    await save(page, key)


async def save(page: Page, key: str) -> None:
    of = section(page, key.partition(".")[0])
    async with page.expect_response(lambda answer: answer.request.method == "POST"):
        await of.get_by_role("button", name="Save").click()
    # Exactly: that nothing was saved is told as well.
    await expect(of.get_by_text("Saved.", exact=True)).to_be_visible()


async def test_every_section_and_setting_is_there(
    visit: Visit, office: Site, api: httpx2.Client
) -> None:
    page = (await opened(visit, office)).page
    rows = api.get("/api/v1/settings").json()["settings"]
    for row in rows:
        if not row["key"].startswith("plugins."):
            await expect(field(page, row["key"])).to_have_count(1)
    links = page.get_by_role("navigation", name="Sections").get_by_role("link")
    assert await links.count() == len(sections())


async def test_a_changed_name_is_on_the_homepage(
    visit: Visit, office: Site, api: httpx2.Client
) -> None:
    visitor = await opened(visit, office)
    await change(visitor.page, "site.name", f"Our cinema {SCRIPT}")

    await visitor.go("/")

    await expect(visitor.page).to_have_title(f"Our cinema {SCRIPT}")
    entry = api.get("/api/v1/audit", params={"search": "settings.set"}).json()["entries"][0]
    assert (entry["via"], entry["subject"]) == ("console", "site.name")
    assert entry["details"] == {"site.name": f"Our cinema {SCRIPT}"}


async def test_a_changed_patience_counts_in_a_room(visit: Visit, office: Site) -> None:
    page = (await opened(visit, office)).page
    await change(page, "sync.max_wait", "1s")
    async with pair(office, new_channel(office)) as (ann, bob):
        await ann.play()
        await status(ann, play_status="playing")

        await bob.set_buffering(True)
        await status(ann, play_status="pending")

        left_behind = await status(ann, play_status="playing")
        assert left_behind["excused_ids"] == ["bob"]


async def test_one_section_is_kept_as_a_whole_or_not_at_all(
    visit: Visit, office: Site, api: httpx2.Client
) -> None:
    visitor = await opened(visit, office)
    visitor.allowed.append("422")
    page = visitor.page
    await field(page, "sync.seek_cooldown").fill("3s")
    await field(page, "sync.reconnect_grace").fill(f"soon {SCRIPT}")

    await section(page, "sync").get_by_role("button", name="Save").click()

    wrong = page.locator("id=f-set-sync-reconnect_grace-error")
    await expect(wrong).to_contain_text("Must be a duration")
    await expect(field(page, "sync.reconnect_grace")).to_have_value(f"soon {SCRIPT}")
    await expect(field(page, "sync.seek_cooldown")).to_have_value("3s")
    assert setting(api, "sync.seek_cooldown")["text"] == "2s"
    await visitor.axe()
    assert await page.title() != "owned"

    await page.get_by_role("link", name="Reconnect grace: Must be a duration").click()
    await expect(field(page, "sync.reconnect_grace")).to_be_focused()
    await change(page, "sync.reconnect_grace", "19s")
    assert setting(api, "sync.seek_cooldown")["text"] == "3s"


async def test_what_a_file_sets_is_told_laid_over_and_taken_back(
    visit: Visit, office: Site, api: httpx2.Client
) -> None:
    page = (await opened(visit, office)).page
    await expect(section(page, "sync").get_by_text("from bunga.toml")).to_be_visible()

    await change(page, "sync.silence", "7s")
    await expect(section(page, "sync").get_by_text("from bunga.toml")).to_have_count(0)
    assert setting(api, "sync.silence")["text"] == "7s"

    await page.get_by_label("Back to what bunga.toml says: 6s").check()
    await save(page, "sync.silence")
    await expect(field(page, "sync.silence")).to_have_value("6s")
    await expect(section(page, "sync").get_by_text("from bunga.toml")).to_be_visible()


async def test_what_was_changed_goes_back_to_the_default(
    visit: Visit, office: Site, api: httpx2.Client
) -> None:
    page = (await opened(visit, office)).page
    await change(page, "limits.sockets_per_account", "12")
    await expect(section(page, "limits").get_by_text("set here")).to_be_visible()

    await page.get_by_label("Back to the default: 10").check()
    await save(page, "limits.sockets_per_account")

    await expect(field(page, "limits.sockets_per_account")).to_have_value("10")
    assert setting(api, "limits.sockets_per_account")["origin"] == "default"


async def test_what_needs_a_restart_says_so_and_waits_for_it(visit: Visit, office: Site) -> None:
    page = (await opened(visit, office)).page
    help_text = page.locator("id=f-set-log-format-help")
    await expect(help_text).to_contain_text("A change counts after a restart.")
    await expect(page.get_by_text("Restart the server for this to count:")).to_have_count(0)

    await field(page, "log.format").select_option("json")
    await save(page, "log.format")

    waiting = page.locator("id=pending")
    await expect(waiting).to_contain_text("Restart the server for this to count:")
    await expect(waiting).to_contain_text("Log: Format")
    await expect(section(page, "log").get_by_text("waits for a restart")).to_be_visible()

    await page.get_by_label("Back to the default: text").check()
    await save(page, "log.format")
    await expect(waiting).to_be_hidden()


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ("tokens.access_lifetime", "BUNGA_TOKENS__ACCESS_LIFETIME"),
        ("server.port", "the command line"),
    ],
)
async def test_what_is_set_elsewhere_is_locked(
    visit: Visit, office: Site, key: str, where: str
) -> None:
    page = (await opened(visit, office)).page
    await expect(field(page, key)).to_be_disabled()
    lock = page.locator(f"id=f-set-{key.replace('.', '-')}-lock")
    await expect(lock).to_have_text(f"Set by {where}; change it there.")


async def test_a_search_shows_what_it_finds_and_the_rest_of_a_section_stays(
    visit: Visit, office: Site, api: httpx2.Client
) -> None:
    page = (await opened(visit, office)).page

    await page.get_by_role("searchbox").fill("put away")
    await expect(field(page, "sync.silence")).to_have_count(0)
    await expect(field(page, "sync.put_away_after")).to_be_visible()
    await change(page, "sync.put_away_after", "6m")

    assert setting(api, "sync.put_away_after")["text"] == "6m"
    assert setting(api, "sync.silence")["text"] == "6s"
    await expect(field(page, "sync.silence")).to_have_count(0)
    await page.get_by_role("searchbox").fill("no such thing")
    await expect(page.get_by_text("No setting is like that.")).to_be_visible()


async def test_only_what_was_changed_can_be_looked_at(visit: Visit, office: Site) -> None:
    page = (await opened(visit, office)).page
    await page.get_by_label("Only what was changed").check()
    await expect(field(page, "log.level")).to_have_count(0)
    await expect(field(page, "downloads.linux")).to_have_value("https://linux.example/player")


async def test_the_page_works_without_a_script(
    visit: Visit, office: Site, api: httpx2.Client
) -> None:
    visitor = await opened(visit, office, f"{PLACE}?search=burst", java_script_enabled=False)
    visitor.allowed.append("422")
    page = visitor.page
    await field(page, "limits.frame_burst").fill("many")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("id=f-set-limits-frame_burst-error")).to_be_visible()

    await field(page, "limits.frame_burst").fill("600")
    await page.get_by_role("button", name="Save").click()

    await expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    assert page.url.endswith("?search=burst#main")
    assert setting(api, "limits.frame_burst")["text"] == "600"


async def test_a_section_that_is_not_there_is_not_found(visit: Visit, office: Site) -> None:
    visitor = await opened(visit, office)
    visitor.allowed.append("404")
    form = section(visitor.page, "site").locator("form")
    await form.evaluate("form => form.setAttribute('action', '/console/settings/nothing')")
    await form.evaluate("form => form.submit()")
    await expect(visitor.page.get_by_text("There is no section nothing.")).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_the_page_fits_and_can_be_used_by_everybody(
    visit: Visit, office: Site, locale: str, size: tuple[int, int]
) -> None:
    visitor = await opened(visit, office, size=size, locale=locale)
    await visitor.axe()
    await visitor.fits()


async def test_the_page_can_be_read_in_the_dark(visit: Visit, office: Site) -> None:
    visitor = await opened(visit, office, scheme="dark")
    await visitor.axe()


async def test_the_page_is_used_by_keyboard_alone(
    visit: Visit, office: Site, api: httpx2.Client
) -> None:
    page = (await opened(visit, office)).page
    await field(page, "sync.unreported_hold").focus()
    await page.keyboard.press("Control+A")
    await page.keyboard.type("4s")

    await page.keyboard.press("Enter")

    of = section(page, "sync")
    await expect(of.get_by_text("Saved.", exact=True)).to_be_visible()
    assert setting(api, "sync.unreported_hold")["text"] == "4s"
    is_within = "section => section.contains(document.activeElement)"
    assert await of.evaluate(is_within)
