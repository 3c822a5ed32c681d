"""What is said for the others' eyes."""

import pytest

from bunga_cli.sync.commands import Say
from bunga_cli.sync.events import Said
from tests.sync.stage import playing, user

SAYINGS = [
    Say("popmoji", (("popmoji_code", "1f600"),)),
    Say("danmaku", (("message", "hi"),)),
    Say("spark", (("emoji", "x"), ("fraction", (0.1, 0.9)))),
    Say("share-sub", (("url", "https://example.org/a.srt"), ("title", "A"))),
]


@pytest.mark.parametrize("saying", SAYINGS, ids=lambda saying: saying.code)
def test_it_is_passed_on_as_it_came_to_everyone_the_sender_included(saying: Say) -> None:
    stage = playing("ann", "bob")
    stage.open("eve")
    stage.say("ann", saying)
    for name in ("ann", "bob", "eve"):
        assert stage.heard(name, Said) == [Said(user("ann"), saying.code, saying.fields)]


def test_nothing_is_dropped_in_a_burst_and_the_order_is_kept() -> None:
    stage = playing("ann", "bob")
    for number in range(300):
        stage.say("ann", Say("danmaku", (("message", str(number)),)))
    heard = [dict(said.fields)["message"] for said in stage.heard("bob", Said)]
    assert heard == [str(number) for number in range(300)]
