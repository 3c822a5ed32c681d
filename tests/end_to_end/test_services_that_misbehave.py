"""Every path of AList and Bilibili, in every way to go wrong, beside one running server."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import httpx2

from tests.end_to_end.kit import PATIENCE_S
from tests.end_to_end.villain import HOW, Villain
from tests.servers import Site, running_site

REGISTER_LIMIT_S = 2.2
ANSWER_LIMIT_S = 8.0 + 3.0
"""The longest wait for a service is 8 s; the rest is for a busy machine."""
TRIES = 3

OF_ALIST = ["login", "hash", "me", "list", "get", "search", "thumb"]
OF_BILIBILI = ["nav", "refresh", "correspond"]
NO_PICTURE = {"detail": "There is no picture of this video."}
COMPLETE = {"token", "channel", "voice_call", "bilibili", "alist"}


def _channel(number: int) -> str:
    return f"channel-{number}"


ALIST_CASES = [f"{where}.{how}" for where in OF_ALIST for how in HOW]
BILIBILI_CASES = [f"{where}.{how}" for where in OF_BILIBILI for how in HOW]
CHANNELS = {case: _channel(number) for number, case in enumerate(ALIST_CASES)}


@asynccontextmanager
async def _site(data: Path, villain: Villain) -> AsyncIterator[tuple[Site, httpx2.AsyncClient]]:
    """A site with a channel for each case of AList, the first of which also have Bilibili's."""
    urls = {f"PLUGINS__BILIBILI__{name}_URL": f"{villain.url}/bili" for name in ("API", "WWW")}
    stack = running_site(data, PLUGINS__ALIST__HOST=f"{villain.url}/alist", **urls)
    site = await asyncio.to_thread(stack.__enter__)
    transport = httpx2.AsyncHTTPTransport(uds=str(data / "bunga.sock"))
    try:
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://local", timeout=PATIENCE_S
        ) as owner:
            await _set_up(owner, villain)
            yield site, owner
    finally:
        await asyncio.to_thread(stack.__exit__, None, None, None)


async def _set_up(owner: httpx2.AsyncClient, villain: Villain) -> None:
    await _use_passport(owner, f"{villain.url}/bili")
    for number, case in enumerate(ALIST_CASES):
        channel = _channel(number)
        created = await owner.post("/api/v1/channels", json={"id": channel, "name": channel})
        created.raise_for_status()
        account = {"username": case, "password": "p"}
        (await owner.put(f"/api/alist-account/{channel}/", json=account)).raise_for_status()
    for number, case in enumerate(BILIBILI_CASES):
        login = {"sess": case, "bili_jct": "j", "refresh_token": "r"}
        answer = await owner.put(f"/api/bilibili-account/{_channel(number)}/", json=login)
        answer.raise_for_status()


async def _use_passport(owner: httpx2.AsyncClient, url: str) -> None:
    settings = {"passport_url": url}
    (await owner.patch("/api/v1/plugins/bilibili/settings", json=settings)).raise_for_status()


# -- registering ----------------------------------------------------------------------------------


async def _registering_s(site: Site, client: httpx2.AsyncClient, channel: str) -> float:
    """Return how long it takes to register."""
    began_s = time.monotonic()
    body = {"username": "ann", "password": "a-password"}
    answer = await client.post(site.register_url(channel), data=body)
    assert answer.is_success, answer.text
    assert set(answer.json()) == COMPLETE
    return time.monotonic() - began_s


async def _too_slow(site: Site, channels: Sequence[str]) -> list[str]:
    """Return where it takes too long to register, whenever it is tried."""
    async with httpx2.AsyncClient(timeout=PATIENCE_S) as client:
        await _registering_s(site, client, "lobby")  # makes the account
        few = asyncio.Semaphore(6)

        async def seconds(channel: str) -> float:
            async with few:
                return await _registering_s(site, client, channel)

        took_s = await asyncio.gather(*map(seconds, channels))
        late = [c for c, s in zip(channels, took_s, strict=True) if s >= REGISTER_LIMIT_S]
        for _ in range(TRIES - 1):
            late = [c for c in late if await _registering_s(site, client, c) >= REGISTER_LIMIT_S]
    return late


# -- all other paths ------------------------------------------------------------------------------


async def _answer(case: str, question: Awaitable[httpx2.Response]) -> tuple[str, httpx2.Response]:
    began_s = time.monotonic()
    answer = await question
    assert time.monotonic() - began_s < ANSWER_LIMIT_S, case
    return case, answer


def _questions(
    owner: httpx2.AsyncClient, villain: Villain
) -> list[tuple[str, Awaitable[httpx2.Response]]]:
    """Return a request for each way to each path, but those for QR codes."""
    of_channel = "/api/v1/plugins/alist/channels/{}/{}"
    asked = {
        "list": "browse?path=/",
        "get": "resolve?path=/a.mkv",
        "search": "search?words=a",
    }
    paths = {
        **{
            case: of_channel.format(channel, asked[case.partition(".")[0]])
            for case, channel in CHANNELS.items()
            if case.partition(".")[0] in asked
        },
        **{
            case: f"/api/channels/{channel}/alist-thumbnail?path=/a.mkv"
            for case, channel in CHANNELS.items()
            if case.startswith("thumb.")
        },
        **{
            f"user-info {case}": f"/api/alist/user-info?username={case}&password=other"
            for case in ALIST_CASES
            if case.partition(".")[0] in ("login", "hash", "me")
        },
        **{
            f"info.{how}": f"/api/alist/info?host={quote(f'{villain.url}/bad/{how}', safe='')}"
            for how in HOW
        },
        **{f"pull.{how}": f"/api/bilibili/pull?key=pull.{how}" for how in HOW},
        **{f"nav.{how}": f"/api/bilibili/info?sess=nav.{how}" for how in HOW},
    }
    return [(case, owner.get(path)) for case, path in paths.items()]


async def _qr_codes(
    owner: httpx2.AsyncClient, villain: Villain
) -> list[tuple[str, asyncio.Task[tuple[str, httpx2.Response]]]]:
    """Ask for QR codes: nothing but the address of the service can say how that goes wrong."""
    tasks = []
    for how in HOW:
        await _use_passport(owner, f"{villain.url}/bad/{how}")
        before = len(villain.asked)
        question = _answer(f"qr.{how}", owner.get("/api/bilibili/qr"))
        tasks.append((f"qr.{how}", asyncio.create_task(question)))
        async with asyncio.timeout(PATIENCE_S):
            while len(villain.asked) == before:  # noqa: ASYNC110  another process's request
                await asyncio.sleep(0.01)
    await _use_passport(owner, f"{villain.url}/bili")
    return tasks


def _surprise(case: str, answer: httpx2.Response) -> str | None:
    """Return what is wrong with an answer that can be no good one."""
    if case.endswith(".slow"):
        return None
    reasons = [*answer.json().values()] if "json" in answer.headers["content-type"] else []
    is_clean = answer.status_code in (400, 502) and reasons and len(answer.text) < 600
    is_neutral = not case.startswith("thumb.") or answer.json() == NO_PICTURE
    return None if is_clean and is_neutral else f"{case}: {answer.status_code} {answer.text[:200]}"


async def test_whatever_services_do_players_register_and_everybody_gets_a_clean_answer(
    tmp_path: Path,
) -> None:
    async with (
        Villain() as elsewhere,
        Villain(elsewhere.url) as villain,
        _site(tmp_path / "data", villain) as (site, owner),
    ):
        late = await _too_slow(site, [*CHANNELS.values()])
        codes = await _qr_codes(owner, villain)
        answers = await asyncio.gather(
            *(_answer(case, question) for case, question in _questions(owner, villain)),
            *(task for _, task in codes),
        )
    assert late == []
    surprises = [_surprise(case, answer) for case, answer in answers]
    assert [surprise for surprise in surprises if surprise] == []
    assert elsewhere.asked == []
    assert len(answers) == 11 * len(HOW)
    good = {case for case, answer in answers if answer.status_code == 200}
    assert good == {case for case, _ in answers if case.endswith(".slow")}
    renewals = site.log.count("A login at Bilibili cannot be renewed")
    assert renewals >= 2 * len(HOW) - 4  # slow ones succeed, silent ones may still be waited for
