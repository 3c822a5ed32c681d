from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from starlette.responses import JSONResponse

from bunga_cli.client import (
    PLAYERS,
    Disconnected,
    Pace,
    Player14,
    Player15,
    PlayerV2,
    Refused,
)
from tests.client.standin import StandIn, Visit

QUICK = Pace(
    heartbeat_s=0.01,
    silence_s=30.0,
    whats_on_s=None,
    first_retry_s=0.001,
    max_retry_s=0.004,
    only_retry_s=0.001,
)


class Quick14(Player14):
    pace = QUICK


class Quick15(Player15):
    pace = QUICK


class Impatient15(Player15):
    pace = replace(QUICK, silence_s=0.05)


class Curious15(Player15):
    pace = replace(QUICK, whats_on_s=0.01)


@asynccontextmanager
async def joined(
    stand_in: StandIn, kind: type[Quick14 | Quick15]
) -> AsyncIterator[tuple[Quick14 | Quick15, Visit]]:
    async with kind.register(stand_in.url, username="ann", password="pw") as player:
        visit = await stand_in.visit()
        await player.join(name="Ann", color_hue=10, share={"record_id": "r"})
        await visit.heard("join-in")
        yield player, visit


def test_the_generations_are_found_by_their_version() -> None:
    assert [PLAYERS["1.4"], PLAYERS["1.5"], PLAYERS["2"]] == [Player14, Player15, PlayerV2]


# -- 1.5 --


async def test_15_says_whether_it_is_ready_before_it_joins_and_on_and_on(
    stand_in: StandIn,
) -> None:
    async with Quick15.register(stand_in.url) as player:
        visit = await stand_in.visit()
        await player.join(name="Ann")
        codes = [(await visit.next())["text"] for _ in range(4)]

    assert ["join-in" in code for code in codes] == [False, True, False, False]
    assert "client-status" in codes[0]
    assert "client-status" in codes[3]


async def test_15_tells_its_readiness_with_the_next_heartbeat(stand_in: StandIn) -> None:
    async with joined(stand_in, Quick15) as (player, visit):
        assert (await visit.heard("client-status"))["is_pending"] is False

        await player.set_buffering(True)
        while not (await visit.heard("client-status"))["is_pending"]:
            pass


async def test_15_falls_silent_after_bye(stand_in: StandIn) -> None:
    async with joined(stand_in, Quick15) as (player, visit):
        await player.bye()
        await player.say("that was all")
        await visit.heard("danmaku")  # until then, a last heartbeat may come

        with pytest.raises(TimeoutError):
            await visit.heard("client-status", timeout_s=0.1)


async def test_15_asks_what_is_on_when_it_has_not_joined(stand_in: StandIn) -> None:
    async with Curious15.register(stand_in.url):
        assert await (await stand_in.visit()).heard("whats-on") == {"code": "whats-on"}


async def test_15_introduces_itself_again_when_asked_who_it_is(stand_in: StandIn) -> None:
    async with joined(stand_in, Quick15) as (_, visit):
        await visit.say("who-are-you")

        again = await visit.heard("join-in")

    assert again["user"] == {"id": "ann", "name": "Ann", "color_hue": 10}
    assert again["my_share"] is None


async def test_15_leaves_a_silent_server_with_3000_and_comes_back(stand_in: StandIn) -> None:
    async with Impatient15.register(stand_in.url):
        visit = await stand_in.visit()

        assert (await visit.next())["code"] == 3000
        await stand_in.visit()


@pytest.mark.parametrize("close_code", [1000, 1001, 1011, 1012, 1013])
async def test_15_connects_and_joins_again_after_a_close(
    stand_in: StandIn, close_code: int
) -> None:
    async with joined(stand_in, Quick15) as (_, visit):
        await visit.close(close_code)

        assert (await (await stand_in.visit()).heard("join-in"))["user"]["name"] == "Ann"


async def test_15_connects_again_after_a_cut_cable(stand_in: StandIn) -> None:
    async with joined(stand_in, Quick15) as (player, _):
        player.drop()

        await (await stand_in.visit()).heard("join-in")


async def test_15_does_not_join_again_after_bye(stand_in: StandIn) -> None:
    async with joined(stand_in, Quick15) as (player, visit):
        await player.bye()
        await visit.close(1012)
        again = await stand_in.visit()

        with pytest.raises(TimeoutError):
            await again.heard("join-in", timeout_s=0.1)


async def test_15_backs_off_by_doubling_up_to_a_limit(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = await _waits(stand_in, monkeypatch, [1012, 1012, 1012, 1012])

    assert waits == [0.002, 0.004, 0.004, 0.004]


async def test_15_does_not_back_off_after_1002(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await _waits(stand_in, monkeypatch, [1002, 1002]) == [0.001, 0.001]


async def test_15_forgets_the_back_off_when_it_hears_the_server(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = await _waits(stand_in, monkeypatch, [1012, 1012], heard_between=True)

    assert waits == [0.002, 0.002]


async def _waits(
    stand_in: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    close_codes: list[int],
    heard_between: bool = False,
) -> list[float]:
    """Return how long a player waits after each of these closes."""
    waits: list[float] = []
    async with Quick15.register(stand_in.url) as player:
        may_retry = player._may_retry

        async def noted(lost: Disconnected) -> bool:
            result = await may_retry(lost)
            waits.append(player._retry_s)
            return result

        monkeypatch.setattr(player, "_may_retry", noted)
        for close_code in close_codes:
            visit = await stand_in.visit()
            if heard_between:
                await visit.say("aloha")
            await visit.close(close_code)
        await stand_in.visit()
    return waits


async def test_15_refreshes_an_expired_token_and_connects_with_the_new_one(
    stand_in: StandIn,
) -> None:
    async with joined(stand_in, Quick15) as (_, visit):
        await visit.close(4002, "token expired")
        again = await stand_in.visit()

    refresh = ("/api/token/refresh/", {"refresh": "refresh-1", "access": "access-1"})
    assert stand_in.forms[1:] == [refresh]
    assert again.query["token"] == "access-2"


@pytest.mark.parametrize("status", [401, 429, 502])
async def test_15_stays_dead_when_its_refresh_is_refused(stand_in: StandIn, status: int) -> None:
    async with joined(stand_in, Quick15) as (player, visit):
        stand_in.refusal = JSONResponse({"code": "token_not_valid"}, status)
        await visit.close(4002, "token expired")

        assert (await player.wait_closed()).close_code == 4002


@pytest.mark.parametrize("close_code", [4001, 4003, 4401])
async def test_15_gives_up_when_it_is_refused(stand_in: StandIn, close_code: int) -> None:
    async with joined(stand_in, Quick15) as (player, visit):
        await visit.close(close_code)

        with pytest.raises(Refused):
            await player.expect("channel-status")

    assert stand_in.visits.empty()


# -- 1.4 --


async def test_14_speaks_of_buffering_only_when_it_changes(stand_in: StandIn) -> None:
    async with joined(stand_in, Quick14) as (player, visit):
        await player.set_buffering(False)
        await player.set_buffering(True)
        await player.set_buffering(True)
        await player.set_buffering(False)
        await player.say("end")

        said = [(await visit.next())["text"] for _ in range(3)]

    assert ["true" in text for text in said] == [True, False, False]
    assert "danmaku" in said[2]


async def test_14_comes_back_without_joining_again(stand_in: StandIn) -> None:
    async with joined(stand_in, Quick14) as (player, visit):
        await visit.close(1012)
        again = await stand_in.visit()
        await again.say("who-are-you")
        await player.expect("who-are-you")
        await player.say("still here")

        assert "danmaku" in (await again.next())["text"]


async def test_14_comes_back_after_every_drop(stand_in: StandIn) -> None:
    async with joined(stand_in, Quick14) as (_, visit):
        await visit.close(1012)
        await (await stand_in.visit()).close(1012)

        await stand_in.visit()


async def test_14_gives_up_when_its_only_attempt_fails(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with joined(stand_in, Quick14) as (player, visit):
        gone = player.account.address.netloc.rpartition(":")[0] + ":1"
        monkeypatch.setattr(player.account, "address", replace(player.account.address, netloc=gone))
        await visit.close(1012)

        assert (await player.wait_closed()).close_code == 1006
