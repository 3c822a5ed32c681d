"""The plugin, run by its authors' harness, beside a Bilibili that behaves as tests want."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

import bunga_bilibili.bilibili
from bunga_bilibili import BilibiliPlugin
from bunga_cli.plugin import HttpClient
from bunga_cli.plugin.testing import PluginHarness
from tests.plugins.bilibili.misbehaviour import BAD_ANSWERS
from tests.plugins.bilibili.standin import PUBLIC_KEY, Bilibili, Session, running


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime = datetime(2026, 3, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
async def bilibili() -> AsyncIterator[Bilibili]:
    async with running(Bilibili()) as standin:
        yield standin


@pytest.fixture
def ann(bilibili: Bilibili) -> Session:
    return bilibili.log_in("ann", is_member=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def plugin(clock: Clock) -> BilibiliPlugin:
    return BilibiliPlugin(now=clock, public_key=PUBLIC_KEY)


@pytest.fixture
async def harness(
    plugin: BilibiliPlugin, bilibili: Bilibili, ann: Session
) -> AsyncIterator[PluginHarness]:
    """The plugin in the channels `lobby`, where ann is logged in, and `a/b`, where nobody is.

    As in a server, requests to the network inside are refused unless they are trusted.
    """
    urls = dict.fromkeys(("api_url", "passport_url", "www_url"), bilibili.url)
    harness = PluginHarness(plugin, site=urls, channels={"lobby": ann.settings, "a/b": {}})
    harness.is_admin = True
    harness.context.http = HttpClient()
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
def misbehave(bilibili: Bilibili, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Have Bilibili answer a path in a bad way; return what should be said of it."""

    def answer_badly(bad: str, path: str) -> str:
        if bad == "slow":
            monkeypatch.setattr(bunga_bilibili.bilibili, "TIMEOUT_S", 0.05)
        bilibili.instead[path], reason = BAD_ANSWERS[bad]
        return reason

    return answer_badly
