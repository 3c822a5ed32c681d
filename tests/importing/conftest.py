import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from bunga_cli.data_folder import DataFolder
from tests.importing.old_site import OldSite, empty_site, lived_in_site
from tests.importing.redis_server import running_redis


@pytest.fixture(scope="session")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> OldSite:
    """For tests that change nothing of it."""
    return lived_in_site(tmp_path_factory.mktemp("lived-in") / "old")


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> OldSite:
    """For tests that change nothing of it."""
    return empty_site(tmp_path_factory.mktemp("empty") / "old")


@pytest.fixture
def old(tmp_path: Path, lived_in: OldSite) -> OldSite:
    """An installation with something of everything."""
    return OldSite(Path(shutil.copytree(lived_in.folder, tmp_path / "old")))


@pytest.fixture
def bare(tmp_path: Path, empty: OldSite) -> OldSite:
    """An installation with nothing in it yet."""
    return OldSite(Path(shutil.copytree(empty.folder, tmp_path / "bare")))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """A data folder that does not exist yet; nor do settings from anywhere else."""
    monkeypatch.chdir(tmp_path)
    return DataFolder(tmp_path / "data")


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """The database that the original uses, with nothing in it."""
    with Redis.from_url(redis_url, db=1) as redis:
        redis.flushall()
        yield redis
