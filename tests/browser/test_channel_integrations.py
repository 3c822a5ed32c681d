"""What plugins keep for a channel, in a real browser: settings, and signing in by phone."""

from collections.abc import Iterator

import httpx2
import pytest
from playwright.async_api import Locator, Page, expect

from bunga_cli.settings.secrets import MASK
from tests.browser.conftest import TWO_LOOKS, Visit, Visitor, make_admin
from tests.end_to_end.kit import new_channel
from tests.servers import Site, running_site

EVIL = "<img src=x onerror=document.title=1>"
PLUGIN = '''
from typing import Literal
from pydantic import BaseModel, SecretStr, field_validator
from bunga_cli.plugin import *

class Kept(BaseModel):
    model_config = {"use_attribute_docstrings": True}
    user: str = ""
    """Who it is. EVIL"""
    token: SecretStr = SecretStr("")
    """What opens it."""
    most: int = 3
    """How much at most."""
    speed: Literal["slow", "fast"] = "slow"
    """How fast."""
    is_loud: bool = False
    """Whether it is heard."""

    @field_validator("token")
    @classmethod
    def check(cls, token):
        if token.get_secret_value() == "wrong":
            raise ValueError("must be another one")
        return token

class Desk:
    per_channel = True
    def __init__(self, name, title, expires_s, states):
        self.name, self.title, self.expires_s, self.states = name, title, expires_s, states
        self.asked = 0
    async def begin(self, channel):
        self.asked = 0
        return SignInCode(f"key-of-{channel.id}", "https://s.example/scan?k=1", self.expires_s)
    async def poll(self, channel, key):
        assert key == f"key-of-{channel.id}", key
        state = self.states[min(self.asked, len(self.states) - 1)]
        self.asked += 1
        if state == "broken":
            raise PluginFailure("The service is closed. EVIL")
        if state == "done":
            await kept.save_channel_settings(channel.id, token="by-phone")
        return SignInState(state)
    async def sign_out(self, channel):
        await kept.save_channel_settings(channel.id, token=None)

@hookimpl
def bunga_settings():
    return PluginSettings(channel=Kept)

@hookimpl
def bunga_start(context):
    global kept
    kept = context

@hookimpl
def bunga_sign_ins():
    return [
        Desk("good", "Good Service", 180, ["waiting", "scanned", "done"]),
        Desk("late", "Late Service", 1, ["waiting"]),
        Desk("bad", "Bad Service", 180, ["broken"]),
        Desk("slow", "Slow Service", 180, ["waiting"]),
    ]
'''.replace("EVIL", EVIL)


@pytest.fixture(scope="module")
def toy_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with a plugin that has settings for channels, and ways to sign in."""
    data = tmp_path_factory.mktemp("toys") / "data"
    (data / "plugins").mkdir(parents=True)
    (data / "plugins" / "toy.py").write_text(PLUGIN)
    with running_site(data) as site:
        make_admin(site)
        yield site


async def at_integrations(visit: Visit, site: Site) -> tuple[Visitor, str]:
    """Open the integrations of a new channel."""
    admin = await visit(site, signed_in=True)
    channel = new_channel(site)
    await admin.go(f"/console/channels/{channel}/integrations")
    return admin, channel


def card(page: Page) -> Locator:
    return page.get_by_role("region", name="toy", exact=True)


async def save(page: Page) -> None:
    async with page.expect_response(lambda answer: answer.request.method == "POST"):
        await card(page).get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").first).to_contain_text("Saved.")


def kept(site: Site, channel: str) -> dict[str, object]:
    """Return what is set of the plugin in a channel, by name."""
    transport = httpx2.HTTPTransport(uds=str(site.data / "bunga.sock"))
    with httpx2.Client(transport=transport, base_url="http://local", timeout=60) as control:
        answer = control.get(f"/api/v1/channels/{channel}/plugins/toy")
    return {row["name"]: row["value"] for row in answer.raise_for_status().json()["settings"]}


async def unfold(page: Page) -> None:
    await card(page).get_by_text("By hand").click()


async def begin(page: Page, title: str) -> Locator:
    await card(page).get_by_role("button", name=f"Sign in at {title}").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("img", name="The code for your phone")).to_be_visible()
    return dialog


async def test_what_is_set_is_kept_and_a_secret_is_never_shown(
    visit: Visit, toy_site: Site
) -> None:
    admin, channel = await at_integrations(visit, toy_site)
    await unfold(admin.page)
    await card(admin.page).get_by_label("User").fill("ann")
    await card(admin.page).get_by_label("Token").fill("s3cret-of-mine")
    await card(admin.page).get_by_label("Most").fill("12")
    await card(admin.page).get_by_label("Speed").select_option("fast")
    await card(admin.page).get_by_role("switch").check()
    await save(admin.page)
    assert kept(toy_site, channel) == {
        "user": "ann",
        "token": MASK,
        "most": 12,
        "speed": "fast",
        "is_loud": True,
    }
    assert "s3cret-of-mine" not in await admin.page.content()
    listed = toy_site.bunga("audit", "list", "--search", channel, "--json").stdout
    assert '"plugins.set"' in listed
    assert "s3cret" not in listed

    await unfold(admin.page)
    await card(admin.page).get_by_text("Remove it").click()
    await card(admin.page).get_by_text("Back to the default: 3").click()
    await card(admin.page).get_by_role("switch").uncheck()
    await save(admin.page)
    assert kept(toy_site, channel) == {
        "user": "ann",
        "token": "",
        "most": 3,
        "speed": "fast",
        "is_loud": False,
    }


async def test_what_is_wrong_stands_beside_its_field_and_a_typed_secret_is_not_sent_back(
    visit: Visit, toy_site: Site
) -> None:
    admin, channel = await at_integrations(visit, toy_site)
    admin.allowed.append("422")
    await unfold(admin.page)
    await card(admin.page).get_by_label("User").fill("ann")
    await card(admin.page).get_by_label("Token").fill("wrong")
    await card(admin.page).get_by_label("Most").fill("many")
    await card(admin.page).get_by_role("button", name="Save").click()
    errors = card(admin.page).locator(".field-error")
    await expect(errors).to_have_text(
        ["Must be another one.", "Must be a whole number; it is 'many'."]
    )
    await expect(card(admin.page).get_by_label("Token")).to_have_value("")
    await expect(card(admin.page).get_by_label("User")).to_have_value("ann")
    assert kept(toy_site, channel)["user"] == ""
    await admin.axe()


async def test_a_channel_signs_in_by_phone_and_forgets_it_again(
    visit: Visit, toy_site: Site
) -> None:
    admin, channel = await at_integrations(visit, toy_site)
    dialog = await begin(admin.page, "Good Service")
    await expect(dialog).to_contain_text("Waiting for your phone")
    await admin.axe()
    await expect(dialog).to_contain_text("confirm it on your phone")
    await expect(admin.page.get_by_role("status").first).to_contain_text(
        "The channel is signed in at Good Service."
    )
    assert kept(toy_site, channel)["token"] == MASK

    await card(admin.page).get_by_role("link", name="Forget the login…").first.click()
    await admin.page.get_by_role("dialog").get_by_role("button", name="Forget it").click()
    await expect(admin.page.get_by_role("status").first).to_contain_text("The login was forgotten.")
    assert kept(toy_site, channel)["token"] == ""
    listed = toy_site.bunga("audit", "list", "--search", channel, "--json").stdout
    assert '"plugins.sign_in"' in listed
    assert '"plugins.sign_out"' in listed
    assert "key-of" not in listed


async def test_a_code_that_is_too_old_is_told_and_nobody_asks_any_more(
    visit: Visit, toy_site: Site
) -> None:
    admin, _ = await at_integrations(visit, toy_site)
    dialog = await begin(admin.page, "Late Service")
    await expect(dialog.get_by_text("The code is too old now.")).to_be_visible()
    await expect(dialog.locator("[hx-trigger]")).to_have_count(0)


async def test_a_service_that_fails_says_why_as_text(visit: Visit, toy_site: Site) -> None:
    admin, _ = await at_integrations(visit, toy_site)
    dialog = await begin(admin.page, "Bad Service")
    await expect(dialog).to_contain_text(f"The service is closed. {EVIL}")
    await expect(dialog.locator("[hx-trigger]")).to_have_count(0)
    assert await admin.page.locator("img[src=x]").count() == 0


async def test_closing_the_dialog_ends_the_asking(visit: Visit, toy_site: Site) -> None:
    admin, _ = await at_integrations(visit, toy_site)
    dialog = await begin(admin.page, "Slow Service")
    async with admin.page.expect_response("**/sign-in/slow/poll") as answered:
        pass
    assert (await answered.value).status == 204
    await dialog.get_by_role("link", name="Cancel").click()
    await expect(dialog).to_be_hidden()
    await expect(admin.page.locator("#asked")).to_be_empty()


@pytest.mark.parametrize(("size", "scheme", "locale"), TWO_LOOKS)
async def test_the_page_fits_and_has_nothing_that_axe_minds(
    visit: Visit, toy_site: Site, size: tuple[int, int], scheme: str, locale: str
) -> None:
    admin = await visit(toy_site, signed_in=True, size=size, scheme=scheme, locale=locale)
    await admin.go(f"/console/channels/{new_channel(toy_site)}/integrations")
    folds = admin.page.locator("summary")
    for number in range(await folds.count()):
        await folds.nth(number).click()
    await expect(admin.page.get_by_text(EVIL)).to_be_visible()
    await admin.fits()
    await admin.axe()
