"""A 1.5 and a 1.4 player in one room, as their users would have them."""

from bunga_cli.client import Client
from tests.end_to_end.kit import FILM, OTHER_FILM, SECOND_US, new_channel, pair, status
from tests.servers import Site


async def test_one_presses_play_and_both_play(site: Site) -> None:
    async with pair(site, new_channel(site)) as (ann, bob):
        await bob.play()

        assert (await ann.expect("play"))["sender"]["name"] == "Bob"
        assert (await status(ann, play_status="playing"))["position"] < SECOND_US
        played = await bob.expect("play-at", where=lambda m: m["is_play"])
        assert 0 <= played["position"] < SECOND_US  # where the room is when it arrives


async def test_one_pauses_and_both_stand_where_that_one_paused(site: Site) -> None:
    async with pair(site, new_channel(site)) as (ann, bob):
        await ann.play()
        await status(ann, play_status="playing")

        await bob.pause(42 * SECOND_US)

        paused = await ann.expect("pause")
        assert (paused["sender"]["id"], paused["position"]) == ("bob", 42 * SECOND_US)
        assert (await status(ann, play_status="paused"))["position"] == 42 * SECOND_US


async def test_one_buffers_and_the_other_waits_by_name(site: Site) -> None:
    async with pair(site, new_channel(site)) as (ann, bob):
        await ann.play()
        await status(ann, play_status="playing")

        await bob.set_buffering(True)
        waiting = await status(ann, play_status="pending")
        await bob.set_buffering(False)

        assert waiting["waiting_for"] == ["bob"]
        assert (await status(ann, play_status="playing"))["position"] >= waiting["position"]


async def test_one_seeks_and_both_go_there(site: Site) -> None:
    async with pair(site, new_channel(site)) as (ann, bob):
        await ann.play()
        await status(ann, play_status="playing")

        await ann.seek(600 * SECOND_US)

        assert (await bob.expect("seek"))["position"] == 600 * SECOND_US
        told = await bob.expect("play-at", where=lambda m: m["position"] >= 600 * SECOND_US)
        assert told["is_play"]
        later = await ann.expect(  # when the cooldown is over
            "channel-status", where=lambda m: m["position"] > 602 * SECOND_US
        )
        assert later["play_status"] == "playing"
        assert later["position"] < 660 * SECOND_US


async def test_another_film_is_shown_to_both_and_the_first_is_remembered(site: Site) -> None:
    async with pair(site, new_channel(site)) as (ann, bob):
        await ann.seek(300 * SECOND_US)
        await bob.expect("seek")
        await bob.project(OTHER_FILM, 5 * SECOND_US)
        other = await ann.expect("start-projection", where=lambda m: m["sender"]["id"] == "bob")
        await ann.project(FILM, 0)
        back = await bob.expect(
            "start-projection", where=lambda m: m["video_record"]["record_id"] == "film-1"
        )

        assert other["position"] == 5 * SECOND_US
        assert back["position"] == 300 * SECOND_US


async def test_a_1_4_player_that_loses_its_socket_is_back_unannounced(site: Site) -> None:
    async with pair(site, new_channel(site)) as (ann, bob):
        await ann.play()
        await status(ann, play_status="playing")
        ann.skip()

        bob.drop()
        await bob.expect("here-are")
        await bob.say("still here")

        assert (await ann.expect("danmaku"))["sender"]["name"] == "Bob"
        codes = {frame.message["code"] for frame in ann.received[-20:]}
        assert not codes & {"bye", "pause"}
        assert ann.status is not None
        assert ann.status["play_status"] == "playing"


async def test_a_1_5_player_that_loses_its_socket_joins_again_unannounced(site: Site) -> None:
    async with pair(site, new_channel(site)) as (ann, bob):
        await ann.play()
        await bob.expect("play-at", where=lambda m: m["is_play"])
        before = len(bob.received)

        ann.drop()
        await ann.expect("start-projection")
        await ann.say("still here")
        await bob.expect("danmaku")

        codes = [frame.message["code"] for frame in bob.received[before:]]
        assert codes.count("aloha") + codes.count("bye") == 0
        room = site.bunga("rooms", "list", "--json").stdout
        assert '"playing"' in room


async def test_a_voice_call_rings_is_taken_and_ends(site: Site) -> None:
    async with pair(site, new_channel(site)) as (ann, bob):
        await ann.call("call")
        assert (await bob.expect("call"))["action"] == "call"
        await bob.call("accept")
        assert (await ann.expect("call", where=lambda m: m["action"] == "accept"))["sender"][
            "id"
        ] == "server"
        await bob.talk("start")
        assert (await ann.expect("talk-status"))["sender"]["id"] == "bob"


async def test_the_welcome_screen_learns_what_is_on(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel):
        url = site.register_url(channel)
        async with Client.register(url, username="eve", password="pw") as eve:
            await eve.whats_on()
            on = await eve.expect("now-playing")

            assert (on["record"], on["sharer"]["name"]) == (FILM, "Ann")
            assert (await status(eve))["watcher_ids"] == ["ann", "bob"]


async def test_a_reset_room_sends_its_watchers_out(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel) as (ann, bob):
        site.bunga("rooms", "reset", channel)

        await ann.expect("reset")
        await bob.expect("reset")
        assert (await status(bob))["watcher_ids"] == []


async def test_a_deleted_channel_closes_its_sockets_with_4003(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel) as (ann, bob):
        site.bunga("channels", "delete", channel, "--yes")

        assert (await ann.wait_closed()).close_code == 4003
        assert (await bob.wait_closed()).close_code == 4003


async def test_a_channel_loses_its_patience_with_who_is_waited_for_already(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel) as (ann, bob):
        await ann.play()
        await status(ann, play_status="playing")
        await bob.set_buffering(True)
        await status(ann, play_status="pending")

        site.bunga("channels", "set", channel, "max_wait", "0")

        assert (await status(ann, play_status="playing"))["excused_ids"] == ["bob"]


async def test_a_channel_that_plays_on_does_not_stop_for_a_newcomer(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel) as (ann, _bob):
        site.bunga("channels", "set", channel, "on_join", "continue")
        await ann.play()
        await status(ann, play_status="playing")
        url = site.register_url(channel)
        async with Client.register(url, username="eve", password="pw") as eve:
            await eve.join(name="Eve")
            await eve.expect("play-at", where=lambda m: m["is_play"])

            joined = await status(ann, watcher_ids=["ann", "bob", "eve"])
            assert joined["play_status"] == "playing"
