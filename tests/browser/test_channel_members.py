"""The members of a channel in a real browser, each change through to what players notice."""

from uuid import uuid4

import pytest
from playwright.async_api import expect

from bunga_cli.client import Disconnected, Player15, Refused
from bunga_cli.client.failures import RegisterRefused
from tests.browser.channel_kit import ask, join, place, press, row, save, told
from tests.browser.conftest import Visit, Visitor
from tests.end_to_end.kit import (
    FILM,
    clients,
    new_channel,
    pair,
    until_stored,
)


async def test_a_kick_closes_the_socket_and_keeps_out_until_it_is_taken_back(
    admin: Visitor,
) -> None:
    channel = new_channel(admin.site)
    async with pair(admin.site, channel) as (ann, bob):
        await admin.go(place(channel, "members"))
        await expect(row(admin.page, "bob")).to_contain_text("connected")
        dialog = await ask(admin.page, "Send out", "bob")
        await expect(dialog).to_contain_text("1 connection is closed at once.")
        await expect(dialog).to_contain_text("after ten minutes")
        await admin.axe()
        await dialog.get_by_role("button", name="Send out").click()
        await told(admin.page, "bob was sent out for ten minutes.")
        assert isinstance(await bob.wait_closed(), Disconnected)
        assert (await ann.expect("bye"))["sender"]["id"] == "bob"
        await expect(row(admin.page, "bob")).to_contain_text("sent out")
        with pytest.raises((RegisterRefused, Refused)):
            await join(admin.site, channel, "bob")

        dialog = await ask(admin.page, "Let in", "bob")
        await dialog.get_by_role("button", name="Let in again").click()
        await told(admin.page, "bob may come in again.")
        await join(admin.site, channel, "bob")


async def test_whoever_thinks_better_of_it_changes_nothing(admin: Visitor) -> None:
    channel = new_channel(admin.site)
    async with clients(admin.site, channel, "ann") as [ann]:
        await admin.go(place(channel, "members"))
        dialog = await ask(admin.page, "Ban", "ann")
        await dialog.get_by_role("button", name="Cancel").click()
        await expect(dialog).to_be_hidden()
        await ask(admin.page, "Remove", "ann")
        await admin.page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await expect(admin.page.get_by_role("link", name="Remove: ann")).to_be_focused()
        await ann.send({"code": "ping"})
        await admin.page.reload()
        await expect(row(admin.page, "ann")).to_contain_text("connected")


async def test_a_ban_closes_the_socket_and_its_reason_is_told_to_whoever_ends_it(
    admin: Visitor,
) -> None:
    channel, other = new_channel(admin.site), new_channel(admin.site)
    name = f"bob-{uuid4().hex[:6]}"
    async with clients(admin.site, channel, name) as [bob]:
        await admin.go(place(channel, "members"))
        dialog = await ask(admin.page, "Ban", name)
        await dialog.get_by_label("Reason").fill("Told the end <b>again</b>")
        await dialog.get_by_role("button", name="Ban", exact=True).click()
        await told(admin.page, f"{name} is banned.")
        assert isinstance(await bob.wait_closed(), Disconnected)
    await expect(row(admin.page, name)).to_contain_text("banned")
    with pytest.raises((RegisterRefused, Refused)):
        await join(admin.site, channel, name)
    await join(admin.site, other, name)

    dialog = await ask(admin.page, "Let in", name)
    await expect(dialog).to_contain_text("Told the end <b>again</b>")
    await dialog.get_by_role("button", name="Let in again").click()
    await told(admin.page, f"{name} may come in again.")
    await join(admin.site, channel, name)


async def test_a_ban_from_the_whole_site_counts_everywhere_and_ends_everywhere(
    admin: Visitor,
) -> None:
    channel, other = new_channel(admin.site), new_channel(admin.site)
    name = f"bob-{uuid4().hex[:6]}"
    await join(admin.site, channel, name)
    async with clients(admin.site, other, name) as [bob]:
        await admin.go(place(channel, "members"))
        dialog = await ask(admin.page, "Ban", name)
        await dialog.get_by_label("From the whole site").check()
        await dialog.get_by_role("button", name="Ban", exact=True).click()
        await told(admin.page, f"{name} is banned.")
        assert isinstance(await bob.wait_closed(), Disconnected)
    dialog = await ask(admin.page, "Let in", name)
    await expect(dialog).to_contain_text("it ends in every channel")
    await dialog.get_by_role("button", name="Let in again").click()
    await told(admin.page, f"{name} may come in again.")
    await join(admin.site, other, name)


async def test_a_member_that_is_removed_cannot_come_back_to_a_closed_channel(
    admin: Visitor,
) -> None:
    channel = new_channel(admin.site)
    name = f"bob-{uuid4().hex[:6]}"
    async with clients(admin.site, channel, name) as [bob]:
        await admin.go(place(channel))
        await admin.page.get_by_role("switch", name="Accept unknown clients").uncheck()
        await save(admin.page)
        await admin.page.get_by_role("link", name="Members").click()
        dialog = await ask(admin.page, "Remove", name)
        await expect(dialog).to_contain_text("cannot come back until it is added again")
        await dialog.get_by_role("button", name="Remove").click()
        await told(admin.page, f"{name} is no longer a member.")
        assert isinstance(await bob.wait_closed(), Disconnected)
    await expect(admin.page.get_by_text("There are no members yet.")).to_be_visible()
    with pytest.raises(RegisterRefused):
        await join(admin.site, channel, name)


async def test_an_account_is_added_by_what_it_was_seen_as_and_gets_in(admin: Visitor) -> None:
    channel, elsewhere = new_channel(admin.site), new_channel(admin.site)
    name, nickname = f"bob-{uuid4().hex[:6]}", f"Bobby {uuid4().hex[:6]}"
    url = admin.site.register_url(elsewhere)
    async with Player15.register(url, username=name, password="pw") as bob:
        await bob.join(name=nickname, share=FILM)
        await bob.expect("here-are")
        query = "SELECT seen_as FROM accounts WHERE username = ?"
        await until_stored(lambda seen: bool(seen == nickname), admin.site, query, name)
    await admin.go(place(channel))
    await admin.page.get_by_role("switch", name="Accept unknown clients").uncheck()
    await save(admin.page)
    await admin.go(place(channel, "members"))
    await admin.page.get_by_role("link", name="Add an account").click()
    await admin.page.get_by_role("searchbox").fill(nickname)
    await expect(admin.page.locator("#found li")).to_have_count(1)
    await admin.page.get_by_role("button", name=f"Add {nickname}").click()
    await told(admin.page, f"{nickname} is a member now.")
    await expect(row(admin.page, name)).to_contain_text(nickname)
    await join(admin.site, channel, name)


async def test_many_members_can_be_searched(admin: Visitor) -> None:
    channel = new_channel(admin.site)
    for number in range(9):
        admin.site.register(channel, f"person-{number}")
    await admin.go(place(channel, "members"))
    await expect(row(admin.page, "person-")).to_have_count(9)
    await admin.page.get_by_role("searchbox").fill("SON-7")
    await expect(row(admin.page, "person-")).to_have_count(1)
    dialog = await ask(admin.page, "Remove", "person-7")
    await dialog.get_by_role("button", name="Remove").click()
    await told(admin.page, "person-7 is no longer a member.")
    await expect(row(admin.page, "person-")).to_have_count(8)


async def test_without_scripts_a_question_is_a_page_of_its_own(visit: Visit) -> None:
    admin = await visit(signed_in=True, java_script_enabled=False)
    channel = new_channel(admin.site)
    async with clients(admin.site, channel, "ann") as [ann]:
        await admin.go(place(channel, "members"))
        await admin.page.get_by_role("link", name="Send out: ann").click()
        await expect(admin.page.get_by_role("heading", level=1)).to_have_text(
            "Send ann out for ten minutes?", ignore_case=True
        )
        await press(admin.page, "Send out")
        await told(admin.page, "ann was sent out")
        assert isinstance(await ann.wait_closed(), Disconnected)
