"""What the server asks of the system before it listens."""

import resource
from collections.abc import Iterator

import pytest

from bunga_cli.listening import allow_sockets


@pytest.fixture(autouse=True)
def _low_limit() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def soft_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_a_low_limit_of_open_files_is_raised() -> None:
    allow_sockets(300)
    assert soft_limit() == 300


def test_a_limit_that_suffices_stays() -> None:
    allow_sockets(100)
    assert soft_limit() == 256


def test_no_more_open_files_are_asked_for_than_the_system_allows() -> None:
    allow_sockets(10**9)
    assert soft_limit() > 256
