"""The room monitor in a real browser, on a real room with two players in it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from bunga_cli.client import Player14, Player15, Refused
from tests.browser.conftest import ADMIN, EVERY_LOOK, SOME_SECONDS, Visit, Visitor, make_admin
from tests.end_to_end.kit import FILM, SECOND_US, Patient15, clients, new_channel, pair, status
from tests.servers import running_site

EVIL = "<img src=x onerror=\"document.title='taken'\">"
REFUSAL = "Response Status Error Code"  # what htmx says of it
UNREACHABLE = ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET"]


@asynccontextmanager
async def monitored(visitor: Visitor) -> AsyncIterator[tuple[str, Player15, Player14]]:
    """Open the monitor of a room with Ann (1.5) and Bob (1.4) in it, who are ready."""
    channel = new_channel(visitor.site)
    async with pair(visitor.site, channel) as (ann, bob):
        await watch(visitor, channel)
        await expect(state(visitor.page)).to_contain_text("Paused")
        yield channel, ann, bob


async def watch(visitor: Visitor, channel: str) -> None:
    await visitor.go(f"/console/channels/{channel}/room")


def state(page: Page) -> Locator:
    return page.locator(".stage-state")


def row(page: Page, name: str) -> Locator:
    return page.locator(".watcher").filter(has=page.locator("strong", has_text=name))


def last_event(page: Page) -> Locator:
    return page.locator(".event").first


async def press(page: Page, button: str) -> None:
    await page.get_by_role("button", name=button, exact=True).click()


# -- orders ---------------------------------------------------------------------------------------


async def test_play_and_pause_reach_both_players(admin: Visitor) -> None:
    async with monitored(admin) as (_, ann, bob):
        await press(admin.page, "Play")
        assert (await ann.expect("play"))["sender"] == {
            "id": "admin",
            "name": ADMIN,
            "color_hue": 0,
        }
        played = await bob.expect("play-at", where=lambda m: m["is_play"])
        assert 0 <= played["position"] < SECOND_US  # where the room is when it arrives
        await expect(state(admin.page)).to_have_text(
            f"Playing {ADMIN} pressed play", use_inner_text=True
        )

        await press(admin.page, "Pause")
        assert (await bob.expect("pause"))["sender"]["name"] == ADMIN
        await status(ann, play_status="paused")
        await expect(state(admin.page)).to_contain_text(f"{ADMIN} pressed pause")
        await expect(admin.page.get_by_role("button", name="Play", exact=True)).to_be_focused()


async def test_the_slider_moves_by_keys_and_seeks_once_when_they_rest(admin: Visitor) -> None:
    async with monitored(admin) as (_, ann, bob):
        slider = admin.page.get_by_role("slider", name="Position")
        await slider.focus()
        for key in ("PageUp", "ArrowRight", "ArrowRight", "ArrowLeft"):
            await slider.press(key)

        assert (await bob.expect("seek"))["position"] == 65 * SECOND_US
        assert (await status(ann, position=65 * SECOND_US))["play_status"] == "paused"
        await expect(slider).to_have_attribute("aria-valuetext", "1:05")
        await expect(slider).to_be_focused()


async def test_a_slider_that_is_dragged_stays_in_the_hand(admin: Visitor) -> None:
    async with monitored(admin) as (_, ann, bob):
        slider = admin.page.get_by_role("slider", name="Position")
        box = await slider.bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        await admin.page.mouse.move(box["x"] + 10, middle)
        await admin.page.mouse.down()
        await admin.page.mouse.move(box["x"] + box["width"] / 2, middle)

        await bob.seek(5 * SECOND_US)
        await ann.expect("seek", where=lambda m: m["sender"]["id"] == "bob")
        await expect(admin.page.locator("[data-live=position]")).to_have_text("1:00:00")
        await admin.page.mouse.up()

        sought = await ann.expect("seek", where=lambda m: m["sender"]["id"] == "admin")
        assert abs(sought["position"] - 3600 * SECOND_US) < 20 * SECOND_US
        await expect(last_event(admin.page)).to_contain_text(f"{ADMIN} moved to")


async def test_a_place_can_be_written(admin: Visitor) -> None:
    admin.allowed += ["400 (Bad Request)", REFUSAL]
    async with monitored(admin) as (_, ann, bob):
        place = admin.page.get_by_role("textbox", name="Place in the video")
        await place.fill("soon")
        await place.press("Enter")
        await expect(admin.page.locator("#toasts")).to_contain_text("write it as 1:23:45")

        await place.fill("2:10:00")
        await place.press("Enter")

        assert (await ann.expect("seek"))["position"] == 7800 * SECOND_US
        await bob.expect("play-at", where=lambda m: m["position"] == 7800 * SECOND_US)
        await expect(admin.page.locator("[data-live=position]")).to_have_text("2:10:00")
        await expect(place).to_have_value("")


async def test_a_video_is_put_on(admin: Visitor) -> None:
    admin.allowed += ["422 (Unprocessable", REFUSAL]
    async with monitored(admin) as (_, ann, bob):
        dialog = admin.page.get_by_role("dialog", name="Put on a video")
        await press(admin.page, "Put on a video")
        await dialog.get_by_label("Address of the video").fill("ftp://films.example/x")
        await press(admin.page, "Put it on")
        await expect(dialog.locator(".field-error")).to_be_visible()

        await dialog.get_by_label("Address of the video").fill(
            "https://films.example/Big%20film.mp4"
        )
        await press(admin.page, "Put it on")

        for player in (ann, bob):
            shown = await player.expect("start-projection", where=_by_admin)
            assert shown["video_record"]["path"] == "https://films.example/Big%20film.mp4"
        await expect(dialog).to_be_hidden()
        await expect(admin.page.get_by_role("heading", name="Big film.mp4")).to_be_visible()
        await expect(admin.page.locator("#on-now")).to_contain_text(f"put on by {ADMIN}")


def _by_admin(message: dict[str, object]) -> bool:
    sender = message["sender"]
    return isinstance(sender, dict) and sender["id"] == "admin"


async def test_a_line_is_said_to_everybody(admin: Visitor) -> None:
    async with monitored(admin) as (_, ann, bob):
        text = admin.page.get_by_role("textbox", name="Say something")
        await text.fill("Five minutes break")
        await text.press("Enter")

        for player in (ann, bob):
            said = await player.expect("danmaku")
            assert (said["message"], said["sender"]["name"]) == ("Five minutes break", ADMIN)
        await expect(last_event(admin.page)).to_contain_text(f"{ADMIN}: Five minutes break")
        await expect(text).to_have_value("")
        await expect(text).to_be_focused()


async def test_somebody_is_sent_out(admin: Visitor) -> None:
    async with monitored(admin) as (_, ann, bob):
        await admin.page.get_by_role("link", name="Send Bob out").click()
        dialog = admin.page.get_by_role("dialog", name="Send Bob out for ten minutes?")
        await expect(dialog).to_contain_text("1 connection is closed at once.")
        await admin.axe()
        await dialog.get_by_role("button", name="Send out").click()

        lost = await bob.wait_closed()
        assert (isinstance(lost, Refused), lost.close_code) == (True, 4003)
        assert (await ann.expect("bye"))["sender"]["id"] == "bob"
        await expect(row(admin.page, "Bob")).to_have_count(0)
        await expect(row(admin.page, "Ann")).to_be_visible()
        await expect(admin.page.locator("#events")).to_contain_text("Bob was sent out")
        await expect(dialog).to_be_hidden()
        toasts = admin.page.locator("#toasts")
        await expect(toasts).to_contain_text("Bob was sent out for ten minutes.")
        await expect(toasts).to_be_empty()


async def test_somebody_is_sent_out_without_a_script_too(visit: Visit) -> None:
    visitor = await visit(signed_in=True, java_script_enabled=False)
    async with monitored(visitor) as (_, _ann, bob):
        await visitor.page.get_by_role("link", name="Send Bob out").click()
        await press(visitor.page, "Send out")
        assert (await bob.wait_closed()).close_code == 4003
        await expect(visitor.page.get_by_text("Bob was sent out for ten minutes.")).to_be_visible()


async def test_the_room_is_reset(admin: Visitor) -> None:
    async with monitored(admin) as (_, ann, bob):
        await press(admin.page, "Reset")
        await admin.page.get_by_role("dialog").get_by_role("button", name="Reset").click()

        await ann.expect("reset")
        await bob.expect("reset")
        await expect(admin.page.get_by_role("heading", name="Nothing is on")).to_be_visible()
        await expect(admin.page.get_by_text("Nobody is here.")).to_be_visible()


async def test_what_is_in_vain_is_said(admin: Visitor) -> None:
    admin.allowed += ["409 (Conflict)", REFUSAL]
    channel = new_channel(admin.site)
    await watch(admin, channel)
    await admin.page.get_by_role("textbox", name="Say something").fill("Anybody here?")
    await press(admin.page, "Say")

    await expect(admin.page.locator("#toasts")).to_contain_text("Nobody is connected")
    async with clients(admin.site, channel, "ann") as [ann]:
        await ann.join(name="Ann", share=FILM)
        await press(admin.page, "Say")
        await ann.expect("danmaku")
        await expect(admin.page.locator("#toasts")).to_be_empty()


async def test_orders_are_obeyed_without_a_script_too(visit: Visit) -> None:
    visitor = await visit(signed_in=True, java_script_enabled=False)
    async with monitored(visitor) as (channel, ann, _bob):
        await press(visitor.page, "Play")
        await ann.expect("play")
        await visitor.page.wait_for_url(f"**/console/channels/{channel}/room")
        await expect(state(visitor.page)).to_contain_text(f"{ADMIN} pressed play")


async def test_orders_are_in_the_audit_log(admin: Visitor) -> None:
    async with monitored(admin) as (channel, ann, _):
        await press(admin.page, "Play")
        await ann.expect("play")
        await expect(state(admin.page)).to_contain_text("Playing")

        noted = admin.site.bunga("audit", "list", "--search", channel).stdout

        assert "rooms.play" in noted
        assert "console" in noted


# -- what happens is shown ------------------------------------------------------------------------


async def test_what_players_do_is_shown_as_it_happens(admin: Visitor) -> None:
    page = admin.page
    async with monitored(admin) as (_, ann, bob):
        await ann.play()
        await expect(state(page)).to_contain_text("Ann pressed play")
        await expect(page.locator("[data-live=position]")).to_have_text(SOME_SECONDS)

        await bob.set_buffering(True)
        await expect(state(page)).to_contain_text("for Bob")
        await expect(row(page, "Bob")).to_contain_text("Buffering")
        await expect(page.locator("#waited")).to_have_text(re.compile("[1-9] s"))
        await bob.set_buffering(False)
        await expect(state(page)).to_contain_text("everybody is ready")

        await bob.pause(42 * SECOND_US)
        await expect(state(page)).to_contain_text("Bob pressed pause")
        await expect(page.locator("[data-live=position]")).to_have_text("0:42")

        await bob.send({"code": "talk-status", "status": "start"})
        await expect(page.locator("#call")).to_have_text("1 person talks Bob", use_inner_text=True)
        await ann.send({"code": "danmaku", "message": "hello"})
        await expect(last_event(page)).to_contain_text("Ann: hello")


async def test_an_excused_watcher_shows_as_such(visit: Visit, tmp_path: Path) -> None:
    with running_site(tmp_path / "data", SYNC__MAX_WAIT="1s") as site:
        make_admin(site)
        visitor = await visit(site, signed_in=True)
        async with monitored(visitor) as (_, ann, bob):
            await ann.play()
            await bob.set_buffering(True)
            await expect(row(visitor.page, "Bob")).to_contain_text("Excused")
            await expect(visitor.page.locator("#events")).to_contain_text(
                "Bob is no longer waited for"
            )
        await visitor.page.close()
    visitor.allowed += UNREACHABLE


async def test_who_loses_the_connection_is_away_and_who_leaves_is_gone(admin: Visitor) -> None:
    page = admin.page
    async with monitored(admin) as (_, ann, bob):
        await expect(row(page, "Ann")).to_contain_text("v1.5")
        await expect(row(page, "Bob")).to_contain_text("v1.4")
        await bob.close()
        await expect(row(page, "Bob")).to_contain_text("Away")
        await expect(last_event(page)).to_contain_text("Bob lost the connection")

        await ann.bye()
        await expect(row(page, "Ann")).to_have_count(0)
        await expect(page.locator("#watchers-count")).to_have_text("1")


async def test_a_player_that_tells_where_it_is_has_a_drift(admin: Visitor) -> None:
    async with monitored(admin) as (_, ann, _bob):
        drift = row(admin.page, "Ann").locator(".watcher-drift")
        await expect(drift).to_contain_text("not reported")
        for position in (120_000, 40_000, 250_000):
            await ann.send({"code": "client-status", "is_pending": False, "position": position})
            ann.skip()
            await ann.expect("channel-status")  # a second later
            await ann.expect("channel-status")

        await expect(drift).to_contain_text("+250 ms")
        await expect(drift.locator("polyline")).to_be_visible()
        await expect(row(admin.page, "Bob").locator(".watcher-drift")).to_contain_text(
            "not reported"
        )


async def test_an_empty_room_comes_alive_when_somebody_joins(admin: Visitor) -> None:
    channel = new_channel(admin.site)
    await watch(admin, channel)
    await expect(admin.page.get_by_text("Nobody is here.")).to_be_visible()
    await expect(admin.page.locator("#alive")).to_have_text("Nobody is connected")

    async with clients(admin.site, channel, "ann") as [ann]:
        await ann.join(name="Ann", share=FILM)
        await expect(row(admin.page, "Ann")).to_be_visible()
        await expect(admin.page.get_by_role("heading", name="A film")).to_be_visible()
        await expect(admin.page.locator("#alive")).to_have_text("live")
        await expect(admin.page.get_by_text("Nobody is here.")).to_have_count(0)


async def test_what_strangers_write_is_text(admin: Visitor) -> None:
    channel = new_channel(admin.site)
    await watch(admin, channel)
    film = {**FILM, "title": EVIL, "source": EVIL[:60]}
    url = admin.site.register_url(channel)
    async with Patient15.register(url, username=EVIL, password="pw") as mallory:
        await mallory.join(name=EVIL, share=film)
        await mallory.start_heartbeat()
        await mallory.send({"code": "danmaku", "message": EVIL})
        await mallory.send({"code": "talk-status", "status": "start"})
        await expect(last_event(admin.page)).to_contain_text("talks in the voice call")
        await expect(admin.page.locator("#on-now h2")).to_have_text(EVIL)
        await expect(admin.page.locator("#call")).to_contain_text(EVIL)
        await expect(row(admin.page, EVIL)).to_be_visible()

        for _ in range(2):
            assert await admin.page.locator("main img").count() == 0
            assert await admin.page.title() != "taken"
            await admin.page.reload()
            await expect(row(admin.page, EVIL)).to_be_visible()


async def test_a_piece_is_not_replaced_under_the_finger(admin: Visitor) -> None:
    async with monitored(admin) as (_, ann, bob):
        button = admin.page.get_by_role("button", name="Play", exact=True)
        await button.hover()
        await admin.page.mouse.down()
        await ann.play()
        await status(ann, play_status="playing")
        await bob.send({"code": "danmaku", "message": "while it is pressed"})
        await ann.expect("danmaku")
        await expect(button).to_be_visible()
        await admin.page.mouse.up()

        await ann.expect("play", where=_by_admin)
        await expect(admin.page.get_by_role("button", name="Pause", exact=True)).to_be_visible()


# -- the look -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "scheme", "locale"), EVERY_LOOK)
async def test_every_state_fits_and_can_be_read_by_all(
    visit: Visit, size: tuple[int, int], scheme: str, locale: str
) -> None:
    visitor = await visit(size=size, locale=locale, scheme=scheme, signed_in=True)
    channel = new_channel(visitor.site)
    await watch(visitor, channel)
    await expect(visitor.page.locator("html")).to_have_attribute("lang", locale[:2])
    await visitor.fits()
    await visitor.axe()
    async with pair(visitor.site, channel) as (ann, bob):
        await ann.play()
        await bob.set_buffering(True)
        await expect(visitor.page.locator("#play-state .badge")).to_have_attribute(
            "data-state", "waiting"
        )
        await expect(visitor.page.locator("#waited [data-ago]")).to_be_visible()
        await ann.send({"code": "client-status", "is_pending": False, "position": 30_000})
        await visitor.fits()
        await visitor.axe()
        await visitor.page.locator("[data-opens=project]").click()
        await visitor.fits()
        await visitor.axe()
