"""Finding linkers of the bunga-link kind in packages and folders. Nothing is ever downloaded."""

import asyncio
import hashlib
import importlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType

from bunga_cli.plugin import one_line
from bunga_gallery.legacy import LegacyLinker, is_legacy_linker
from bunga_gallery.settings import SiteSettings
from bunga_gallery.workers import Workers, run_together

LIMIT_S = 4.0
"""How long it may take to look into all folders, which has half of it, and to import all modules.

A hook that takes longer than 5 s is given up, and each search waits for this if it has to be done.
"""

_Modules = dict[str, Callable[[], ModuleType]]


@dataclass(frozen=True, slots=True)
class Problem:
    """A module that cannot be used, and why."""

    module: str
    message: str


@dataclass(slots=True)
class Loaded:
    """The linkers that were found, and what stood in the way of others."""

    linkers: list[LegacyLinker] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class Modules:
    """The linkers that the settings name, read again when the settings name others."""

    def __init__(self, settings: Callable[[], SiteSettings]) -> None:
        self._settings = settings
        self._workers = Workers("gallery modules", 1)
        self._reading = asyncio.Lock()
        self._wanted = _wanted(settings())
        self.loaded = load_linkers(*self._wanted, LIMIT_S)

    async def current(self) -> Loaded:
        """Return the linkers of the settings of now."""
        async with self._reading:
            wanted = _wanted(self._settings())
            if wanted != self._wanted:
                self.loaded = await self._workers.do(lambda: load_linkers(*wanted, LIMIT_S))
                self._wanted = wanted
        return self.loaded


def _wanted(settings: SiteSettings) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    return tuple(settings.packages), tuple(settings.folders)


def load_linkers(
    packages: Sequence[str], folders: Sequence[Path], limit_s: float = LIMIT_S
) -> Loaded:
    """Import modules, each in a thread, and return the linkers in them. Raises nothing."""
    deadline_s = time.monotonic() + limit_s
    loaded = Loaded()
    modules: _Modules = {name: partial(importlib.import_module, name) for name in packages}
    modules |= _modules_of(folders, limit_s / 2, loaded.problems)
    left_s = deadline_s - time.monotonic()
    outcomes = run_together(left_s, [partial(_linkers_in, load) for load in modules.values()])
    for name, outcome in zip(modules, outcomes, strict=True):
        if outcome.error is not None:
            loaded.problems.append(_problem(name, outcome.error))
        _add(loaded, name, outcome.result or [])
    return loaded


def _modules_of(folders: Sequence[Path], limit_s: float, problems: list[Problem]) -> _Modules:
    """Look into folders, each in a thread: one may be on a disk that does not answer."""
    modules: _Modules = {}
    looks = run_together(limit_s, [partial(_look_into, folder) for folder in folders])
    for folder, look in zip(folders, looks, strict=True):
        if look.error is not None:
            problems.append(_problem(str(folder), look.error))
        elif look.result is None:
            problems.append(Problem(str(folder), "There is no such folder."))
        else:
            modules |= dict(_modules_in(*look.result))
    return modules


def _problem(module: str, error: Exception) -> Problem:
    return Problem(module, one_line(f"{type(error).__name__}: {error}"))


def _look_into(folder: Path) -> tuple[Path, list[Path]] | None:
    """Return where the folder's modules are, and their files; None if there is no such folder.

    A checkout of bunga-link has them in its `src`.
    """
    if not folder.is_dir():
        return None
    src = folder / "src"
    home = (src if (src / "__init__.py").exists() else folder).resolve()
    return home, sorted(home.glob("*.py"))


def _modules_in(
    home: Path, files: Sequence[Path]
) -> Iterator[tuple[str, Callable[[], ModuleType]]]:
    """Yield modules by their files, as parts of a package, so that they can import each other."""
    package = ModuleType(f"_bunga_linkers_{hashlib.sha256(str(home).encode()).hexdigest()[:12]}")
    package.__path__ = [str(home)]
    for name in [name for name in [*sys.modules] if name.startswith(package.__name__)]:
        del sys.modules[name]  # from an earlier start: the files may have changed
    sys.modules[package.__name__] = package
    for path in files:
        name = f"{package.__name__}.{path.stem}"
        yield str(path), partial(importlib.import_module, name)


def _linkers_in(load: Callable[[], ModuleType]) -> list[LegacyLinker]:
    kinds = {id(kind): kind for kind in vars(load()).values() if is_legacy_linker(kind)}
    return [LegacyLinker(kind) for kind in kinds.values()]


def _add(loaded: Loaded, module: str, linkers: Sequence[LegacyLinker]) -> None:
    """Add linkers, each class once: modules also hold those that they import."""
    known = {linker.info.id.lower(): linker for linker in loaded.linkers}
    for linker in linkers:
        other = known.get(linker.info.id.lower())
        if other is None:
            loaded.linkers.append(linker)
        elif other.kind is not linker.kind:
            problem = f"Another linker has the id {linker.info.id!r} already."
            loaded.problems.append(Problem(module, problem))
