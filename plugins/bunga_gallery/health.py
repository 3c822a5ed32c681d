"""How the gallery stands."""

from collections.abc import Sequence

from bunga_cli.plugin import Health, PluginContext
from bunga_gallery.gallery import Gallery
from bunga_gallery.library import Library
from bunga_gallery.local import LOCAL, LocalLinker
from bunga_gallery.modules import Modules
from bunga_gallery.settings import SiteSettings
from bunga_gallery.shelves import Shelf
from bunga_gallery.text import readable

WAIT_S = 4.0
"""How long a look at the folders is waited for; a check has 5 s."""

_MAX_NAMED = 5


class LocalFoldersCheck:
    """Looks whether the local folders can be read."""

    name = "local folders"

    def __init__(self, context: PluginContext[SiteSettings], local: LocalLinker) -> None:
        self._context, self._local = context, local

    async def check(self) -> Health:
        """Look through the folders, now."""
        settings = self._context.site_settings()
        if not settings.local_folders:
            return Health("off", "No folders are set: plugins.gallery.local_folders.")
        if LOCAL.id in (linker.lower() for linker in settings.disabled_linkers):
            return Health("off", "The linker local is switched off: see disabled_linkers.")
        shelves = await self._local.looked_through(anew=True, wait_s=WAIT_S)
        problems = [problem for shelf in shelves for problem in _problems(shelf)]
        titles = sum(len((shelf.library or Library()).media) for shelf in shelves)
        found = f"{_count(titles, 'title')} in {_count(len(shelves), 'folder')}."
        return Health(
            "warning" if problems else "ok",
            " ".join([found, *_named(problems)]),
            {str(number): problem for number, problem in enumerate(problems, 1)},
        )


class LinkersCheck:
    """Tells which modules with linkers cannot be used, and which names in the settings are none."""

    name = "linkers"

    def __init__(self, gallery: Gallery, modules: Modules) -> None:
        self._gallery, self._modules = gallery, modules

    async def check(self) -> Health:
        """Read the modules that the settings name by now, and tell."""
        unknown = await self._gallery.unknown_disabled()
        loaded = self._modules.loaded
        typos = [_typo(id_, meant) for id_, meant in unknown.items()]
        details = {problem.module: problem.message for problem in loaded.problems}
        if details:
            count = f"{_count(len(details), 'module')} of linkers cannot be used:"
            reasons = _named([f"{module}: {reason}" for module, reason in details.items()])
            return Health("failure", " ".join([count, *reasons, *typos]), details)
        if not (loaded.linkers or typos):
            return Health("off", "No linkers are set: plugins.gallery.folders and .packages.")
        text = f"{_count(len(loaded.linkers), 'linker')} from elsewhere."
        names = {linker.info.id: linker.info.name for linker in loaded.linkers}
        return Health("warning" if typos else "ok", " ".join([text, *typos]), names)


def _problems(shelf: Shelf) -> list[str]:
    known = shelf.library.problems if shelf.library else []
    if not shelf.is_reading:
        return known
    return [f"{readable(str(shelf.root))} is still being read.", *known]


def _typo(linker_id: str, meant: str | None) -> str:
    hint = f"; did you mean {meant}?" if meant else "."
    return f"disabled_linkers names {linker_id!r}, which is no linker{hint}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _named(problems: Sequence[str]) -> list[str]:
    more = len(problems) - _MAX_NAMED
    return [*problems[:_MAX_NAMED], *([f"And {more} more."] if more > 0 else [])]
