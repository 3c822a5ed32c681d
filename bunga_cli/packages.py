"""The entry points of installed packages, of which a damaged one is no reason to fail.

Python's list of entry points fails as a whole if the file of one package cannot be read, and with
it each library that looks there for plugins of its own while it is imported: pydantic, alembic.
"""

from collections.abc import Callable
from importlib.metadata import Distribution, EntryPoint, EntryPoints

_read: Callable[[Distribution], EntryPoints] = Distribution.entry_points.fget  # type: ignore[attr-defined]


def entry_points_of(package: Distribution, group: str) -> list[EntryPoint]:
    """Return a package's entry points in a group. Raises anything if it is damaged."""
    return [*_read(package).select(group=group)]


def tolerate_damaged_packages() -> None:
    """Let a damaged package have no entry points, for all that runs in this process."""
    Distribution.entry_points = property(_read_if_possible)  # type: ignore[assignment]


def _read_if_possible(package: Distribution) -> EntryPoints:
    try:
        return _read(package)
    except Exception:  # noqa: BLE001  the server's log says so when it looks for plugins
        return EntryPoints(())
