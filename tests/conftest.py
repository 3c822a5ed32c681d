"""What holds for every test: on CI, a skipped test is a failure."""

import os
from collections.abc import Iterator

import pytest

from tests.servers import Site, running_site


def _skips_that_count(config: pytest.Config) -> int:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or os.environ.get("CI") != "true":
        return 0
    return len(reporter.stats.get("skipped", []))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.exitstatus == pytest.ExitCode.OK and _skips_that_count(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if skips := _skips_that_count(config):
        terminalreporter.write_line(f"{skips} skipped: on CI that is a failure", red=True)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running server for all tests that leave its settings alone."""
    with running_site(tmp_path_factory.mktemp("site") / "data") as running:
        yield running
