"""Revoking, banning, kicking and rotating while clients of both generations are connected."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from bunga_cli.client import Client, Player15
from bunga_cli.client.failures import RegisterRefused
from tests.end_to_end.kit import FILM, clients, new_channel, pair, status
from tests.servers import Site, running_site

AT_ONCE_S = 15.0
"""Sooner than by any ping, and later than on any machine."""


@asynccontextmanager
async def control(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    """Ask as the owner of the data folder does."""
    transport = httpx2.AsyncHTTPTransport(uds=str(site.data / "bunga.sock"))
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://local/api/v1", timeout=60
    ) as client:
        yield client


async def done(site: Site, method: str, path: str, **body: object) -> Any:
    """Do something to the site, and return the answer."""
    async with control(site) as owner:
        answer = await owner.request(method, path, json=body if method == "POST" else None)
    answer.raise_for_status()
    return answer.json() if answer.content else None


async def close_code_of(client: Client) -> int:
    """Return with what a client was closed, which must have been at once."""
    since_s = time.monotonic()
    closed = await client.wait_closed()
    assert time.monotonic() - since_s < AT_ONCE_S
    return closed.close_code


async def refusal(site: Site, token: str, channel: str) -> int:
    """Return the close code with which a token is turned away."""
    async with connect(site.chat_url(token, channel), proxy=None) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


async def test_the_sockets_of_a_revoked_token_are_closed_and_no_other(site: Site) -> None:
    channel = new_channel(site)
    async with clients(site, channel, "ann-1", "bob-1") as [ann, bob]:
        inspected = await done(site, "POST", "tokens/inspect", token=ann.account.access_token)
        revoked = await done(site, "POST", "tokens/revoke", id=inspected["id"])
        assert revoked == {"revoked": 1, "closed": 1}
        assert await close_code_of(ann) == 4001
        await bob.expect("channel-status")
        assert await refusal(site, ann.account.access_token, channel) == 4001


async def test_revoking_all_of_an_account_spares_what_it_gets_afterwards(site: Site) -> None:
    channel = new_channel(site)
    async with clients(site, channel, "ann-2", "ann-2", "bob-2") as [phone, desk, bob]:
        answer = await done(site, "POST", "tokens/revoke", account="ann-2")
        async with clients(site, channel, "ann-2") as [again]:  # within the same second
            assert answer == {"revoked": None, "closed": 2}
            assert [await close_code_of(client) for client in (phone, desk)] == [4001, 4001]
            await again.expect("channel-status")
            await bob.expect("channel-status")


async def test_what_an_account_gets_after_a_revocation_can_be_revoked_within_the_second(
    site: Site,
) -> None:
    channel = new_channel(site)
    for _ in range(3):
        async with clients(site, channel, "ann-3") as [ann]:
            await done(site, "POST", "tokens/revoke", account="ann-3")
            assert await close_code_of(ann) == 4001
            assert await refusal(site, ann.account.access_token, channel) == 4001
    async with clients(site, channel, "ann-3") as [ann]:
        new = await done(site, "POST", "accounts/ann-3/reset-password")
        assert await close_code_of(ann) == 4001
        assert await refusal(site, ann.account.access_token, channel) == 4001
    url = site.register_url(channel)
    async with Client.register(url, username="ann-3", password=new["password"]) as again:
        await again.expect("channel-status")


async def test_a_token_made_by_hand_opens_its_channel_alone(site: Site) -> None:
    channel, other = new_channel(site), new_channel(site)
    wanted = {"kind": "access", "account": "hand", "create_account": True, "channel_id": channel}
    token = (await done(site, "POST", "tokens", **wanted))["token"]
    async with connect(site.chat_url(token, channel), proxy=None) as socket:
        assert "channel-status" in await socket.recv()
    assert await refusal(site, token, other) == 4003
    async with control(site) as owner:
        await owner.put(f"channels/{other}/members/hand")
    assert await refusal(site, token, other) == 4003


async def test_a_stream_ends_when_its_token_is_revoked(site: Site) -> None:
    channel = new_channel(site)
    made = await done(site, "POST", "tokens", kind="api", scopes=["rooms:read"])
    headers = {"Authorization": f"Bearer {made['token']}"}
    url = f"{site.url}/api/v1/rooms/{channel}/events?last=1"
    async with (
        clients(site, channel, "ann-9") as [ann],
        httpx2.AsyncClient(headers=headers, timeout=60) as reader,
        reader.stream("GET", url) as stream,
    ):
        await done(site, "POST", "tokens/revoke", id=made["id"])
        assert [line async for line in stream.aiter_lines() if line] == []
        await ann.join(name="Ann")  # the room itself goes on


async def test_an_api_token_opens_no_socket(site: Site) -> None:
    channel = new_channel(site)
    token = (await done(site, "POST", "tokens", kind="api", scopes=["admin"]))["token"]
    assert await refusal(site, token, channel) == 4001


async def test_who_is_banned_is_sent_away_and_the_others_hear_it_at_once(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel) as (ann, bob):
        banned = await done(site, "POST", "accounts/ann/ban", channel_id=channel)
        assert banned == {"closed": 1}
        assert await close_code_of(ann) == 4003
        assert (await bob.expect("bye"))["sender"]["id"] == "ann"
        assert await refusal(site, ann.account.access_token, channel) == 4003
        with pytest.raises(RegisterRefused, match="banned"):
            async with Client.register(site.register_url(channel), username="ann", password="pw"):
                pass
        await done(site, "POST", "accounts/ann/unban", channel_id=channel)
        async with clients(site, channel, "ann"):
            pass


async def test_who_is_kicked_out_of_a_channel_stays_in_the_others(site: Site) -> None:
    channel, other = new_channel(site), new_channel(site)
    async with (
        clients(site, channel, "kim") as [here],
        clients(site, other, "kim") as [there],
    ):
        kicked = await done(site, "POST", "accounts/kim/kick", channel_id=channel)
        assert (kicked["channels"], kicked["closed"]) == ([channel], 1)
        assert await close_code_of(here) == 4003
        await there.expect("channel-status")
        assert await refusal(site, here.account.access_token, channel) == 4003


async def test_who_is_banned_from_the_site_is_sent_out_of_every_channel(site: Site) -> None:
    channels = [new_channel(site), new_channel(site)]
    async with (
        clients(site, channels[0], "zed") as [here],
        clients(site, channels[1], "zed") as [there],
    ):
        assert await done(site, "POST", "accounts/zed/ban") == {"closed": 2}
        assert [await close_code_of(client) for client in (here, there)] == [4003, 4003]


async def test_a_removed_member_and_a_deleted_account_are_sent_away(site: Site) -> None:
    channel = new_channel(site)
    async with clients(site, channel, "eve", "joe") as [eve, joe]:
        await done(site, "DELETE", f"channels/{channel}/members/eve")
        await done(site, "DELETE", "accounts/joe")
        assert [await close_code_of(client) for client in (eve, joe)] == [4003, 4001]


async def test_a_connection_is_shown_with_the_generation_of_its_player(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel):
        shown = [
            (await done(site, "GET", f"accounts/{name}"))["connections"] for name in ("ann", "bob")
        ]
    here = [[c for c in of_one if c["channel_id"] == channel] for of_one in shown]
    assert [[c["generation"] for c in of_one] for of_one in here] == [["1.5"], ["1.4"]]
    assert all(c["address"].startswith("127.0.0.1:") for of_one in here for c in of_one)


async def test_a_rotation_with_overlap_is_not_noticed_not_even_over_a_restart(
    tmp_path: Path,
) -> None:
    with running_site(tmp_path / "data") as site:
        channel = new_channel(site)
        url = site.register_url(channel)
        async with (
            Player15.register(url, username="ann", password="pw") as ann,
            Player15.register(url, username="bob", password="pw") as bob,
        ):
            await bob.expect("channel-status")
            await ann.join(name="Ann", share=FILM)
            await ann.start_heartbeat()
            await bob.expect("start-projection")
            await bob.join(name="Bob")
            await bob.start_heartbeat()
            await status(ann, ready_ids=["ann", "bob"])
            old = ann.account.access_token

            rotated = await done(site, "POST", "secret/rotate")
            for player in (ann, bob):
                player.drop()
            await status(ann, ready_ids=["ann", "bob"])
            assert rotated["overlap_until"] is not None

            async with httpx2.AsyncClient() as client:
                verified = await client.post(f"{site.url}/api/token/verify/", data={"token": old})
            assert verified.status_code == 200
        site.stop()
        site.start()
        async with connect(site.chat_url(old, channel), proxy=None) as socket:
            assert "here-are" in await socket.recv()  # it is Ann's, who has her place back
        async with clients(site, channel, "ann", "bob"):
            pass


async def test_a_rotation_without_overlap_sends_everybody_away(tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as site:
        channel = new_channel(site)
        async with clients(site, channel, "ann", "bob") as both:
            rotated = await done(site, "POST", "secret/rotate", overlap_us=0)
            assert rotated == {"overlap_until": None, "closed": 2}
            assert [await close_code_of(client) for client in both] == [4001, 4001]
            assert await refusal(site, both[0].account.access_token, channel) == 4001
        async with clients(site, channel, "ann"):
            pass


async def test_a_crowd_that_comes_back_while_one_of_them_is_banned_does_so_without_it(
    site: Site,
) -> None:
    """Admissions are under way at the moment of the ban; none of them slips through."""
    channel = new_channel(site)
    names = [f"crowd-{n}" for n in range(12)]
    async with clients(site, channel, *names) as crowd:
        token = crowd[0].account.access_token
        coming = [
            asyncio.create_task(closed_sooner_or_later(site, token, channel)) for _ in range(9)
        ]
        await done(site, "POST", "accounts/crowd-0/ban", channel_id=channel)
        assert {*await asyncio.gather(*coming)} <= {4003}
        for client in crowd[1:]:
            await client.expect("channel-status")


async def closed_sooner_or_later(site: Site, token: str, channel: str) -> int | None:
    """Return the close code that a token's socket gets sooner or later, welcome before or not."""
    async with connect(site.chat_url(token, channel), proxy=None) as socket:
        await socket.wait_closed()
    return socket.close_code
