"""The pages of channels in a real browser, each change through to what players notice."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote
from uuid import uuid4

import httpx2
import pytest
from playwright.async_api import expect

from bunga_cli.client import Disconnected, Player15
from bunga_cli.client.failures import RegisterRefused
from tests.browser.channel_kit import (
    EVIL,
    ask,
    beside,
    field,
    named_channel,
    place,
    press,
    register,
    row,
    save,
    told,
)
from tests.browser.conftest import TWO_LOOKS, Visit, Visitor
from tests.end_to_end.kit import (
    FILM,
    Patient15,
    new_channel,
    pair,
    status,
)

# -- all channels ---------------------------------------------------------------------------------


async def test_a_search_finds_while_one_types_and_stays_when_the_page_is_loaded_again(
    admin: Visitor,
) -> None:
    mark = uuid4().hex[:8]
    named_channel(admin.site, f"Ünder {mark}")
    named_channel(admin.site, f"Over {mark}")
    await admin.go("/console/channels")
    await admin.page.get_by_role("searchbox").fill(f"ünDER {mark}")
    await expect(row(admin.page, mark)).to_have_count(1)
    await expect(row(admin.page, mark)).to_contain_text(f"Ünder {mark}")

    await admin.page.reload()
    await expect(row(admin.page, mark)).to_have_count(1)
    await expect(admin.page.get_by_role("searchbox")).to_have_value(f"ünDER {mark}")

    await admin.page.get_by_role("searchbox").fill(f"{mark} nowhere")
    await expect(admin.page.get_by_text("No channel is like that.")).to_be_visible()


async def test_the_list_tells_where_somebody_is_and_how_many_belong_to_it(admin: Visitor) -> None:
    channel, empty = new_channel(admin.site), new_channel(admin.site)
    async with pair(admin.site, channel):
        await admin.go("/console/channels")
        await expect(row(admin.page, channel)).to_contain_text("Paused 2 watchers")
        await expect(row(admin.page, channel).get_by_role("cell").nth(2)).to_have_text("2")
        await expect(admin.page.locator("tbody tr").first).to_contain_text("watcher")

        await admin.page.get_by_label("Only with somebody there").check()
        await expect(row(admin.page, empty)).to_have_count(0)
        await expect(row(admin.page, channel)).to_have_count(1)


async def test_a_channel_is_made_with_an_id_that_nobody_guesses_and_players_get_in(
    admin: Visitor,
) -> None:
    name = f"Film night {uuid4().hex[:6]}"
    await admin.go("/console/channels")
    await admin.page.get_by_role("link", name="New channel").first.click()
    await expect(field(admin.page, "Id")).to_be_hidden()
    await field(admin.page, "Name").fill(f"  {name} ")
    await press(admin.page, "Make the channel")
    await told(admin.page, f"The channel {name} was made.")
    await expect(admin.page.get_by_role("heading", level=1)).to_have_text(name)
    channel = admin.page.url.rpartition("/")[2]
    assert len(channel) == 10
    await register(admin.site, channel, "ann")


async def test_a_channel_can_have_an_id_of_its_own_and_be_closed_from_the_start(
    admin: Visitor,
) -> None:
    channel = f"ciné/{uuid4().hex[:6]}"
    await admin.go("/console/channels/new")
    await field(admin.page, "Name").fill("Ciné club")
    await admin.page.get_by_role("switch", name="Accept unknown clients").uncheck()
    await admin.page.get_by_text("Choose the id yourself").click()
    await field(admin.page, "Id").fill(channel)
    await press(admin.page, "Make the channel")
    await expect(admin.page.get_by_text("The channel is closed to new players.")).to_be_visible()
    await expect(field(admin.page, "Address, to paste into the player")).to_have_value(
        admin.site.register_url(channel)
    )
    with pytest.raises(RegisterRefused):
        await register(admin.site, channel, "ann")


async def test_what_is_wrong_with_a_new_channel_stands_beside_its_field(admin: Visitor) -> None:
    taken = new_channel(admin.site)
    admin.allowed.append("422")
    await admin.go("/console/channels/new")
    await field(admin.page, "Name").fill("   ")
    await press(admin.page, "Make the channel")
    assert await beside(admin.page, "Name") == "Must not be empty."

    await field(admin.page, "Name").fill("Mine")
    await admin.page.get_by_role("switch").uncheck()
    await admin.page.get_by_text("Choose the id yourself").click()
    await field(admin.page, "Id").fill(taken)
    await press(admin.page, "Make the channel")
    assert taken in await beside(admin.page, "Id")
    await expect(field(admin.page, "Name")).to_have_value("Mine")
    await expect(admin.page.get_by_role("switch")).not_to_be_checked()


# -- one channel ----------------------------------------------------------------------------------


async def test_a_new_name_is_on_the_invitation_and_in_the_list(admin: Visitor) -> None:
    channel = new_channel(admin.site)
    await admin.go(place(channel))
    await field(admin.page, "Name").fill("Ciné club 🎬")
    await save(admin.page)
    await expect(admin.page.get_by_role("heading", level=1)).to_have_text("Ciné club 🎬")
    await admin.go(f"/?channel={channel}")
    await expect(admin.page.get_by_role("heading", level=1)).to_have_text("Ciné club 🎬")


async def test_closing_a_channel_refuses_new_accounts_and_lets_members_in(admin: Visitor) -> None:
    channel = new_channel(admin.site)
    await register(admin.site, channel, "ann")
    await admin.go(place(channel))
    closed = admin.page.get_by_text("The channel is closed to new players.")
    await expect(closed).to_be_hidden()
    await admin.page.get_by_role("switch", name="Accept unknown clients").uncheck()
    await save(admin.page)
    await expect(closed).to_be_visible()
    with pytest.raises(RegisterRefused):
        await register(admin.site, channel, f"new-{uuid4().hex[:6]}")
    await register(admin.site, channel, "ann")


async def test_waiting_for_nobody_frees_a_room_that_waits(admin: Visitor) -> None:
    channel = new_channel(admin.site)
    async with pair(admin.site, channel) as (ann, bob):
        await ann.play()
        await status(ann, play_status="playing")
        await bob.set_buffering(True)
        await status(ann, play_status="pending")
        await admin.go(place(channel))
        await expect(field(admin.page, "Longest wait")).to_have_attribute("placeholder", "20s")
        await field(admin.page, "Longest wait").fill("0s")
        await save(admin.page)
        assert (await status(ann, play_status="playing"))["excused_ids"] == ["bob"]
    await expect(field(admin.page, "Longest wait")).to_have_value("0s")

    await field(admin.page, "Longest wait").fill("")
    await save(admin.page)
    await expect(field(admin.page, "Longest wait")).to_have_value("")


async def test_a_newcomer_does_not_stop_a_room_that_plays_on(admin: Visitor) -> None:
    channel = new_channel(admin.site)
    async with pair(admin.site, channel) as (ann, _):
        await admin.go(place(channel))
        await field(admin.page, "When somebody comes in").select_option("The room plays on")
        await save(admin.page)
        await ann.play()
        await status(ann, play_status="playing")
        async with Patient15.register(
            admin.site.register_url(channel), username="cid", password="pw"
        ) as cid:
            await cid.join(name="Cid", share=FILM)
            await status(ann, play_status="playing", excused_ids=["cid"])


async def test_no_grace_means_that_a_lost_watcher_leaves_at_once(admin: Visitor) -> None:
    channel = new_channel(admin.site)
    async with pair(admin.site, channel) as (ann, bob):
        await admin.go(place(channel))
        await field(admin.page, "Grace after a lost connection").fill("0")
        await save(admin.page)
        bob.drop()
        assert (await ann.expect("bye"))["sender"]["id"] == "bob"
    await admin.go(place(channel))
    await expect(field(admin.page, "Grace after a lost connection")).to_have_value("0s")


async def test_what_is_no_duration_is_told_beside_its_field_and_nothing_is_changed(
    admin: Visitor,
) -> None:
    channel = new_channel(admin.site)
    admin.allowed.append("422")
    await admin.go(place(channel))
    await field(admin.page, "Name").fill("Other")
    await field(admin.page, "Longest wait").fill("soon")
    await field(admin.page, "Grace after a lost connection").fill("-3s")
    await press(admin.page, "Save")
    for label in ("Longest wait", "Grace after a lost connection"):
        assert "“20s”" in await beside(admin.page, label)
    await expect(field(admin.page, "Longest wait")).to_have_value("soon")
    await expect(field(admin.page, "Name")).to_have_value("Other")
    await expect(admin.page.get_by_role("heading", level=1)).to_have_text(channel)
    await admin.axe()


async def test_the_invitation_shows_who_is_watching_only_where_that_is_wanted(
    admin: Visitor,
) -> None:
    channel = new_channel(admin.site)
    async with pair(admin.site, channel):
        await admin.go(f"/?channel={channel}")
        await expect(admin.page.get_by_text("Ann", exact=True)).to_have_count(0)
        await admin.go(place(channel))
        await admin.page.get_by_role("switch", name="Show who is watching").check()
        await save(admin.page)
        await admin.go(f"/?channel={channel}")
        await expect(admin.page.get_by_text("Ann", exact=True)).to_be_visible()


async def test_the_addresses_to_send_can_be_copied_and_are_good(visit: Visit) -> None:
    admin = await visit(signed_in=True, permissions=["clipboard-read", "clipboard-write"])
    channel = new_channel(admin.site)
    await admin.go(place(channel))
    await admin.page.get_by_role("button", name="Copy").first.click()
    await expect(admin.page.get_by_role("button", name="Copied")).to_be_visible()
    invitation = await admin.page.evaluate("navigator.clipboard.readText()")
    assert (await admin.context.request.get(invitation)).ok
    address = await field(admin.page, "Address, to paste into the player").input_value()
    assert address == admin.site.register_url(channel)
    await expect(admin.page.get_by_role("img", name="address as a code")).to_be_visible()


async def test_saving_without_a_change_says_so(admin: Visitor) -> None:
    await admin.go(place(new_channel(admin.site)))
    await press(admin.page, "Save")
    await told(admin.page, "Nothing was changed.")


async def test_a_channel_that_is_not_there_is_told(admin: Visitor) -> None:
    admin.allowed.append("404")
    await admin.go(place("nowhere-at-all"))
    await expect(admin.page.get_by_role("alert")).to_contain_text("nowhere-at-all")


async def test_every_change_is_in_the_audit_log_and_says_what_became_of_it(admin: Visitor) -> None:
    channel = new_channel(admin.site)
    await admin.go(place(channel))
    await field(admin.page, "Longest wait").fill("1m30s")
    await save(admin.page)
    listed = admin.site.bunga("audit", "list", "--search", channel, "--json").stdout
    assert '"channels.set"' in listed
    assert '"console"' in listed
    assert '"90000000"' in listed


# -- the end --------------------------------------------------------------------------------------


async def test_a_channel_is_deleted_once_its_name_was_typed_and_everybody_is_sent_out(
    admin: Visitor,
) -> None:
    channel = named_channel(admin.site, "Film night")
    admin.allowed.append("422")
    async with pair(admin.site, channel) as (ann, bob):
        await admin.go(place(channel))
        await admin.page.get_by_role("link", name="Delete the channel…").click()
        dialog = admin.page.get_by_role("dialog")
        for consequence in ("2 memberships", "1 video", "0 subtitle files", "2 watchers are sent"):
            await expect(dialog).to_contain_text(consequence)
        await admin.axe()
        await dialog.get_by_role("textbox").fill("film night?")
        await dialog.get_by_role("button", name="Delete the channel").click()
        assert "as it is written" in await beside(admin.page, "Type “Film night” to be sure")
        await ann.send({"code": "ping"})

        await admin.page.get_by_role("textbox").fill("Film night")
        await press(admin.page, "Delete the channel")
        await told(admin.page, "The channel Film night was deleted.")
        for player in (ann, bob):
            assert isinstance(await player.wait_closed(), Disconnected)
    await expect(row(admin.page, channel)).to_have_count(0)
    answer = httpx2.get(f"{admin.site.url}/?channel={channel}")
    assert answer.status_code == HTTPStatus.NOT_FOUND


# -- how it looks, and what strangers wrote -------------------------------------------------------


async def test_names_of_strangers_are_only_ever_text(admin: Visitor) -> None:
    channel = named_channel(admin.site, EVIL)
    name = f"{EVIL}{uuid4().hex[:4]}"
    url = admin.site.register_url(channel)
    async with Player15.register(url, username=name, password="pw") as ann:
        await ann.join(name=EVIL, share={**FILM, "title": EVIL})
        await ann.expect("here-are")
        pages: list[Callable[[], str]] = [
            lambda: "/console/channels",
            lambda: place(channel),
            lambda: place(channel, "members"),
            lambda: f"{place(channel, 'members', 'ban')}?name={quote(name)}",
            lambda: place(channel, "members", "add"),
            lambda: place(channel, "delete"),
            lambda: place(channel, "integrations"),
        ]
        for path in pages:
            await admin.go(path())
            await expect(admin.page.get_by_text(EVIL).first).to_be_attached()
            assert await admin.page.locator("img[src=x]").count() == 0
            assert await admin.page.title() != "taken"
        await admin.go(place(channel, "members"))
        dialog = await ask(admin.page, "Ban", EVIL)
        await expect(dialog).to_contain_text(EVIL)
        await dialog.get_by_role("button", name="Ban", exact=True).click()
        await told(admin.page, f"{EVIL} is banned.")
        assert await admin.page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize(("size", "scheme", "locale"), TWO_LOOKS)
async def test_every_page_fits_and_has_nothing_that_axe_minds(
    visit: Visit, size: tuple[int, int], scheme: str, locale: str
) -> None:
    admin = await visit(signed_in=True, size=size, scheme=scheme, locale=locale)
    channel = named_channel(admin.site, "A channel with rather a long name, " * 4)
    closed = named_channel(admin.site, "Closed", allow_new_client=False)
    long = f"somebody-with-a-name-without-an-end-{uuid4().hex}"
    async with pair(admin.site, channel):
        admin.site.register(channel, long)
        for path in (
            "/console/channels",
            "/console/channels?search=nothing-is-called-so",
            "/console/channels/new",
            place(channel),
            place(closed),
            place(channel, "members"),
            place(closed, "members"),
            place(closed, "members", "add"),
            f"{place(channel, 'members', 'kick')}?name={long}",
            f"{place(channel, 'members', 'ban')}?name={long}",
            f"{place(channel, 'members', 'remove')}?name={long}",
            place(channel, "delete"),
            place(channel, "integrations"),
        ):
            await admin.go(path)
            await expect(admin.page.get_by_role("heading", level=1)).to_be_visible()
            await admin.fits()
            await admin.axe()
