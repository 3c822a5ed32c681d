"""Where plugins are found: packages that are installed, and files in the data folder.

pluggy has a loader for entry points, which stops at the first one that fails and skips a second
plugin of the same name in silence; and Python's own list of entry points fails as a whole when one
package is damaged. So we look ourselves.
"""

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from importlib.metadata import Distribution, EntryPoint, distributions
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType

from bunga_cli.packages import entry_points_of
from bunga_cli.plugin.isolation import describe
from bunga_cli.plugin.texts import one_line

ENTRY_POINTS = "bunga.plugins"
BUNDLED = "bunga-server"

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin that is not loaded yet. `load` imports it, and may do anything.

    What is a file of its own is read anew whenever the plugin is switched on.
    """

    name: str
    version: str
    source: str
    load: Callable[[], object]
    is_file: bool = False


def discover(folder: Path) -> list[Found]:
    """Return all plugins there are, ours first; several may have the same name."""
    installed = [*_installed()]
    installed.sort(key=lambda found: (found.source != BUNDLED, found.name, found.source))
    return [*installed, *_in_folder(folder)]


def name_problem(name: str) -> str | None:
    """Return what is wrong with a plugin's name, None if nothing is."""
    if _NAME.fullmatch(name):
        return None
    return "Its name must begin with a small letter and hold small letters, digits and _ only."


# -- packages ---------------------------------------------------------------------------------


def _installed() -> Iterator[Found]:
    seen: set[str] = set()
    for distribution in distributions():
        name = _field(distribution, "Name")
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in seen:  # one further up the path is imported in its place
            continue
        if key:
            seen.add(key)
        for point in _entry_points(distribution, name):
            version = _field(distribution, "Version")
            yield Found(one_line(point.name), version, name or one_line(point.value), point.load)


def _entry_points(distribution: Distribution, name: str) -> list[EntryPoint]:
    try:
        return entry_points_of(distribution, ENTRY_POINTS)
    except Exception as error:  # noqa: BLE001  a damaged package is no reason not to start
        who = name or "a package without a name"
        _log.warning("The entry points of %s cannot be read. %s", who, describe(error))
        return []


def _field(distribution: Distribution, name: str) -> str:
    """Return a field of a package's metadata; nothing where it is missing or unreadable."""
    try:
        return one_line(str(distribution.metadata.json.get(name.lower()) or ""))
    except Exception:  # noqa: BLE001  likewise
        return ""


# -- files ------------------------------------------------------------------------------------


def _in_folder(folder: Path) -> Iterator[Found]:
    try:
        paths = sorted(folder.glob("*.py"))
    except OSError as error:
        _log.warning("No plugin was found in %s. %s", folder, describe(error))
        return
    for path in paths:
        if not path.name.startswith("_"):
            yield Found(_shown(path.stem), "", _shown(str(path)), _Loader(path), is_file=True)


def _shown(name: str) -> str:
    """Return a file's name as text: Linux has names that are none, and names with line breaks."""
    return one_line(os.fsencode(name).decode("utf-8", "backslashreplace"))


@dataclass(frozen=True, slots=True)
class _Loader:
    """Imports one file as a module of its own: the plugin is its `plugin`, else the module."""

    path: Path

    def __call__(self) -> object:
        name = f"bunga_plugin_{self.path.stem}"
        spec = spec_from_file_location(name, self.path, loader=_AsItIsNow(name, str(self.path)))
        if spec is None or spec.loader is None:
            raise ImportError(f"{self.path} cannot be imported.")
        module = module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return getattr(module, "plugin", module)


class _AsItIsNow(SourceFileLoader):
    """Compiles a file each time; what is kept of it beside it may be a second too old."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code
