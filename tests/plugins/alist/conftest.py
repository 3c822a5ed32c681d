"""The plugin, run by its authors' harness, beside an AList that behaves as tests want."""

from collections.abc import AsyncIterator

import httpx2
import pytest

import bunga_alist.client
from bunga_alist import AListPlugin
from bunga_cli.plugin import HttpClient
from bunga_cli.plugin.testing import PluginHarness
from tests.plugins.alist.standin import AList, Server


@pytest.fixture
async def alist() -> AsyncIterator[AList]:
    async with AList() as server:
        yield server


@pytest.fixture
async def third_party() -> AsyncIterator[Server]:
    """A server that AList sends people to; its name is `localhost`, not the address of AList."""
    async with Server() as server:
        yield server


@pytest.fixture
async def harness(alist: AList) -> AsyncIterator[PluginHarness]:
    """The plugin in the channels `lobby`, which has an account, and `a/b`, which has none.

    As in a server, requests to the network inside are refused, but for `localhost`.
    """
    account = {"username": "ann", "password": "right"}
    harness = PluginHarness(
        AListPlugin(), site={"host": alist.url}, channels={"lobby": account, "a/b": {}}
    )
    harness.is_admin = True
    harness.context.http = HttpClient(lambda host: host == "localhost")
    async with harness:
        yield harness
    await harness.context.http.aclose()


@pytest.fixture
async def http(harness: PluginHarness) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the plugin's routes."""
    transport = httpx2.ASGITransport(harness.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://bunga") as client:
        yield client


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give AList less time than it would have, but enough to be asked."""
    monkeypatch.setattr(bunga_alist.client, "TIMEOUT_S", 1.0)
