"""How the gallery stands."""

from collections.abc import Sequence

from bunga_cli.plugin import Health, PluginContext
from bunga_gallery.local import LocalLinker
from bunga_gallery.modules import Loaded
from bunga_gallery.settings import SiteSettings


class LocalFoldersCheck:
    """Looks whether the local folders can be read."""

    name = "local folders"

    def __init__(self, context: PluginContext[SiteSettings], local: LocalLinker) -> None:
        self._context, self._local = context, local

    async def check(self) -> Health:
        """Look through the folders."""
        folders = self._context.site_settings().local_folders
        if not folders:
            return Health("off", "No folders are set: plugins.gallery.local_folders.")
        library = await self._local.library()
        details = _numbered(library.problems)
        found = f"{_count(len(library.media), 'title')} in {_count(len(folders), 'folder')}."
        return Health("warning" if details else "ok", found, details)


class LinkersCheck:
    """Tells which modules with linkers could not be used when the server started."""

    name = "linkers"

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded

    async def check(self) -> Health:
        """Tell."""
        problems, linkers = self._loaded.problems, self._loaded.linkers
        if not (linkers or problems):
            return Health("off", "No linkers are set: plugins.gallery.folders and .packages.")
        if problems:
            details = {problem.module: problem.message for problem in problems}
            count = _count(len(problems), "module")
            return Health("failure", f"{count} of linkers cannot be used.", details)
        return Health("ok", f"{_count(len(linkers), 'linker')} from elsewhere.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _numbered(problems: Sequence[str]) -> dict[str, str]:
    return {str(number): problem for number, problem in enumerate(problems, 1)}
