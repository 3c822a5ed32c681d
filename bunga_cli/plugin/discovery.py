"""Where plugins are found: packages that are installed, and files in the data folder.

pluggy has a loader for entry points, which stops at the first one that fails and skips a second
plugin of the same name in silence; so we look ourselves.
"""

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

ENTRY_POINTS = "bunga.plugins"
BUNDLED = "bunga-server"

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin that is not loaded yet. `load` imports it, and may do anything."""

    name: str
    version: str
    source: str
    load: Callable[[], object]


def discover(folder: Path) -> list[Found]:
    """Return all plugins there are, ours first; several may have the same name."""
    installed = [_installed(point) for point in entry_points(group=ENTRY_POINTS)]
    installed.sort(key=lambda found: (found.source != BUNDLED, found.name, found.source))
    return [*installed, *_in_folder(folder)]


def name_problem(name: str) -> str | None:
    """Return what is wrong with a plugin's name, None if nothing is."""
    if _NAME.fullmatch(name):
        return None
    return "Its name must begin with a small letter and hold small letters, digits and _ only."


def _installed(point: EntryPoint) -> Found:
    distribution = point.dist
    if distribution is None:
        return Found(point.name, "", point.value, point.load)
    return Found(point.name, distribution.version, distribution.name, point.load)


def _in_folder(folder: Path) -> Iterator[Found]:
    for path in sorted(folder.glob("*.py")):
        if not path.name.startswith("_"):
            yield Found(path.stem, "", str(path), _Loader(path))


@dataclass(frozen=True, slots=True)
class _Loader:
    """Imports one file as a module of its own: the plugin is its `plugin`, else the module."""

    path: Path

    def __call__(self) -> object:
        name = f"bunga_plugin_{self.path.stem}"
        spec = importlib.util.spec_from_file_location(name, self.path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{self.path} cannot be imported.")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return getattr(module, "plugin", module)
