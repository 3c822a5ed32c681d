"""What the store is told of who is called what."""

import pytest

from bunga_cli.server.live_room import LiveRoom
from bunga_cli.server.sightings import Sightings
from bunga_cli.sync.commands import Bye
from bunga_cli.sync.policy import SECOND_US
from tests.server.test_feed import Stage


@pytest.fixture
async def lobby() -> LiveRoom:
    """Return a room in which Ann is."""
    return _with_ann().live


def _with_ann() -> Stage:
    stage = Stage()
    stage.join("ann")
    return stage


async def test_a_name_is_news_once_a_minute_as_long_as_it_stays(lobby: LiveRoom) -> None:
    sightings = Sightings()
    first = sightings.news([lobby], 0)
    sightings.told(first, 0)

    assert first == {"ann": "Ann"}
    assert sightings.news([lobby], 59 * SECOND_US) == {}
    assert sightings.news([lobby], 60 * SECOND_US) == {"ann": "Ann"}


async def test_another_name_is_news_at_once(lobby: LiveRoom) -> None:
    sightings = Sightings()
    sightings.told({"ann": "Anna"}, 0)

    assert sightings.news([lobby], SECOND_US) == {"ann": "Ann"}


async def test_what_could_not_be_stored_is_still_news(lobby: LiveRoom) -> None:
    sightings = Sightings()

    assert sightings.news([lobby], 0) == sightings.news([lobby], 1) == {"ann": "Ann"}


async def test_who_has_just_left_was_seen_until_then() -> None:
    stage, sightings = _with_ann(), Sightings()
    sightings.told(sightings.news([stage.live], 0), 0)
    stage.do("ann", Bye())
    an_hour_us = 3600 * SECOND_US

    assert sightings.news([stage.live], an_hour_us) == {"ann": "Ann"}
    sightings.told({"ann": "Ann"}, an_hour_us)
    assert sightings.news([stage.live], 2 * an_hour_us) == {}
