from collections.abc import AsyncIterator

import pytest

from tests.client.standin import StandIn, running_stand_in


@pytest.fixture
async def stand_in() -> AsyncIterator[StandIn]:
    async with running_stand_in() as stand_in:
        yield stand_in
