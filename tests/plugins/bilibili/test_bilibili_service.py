"""What players get, and what the admin is told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from starlette.responses import RedirectResponse, Response

from bunga_cli.plugin import PluginFailure
from bunga_cli.plugin.pictures import as_data
from bunga_cli.plugin.testing import PluginHarness
from tests.plugins.bilibili.conftest import Clock
from tests.plugins.bilibili.misbehaviour import BAD_ANSWERS, banned_as_json, error_500
from tests.plugins.bilibili.standin import (
    AVATAR,
    MIXIN_KEY,
    NAV,
    Asked,
    Bilibili,
    Session,
    envelope,
    nav_of,
    running,
)


async def test_members_get_the_channels_cookie_and_the_key_to_sign_with(
    harness: PluginHarness, ann: Session
) -> None:
    expected = {"sess": ann.sess, "mixin_key": MIXIN_KEY}

    assert await harness.services("lobby") == {"bilibili": expected}


async def test_one_answer_serves_all_members_for_an_hour(
    harness: PluginHarness, clock: Clock
) -> None:
    service = (await harness.issue("lobby"))["bilibili"]

    assert service is not None
    assert (service.per_account, service.expires_at) == (False, clock.now + timedelta(hours=1))


async def test_a_channel_without_an_account_gets_nothing_and_bilibili_is_not_asked(
    harness: PluginHarness, bilibili: Bilibili
) -> None:
    assert await harness.services("a/b") == {"bilibili": None}
    assert bilibili.asked == []


async def test_a_login_that_bilibili_forgot_is_a_failure_with_advice(
    harness: PluginHarness, bilibili: Bilibili
) -> None:
    bilibili.sessions.clear()

    with pytest.raises(PluginFailure, match="Log in again"):
        await harness.services("lobby")


@pytest.mark.parametrize("bad", BAD_ANSWERS)
async def test_whatever_bilibili_does_there_is_a_reason(
    harness: PluginHarness, misbehave: Callable[[str, str], str], bad: str
) -> None:
    reason = misbehave(bad, NAV)

    with pytest.raises(PluginFailure, match=reason):
        await harness.services("lobby")


async def test_bilibili_is_asked_anew_after_a_failure(
    harness: PluginHarness, bilibili: Bilibili
) -> None:
    bilibili.instead[NAV] = error_500
    with pytest.raises(PluginFailure):
        await harness.services("lobby")
    del bilibili.instead[NAV]

    assert (await harness.services("lobby"))["bilibili"] is not None


async def test_after_too_many_requests_bilibili_is_left_alone_for_a_while(
    harness: PluginHarness, bilibili: Bilibili, clock: Clock
) -> None:
    bilibili.instead[NAV] = banned_as_json
    for _ in range(3):
        with pytest.raises(PluginFailure, match="too many requests"):
            await harness.services("lobby")
    assert bilibili.times_asked(NAV) == 1

    del bilibili.instead[NAV]
    clock.advance(minutes=5)
    assert (await harness.services("lobby"))["bilibili"] is not None


async def test_no_server_at_all_is_a_reason_too(harness: PluginHarness) -> None:
    await harness.context.save_site_settings(api_url="http://127.0.0.1:1")

    with pytest.raises(PluginFailure, match="cannot be reached"):
        await harness.services("lobby")


# -- health ---------------------------------------------------------------------------------------


async def test_the_admin_sees_who_each_channel_is_and_its_membership(
    harness: PluginHarness, bilibili: Bilibili
) -> None:
    await harness.context.save_channel_settings("a/b", sess=bilibili.log_in("ben").sess)

    health = (await harness.health())["accounts"]

    assert (health.state, health.text) == ("ok", "Logged in: ann, ben.")
    assert health.details == {"lobby": "ann, member until 2027-01-15", "a/b": "ben, no member"}


async def test_the_admin_sees_the_avatar_of_the_first_account_that_works(
    harness: PluginHarness, bilibili: Bilibili, ann: Session
) -> None:
    await harness.context.save_channel_settings("a/b", sess="dead")
    for _ in range(2):
        health = (await harness.health())["accounts"]
        assert health.picture == as_data(AVATAR)
    assert bilibili.times_asked("/bfs/face/ann.jpg@96w_96h_1c.webp") == 1


@pytest.mark.parametrize("face", ["", "javascript:x", "http://127.0.0.1:1/face.jpg", "//x/y"])
async def test_an_avatar_that_cannot_be_fetched_is_no_trouble(
    harness: PluginHarness, bilibili: Bilibili, ann: Session, face: str
) -> None:
    async def strange(_asked: Asked) -> Response:
        return envelope(0, "0", {**nav_of(ann), "face": face})

    bilibili.instead[NAV] = strange
    health = (await harness.health())["accounts"]
    assert (health.state, health.picture) == ("ok", "")


@pytest.mark.parametrize("due", [10**18, 10**300, -1, 0])
async def test_a_membership_without_a_real_end_is_one_all_the_same(
    harness: PluginHarness, bilibili: Bilibili, ann: Session, due: int
) -> None:
    async def strange(_asked: Asked) -> Response:
        return envelope(0, "0", {**nav_of(ann), "vipDueDate": due})

    bilibili.instead[NAV] = strange
    assert (await harness.services())["bilibili"]["sess"] == ann.sess
    health = (await harness.health())["accounts"]
    assert health.details == {"lobby": "ann, member"}


async def test_what_bilibili_says_is_one_short_line(
    harness: PluginHarness, bilibili: Bilibili
) -> None:
    async def strange(_asked: Asked) -> Response:
        return envelope(-1, "no\n2026-11-22 ERROR forged\x1b[31m" + "A" * 5000)

    bilibili.instead[NAV] = strange
    with pytest.raises(PluginFailure) as failure:
        await harness.services()
    assert str(failure.value).isprintable()
    assert len(str(failure.value)) < 400


@pytest.mark.parametrize("status", [302, 307])
async def test_a_cookie_does_not_follow_to_another_port(
    harness: PluginHarness, bilibili: Bilibili, status: int
) -> None:
    async with running(Bilibili()) as other:

        async def elsewhere(_asked: Asked) -> Response:
            return RedirectResponse(other.url + NAV, status)

        bilibili.instead[NAV] = elsewhere
        with pytest.raises(PluginFailure, match=f"redirects to {other.url}"):
            await harness.services()
        assert other.asked == []


async def test_an_account_that_several_channels_share_is_looked_up_once(
    harness: PluginHarness, bilibili: Bilibili, ann: Session
) -> None:
    await harness.context.save_channel_settings("a/b", **ann.settings)

    health = (await harness.health())["accounts"]

    assert set(health.details) == {"lobby", "a/b"}
    assert bilibili.times_asked(NAV) == 1


async def test_no_account_anywhere_is_nothing_to_worry_about(harness: PluginHarness) -> None:
    await harness.context.save_channel_settings("lobby", sess="")

    assert (await harness.health())["accounts"].state == "off"


async def test_one_dead_login_of_two_is_a_warning_that_names_the_channel(
    harness: PluginHarness,
) -> None:
    await harness.context.save_channel_settings("a/b", sess="dead")

    health = (await harness.health())["accounts"]

    assert health.state == "warning"
    assert "Log in again" in health.details["a/b"]
    assert health.details["lobby"].startswith("ann")


@pytest.mark.parametrize("bad", ["slow", "412 with a page", "HTML"])
async def test_the_health_row_says_why_it_does_not_work(
    harness: PluginHarness, misbehave: Callable[[str, str], str], ann: Session, bad: str
) -> None:
    reason = misbehave(bad, NAV)

    health = (await harness.health())["accounts"]

    assert health.state == "failure"
    assert reason in health.text
    assert ann.sess not in str(health)
