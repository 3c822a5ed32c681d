"""A player that speaks bunga.v2 beside installed ones, on a real server."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from bunga_cli.client import Account, Pace, Player14, Player15, PlayerV2
from bunga_cli.clock import monotonic_us
from tests.end_to_end.kit import FILM, PATIENCE_S, SECOND_US, new_channel, pair, status
from tests.servers import Site, running_site


class PatientV2(PlayerV2):
    pace = replace(Pace(), silence_s=PATIENCE_S)


async def state(player: PlayerV2, **wanted: object) -> dict[str, object]:
    """Wait for a `state` with these fields."""

    def is_wanted(message: dict[str, object]) -> bool:
        return all(message[key] == value for key, value in wanted.items())

    return dict(await player.expect("state", where=is_wanted, timeout_s=PATIENCE_S))


@asynccontextmanager
async def trio(
    site: Site, *, is_playing: bool = True
) -> AsyncIterator[tuple[Player15, Player14, PlayerV2]]:
    """Ann, on 1.5, Bob, on 1.4, and Mod, on v2, watch the film."""
    channel = new_channel(site)
    async with (
        pair(site, channel) as (ann, bob),
        PatientV2.register(site.register_url(channel), username="mod", password="pw") as mod,
    ):
        await mod.join(name="Mod", color_hue=90)
        await status(ann, ready_ids=["ann", "bob", "mod"])
        if is_playing:
            await ann.play()
            await state(mod, play_state="playing")
        yield ann, bob, mod


async def test_the_server_agrees_to_the_subprotocol_and_to_none(site: Site) -> None:
    async with Account.registered(site.register_url(new_channel(site)), "ann", "pw") as account:
        for offer, agreed in (("bunga.v2", "bunga.v2"), ("bunga.v9", None)):
            async with connect(account.chat_url, subprotocols=[Subprotocol(offer)]) as socket:
                assert socket.subprotocol == agreed


async def test_three_generations_see_one_truth(site: Site) -> None:
    async with trio(site) as (ann, bob, mod):
        await mod.pause(42 * SECOND_US)

        assert (await ann.expect("pause"))["position"] == 42 * SECOND_US
        assert (await status(ann, play_status="paused"))["position"] == 42 * SECOND_US
        paused = await bob.expect("play-at", where=lambda m: m["position"] == 42 * SECOND_US)
        assert not paused["is_play"]
        truth = await state(mod, play_state="paused", position=42 * SECOND_US)
        assert truth["cause"] == {
            "what": "pause",
            "who": {"id": "mod", "name": "Mod", "color_hue": 90},
        }


async def test_v2_hears_nothing_that_is_for_others_and_others_nothing_that_is_for_it(
    site: Site,
) -> None:
    async with trio(site) as (ann, bob, mod):
        await ann.seek(90 * SECOND_US)
        await state(mod, play_state="seeking")
        await state(mod, play_state="playing")
        await status(ann, play_status="playing")

        modern = {frame.message["code"] for frame in mod.received}
        old = {frame.message["code"] for player in (ann, bob) for frame in player.received}
    assert {"channel-status", "play-at"} & modern == set()
    assert {"state", "clock"} & old == set()


async def test_the_room_is_where_the_state_and_the_clock_say(site: Site) -> None:
    async with trio(site) as (ann, _, mod):
        exchange = await mod.clock()
        told = await status(ann, play_status="playing")
        arrived_us = next(f.at_us for f in reversed(ann.received) if f.message == told)

        computed_us = mod.position_us(exchange.server_us(arrived_us))
        assert computed_us is not None
        assert exchange.epoch is not None
        late_us = computed_us - told["position"]  # how long the status was under way
        assert -exchange.round_trip_us <= late_us < SECOND_US


async def test_the_clocks_bound_holds_on_a_machine_whose_clock_is_the_servers(
    site: Site,
) -> None:
    async with trio(site, is_playing=False) as (_, _, mod):
        for _ in range(20):
            exchange = await mod.clock()
            assert exchange.sent_us <= exchange.t1_us <= exchange.t2_us <= exchange.received_us
            assert abs(exchange.offset_us) <= exchange.round_trip_us / 2 + 1


def has_started(state: dict[str, object]) -> bool:
    at_us = state["at"]
    assert isinstance(at_us, int)
    return state["rate"] == 1 and at_us <= monotonic_us()


async def test_the_others_see_how_far_off_a_v2_player_is(site: Site) -> None:
    async with trio(site) as (_, _, mod):
        await mod.expect("state", where=has_started, timeout_s=PATIENCE_S)
        here_us = mod.position_us(monotonic_us())
        assert here_us is not None
        await mod.tell_status(position_us=here_us + 500_000, at_us=monotonic_us())

        def tells_drift(message: dict[str, object]) -> bool:
            watchers = message["watchers"]
            assert isinstance(watchers, list)
            return {w["id"]: w["drift"] for w in watchers}["mod"] is not None

        told = await mod.expect("state", where=tells_drift, timeout_s=PATIENCE_S)
        [drift_us] = [w["drift"] for w in told["watchers"] if w["id"] == "mod"]
        assert 400_000 < drift_us < 600_000


async def test_who_is_waited_for_is_told_with_its_moment(site: Site) -> None:
    async with trio(site) as (_, bob, mod):
        await bob.set_buffering(True)
        waiting = await state(mod, play_state="waiting")
        since = waiting["waiting_for"]
        assert isinstance(since, list)
        assert [one["id"] for one in since] == ["bob"]
        assert since[0]["since"] <= monotonic_us()

        await bob.set_buffering(False)
        await state(mod, play_state="playing", waiting_for=[])


async def test_answers_and_errors_bear_what_the_request_was_called(site: Site) -> None:
    async with trio(site, is_playing=False) as (_, _, mod):
        playing = await mod.ask({"code": "whats-on"})
        refused = await mod.ask({"code": "play-finished"})
        malformed = await mod.ask({"code": "seek", "position": "far"})

        assert (playing["code"], playing["record"]["record_id"]) == ("now-playing", "film-1")
        assert (refused["code"], refused["reason"]) == ("error", "paused")
        assert (malformed["code"], malformed["reason"]) == ("error", "invalid")


async def test_a_v2_player_that_lost_its_connection_is_back_in_its_place(site: Site) -> None:
    async with trio(site) as (ann, _, mod):
        ann.skip()
        mod.drop()
        await mod.expect("here-are", timeout_s=PATIENCE_S)
        await state(mod, play_state="playing")
        await status(ann, ready_ids=["ann", "bob", "mod"], play_status="playing")

        told = {frame.message["code"] for frame in ann.received[-3:]}
        assert {"bye", "aloha"} & told == set()


async def test_after_a_restart_the_player_is_back_and_knows_that_the_clock_is_another(
    tmp_path: Path,
) -> None:
    with running_site(tmp_path) as site:
        channel = new_channel(site)
        url = site.register_url(channel)
        async with PatientV2.register(url, username="mod", password="pw") as mod:
            await mod.join(name="Mod", share=FILM, position_us=7 * SECOND_US)
            first = await state(mod, record_id="film-1", position=7 * SECOND_US)
            await mod.clock()
            await asyncio.to_thread(site.stop)
            await asyncio.to_thread(site.start, "--port", str(urlsplit(site.url).port))
            await mod.expect("here-are", timeout_s=PATIENCE_S)

            second = await state(mod, record_id="film-1", position=7 * SECOND_US)
            exchange = await mod.clock()
    assert first["epoch"] != second["epoch"] == exchange.epoch


async def test_the_room_shows_what_each_player_speaks(site: Site) -> None:
    async with trio(site, is_playing=False) as (ann, _, _):
        channel = ann.account.address.channel_id
        shown = await asyncio.to_thread(site.bunga, "rooms", "show", channel, "--json")

    watchers = json.loads(shown.stdout)["watchers"]
    assert {w["id"]: w["generation"] for w in watchers} == {"ann": "1.5", "bob": "1.4", "mod": "2"}
