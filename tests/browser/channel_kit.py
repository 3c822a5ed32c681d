"""What the tests of channels' pages have in common."""

import re
from urllib.parse import quote
from uuid import uuid4

from playwright.async_api import Locator, Page, expect

from bunga_cli.client import Client
from tests.end_to_end.kit import (
    clients,
)
from tests.servers import Site

EVIL = "<img src=x onerror=\"document.title='taken'\">"


def named_channel(site: Site, name: str, **settings: object) -> str:
    channel = f"test-{uuid4().hex[:8]}"
    site.create_channel(channel, name=name, **settings)
    return channel


def place(channel: str, *parts: str) -> str:
    return "/".join(["/console/channels", *(quote(part, safe="") for part in (channel, *parts))])


def row(page: Page, text: str) -> Locator:
    return page.get_by_role("row").filter(has_text=text)


def field(page: Page, label: str) -> Locator:
    return page.get_by_label(label, exact=True)


async def press(page: Page, button: str) -> None:
    await page.get_by_role("button", name=button, exact=True).click()


async def save(page: Page) -> None:
    await press(page, "Save")
    await expect(
        page.get_by_role("status").filter(has_text="The channel was changed.")
    ).to_be_visible()


async def ask(page: Page, what: str, name: str) -> Locator:
    """Open the question about something that can be done to a member."""
    called = re.compile(f"{re.escape(what)}: {re.escape(name)}$", re.IGNORECASE)
    await page.get_by_role("link", name=called).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    return dialog


async def told(page: Page, text: str) -> None:
    await expect(page.get_by_role("status").filter(has_text=text)).to_be_visible()


async def beside(page: Page, label: str) -> str:
    """Return what is said to be wrong with a field, as it is read aloud with it."""
    control = field(page, label)
    await expect(control).to_have_attribute("aria-invalid", "true")
    notes = (await control.get_attribute("aria-describedby") or "").split()
    error = next(note for note in notes if note.endswith("-error"))
    return (await page.locator(f"id={error}").inner_text()).strip()


async def register(site: Site, channel: str, name: str) -> None:
    async with Client.register(site.register_url(channel), username=name, password="pw"):
        pass


async def join(site: Site, channel: str, name: str) -> None:
    """Come in as a player does, and leave."""
    async with clients(site, channel, name):
        pass
