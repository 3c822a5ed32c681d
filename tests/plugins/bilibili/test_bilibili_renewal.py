"""How a login stays fresh: once a day, in the background, without ever losing it."""

import logging
from typing import Any

import pytest
from starlette.responses import Response

from bunga_bilibili import BilibiliPlugin
from bunga_cli.plugin.testing import PluginHarness
from tests.plugins.bilibili.conftest import Clock
from tests.plugins.bilibili.misbehaviour import error_500, html
from tests.plugins.bilibili.standin import (
    CONFIRM,
    COOKIE_INFO,
    COOKIE_REFRESH,
    CORRESPOND,
    Asked,
    Bilibili,
    Session,
    envelope,
)


async def use(harness: PluginHarness, plugin: BilibiliPlugin, channel_id: str = "lobby") -> Any:
    """Register somebody, and wait for what that sets off."""
    service = (await harness.services(channel_id))["bilibili"]
    await plugin.accounts.renewed()
    return service


async def stored(harness: PluginHarness, channel_id: str = "lobby") -> dict[str, str]:
    settings = await harness.context.channel_settings(channel_id)
    names = ("sess", "bili_jct", "refresh_token")
    return {name: getattr(settings, name).get_secret_value() for name in names}


async def test_a_login_that_is_due_is_renewed_and_the_old_one_ended(
    harness: PluginHarness, plugin: BilibiliPlugin, bilibili: Bilibili, ann: Session
) -> None:
    bilibili.refresh_due = True

    await use(harness, plugin)

    [new] = bilibili.sessions.values()
    assert new != ann
    assert await stored(harness) == new.settings
    assert (await use(harness, plugin))["sess"] == new.sess


async def test_players_get_the_new_cookie_from_then_on(
    harness: PluginHarness, plugin: BilibiliPlugin, bilibili: Bilibili
) -> None:
    bilibili.refresh_due = True

    await use(harness, plugin)

    assert harness.invalidated == [("bilibili", "lobby")]


async def test_a_login_that_is_not_due_stays_as_it_is(
    harness: PluginHarness, plugin: BilibiliPlugin, bilibili: Bilibili, ann: Session
) -> None:
    await use(harness, plugin)

    assert bilibili.times_asked(COOKIE_INFO) == 1
    assert bilibili.times_asked(COOKIE_REFRESH) == 0
    assert await stored(harness) == ann.settings


async def test_bilibili_is_asked_once_a_day(
    harness: PluginHarness, plugin: BilibiliPlugin, bilibili: Bilibili, clock: Clock
) -> None:
    await use(harness, plugin)
    clock.advance(hours=23)
    await use(harness, plugin)
    assert bilibili.times_asked(COOKIE_INFO) == 1

    clock.advance(hours=1)
    await use(harness, plugin)
    assert bilibili.times_asked(COOKIE_INFO) == 2


async def test_a_renewed_login_is_left_alone_for_a_day(
    harness: PluginHarness, plugin: BilibiliPlugin, bilibili: Bilibili
) -> None:
    bilibili.refresh_due = True
    await use(harness, plugin)

    await use(harness, plugin)

    assert bilibili.times_asked(COOKIE_INFO) == 1


async def test_a_cookie_without_its_companions_is_used_and_never_renewed(
    harness: PluginHarness, plugin: BilibiliPlugin, bilibili: Bilibili
) -> None:
    await harness.context.save_channel_settings("lobby", bili_jct="", refresh_token="")

    assert await use(harness, plugin) is not None
    assert bilibili.times_asked(COOKIE_INFO) == 0


async def test_nobody_waits_for_a_renewal(
    harness: PluginHarness, plugin: BilibiliPlugin, bilibili: Bilibili, ann: Session
) -> None:
    bilibili.refresh_due = True

    assert (await harness.services())["bilibili"]["sess"] == ann.sess  # before it has begun
    await plugin.accounts.renewed()


async def test_members_who_register_at_once_set_off_one_renewal(
    harness: PluginHarness, plugin: BilibiliPlugin, bilibili: Bilibili
) -> None:
    bilibili.refresh_due = True
    await harness.services()
    await harness.services()

    await plugin.accounts.renewed()

    assert bilibili.times_asked(COOKIE_REFRESH) == 1


async def test_all_channels_that_share_the_login_get_the_new_one(
    harness: PluginHarness, plugin: BilibiliPlugin, bilibili: Bilibili, ann: Session
) -> None:
    await harness.context.save_channel_settings("a/b", **ann.settings)
    bilibili.refresh_due = True

    await use(harness, plugin, "lobby")

    [new] = bilibili.sessions.values()
    assert await stored(harness, "a/b") == await stored(harness, "lobby") == new.settings


async def test_a_login_that_the_admin_changed_meanwhile_is_not_overwritten(
    harness: PluginHarness, plugin: BilibiliPlugin, bilibili: Bilibili
) -> None:
    ben = bilibili.log_in("ben")
    bilibili.refresh_due = True
    await harness.services()
    await harness.context.save_channel_settings("lobby", **ben.settings)

    await plugin.accounts.renewed()

    assert await stored(harness) == ben.settings


async def test_a_login_that_the_admin_sets_while_the_new_one_is_being_saved_stays(
    harness: PluginHarness,
    plugin: BilibiliPlugin,
    bilibili: Bilibili,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ben, read = bilibili.log_in("ben"), harness.context.channel_settings
    has_set: list[bool] = []

    async def read_and_set(channel_id: str) -> Any:
        settings = await read(channel_id)
        if channel_id == "lobby" and bilibili.times_asked(COOKIE_REFRESH) and not has_set:
            has_set.append(True)
            await harness.context.save_channel_settings("lobby", **ben.settings)
        return settings

    monkeypatch.setattr(harness.context, "channel_settings", read_and_set)
    bilibili.refresh_due = True
    await use(harness, plugin)

    assert has_set
    assert await stored(harness) == ben.settings


@pytest.mark.parametrize("step", [COOKIE_INFO, COOKIE_REFRESH])
async def test_a_renewal_that_fails_leaves_the_login_and_is_tried_again_at_the_next_use(
    harness: PluginHarness,
    plugin: BilibiliPlugin,
    bilibili: Bilibili,
    ann: Session,
    caplog: pytest.LogCaptureFixture,
    step: str,
) -> None:
    bilibili.refresh_due = True
    bilibili.instead[step] = error_500

    await use(harness, plugin)

    assert await stored(harness) == ann.settings
    [record] = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert "cannot be renewed" in record.message
    assert ann.sess not in record.message

    del bilibili.instead[step]
    await use(harness, plugin)
    assert await stored(harness) != ann.settings


@pytest.mark.parametrize("timestamp", [10**300, -1, 10**13])
async def test_a_time_that_is_none_is_a_note_for_the_admin(
    harness: PluginHarness,
    plugin: BilibiliPlugin,
    bilibili: Bilibili,
    ann: Session,
    *,
    timestamp: int,
) -> None:
    async def strange(_asked: Asked) -> Response:
        return envelope(0, "0", {"refresh": True, "timestamp": timestamp})

    bilibili.instead[COOKIE_INFO] = strange
    await use(harness, plugin)

    health = (await harness.health())["accounts"]
    assert await stored(harness) == ann.settings
    assert health.state == "warning"
    assert health.text.startswith("Logged in: ann. Not renewed: lobby. Bilibili's answer is not")
    assert health.details["lobby"].endswith(
        "; the login could not be renewed: Bilibili's answer is not understood (HTTP status 200)."
    )

    del bilibili.instead[COOKIE_INFO]
    await use(harness, plugin)
    assert (await harness.health())["accounts"].state == "ok"


async def test_what_nobody_expected_of_a_renewal_is_noted_too(
    harness: PluginHarness,
    plugin: BilibiliPlugin,
    bilibili: Bilibili,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def defect(*_any: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(plugin.bilibili, "renewal_due", defect)
    await use(harness, plugin)

    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivisionError" in (await harness.health())["accounts"].details["lobby"]


async def test_a_new_login_that_cannot_be_confirmed_is_kept_since_both_are_good(
    harness: PluginHarness, plugin: BilibiliPlugin, bilibili: Bilibili, ann: Session
) -> None:
    bilibili.refresh_due = True
    bilibili.instead[CONFIRM] = html

    await use(harness, plugin)

    assert await stored(harness) != ann.settings
    assert (await stored(harness))["sess"] in bilibili.sessions
    assert ann.sess in bilibili.sessions


async def test_a_time_that_is_encrypted_for_another_key_finds_no_page(
    harness: PluginHarness, bilibili: Bilibili, ann: Session, caplog: pytest.LogCaptureFixture
) -> None:
    plugin = BilibiliPlugin()  # with Bilibili's own key
    plugin.bunga_start(harness.context)
    bilibili.refresh_due = True

    plugin.accounts.renew_soon(await plugin.accounts.of("lobby"))
    await plugin.accounts.renewed()

    assert bilibili.times_asked(CORRESPOND) == 1
    assert "does not show the page" in caplog.text
    assert await stored(harness) == ann.settings


async def test_a_stopped_plugin_gives_a_renewal_up_and_the_old_login_is_good_still(
    harness: PluginHarness, plugin: BilibiliPlugin, bilibili: Bilibili, ann: Session
) -> None:
    bilibili.refresh_due = True
    await harness.services()

    plugin.bunga_stop()
    await plugin.accounts.renewed()

    assert await stored(harness) == ann.settings
    assert ann.sess in bilibili.sessions


async def test_the_cookies_of_one_login_are_not_sent_with_requests_of_others(
    harness: PluginHarness, plugin: BilibiliPlugin, bilibili: Bilibili
) -> None:
    bilibili.refresh_due = True
    await use(harness, plugin)

    await plugin.bilibili.qr_code()

    assert bilibili.asked[-1].cookies == {}
