"""The client that speaks v2, with a server that a test speaks for."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response

from bunga_cli.client import ClockExchange, Disconnected, Pace, PlayerV2, Refused, Whereabouts
from bunga_cli.clock import monotonic_us
from tests.client.standin import PATIENCE_S, Message, StandIn, Visit


class QuickV2(PlayerV2):
    pace = replace(
        Pace(), silence_s=PATIENCE_S, whats_on_s=None, first_retry_s=0.001, asks_time=False
    )


class AskingV2(QuickV2):
    pace = replace(QuickV2.pace, asks_time=True)


class HastyV2(QuickV2):
    pace = replace(QuickV2.pace, heartbeat_s=0.01)


@asynccontextmanager
async def visiting(stand_in: StandIn) -> AsyncIterator[tuple[QuickV2, Visit]]:
    async with QuickV2.register(stand_in.url, username="ann", password="pw") as player:
        yield player, await stand_in.visit()


def state(revision: int, epoch: str = "one", **fields: object) -> Message:
    return {"revision": revision, "epoch": epoch, "position": 0, "rate": 0, "at": 0, **fields}


async def told(player: QuickV2, visit: Visit, *states: Message) -> None:
    """Return when a player has heard these states."""
    for fields in states:
        await visit.say("state", **fields)
    await visit.say("aloha")
    await player.expect("aloha")


async def test_it_asks_for_the_subprotocol(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, _):
        assert player._connected().subprotocol == "bunga.v2"


# -- the truth ------------------------------------------------------------------------------------


async def test_it_knows_nothing_before_the_first_state(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, _):
        assert player.state is None
        assert player.position_us(5) is None


async def test_it_keeps_the_latest_state(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        await told(player, visit, state(7, position=1), state(8, position=2))

        assert player.state is not None
        assert player.state["position"] == 2


async def test_it_drops_a_state_that_is_older_than_what_it_knows(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        await told(player, visit, state(8, position=2), state(7, position=1))

        assert player.state is not None
        assert player.state["position"] == 2


async def test_it_takes_a_heartbeat_of_the_same_revision(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        await told(player, visit, state(8, watchers=[]), state(8, watchers=["drift"]))

        assert player.state is not None
        assert player.state["watchers"] == ["drift"]


async def test_it_takes_a_state_of_another_epoch_whatever_its_revision(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        await told(player, visit, state(8), state(1, epoch="two"))

        assert player.state is not None
        assert (player.state["epoch"], player.state["revision"]) == ("two", 1)


@pytest.mark.parametrize(
    ("server_us", "position_us"), [(900, 60), (1000, 60), (1001, 61), (3000, 2060)]
)
async def test_it_computes_the_position_and_waits_for_a_start_to_come(
    stand_in: StandIn, server_us: int, position_us: int
) -> None:
    async with visiting(stand_in) as (player, visit):
        await told(player, visit, state(1, position=60, rate=1, at=1000))

        assert player.position_us(server_us) == position_us


async def test_a_room_that_rests_stays_where_it_is(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        await told(player, visit, state(1, position=60, rate=0, at=1000))

        assert player.position_us(9_000_000) == 60


async def test_what_is_yet_to_come_is_computed_too(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        stopping = state(1, position=60_000, rate=0, at=10_000, rate_before=1)
        await told(player, visit, stopping)

        assert [player.position_us(at_us) for at_us in (9_000, 10_000, 11_000)] == [
            59_000,
            60_000,
            60_000,
        ]


# -- asking ---------------------------------------------------------------------------------------


async def test_an_answer_goes_to_the_question_with_its_ref(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        first = asyncio.create_task(player.ask({"code": "whats-on"}))
        second = asyncio.create_task(player.ask({"code": "play"}))
        refs = [(await visit.heard(code))["ref"] for code in ("whats-on", "play")]
        await visit.say("now-playing")
        await visit.say("error", ref=refs[1])
        await visit.say("now-playing", ref=refs[0])

        assert (await first)["ref"] == refs[0]
        assert (await second)["code"] == "error"


async def test_nobody_waits_for_an_answer_that_does_not_come(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        with pytest.raises(TimeoutError, match=r"did not answer 'play' within 0.01 s\. It may be"):
            await player.ask({"code": "play"}, timeout_s=0.01)
        late = await visit.heard("play")
        await visit.say("error", ref=late["ref"])

        await player.expect("error")


async def test_a_lost_connection_answers_all_questions(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        question = asyncio.create_task(player.ask({"code": "play"}, timeout_s=PATIENCE_S))
        await visit.heard("play")
        await visit.close(1012)

        with pytest.raises(Disconnected) as lost:
            await question
        assert lost.value.close_code == 1012


async def test_a_client_that_is_closed_waits_for_no_answer(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        question = asyncio.create_task(player.ask({"code": "play"}, timeout_s=PATIENCE_S))
        await visit.heard("play")
        await player.close()

        with pytest.raises(Disconnected):
            await question


async def test_the_time_is_that_of_four_moments(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        await told(player, visit, state(1, epoch="one"))
        before_us = monotonic_us()
        question = asyncio.create_task(player.clock())
        asked = await visit.heard("clock")
        await visit.say("clock", t0=asked["t0"], t1=5_000, t2=5_010, ref=asked["ref"])
        exchange = await question

    assert before_us <= asked["t0"] == exchange.sent_us <= exchange.received_us
    assert (exchange.t1_us, exchange.t2_us, exchange.epoch) == (5_000, 5_010, "one")


def test_an_exchange_tells_offset_and_round_trip() -> None:
    exchange = ClockExchange(1_000, 51_400, 51_500, 2_100, "one")

    assert exchange.round_trip_us == 1_000
    assert exchange.offset_us == 49_900
    assert exchange.server_us(10_000) == 59_900


# -- saying ---------------------------------------------------------------------------------------


async def test_it_says_what_it_knows_beside_being_ready(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        await player.tell_status(position_us=5, at_us=6, rtt_us=7, buffered_us=8)
        await player.set_buffering(True)
        await player.tell_status()

        full, bare = [await visit.heard("client-status") for _ in range(2)]

    said = {"position": 5, "at": 6, "rtt": 7, "buffered": 8}
    assert full == {"code": "client-status", "is_pending": False, **said}
    assert bare == {"code": "client-status", "is_pending": True}


async def test_it_comes_back_and_joins_again_as_1_5_does(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        await player.join(name="Ann")
        await visit.heard("join-in")
        await visit.close(1012)

        again = await stand_in.visit()
        assert (await again.heard("join-in"))["user"]["name"] == "Ann"
        assert player._connected().subprotocol == "bunga.v2"


async def test_it_says_by_which_revision_it_is_ready(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        await told(player, visit, state(7))
        await player.tell_status()

        assert (await visit.heard("client-status"))["revision"] == 7


async def test_it_answers_at_once_when_the_room_waits_to_hear_whether_it_is_ready(
    stand_in: StandIn,
) -> None:
    async with visiting(stand_in) as (player, visit):
        await player.join(name="Ann")
        await visit.heard("client-status")
        await visit.heard("join-in")
        player.stop_heartbeat()
        player._heart = asyncio.create_task(asyncio.sleep(PATIENCE_S))  # it beats, but not now
        player.where = lambda: Whereabouts(position_us=5, start_us=6)
        await visit.say("state", **state(8, phase="run"))
        await visit.say("state", **state(9, phase="prepare"))

        answer = await visit.heard("client-status")
        assert (answer["revision"], answer["position"], answer["start"]) == (9, 5, 6)


async def test_who_has_not_joined_is_not_waited_for_and_says_nothing(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        await told(player, visit, state(9, phase="prepare"))
        await player.report()
        await player.whats_on()

        assert json.loads((await visit.next())["text"])["code"] == "whats-on"


# -- the time -------------------------------------------------------------------------------------


@asynccontextmanager
async def asking(stand_in: StandIn) -> AsyncIterator[tuple[AskingV2, Visit]]:
    async with AskingV2.register(stand_in.url, username="ann", password="pw") as player:
        yield player, await stand_in.visit()


async def answer_time(visit: Visit, ahead_us: int) -> None:
    """Answer the next question for the time."""
    asked = await visit.heard("clock")
    now_us = monotonic_us() + ahead_us
    await visit.say("clock", t0=asked["t0"], t1=now_us, t2=now_us)


async def test_it_learns_what_time_it_is_by_itself(stand_in: StandIn) -> None:
    async with asking(stand_in) as (player, visit):
        assert player.server_us() is None
        await visit.say("state", **state(1))
        for _ in range(3):
            await answer_time(visit, 5_000_000)
        await visit.say("aloha")
        await player.expect("aloha")

        assert player.server_clock.count == 3
        now_us = monotonic_us()
        error_us = abs(player.server_clock.offset_us(now_us) - 5_000_000)
        assert error_us <= player.server_clock.bound_us(now_us)
        assert (player.server_us() or 0) >= now_us + 4_000_000


async def test_another_epoch_is_another_clock(stand_in: StandIn) -> None:
    async with asking(stand_in) as (player, visit):
        await visit.say("state", **state(1))
        await answer_time(visit, 5_000_000)
        await visit.say("state", **state(1, epoch="two"))
        await visit.say("aloha")
        await player.expect("aloha")

        assert not player.server_clock.is_known
        await answer_time(visit, 9_000_000)
        await player.expect("clock")
        assert player.server_clock.count == 1


# -- coming back ----------------------------------------------------------------------------------


async def test_it_comes_back_without_a_gap_and_hears_everything_once(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        await player.join(name="Ann")
        await visit.say("state", **state(1, seq=10))
        await visit.say("here-are", resume="token", replayed=False)
        await visit.say("danmaku", message="one", seq=11)
        await player.expect("danmaku")
        await visit.close(1012)

        again = await stand_in.visit()
        join = await again.heard("join-in")
        assert (join["resume"], join["seq"]) == ("token", 11)
        await again.say("state", **state(2, seq=13))
        await again.say("danmaku", message="three", seq=13)
        await again.say("here-are", resume="token", replayed=False)  # a greeting
        await again.say("here-are", resume="token", replayed=True, ref=join["ref"])
        await again.say("danmaku", message="two", seq=12)
        await again.say("danmaku", message="three", seq=13)
        await again.say("state", **state(2, seq=13))
        await again.say("danmaku", message="four", seq=14)

        comments = [(await player.expect("danmaku"))["message"] for _ in range(3)]
        assert comments == ["two", "three", "four"]


async def test_who_said_bye_and_joins_anew_asks_for_nothing_that_was_missed(
    stand_in: StandIn,
) -> None:
    async with visiting(stand_in) as (player, visit):
        await player.join(name="Ann")
        await visit.say("state", **state(1, seq=10))
        await visit.say("here-are", resume="token", replayed=False)
        await player.expect("here-are")
        await player.bye()
        await player.join(name="Ann")

        assert "resume" not in await visit.heard("join-in")
        assert "resume" not in await visit.heard("join-in")


BAD_GATEWAY = HTMLResponse("<h1>Bad gateway</h1>", 502)
TOO_MANY = JSONResponse({"detail": "Too many attempts."}, 429)
PAGE_OF_A_PROXY = HTMLResponse("<h1>Back soon</h1>")


@pytest.mark.parametrize("passing", [BAD_GATEWAY, TOO_MANY, PAGE_OF_A_PROXY])
@pytest.mark.parametrize("is_registering", [False, True])
async def test_a_server_that_renews_no_token_just_now_is_asked_again(
    stand_in: StandIn, passing: Response, is_registering: bool
) -> None:
    async with visiting(stand_in) as (player, visit):
        await player.join(name="Ann")
        stand_in.no_renewal = JSONResponse({"code": "token_not_valid"}, 401)
        if is_registering:
            stand_in.refusal = passing
        else:
            stand_in.no_renewal = passing
        await visit.close(4002, "token expired")

        again = await stand_in.visit()
        assert again.query["token"] == "access-1"
        stand_in.no_renewal = stand_in.refusal = None
        await again.close(4002, "token expired")
        renewed = await stand_in.visit()
        assert renewed.query["token"] == "access-2"
        assert (await renewed.heard("join-in"))["user"]["name"] == "Ann"


async def test_who_may_not_renew_its_token_registers_anew(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (_, visit):
        stand_in.no_renewal = JSONResponse({"code": "token_not_valid"}, 401)
        await visit.close(4002, "token expired")

        await stand_in.visit()
        first, _, second = stand_in.forms
        assert first == second


async def test_who_may_not_come_in_any_more_gives_up(stand_in: StandIn) -> None:
    async with visiting(stand_in) as (player, visit):
        stand_in.no_renewal = JSONResponse({"code": "token_not_valid"}, 401)
        stand_in.refusal = JSONResponse({"channel_id": "You are banned."}, 403)
        await visit.close(4002, "token expired")

        async with asyncio.timeout(PATIENCE_S):
            assert isinstance(await player.wait_closed(), Refused)


# -- errors of what a program adds ----------------------------------------------------------------


def fails() -> Whereabouts:
    raise LookupError("the film has no place")


async def raised_to_all(player: QuickV2) -> None:
    """Fail unless everybody who waits for something is told of the error."""
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(LookupError, match="no place"):
            await player.wait_closed()
        with pytest.raises(LookupError, match="no place"):
            await player.expect("never said")
        with pytest.raises(LookupError, match="no place"):
            await anext(aiter(player))
        with pytest.raises(LookupError, match="no place"):
            await player.close()


async def test_an_error_of_who_is_told_of_changes_reaches_those_who_wait(
    stand_in: StandIn,
) -> None:
    async with visiting(stand_in) as (player, visit):
        player.on_change = fails  # type: ignore[assignment]
        await visit.say("state", **state(1))

        await raised_to_all(player)


async def test_an_error_of_a_heartbeat_reaches_those_who_wait(stand_in: StandIn) -> None:
    async with HastyV2.register(stand_in.url) as player:
        await player.start_heartbeat()
        player.where = fails

        await raised_to_all(player)
