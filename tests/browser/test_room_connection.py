"""The room monitor in a real browser: connections, sessions and channels that come to an end."""

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from playwright.async_api import expect

from tests.browser.conftest import Visit, Visitor, make_admin
from tests.browser.test_room_monitor import (
    UNREACHABLE,
    _by_admin,
    monitored,
    press,
    row,
    state,
    watch,
)
from tests.end_to_end.kit import FILM, clients, new_channel
from tests.servers import running_site


async def test_a_server_that_restarts_is_missed_and_found_again(
    visit: Visit, tmp_path: Path
) -> None:
    with running_site(tmp_path / "data") as site:
        make_admin(site)
        visitor = await visit(site, signed_in=True)
        visitor.allowed += UNREACHABLE
        banner = visitor.page.locator("#connection-lost")
        async with monitored(visitor) as (_, ann, _bob):
            await ann.play()
            await expect(state(visitor.page)).to_contain_text("Playing")
            text = visitor.page.get_by_role("textbox", name="Say something")
            await text.fill("half a sen")
            port = site.url.rpartition(":")[2]

            site.kill()
            await expect(banner).to_be_visible()
            await expect(visitor.page.locator("#alive")).to_have_text("Connection lost")
            still = await visitor.page.locator("[data-live=position]").text_content()
            await expect(visitor.page.locator("#say")).to_have_attribute("inert", "")
            await expect(visitor.page.locator(".stage-controls")).to_have_attribute("inert", "")
            await visitor.page.evaluate("new Promise((done) => setTimeout(done, 1500))")
            assert await visitor.page.locator("[data-live=position]").text_content() == still
            site.start("--port", port)

            await expect(banner).to_be_hidden()
            await expect(visitor.page.locator("#alive")).not_to_have_text("Connection lost")
            await expect(visitor.page.locator("[inert]")).to_have_count(0)
            await expect(state(visitor.page)).to_contain_text("Paused")
            await expect(row(visitor.page, "Ann")).to_contain_text("Ready")
            await expect(text).to_have_value("half a sen")
            ann.skip()
            await press(visitor.page, "Play")
            await ann.expect("play", where=_by_admin)
        await visitor.page.close()


async def test_a_click_that_reaches_nobody_is_said(admin: Visitor) -> None:
    admin.allowed += [
        "ERR_INTERNET_DISCONNECTED",
        "ERR_FAILED",
        "htmx:sendError",
        "htmx:afterRequest",
    ]
    async with monitored(admin) as (_, ann, _bob):
        await admin.page.route("**/room/play", lambda route: route.abort())
        toasts = admin.page.locator("#toasts .alert")
        for _ in range(2):
            await press(admin.page, "Play")
            await expect(toasts).to_have_text("The server cannot be reached; nothing was changed.")
        await admin.page.unroute("**/room/play")
        await press(admin.page, "Play")
        await ann.expect("play", where=_by_admin)
        await expect(toasts).to_have_count(0)


async def test_a_connection_that_is_silent_for_too_long_is_given_up(
    visit: Visit, tmp_path: Path
) -> None:
    with running_site(tmp_path / "data") as site:
        make_admin(site)
        visitor = await visit(site, signed_in=True)
        await visitor.page.clock.install()
        channel = new_channel(site)
        async with visitor.page.expect_response("**/room/stream"):
            await watch(visitor, channel)
        banner = visitor.page.locator("#connection-lost")
        assert site.process is not None

        site.process.send_signal(signal.SIGSTOP)
        await visitor.page.clock.fast_forward(31_000)
        await visitor.page.clock.fast_forward(2_000)
        await expect(banner).to_be_visible()
        site.process.send_signal(signal.SIGCONT)

        await expect(banner).to_be_hidden()
        async with clients(site, channel, "ann") as [ann]:
            await ann.join(name="Ann", share=FILM)
            await expect(row(visitor.page, "Ann")).to_be_visible()
        await visitor.page.close()


async def test_a_session_that_ends_takes_the_monitor_along(visit: Visit, tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as site:
        make_admin(site)
        visitor = await visit(site, signed_in=True)
        visitor.allowed.append("401 (Unauthorized)")
        channel = new_channel(site)
        await watch(visitor, channel)
        await expect(visitor.page.locator("#alive")).to_have_text("Nobody is connected")

        with closing(sqlite3.connect(site.data / "bunga.db", timeout=30)) as database, database:
            database.execute("DELETE FROM sessions")

        await visitor.page.wait_for_url("**/console/sign-in?next=*room&ended=1")
        await expect(visitor.page.get_by_text("You were signed out.")).to_be_visible()
        await visitor.page.close()


async def test_an_order_after_the_session_leads_to_the_sign_in(visit: Visit) -> None:
    visitor = await visit(signed_in=True)
    visitor.allowed.append("401 (Unauthorized)")
    async with monitored(visitor) as (_, _ann, _bob):
        await visitor.context.clear_cookies(name="bunga_session")
        await press(visitor.page, "Play")
        await visitor.page.wait_for_url("**/console/sign-in?next=*")


async def test_a_channel_that_is_deleted_says_so(admin: Visitor) -> None:
    channel = new_channel(admin.site)
    await watch(admin, channel)
    async with clients(admin.site, channel, "ann") as [ann]:
        await ann.join(name="Ann", share=FILM)
        await expect(row(admin.page, "Ann")).to_be_visible()

        admin.site.bunga("channels", "delete", channel, "--yes")

        await expect(admin.page.get_by_role("alert")).to_contain_text("This channel was deleted.")
        await expect(admin.page.locator("#room")).to_have_attribute("inert", "")
        await expect(admin.page.locator("#connection-lost")).to_be_hidden()


async def test_a_channel_that_never_was_has_no_monitor(admin: Visitor) -> None:
    admin.allowed.append("404 (Not Found)")
    await watch(admin, "nope")
    await expect(admin.page.locator("main")).to_contain_text("There is no channel 'nope'")
