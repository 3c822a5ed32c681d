"""What the admin is told of AList and of each channel's user there."""

import pytest

from bunga_cli.plugin.pictures import as_data
from bunga_cli.plugin.testing import PluginHarness
from tests.plugins.alist.standin import PNG, AList, Answer, Server, picture, server_error


async def test_health_names_the_site_and_who_each_channel_is(
    harness: PluginHarness, alist: AList
) -> None:
    alist.me["role"] = 2
    health = (await harness.health())["AList"]
    assert (health.state, health.text) == ("ok", f"Our films at {alist.url}")
    assert health.details == {
        "site": "Our films",
        "version": "v3.45.0",
        "logo": "/logo.svg",
        "channel lobby": "ann, sees /shared, is an admin",
    }


@pytest.mark.parametrize(
    ("permission", "words"),
    [
        (0, "may only watch"),
        (1 << 40, "may only watch"),
        (0b1000, "may upload"),
        (0b1_1000_0001, "may see hidden files, delete, read by WebDAV"),
    ],
)
async def test_health_tells_in_words_what_a_channel_may_do(
    harness: PluginHarness, alist: AList, permission: int, words: str
) -> None:
    alist.me["permission"] = permission
    health = (await harness.health())["AList"]
    assert health.details["channel lobby"] == f"ann, sees /shared, {words}"


@pytest.mark.parametrize("logo", ["{url}/logo", "/logo", "{url}/logo\n{url}/dark", "logo"])
async def test_health_shows_the_sites_logo(harness: PluginHarness, alist: AList, logo: str) -> None:
    alist.logo, alist.instead["/logo"] = logo.format(url=alist.url), picture(PNG)
    for _ in range(2):
        assert (await harness.health())["AList"].picture == as_data(PNG)
    assert alist.paths.count("/logo") == 1


async def test_a_logo_on_the_network_inside_is_not_fetched_for_another_server(
    harness: PluginHarness, alist: AList
) -> None:
    async with Server() as inside:
        inside.instead["/logo"] = picture(PNG)
        alist.logo = f"{inside.url}/logo"
        health = (await harness.health())["AList"]
        assert (health.state, health.picture, inside.asked) == ("ok", "", [])


@pytest.mark.parametrize("logo", ["", "http://[", "javascript:alert(1)", "data:image/png;base64,x"])
async def test_a_logo_that_is_no_address_is_no_trouble(
    harness: PluginHarness, alist: AList, logo: str
) -> None:
    alist.logo = logo
    health = (await harness.health())["AList"]
    assert (health.state, health.picture) == ("ok", "")


@pytest.mark.parametrize("kind", ["svg", "huge", "endless", "missing"])
async def test_a_logo_that_is_no_small_picture_is_left_out(
    harness: PluginHarness, alist: AList, kind: str
) -> None:
    answers: dict[str, Answer] = {
        "svg": picture(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        "huge": picture(PNG.ljust(65_537, b"x")),
        "endless": alist.endless_picture,
        "missing": server_error,
    }
    alist.logo, alist.instead["/logo"] = "/logo", answers[kind]
    health = (await harness.health())["AList"]
    assert (health.state, health.picture) == ("ok", "")


async def test_health_warns_of_a_channel_that_cannot_log_in(
    harness: PluginHarness, alist: AList
) -> None:
    await harness.context.save_channel_settings("a/b", username="bob", password="wrong")
    health = (await harness.health())["AList"]
    assert (health.state, health.text) == ("warning", "Channels that cannot log in: a/b.")
    assert health.details["channel lobby"].startswith("ann, sees /shared, may ")
    assert "password is incorrect" in health.details["channel a/b"]


async def test_health_fails_when_alist_does(harness: PluginHarness, alist: AList) -> None:
    alist.instead["/api/public/settings"] = server_error
    health = (await harness.health())["AList"]
    assert (health.state, alist.logins) == ("failure", 0)
    assert "HTTP status 500" in health.text


async def test_health_is_off_without_a_host(harness: PluginHarness) -> None:
    await harness.context.save_site_settings(host="")
    assert (await harness.health())["AList"].state == "off"
