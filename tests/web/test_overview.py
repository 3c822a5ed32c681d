"""The parts of the overview that need no browser."""

import asyncio

import pytest

from bunga_cli.web.agents import browser_name
from bunga_cli.web.remembering import Remembered


class Finder:
    """Finds something out, each time something else."""

    def __init__(self) -> None:
        self.asked, self.now = 0, 0.0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def find(self) -> int:
        self.asked += 1
        await self.may_answer.wait()
        if self.asked == 2:
            raise ValueError("not this time")
        return self.asked


async def test_what_was_found_out_is_good_for_a_while() -> None:
    finder = Finder()
    remembered = Remembered(finder.find, 60, lambda: finder.now)
    assert [await remembered.get(), await remembered.get()] == [1, 1]
    finder.now = 59.9
    assert await remembered.get() == 1


async def test_who_asks_meanwhile_waits_for_the_same_answer() -> None:
    finder = Finder()
    finder.may_answer.clear()
    remembered = Remembered(finder.find, 60, lambda: finder.now)
    asking = [asyncio.create_task(remembered.get()) for _ in range(5)]
    await asyncio.sleep(0)
    finder.may_answer.set()
    assert await asyncio.gather(*asking) == [1] * 5


async def test_a_failure_is_not_remembered() -> None:
    finder = Finder()
    remembered = Remembered(finder.find, 60, lambda: finder.now)
    await remembered.get()
    finder.now = 60
    with pytest.raises(ValueError, match="not this time"):
        await remembered.get()
    assert await remembered.get() == 3


WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/2010 Firefox/140.0", "Firefox, Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/142 Safari/537 Edg/142", "Edge, Windows"),
        (f"Mozilla/5.0 (Linux; Android 10) {WEBKIT} Chrome/142 Safari/537", "Chrome, Android"),
        (f"Mozilla/5.0 (iPhone; like Mac OS X) {WEBKIT} Safari/604.1", "Safari, iPhone"),
        ("curl/8.14.1", "curl/8.14.1"),
        ("a\nstrange \x1b one", "a strange \N{REPLACEMENT CHARACTER} one"),
        ("", ""),
    ],
)
def test_a_browser_is_called_as_people_call_it(agent: str, name: str) -> None:
    assert browser_name(agent) == name
