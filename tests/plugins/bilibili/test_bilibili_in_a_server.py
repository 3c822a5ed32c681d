"""The installed plugins in a real server: what somebody who registers gets."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.plugins.bilibili.misbehaviour import never
from tests.plugins.bilibili.standin import MIXIN_KEY, NAV, Bilibili, Session
from tests.servers import Site, running_site

APP_ID = "0123456789abcdef0123456789abcdef"
AGORA = {"agora_key": APP_ID, "agora_certification": "fedcba9876543210fedcba9876543210"}


@pytest.fixture
async def site(tmp_path: Path, bilibili: Bilibili) -> AsyncIterator[Site]:
    """A server whose Bilibili is the stand-in."""
    urls = {
        f"PLUGINS__BILIBILI__{name}": bilibili.url
        for name in ("API_URL", "PASSPORT_URL", "WWW_URL")
    }
    running = running_site(tmp_path / "data", **urls)
    yield await asyncio.to_thread(running.__enter__)
    await asyncio.to_thread(running.__exit__, None, None, None)


def configure(site: Site, session: Session) -> None:
    """Set both plugins up over the original's paths, as the owner of the data folder."""
    transport = httpx2.HTTPTransport(uds=str(site.data / "bunga.sock"))
    with httpx2.Client(transport=transport, base_url="http://local") as control:
        control.put("/api/voice/config", json=AGORA).raise_for_status()
        account = control.put("/api/bilibili-account/lobby/", json=session.settings)
        account.raise_for_status()


async def test_who_registers_gets_both_services(site: Site, ann: Session) -> None:
    await asyncio.to_thread(configure, site, ann)

    answer = await asyncio.to_thread(site.register_and_get, "bilibili", "lobby", "用户甲")

    assert answer["bilibili"] == {"sess": ann.sess, "mixin_key": MIXIN_KEY}
    assert (answer["voice_call"]["service"], answer["voice_call"]["key"]) == ("agora", APP_ID)
    assert answer["voice_call"]["channel_token"].startswith("007")


async def test_a_bilibili_that_never_answers_costs_only_itself(
    site: Site, bilibili: Bilibili, ann: Session
) -> None:
    await asyncio.to_thread(configure, site, ann)
    bilibili.instead[NAV] = never

    answer = await asyncio.to_thread(site.register, "lobby", "ben")

    assert answer["bilibili"] is None
    assert answer["voice_call"]["channel_token"].startswith("007")
    assert answer["token"]["access"]


async def test_the_original_refuses_strangers_in_these_words(site: Site) -> None:
    for path in ("/api/voice/config", "/api/bilibili-account/", "/api/bilibili/qr"):
        answer = await asyncio.to_thread(httpx2.get, site.url + path)

        assert answer.status_code == 403
        assert answer.json() == {"detail": "Authentication credentials were not provided."}


async def test_a_command_logs_a_channel_in_with_a_phone(site: Site, bilibili: Bilibili) -> None:
    ben = bilibili.log_in("ben")
    command = asyncio.create_task(
        asyncio.to_thread(site.bunga, "bilibili", "login", "lobby", check=False)
    )
    async with asyncio.timeout(60):
        while not bilibili.phones:  # noqa: ASYNC110  another process's request
            await asyncio.sleep(0.02)
    [key] = bilibili.phones
    bilibili.phones[key] = ben

    done = await command

    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        0,
        "The channel lobby is logged in.",
    )
    assert "▀" in done.stdout or "█" in done.stdout
    answer = await asyncio.to_thread(site.register_and_get, "bilibili", "lobby", "ann")
    assert answer["bilibili"]["sess"] == ben.sess
