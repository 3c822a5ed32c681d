"""What holds for every test: on CI, a skipped test is a failure; a slow machine never is one."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from bunga_cli.client import Client
from tests.servers import Site, running_site

PATIENCE_S = 60.0
_SLOW = {"benchmarks", "browser", "cli", "end_to_end", "plugins", "properties"}

# How hard hypothesis tries: the same examples every time on CI, new ones on a desk.
settings.register_profile(
    "desk", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


def _skips_that_count(config: pytest.Config) -> int:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or os.environ.get("CI") != "true":
        return 0
    return len(reporter.stats.get("skipped", []))


def pytest_configure(config: pytest.Config) -> None:
    config.option.loadscopereorder = False  # files are handed out in our order, not by their length


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes minutes: a file of that kind is nothing to end with on one worker."""
    items.sort(key=lambda item: _SLOW.isdisjoint(item.path.parts))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.exitstatus == pytest.ExitCode.OK and _skips_that_count(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if skips := _skips_that_count(config):
        terminalreporter.write_line(f"{skips} skipped: on CI that is a failure", red=True)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for what a server is sure to say until it has said it, however long that takes."""
    defaults = Client.expect.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "timeout_s", PATIENCE_S)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running server for all tests that leave its settings alone."""
    with running_site(tmp_path_factory.mktemp("site") / "data") as running:
        yield running
