import asyncio
import socket

import pytest
from starlette.responses import JSONResponse

from bunga_cli.client import Client, Disconnected, Refused, RegisterRefused
from bunga_cli.clock import monotonic_us
from bunga_cli.errors import ServerUnreachable
from tests.client.standin import StandIn

RECORD = {"record_id": "r1", "title": "T", "thumb_url": None, "source": "local", "path": "/t"}


async def test_it_registers_with_a_made_up_name_and_password(stand_in: StandIn) -> None:
    async with Client.register(stand_in.url) as client:
        [(path, form)] = stand_in.forms

    assert path == "/api/channels/a%2Fb%20c/register/"
    assert form == {"username": client.account.username, "password": client.account.password}
    assert len(form["username"]) == 8
    assert len(form["password"]) >= 48


async def test_two_clients_make_up_different_names(stand_in: StandIn) -> None:
    async with Client.register(stand_in.url) as one, Client.register(stand_in.url) as two:
        assert one.account.username != two.account.username


async def test_it_connects_with_its_token_and_channel(stand_in: StandIn) -> None:
    async with Client.register(stand_in.url, username="ann", password="pw"):
        visit = await stand_in.visit()

    assert visit.query == {"token": "access-1", "channel_id": "a/b c"}


async def test_a_refused_registration_tells_status_and_body(stand_in: StandIn) -> None:
    stand_in.refusal = JSONResponse({"password": "Password is not correct."}, 401)

    with pytest.raises(RegisterRefused, match="not correct") as refused:
        async with Client.register(stand_in.url):
            pass

    assert refused.value.status == 401
    assert refused.value.body == {"password": "Password is not correct."}


async def test_a_server_that_does_not_answer_is_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but nobody listens
        port = unused.getsockname()[1]
        with pytest.raises(ServerUnreachable, match=str(port)):
            async with Client.register(f"http://127.0.0.1:{port}/api/channels/x/register/"):
                pass


async def test_a_socket_that_is_refused_tells_the_close_code(stand_in: StandIn) -> None:
    async with Client.register(stand_in.url) as client:
        await (await stand_in.visit()).close(4003, "not a member")

        with pytest.raises(Refused, match="not a member") as refused:
            await client.expect("channel-status")

    assert refused.value.close_code == 4003


async def test_sending_on_a_closed_socket_tells_why_it_was_closed(stand_in: StandIn) -> None:
    async with Client.register(stand_in.url) as client:
        await (await stand_in.visit()).close(1012, "restart")
        await client.wait_closed()

        with pytest.raises(Disconnected, match="1012 restart"):
            await client.play()


async def test_every_helper_sends_the_message_of_the_wire(stand_in: StandIn) -> None:
    async with Client.register(stand_in.url, username="ann", password="pw") as client:
        visit = await stand_in.visit()
        share = {"code": "start-projection", "video_record": RECORD, "position": 7}
        ann = {"id": "ann", "name": "Ann", "color_hue": 10}

        await client.whats_on()
        await client.join(name="Ann", color_hue=10, share=RECORD, position_us=7)
        await client.project(RECORD, 7)
        await client.play()
        await client.pause(8)
        await client.pause()
        await client.seek(9)
        await client.finish()
        await client.say("hi")
        await client.call("accept")
        await client.talk("start")
        await client.bye()

        for message in (
            {"code": "whats-on"},
            {"code": "join-in", "user": ann, "my_share": share},
            share,
            {"code": "play"},
            {"code": "pause", "position": 8},
            {"code": "pause", "position": None},
            {"code": "seek", "position": 9},
            {"code": "play-finished"},
            {"code": "danmaku", "message": "hi"},
            {"code": "call", "action": "accept"},
            {"code": "talk-status", "status": "start"},
            {"code": "bye"},
        ):
            assert await visit.heard(str(message["code"])) == message


async def test_joining_without_a_share_says_null(stand_in: StandIn) -> None:
    async with Client.register(stand_in.url) as client:
        await client.join(name="Ann")

        assert (await (await stand_in.visit()).heard("join-in"))["my_share"] is None


async def test_expected_messages_come_in_order_and_others_are_passed_over(
    stand_in: StandIn,
) -> None:
    async with Client.register(stand_in.url) as client:
        visit = await stand_in.visit()
        for position in (1, 2, 3):
            await visit.say("seek", position=position)
            await visit.say("aloha")

        assert (await client.expect("seek"))["position"] == 1
        assert (await client.expect("seek", where=lambda m: m["position"] > 2))["position"] == 3
        await client.expect("aloha")


async def test_a_message_that_does_not_come_is_missed_with_what_came_instead(
    stand_in: StandIn,
) -> None:
    async with Client.register(stand_in.url) as client:
        visit = await stand_in.visit()
        await visit.say("aloha")
        await client.expect("aloha")
        pause = asyncio.ensure_future(anext(aiter(client)))
        await visit.say("pause", position=0)
        await pause

        with pytest.raises(TimeoutError, match=r"no 'play' within .* \['pause'\]"):
            await client.expect("play", timeout_s=0.1)


async def test_every_frame_is_kept_with_its_time_of_arrival(stand_in: StandIn) -> None:
    before_us = monotonic_us()
    async with Client.register(stand_in.url) as client:
        visit = await stand_in.visit()
        await visit.say("aloha")
        await visit.say("unheard-of")
        await client.expect("unheard-of")

        aloha, other = client.received

    assert (aloha.message["code"], other.message["code"]) == ("aloha", "unheard-of")
    assert before_us < aloha.at_us <= other.at_us <= monotonic_us()


async def test_the_last_channel_status_is_at_hand(stand_in: StandIn) -> None:
    async with Client.register(stand_in.url) as client:
        visit = await stand_in.visit()
        await visit.say("channel-status", position=1)
        await visit.say("channel-status", position=2)
        await visit.say("aloha")
        await client.expect("aloha")

        assert client.status
        assert client.status["position"] == 2


async def test_iterating_yields_every_message_until_the_connection_is_lost(
    stand_in: StandIn,
) -> None:
    async with Client.register(stand_in.url) as client:
        messages = aiter(client)
        first = asyncio.ensure_future(anext(messages))
        visit = await stand_in.visit()
        await visit.say("aloha")
        await visit.say("bye")
        await visit.close(1001)

        assert (await first)["code"] == "aloha"
        assert (await anext(messages))["code"] == "bye"
        with pytest.raises(Disconnected):
            await anext(messages)


@pytest.mark.parametrize("nonsense", ["{", "[]", "{}", '"play"'])
async def test_a_server_that_talks_nonsense_is_left(stand_in: StandIn, nonsense: str) -> None:
    async with Client.register(stand_in.url) as client:
        visit = await stand_in.visit()
        await visit.say_text(nonsense)

        assert (await visit.next())["code"] == 1002
        assert (await client.wait_closed()).close_code == 1002


async def test_the_end_of_the_block_closes_the_socket(stand_in: StandIn) -> None:
    async with Client.register(stand_in.url) as client:
        visit = await stand_in.visit()

    assert (await visit.next())["code"] == 1000
    assert (await client.wait_closed()).close_code == 1000


async def test_a_dropped_connection_ends_without_a_close_frame(stand_in: StandIn) -> None:
    async with Client.register(stand_in.url) as client:
        client.drop()

        assert (await client.wait_closed()).close_code == 1006
