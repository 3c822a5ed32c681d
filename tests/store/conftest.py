from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bunga_cli.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bunga.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    store = await Store.open(path)
    await store.channels.create("lobby", "Lobby")
    yield store
    await store.close()
