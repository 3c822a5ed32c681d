import asyncio

import pytest

from bunga_cli.client.failures import Disconnected, Refused, disconnection
from bunga_cli.client.inbox import Inbox, Message, Received


def fill(inbox: Inbox, *codes: str) -> None:
    for code in codes:
        inbox.put(Received({"code": code}, at_us=0))


def is_b(message: Message) -> bool:
    return bool(message["code"] == "b")


async def test_a_frame_that_arrived_before_it_was_expected_is_found() -> None:
    inbox = Inbox()
    fill(inbox, "a", "b")

    assert await inbox.expect(is_b) == {"code": "b"}


async def test_a_frame_is_expected_only_once() -> None:
    inbox = Inbox()
    fill(inbox, "b", "a", "b")

    await inbox.expect(is_b)
    await inbox.expect(is_b)

    assert inbox.unexpected() == []
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await inbox.expect(is_b)


async def test_who_waits_is_woken_by_the_frame() -> None:
    inbox = Inbox()
    waiting = asyncio.create_task(inbox.expect(is_b))
    await asyncio.sleep(0)

    fill(inbox, "a")
    await asyncio.sleep(0)
    fill(inbox, "b")

    assert await waiting == {"code": "b"}


async def test_skipping_forgets_what_arrived_before() -> None:
    inbox = Inbox()
    fill(inbox, "b")

    inbox.skip()

    assert inbox.unexpected() == []


async def test_frames_before_the_end_are_still_handed_out() -> None:
    inbox = Inbox()
    fill(inbox, "b")
    inbox.end(disconnection(1012, "restart"))

    assert await inbox.expect(is_b) == {"code": "b"}
    with pytest.raises(Disconnected, match="1012 restart"):
        await inbox.expect(is_b)


async def test_the_first_end_is_the_one_that_is_told() -> None:
    inbox = Inbox()
    inbox.end(disconnection(4003))
    inbox.end(disconnection(1000))

    assert isinstance(await inbox.ended(), Refused)


async def test_an_inbox_over_its_bound_forgets_the_oldest_and_hands_out_each_other_once() -> None:
    inbox = Inbox(max_kept=2)
    fill(inbox, "b", "a")
    await inbox.expect(is_b)

    fill(inbox, "a", "b", "c")

    assert [frame.message["code"] for frame in inbox.frames] == ["b", "c"]
    assert await inbox.expect(is_b) == {"code": "b"}
    assert inbox.unexpected() == [{"code": "c"}]
