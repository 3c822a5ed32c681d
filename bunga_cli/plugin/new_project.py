"""`bunga plugins new`: writes a plugin's project from the template beside this file.

`plugins/example` is what comes out for the name `example`; a test keeps the two equal.
"""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from bunga_cli.errors import BungaError, Conflict, Invalid
from bunga_cli.plugin.discovery import name_problem

_PLACEHOLDER = "@name@"
_SUFFIX = ".template"
"""Keeps tools from taking the template's files for Python."""


def write_project(name: str, folder: Path) -> None:
    """Make `folder` with a complete plugin in it. Raises Invalid, Conflict, BungaError."""
    _check_name(name)
    try:
        folder.mkdir(parents=True)
        for path, text in _project(name):
            file = folder / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, "utf-8")
    except FileExistsError as error:
        raise Conflict(f"{folder} is there already; --dir names another folder.") from error
    except OSError as error:
        raise BungaError(f"{folder} cannot be written: {error.strerror}.") from error


def _check_name(name: str) -> None:
    """Raise Invalid if the name is none, Conflict if its package would hide another one."""
    problem = name_problem(name)
    if problem is None and name.endswith("_"):
        problem = "Its name must not end with _."
    if problem is not None:
        raise Invalid(f"No plugin can be called {name!r}. {problem}")
    if find_spec(f"bunga_{name}") is not None:
        raise Conflict(f"There is a package bunga_{name} already; choose another name.")


def _project(name: str) -> Iterator[tuple[PurePosixPath, str]]:
    """Yield the project's files."""
    for path, text in _texts(files("bunga_cli.plugin") / "template", PurePosixPath()):
        project_path = str(path).removesuffix(_SUFFIX).replace(_PLACEHOLDER, name)
        yield PurePosixPath(project_path), text.replace(_PLACEHOLDER, name)


def _texts(folder: Traversable, below: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _texts(entry, below / entry.name)
        elif entry.name.endswith(_SUFFIX):
            yield below / entry.name, entry.read_text("utf-8")
