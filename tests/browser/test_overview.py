"""The overview in a real browser: what goes on, while it goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from bunga_cli.client import Player15
from tests.browser.conftest import EVERY_LOOK, SOME_SECONDS, Visit, make_admin
from tests.end_to_end.kit import FILM, clients, new_channel, pair
from tests.servers import Site, running_site

EVIL = "<img src=x onerror=\"document.title='taken'\">"
UNREACHABLE = ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET"]


def figure(page: Page, name: str) -> Locator:
    return page.locator(f'[data-live="{name}"] .stat-value')


def room(page: Page, name: str) -> Locator:
    return page.locator(".room").filter(has=page.get_by_role("link", name=name, exact=True))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server of this module's own, where nobody else is in a room."""
    with running_site(tmp_path_factory.mktemp("quiet") / "data") as site:
        make_admin(site)
        yield site


async def test_rooms_come_and_change_and_go_while_the_page_is_open(
    visit: Visit, quiet: Site
) -> None:
    visitor = await visit(quiet, signed_in=True)
    page, channel = visitor.page, new_channel(quiet)
    await visitor.go("/console")
    await expect(page.get_by_text("It is quiet.")).to_be_visible()
    await expect(figure(page, "rooms")).to_have_text("0")

    async with pair(quiet, channel) as (ann, _):
        await expect(room(page, channel)).to_contain_text("2 watchers")
        await expect(room(page, channel)).to_contain_text("Paused")
        await expect(figure(page, "rooms")).to_have_text("1")
        await expect(figure(page, "watchers")).to_have_text("2")
        await expect(figure(page, "messages")).not_to_have_text("0 a second")
        await ann.play()
        await expect(room(page, channel)).to_contain_text("Playing")
        await expect(room(page, channel)).to_contain_text(SOME_SECONDS)

    quiet.bunga("channels", "delete", channel, "--yes")
    await expect(page.get_by_text("It is quiet.")).to_be_visible()
    await page.close()


async def test_the_busiest_rooms_are_first_and_the_rest_is_a_click_away(
    visit: Visit, quiet: Site
) -> None:
    visitor = await visit(quiet, signed_in=True)
    page = visitor.page
    channels = [new_channel(quiet) for _ in range(10)]
    async with clients(quiet, channels[7], "x", "y", "z") as crowd:
        for client in crowd:
            await client.join(name="Somebody")
        stack = [clients(quiet, channel, f"one-{channel}") for channel in channels]
        for one in stack:
            [client] = await one.__aenter__()
            await client.join(name="Ann", share=FILM)
        await visitor.go("/console")

        await expect(page.locator(".room")).to_have_count(8)
        await expect(page.locator(".room").first).to_contain_text(channels[7])
        await expect(page.locator(".room").first).to_contain_text("4 watchers")
        await page.get_by_role("link", name="and 2 more").click()
        await expect(page.locator("tbody tr")).to_have_count(10)

        await visitor.go("/console")
        await page.get_by_role("link", name=channels[7]).click()
        await expect(page.locator(".watcher")).to_have_count(4)
        await page.close()
        for one in stack:
            await one.__aexit__(None, None, None)
    for channel in channels:
        quiet.bunga("channels", "delete", channel, "--yes")


async def test_a_link_keeps_its_focus_while_the_figures_change(visit: Visit, quiet: Site) -> None:
    visitor = await visit(quiet, signed_in=True)
    page, channel = visitor.page, new_channel(quiet)
    async with pair(quiet, channel) as (ann, _):
        await visitor.go("/console")
        link = page.get_by_role("link", name=channel)
        await link.focus()
        await ann.play()
        await expect(room(page, channel)).to_contain_text(SOME_SECONDS)
        await expect(link).to_be_focused()
        await page.close()
    quiet.bunga("channels", "delete", channel, "--yes")


async def test_what_strangers_write_is_text(visit: Visit, quiet: Site) -> None:
    visitor = await visit(quiet, signed_in=True)
    page = visitor.page
    quiet.create_channel("evil", name=EVIL)
    await visitor.go("/console")
    url = quiet.register_url("evil")
    async with Player15.register(url, username=EVIL, password="pw") as mallory:
        await mallory.join(name=EVIL, share={**FILM, "title": EVIL})
        await expect(room(page, EVIL)).to_contain_text(EVIL)
        await page.reload()
        await expect(room(page, EVIL)).to_contain_text(EVIL)
        assert await page.locator("main img").count() == 0
        assert await page.title() != "taken"
        await page.close()
    quiet.bunga("channels", "delete", "evil", "--yes")


# -- checks ---------------------------------------------------------------------------------------


async def test_what_the_doctor_finds_and_how_plugins_do_is_loaded_afterwards(
    visit: Visit, tmp_path: Path
) -> None:
    with running_site(tmp_path / "data") as site:
        make_admin(site)
        site.data.chmod(0o755)
        visitor = await visit(site, signed_in=True)
        await visitor.go("/console")

        findings = visitor.page.locator("#findings")
        await expect(findings).to_contain_text("Other users of this machine can look into")
        await expect(findings).to_contain_text("chmod -R go=")
        await expect(visitor.page.locator("#health")).to_contain_text("alist")
        await expect(visitor.page.locator("#health")).to_contain_text("No AList server is set.")
        await findings.get_by_text("things are well").click()
        await expect(findings).to_contain_text("All settings are valid.")
        assert site.secret not in await visitor.page.content()
        await visitor.page.close()


async def test_a_public_address_that_leads_nowhere_is_told(visit: Visit, tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as site:
        make_admin(site)
        site.bunga("config", "set", "server.public_url", "http://films.invalid")
        visitor = await visit(site, signed_in=True)
        await visitor.go("/console")

        await expect(visitor.page.locator("#findings .alert").first).to_contain_text(
            "The name films.invalid leads nowhere"
        )
        await visitor.page.close()


async def test_the_checks_can_be_read_without_scripts(visit: Visit) -> None:
    visitor = await visit(java_script_enabled=False, signed_in=True)
    await visitor.go("/console")
    await visitor.page.get_by_role("link", name="Asking the plugins").click()
    await expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Integrations")
    await expect(visitor.page.locator("#health")).to_contain_text("alist")


# -- the connection -------------------------------------------------------------------------------


async def test_a_server_that_restarts_is_missed_and_found_again(
    visit: Visit, tmp_path: Path
) -> None:
    with running_site(tmp_path / "data") as site:
        make_admin(site)
        visitor = await visit(site, signed_in=True)
        visitor.allowed += UNREACHABLE
        banner = visitor.page.locator("#connection-lost")
        await visitor.go("/console")
        await expect(visitor.page.locator("#health")).to_be_visible()
        await expect(visitor.page.locator("#findings")).to_be_visible()
        port = site.url.rpartition(":")[2]

        site.kill()
        await expect(banner).to_be_visible()
        site.start("--port", port)

        await expect(banner).to_be_hidden()
        channel = new_channel(site)
        async with clients(site, channel, "ann") as [ann]:
            await ann.join(name="Ann", share=FILM)
            await expect(room(visitor.page, channel)).to_be_visible()
        await visitor.page.close()


# -- the look -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "scheme", "locale"), EVERY_LOOK)
async def test_it_fits_and_can_be_read_by_all(
    visit: Visit, size: tuple[int, int], scheme: str, locale: str
) -> None:
    visitor = await visit(size=size, locale=locale, scheme=scheme, signed_in=True)
    channel = new_channel(visitor.site)
    async with pair(visitor.site, channel):
        await visitor.go("/console")
        await expect(visitor.page.locator("html")).to_have_attribute("lang", locale[:2])
        await expect(visitor.page.locator("#health")).to_be_visible()
        await visitor.page.locator("#findings summary").click()
        await visitor.fits()
        await visitor.axe()
