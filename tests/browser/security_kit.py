"""What the tests of the pages of security have in common."""

from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx2
from playwright.async_api import Locator, Page, expect

from bunga_cli.client import Client, Refused
from tests.browser.conftest import Visitor
from tests.servers import Site

EVIL = "<img src=x onerror=\"document.title='taken'\">"
SECURITY = "/console/security"


def new_name(beginning: str = "admin") -> str:
    return f"{beginning}-{uuid4().hex[:6]}"


def row(page: Page, text: str) -> Locator:
    return page.locator("tbody tr").filter(has_text=text)


async def press(where: Page | Locator, button: str) -> None:
    await where.get_by_role("button", name=button, exact=True).click()


async def asks(page: Page, link: str) -> Locator:
    """Follow a link that asks a question, and return the dialog that does."""
    await page.get_by_role("link", name=link, exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    return dialog


async def is_signed_in(visitor: Visitor) -> bool:
    answer = await visitor.context.request.get(f"{visitor.site.url}/console", max_redirects=0)
    return answer.status == HTTPStatus.OK


def ask_api(site: Site, token: str, path: str = "/api/v1/rooms") -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.get(f"{site.url}{path}", headers=headers, timeout=60).status_code


def audit(site: Site, search: str) -> str:
    return site.bunga("audit", "list", "--search", search, "--json").stdout


async def closed(client: Client) -> int | None:
    """Return with which code the server closes a client's socket."""
    lost: Any = await client.wait_closed()
    assert isinstance(lost, Refused), lost
    return lost.close_code
