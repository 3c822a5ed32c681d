"""The pages of plugins in a real browser, with plugins that work, fail, hang and mean ill."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import httpx2
import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.conftest import DESKTOP, PHONE, Visit, Visitor, make_admin
from tests.browser.house_plugins import PICTURE, SCRIPT, TOKEN, write_plugins
from tests.servers import Site, running_site

LIST = "/console/integrations"
SHELF = f"{LIST}/shelf"
SLEEPS = re.compile(r"/sleeper/check\?brief")
FILE = """
[plugins.shelf]
shelves = 4

[plugins.mended]
size = 99

[plugins.locked]
enabled = true
"""


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with plugins of its own; some of what is set of them is set elsewhere."""
    home = tmp_path_factory.mktemp("workshop")
    write_plugins(home / "data")
    (home / "bunga.toml").write_text(FILE)
    fixed = {"PLUGINS__SHELF__ORDER": "by year", "PLUGINS__LOCKED__ENABLED": "true"}
    with running_site(home / "data", "--config", str(home / "bunga.toml"), **fixed) as site:
        make_admin(site)
        yield site


@pytest.fixture
def api(workshop: Site) -> Iterator[httpx2.Client]:
    """What the command line sees of the same server."""
    transport = httpx2.HTTPTransport(uds=str(workshop.data / "bunga.sock"))
    with httpx2.Client(transport=transport, base_url="http://local", timeout=60) as client:
        yield client


def shown_of(api: httpx2.Client, plugin: str) -> Any:
    return api.get(f"/api/v1/plugins/{plugin}").json()


def setting(api: httpx2.Client, key: str) -> Any:
    return api.get(f"/api/v1/settings/plugins.shelf.{key}").json()


def last_deed(api: httpx2.Client, action: str) -> Any:
    rows = api.get("/api/v1/audit", params={"search": action}).json()["entries"]
    return next(row for row in rows if row["action"] == action)


async def opened(visit: Visit, workshop: Site, path: str, **how: Any) -> Visitor:
    visitor = await visit(workshop, signed_in=True, **how)
    await visitor.go(path)
    return visitor


def card(page: Page, plugin: str) -> Locator:
    return page.get_by_role("listitem").filter(
        has=page.get_by_role("heading", name=plugin, exact=True)
    )


def field(page: Page, key: str) -> Locator:
    return page.locator(f"id=f-set-plugins-shelf-{key}")


async def save(page: Page) -> None:
    async with page.expect_response(lambda answer: answer.request.method == "POST"):
        await page.get_by_role("button", name="Save").click()


async def is_checked(page: Page) -> None:
    """Wait until every health check has been heard."""
    await expect(page.locator(".skeleton")).to_have_count(0)


# -- all of them ----------------------------------------------------------------------------------


async def test_the_list_tells_of_each_plugin_how_it_stands(visit: Visit, workshop: Site) -> None:
    page = (await opened(visit, workshop, LIST)).page

    await is_checked(page)

    await expect(card(page, "alist")).to_contain_text("Not set up")
    await expect(card(page, "alist")).to_contain_text("bunga-server")
    await expect(card(page, "broken")).to_contain_text("Fails")
    await expect(card(page, "broken")).to_contain_text("RuntimeError: no luck <script>")
    await expect(card(page, "shelf")).to_contain_text("plugins/shelf.py")
    await expect(card(page, "shelf")).to_contain_text("4 shelves stand.")
    await expect(card(page, "shelf")).to_contain_text("The door is locked.")
    await expect(card(page, "sleeper")).to_contain_text("It did not return within 5 s.")


async def test_the_list_is_there_before_a_check_that_hangs(visit: Visit, workshop: Site) -> None:
    visitor = await visit(workshop, signed_in=True)
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await visitor.page.route(SLEEPS, hold)

    await visitor.go(LIST)

    await expect(card(visitor.page, "shelf")).to_contain_text("4 shelves stand.")
    await expect(card(visitor.page, "sleeper").locator(".skeleton")).to_be_visible()
    async with visitor.page.expect_response(SLEEPS):
        await held[0].continue_()
    await expect(card(visitor.page, "sleeper")).to_contain_text("It did not return within 5 s.")


async def test_a_plugin_is_switched_off_and_on(
    visit: Visit, workshop: Site, api: httpx2.Client
) -> None:
    page = (await opened(visit, workshop, LIST)).page

    await card(page, "sleeper").get_by_role("button", name="Switch off").click()
    await expect(page.get_by_text("sleeper is switched off now")).to_be_visible()
    assert shown_of(api, "sleeper")["state"] == "disabled"
    assert last_deed(api, "plugins.disable")["subject"] == "sleeper"

    await page.get_by_role("button", name="Switch on").click()
    await expect(page.get_by_text("sleeper is switched on now.")).to_be_visible()
    assert shown_of(api, "sleeper")["state"] == "active"
    deed = last_deed(api, "plugins.enable")
    assert (deed["subject"], deed["via"]) == ("sleeper", "console")


async def test_a_plugin_that_failed_is_tried_again(visit: Visit, workshop: Site) -> None:
    page = (await opened(visit, workshop, f"{LIST}/broken")).page
    await expect(page.get_by_text("What can be set is known only once")).to_be_visible()

    await page.get_by_role("button", name="Try again").click()

    await page.wait_for_load_state()
    await expect(page.get_by_text("RuntimeError: no luck <script>")).to_be_visible()


async def test_a_plugin_that_the_environment_switches_is_locked(
    visit: Visit, workshop: Site
) -> None:
    page = (await opened(visit, workshop, LIST)).page
    await expect(card(page, "locked")).to_contain_text(
        "Switched by BUNGA_PLUGINS__LOCKED__ENABLED; change it there."
    )
    await expect(card(page, "locked").get_by_role("button")).to_have_count(0)


async def test_a_plugin_that_does_not_start_for_a_setting_is_mended_in_its_form(
    visit: Visit, workshop: Site, api: httpx2.Client
) -> None:
    visitor = await opened(visit, workshop, f"{LIST}/mended")
    page, size = visitor.page, visitor.page.locator("id=f-set-plugins-mended-size")
    assert shown_of(api, "mended")["state"] == "failed"
    await expect(page.locator("id=f-set-plugins-mended-size-error")).to_contain_text("it is 99")
    await visitor.axe()

    await size.fill("5")
    await save(page)

    await expect(page.get_by_text("Saved.")).to_be_visible()
    await expect(page.get_by_text("Works").first).to_be_visible()
    assert shown_of(api, "mended")["state"] == "active"


async def test_a_namesake_is_told_and_has_no_page(visit: Visit, workshop: Site) -> None:
    page = (await opened(visit, workshop, LIST)).page
    namesake = card(page, "agora").filter(has_text="plugins/agora.py")
    await expect(namesake).to_contain_text("There is a plugin of this name already")
    await expect(namesake.get_by_role("link")).to_have_count(0)
    await expect(namesake.get_by_role("button")).to_have_count(0)


async def test_the_linkers_are_told_with_their_plugin_and_state(
    visit: Visit, workshop: Site, api: httpx2.Client
) -> None:
    changes = {"disabled_linkers": ["shelf-films"]}
    api.patch("/api/v1/plugins/gallery/settings", json=changes).raise_for_status()
    page = (await opened(visit, workshop, LIST)).page
    libraries = page.get_by_role("region", name="Media libraries")

    film_shelf = libraries.get_by_role("listitem").filter(has_text="Films on the shelf")

    await expect(film_shelf).to_contain_text("shelf-films from shelf")
    await expect(film_shelf).to_contain_text("Left out")
    api.patch("/api/v1/plugins/gallery/settings", json={"disabled_linkers": None})


async def test_a_plugin_that_is_not_there_is_not_found(visit: Visit, workshop: Site) -> None:
    visitor = await visit(workshop, signed_in=True)
    visitor.allowed.append("404")
    answer = await visitor.page.goto(f"{workshop.url}{LIST}/nobody")
    assert answer is not None
    assert answer.status == HTTPStatus.NOT_FOUND


# -- one of them ----------------------------------------------------------------------------------


async def test_health_is_shown_with_its_facts_and_picture(visit: Visit, workshop: Site) -> None:
    page = (await opened(visit, workshop, SHELF)).page
    health = page.get_by_role("region", name="Health")

    await is_checked(page)

    await expect(health.locator("img.picture")).to_have_attribute("src", PICTURE)
    facts = await health.locator("dl > div").all_inner_texts()
    assert [fact.split("\n") for fact in facts] == [
        ["Title", "The shelf"],
        ["Base path", "/films"],
        ["Odd", SCRIPT],
    ]
    await expect(health.get_by_text("The door is locked.")).to_be_visible()


async def test_a_test_looks_again(visit: Visit, workshop: Site, api: httpx2.Client) -> None:
    page = (await opened(visit, workshop, SHELF)).page
    await expect(page.get_by_text("4 shelves stand.")).to_be_visible()
    api.patch("/api/v1/plugins/shelf/settings", json={"shelves": 7}).raise_for_status()

    await page.get_by_role("button", name="Test").click()

    await expect(page.get_by_text("7 shelves stand.")).to_be_visible()
    api.patch("/api/v1/plugins/shelf/settings", json={"shelves": None}).raise_for_status()


async def test_settings_are_saved_and_count(
    visit: Visit, workshop: Site, api: httpx2.Client
) -> None:
    page = (await opened(visit, workshop, SHELF)).page
    await field(page, "base_url").fill("https://other.example")
    await field(page, "shelves").fill("5")
    await field(page, "is_loud").check()

    await save(page)

    await expect(page.get_by_text("Saved.")).to_be_visible()
    await expect(page.get_by_text("5 shelves stand.")).to_be_visible()
    assert setting(api, "base_url")["value"] == "https://other.example"
    assert setting(api, "is_loud")["value"] is True
    details = last_deed(api, "plugins.set")["details"]
    assert details == {"base_url": "https://other.example", "shelves": "5", "is_loud": "yes"}


async def test_what_was_changed_goes_back_to_the_default_or_the_file(
    visit: Visit, workshop: Site, api: httpx2.Client
) -> None:
    page = (await opened(visit, workshop, SHELF)).page
    await field(page, "base_url").fill("https://third.example")
    await field(page, "shelves").fill("6")
    await save(page)
    await expect(field(page, "shelves")).to_have_value("6")

    await page.get_by_label("Back to the default: https://films.example").check()
    await page.get_by_label("Back to what bunga.toml says: 4").check()
    await save(page)

    await expect(field(page, "shelves")).to_have_value("4")
    assert setting(api, "base_url")["origin"] == "default"
    assert setting(api, "shelves")["origin"].endswith("bunga.toml")
    await expect(page.get_by_text("from bunga.toml")).to_be_visible()
    await expect(page.get_by_label("Back to what bunga.toml says: 4")).to_have_count(0)


async def test_to_type_the_default_is_to_go_back_to_it(
    visit: Visit, workshop: Site, api: httpx2.Client
) -> None:
    page = (await opened(visit, workshop, SHELF)).page
    await field(page, "shelves").fill("8")
    await save(page)
    await expect(field(page, "shelves")).to_have_value("8")

    await field(page, "shelves").fill("4")
    await save(page)

    await expect(page.get_by_text("Saved.")).to_be_visible()
    assert setting(api, "shelves")["origin"].endswith("bunga.toml")


async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_kept(
    visit: Visit, workshop: Site, api: httpx2.Client
) -> None:
    visitor = await opened(visit, workshop, SHELF)
    visitor.allowed.append("422")
    page = visitor.page
    await field(page, "base_url").fill("http://films.example")
    await field(page, "shelves").fill("99")
    await field(page, "token").fill("a-secret-typed-in-vain")

    await save(page)

    wrong = page.locator("id=f-set-plugins-shelf-base_url-error")
    await expect(wrong).to_contain_text("Must begin with https:// <script>")
    await expect(field(page, "base_url")).to_have_value("http://films.example")
    await expect(field(page, "shelves")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_role("link", name="Shelves: Must be")).to_be_visible()
    assert "a-secret-typed-in-vain" not in await page.content()
    assert setting(api, "token")["value"] in (None, "")
    await visitor.axe()


async def test_a_secret_is_written_and_never_read(
    visit: Visit, workshop: Site, api: httpx2.Client
) -> None:
    page = (await opened(visit, workshop, SHELF)).page
    await field(page, "token").fill(TOKEN)
    await save(page)

    await expect(field(page, "token")).to_have_attribute(
        "placeholder", "set; leave empty to keep it"
    )
    for path in (SHELF, LIST):
        answer = await page.request.get(f"{workshop.url}{path}")
        assert TOKEN not in await answer.text()
    assert TOKEN not in str(last_deed(api, "plugins.set"))
    assert TOKEN in (workshop.data / "bunga.auto.toml").read_text()

    await page.get_by_label("Remove it").check()
    await save(page)
    await expect(field(page, "token")).to_have_attribute("placeholder", "not set")
    assert TOKEN not in (workshop.data / "bunga.auto.toml").read_text()


async def test_what_the_environment_sets_is_locked(visit: Visit, workshop: Site) -> None:
    page = (await opened(visit, workshop, SHELF)).page
    await expect(field(page, "order")).to_be_disabled()
    await expect(field(page, "order")).to_have_value("by year")
    await expect(
        page.get_by_text("Set by BUNGA_PLUGINS__SHELF__ORDER; change it there.")
    ).to_be_visible()


async def test_an_untouched_form_changes_nothing(visit: Visit, workshop: Site) -> None:
    page = (await opened(visit, workshop, SHELF)).page
    await save(page)
    await expect(page.get_by_text("Nothing was changed.")).to_be_visible()


async def test_one_signs_in_by_phone_and_out_again(
    visit: Visit, workshop: Site, api: httpx2.Client
) -> None:
    visitor = await opened(visit, workshop, SHELF)
    page = visitor.page
    await expect(page.get_by_text("Not signed in")).to_be_visible()

    await page.get_by_role("button", name="Sign in by phone").click()
    await expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()
    await expect(page.get_by_text("Scanned: confirm it on your phone")).to_be_visible()
    await visitor.axe()

    await expect(page.get_by_text("The site is signed in at The desk.")).to_be_visible()
    assert TOKEN not in await page.content()
    assert last_deed(api, "plugins.sign_in")["subject"] == "shelf"

    await page.get_by_role("link", name="Forget the login").click()
    await page.get_by_role("button", name="Forget it").click()
    await expect(page.get_by_text("The login was forgotten.")).to_be_visible()
    await expect(page.get_by_text("Not signed in")).to_be_visible()


async def test_the_page_works_without_a_script(visit: Visit, workshop: Site) -> None:
    visitor = await opened(visit, workshop, SHELF, java_script_enabled=False)
    page = visitor.page

    await page.get_by_role("button", name="Test").click()
    await expect(page.get_by_text("shelves stand.")).to_be_visible()

    await page.get_by_role("button", name="Switch off").click()
    await page.get_by_role("button", name="Switch on").click()
    await expect(page.get_by_text("shelf is switched on now.")).to_be_visible()


# -- how they look --------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("path", [LIST, SHELF, f"{LIST}/broken"])
async def test_the_pages_fit_and_can_be_used_by_everybody(
    visit: Visit, workshop: Site, path: str, locale: str, size: tuple[int, int]
) -> None:
    visitor = await opened(visit, workshop, path, size=size, locale=locale)
    await is_checked(visitor.page)
    await visitor.axe()
    await visitor.fits()
    assert "owned" not in await visitor.page.title()


async def test_the_pages_can_be_read_in_the_dark(visit: Visit, workshop: Site) -> None:
    visitor = await opened(visit, workshop, SHELF, scheme="dark")
    await is_checked(visitor.page)
    await visitor.axe()
