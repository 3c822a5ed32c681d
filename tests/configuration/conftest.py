from pathlib import Path

import pytest

from bunga_cli.configuration.live import LiveSettings
from bunga_cli.data_folder import DataFolder
from bunga_cli.plugin.providers import PluginFailure
from tests.configuration.kit import Explosive, MemoryPlugins, Shelf, opened


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    monkeypatch.chdir(tmp_path)
    folder = DataFolder(tmp_path / "data")
    folder.create()
    return folder


@pytest.fixture
def plugins() -> MemoryPlugins:
    broken = PluginFailure("It cannot be imported.")
    return MemoryPlugins({"shelf": Shelf, "plain": None, "broken": broken, "bomb": Explosive})


@pytest.fixture
def live(data: DataFolder, plugins: MemoryPlugins) -> LiveSettings:
    return opened(data, plugins)
