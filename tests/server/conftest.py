"""Sockets are tested on both event loops: uvloop is what the server runs on where it can."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping

import pytest
import uvloop

ON_BOTH_LOOPS = {
    "test_websocket.py",
    "test_websocket_at_once.py",
    "test_websocket_pings.py",
    "test_http_protocol.py",
}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.path.name in ON_BOTH_LOOPS:
        return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Let no peer put anything on the log; a test that expects something clears it away."""
    caplog.set_level(logging.WARNING)
    yield
    assert caplog.get_records("call") == []
