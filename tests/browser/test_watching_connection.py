"""What answers in place of the server, while that restarts, ends no page."""

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Visitor
from tests.browser.watch_kit import press
from tests.end_to_end.kit import new_channel

SAID_OF_IT = ["SyntaxError", "Failed to load resource"]


@pytest.mark.parametrize("status", [200, 404, 502])
async def test_a_page_of_a_proxy_in_place_of_the_server_is_passed_over(
    ann: Visitor, status: int
) -> None:
    async def answer(route: Route) -> None:
        await route.fulfill(status=status, content_type="text/html", body="<h1>Back soon</h1>")

    ann.allowed += SAID_OF_IT
    page = ann.page
    await page.route("**/register/", answer)
    await ann.go(f"/watch/{new_channel(ann.site)}")
    await page.get_by_role("textbox", name="Name").fill("Ann")
    await press(page, "Watch")
    await expect(page.locator("#notice")).to_contain_text(
        "The connection is lost" if status == 200 else "busy"
    )

    await page.unroute("**/register/")
    await expect(page.locator("#people")).to_contain_text("Ann (you)")
