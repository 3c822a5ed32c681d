"""Asking linkers: all that are enabled side by side, or one of them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from difflib import get_close_matches
from itertools import islice
from typing import TypeVar

from bunga_cli.plugin import Linker, NotFound, PluginContext, PluginFailure, one_line
from bunga_gallery.bodies import (
    MAX_FINDS,
    DetailBody,
    FindsBody,
    InfoBody,
    LinkerBody,
    SourceBody,
    SummaryBody,
)
from bunga_gallery.failures import LinkerFailure, LinkerTimeout
from bunga_gallery.modules import Modules
from bunga_gallery.recent import Recent
from bunga_gallery.settings import SiteSettings
from bunga_gallery.workers import Workers

T = TypeVar("T")
B = TypeVar("B")

_MAX_DETAILS = 500
_DETAIL_LIFETIME_S = 7200


class Gallery:
    """The linkers of all plugins. `live` are the ids of those whose details are never cached."""

    def __init__(
        self, context: PluginContext[SiteSettings], modules: Modules, live: frozenset[str]
    ) -> None:
        self._context, self._modules, self._live = context, modules, live
        self._shapers: dict[str, Workers] = {}
        self._switching = asyncio.Lock()
        self._details: Recent[tuple[str, str], DetailBody] = Recent(
            _MAX_DETAILS, _DETAIL_LIFETIME_S
        )

    async def linkers(self) -> list[LinkerBody]:
        """Return all linkers, also those that are disabled."""
        disabled = self._disabled()
        return [
            LinkerBody(**_info(linker).model_dump(), enabled=linker_id not in disabled)
            for linker_id, linker in (await self._known()).items()
        ]

    async def unknown_disabled(self) -> dict[str, str | None]:
        """Return the disabled ids that no linker has, each with one that it may have meant."""
        known = await self._known()
        ids = [id_ for id_ in sorted(self._disabled()) if id_ not in known]
        return {id_: next(iter(get_close_matches(id_, known, n=1)), None) for id_ in ids}

    async def set_enabled(self, linker_id: str, *, enabled: bool) -> None:
        """Have a linker asked, or not. Raises NotFound."""
        async with self._switching:
            if linker_id.lower() not in {*await self._known(), *self._disabled()}:
                raise NotFound(f"There is no linker {one_line(linker_id)!r}.")
            ids = self._disabled() - {linker_id.lower()}
            await self._context.save_site_settings(
                disabled_linkers=sorted(ids if enabled else ids | {linker_id.lower()})
            )

    async def search(self, keyword: str) -> dict[str, FindsBody]:
        """Return what each enabled linker finds, by the linker's name."""
        disabled = self._disabled()
        linkers = [each for key, each in (await self._known()).items() if key not in disabled]
        finds = await asyncio.gather(*(self._finds(linker, keyword) for linker in linkers))
        names = Counter(found.info.name for found in finds)
        return {
            found.info.name
            if names[found.info.name] == 1
            else f"{found.info.name} ({found.info.id})": found
            for found in finds
        }

    async def detail(self, linker_id: str, key: str) -> DetailBody:
        """Return all about a media. Raises NotFound, LinkerFailure."""
        linker = await self._linker(linker_id)
        place = (linker.info.id, key)
        known = self._details.get(place)
        if known is not None:
            return known
        detail = await self._known_to(linker, lambda: linker.detail(key), DetailBody.model_validate)
        if linker.info.id not in self._live:
            self._details.put(place, detail)
        return detail

    async def sources(self, linker_id: str, key: str, episode_id: str) -> list[SourceBody]:
        """Return where an episode is. Raises NotFound, LinkerFailure."""
        linker = await self._linker(linker_id)
        return await self._known_to(
            linker,
            lambda: linker.sources(key, episode_id),
            lambda sources: [SourceBody.model_validate(s) for s in islice(sources, MAX_FINDS)],
        )

    async def _known(self) -> dict[str, Linker]:
        """Return linkers by id, in lower case: players make it the host name of an address."""
        linkers: dict[str, Linker] = {}
        for linker in (*self._context.linkers(), *(await self._modules.current()).linkers):
            linkers.setdefault(linker.info.id.lower(), linker)
        return linkers

    def _disabled(self) -> set[str]:
        return {linker.lower() for linker in self._context.site_settings().disabled_linkers}

    async def _linker(self, linker_id: str) -> Linker:
        linker = (await self._known()).get(linker_id.lower())
        if linker is None or linker_id.lower() in self._disabled():
            raise NotFound(f"There is no linker {one_line(linker_id)!r}.")
        return linker

    async def _finds(self, linker: Linker, keyword: str) -> FindsBody:
        try:
            results = await self._ask(
                linker,
                lambda: linker.search(keyword),
                lambda finds: [SummaryBody.model_validate(f) for f in islice(finds, MAX_FINDS)],
            )
        except (LinkerFailure, PluginFailure) as failure:
            return FindsBody(info=_info(linker), error=str(failure))
        return FindsBody(info=_info(linker), results=results)

    async def _known_to(
        self, linker: Linker, question: Callable[[], Awaitable[T]], shape: Callable[[T], B]
    ) -> B:
        try:
            return await self._ask(linker, question, shape)
        except PluginFailure as failure:  # so a linker says that it has no such key
            raise NotFound(str(failure)) from failure

    async def _ask(
        self, linker: Linker, question: Callable[[], Awaitable[T]], shape: Callable[[T], B]
    ) -> B:
        """Return a linker's answer, checked. Raises LinkerFailure, PluginFailure.

        It is checked in a thread: it may be long, or foreign code.
        """
        name, limit_s = one_line(linker.info.name), self._context.site_settings().timeout_s
        shaper = self._shapers.setdefault(linker.info.id, Workers(f"gallery {linker.info.id}"))
        try:
            async with asyncio.timeout(limit_s) as limit:
                answer = await question()
                return await shaper.do(lambda: shape(answer))
        except PluginFailure:
            raise
        except Exception as error:  # a plugin's linker
            if limit.expired():
                raise LinkerTimeout(f"{name} did not answer within {limit_s:g} s.") from error
            # What it says is for the operator: it may name addresses, paths or keys.
            self._context.log.warning("Linker %s failed.", linker.info.id, exc_info=error)
            raise LinkerFailure(f"{name} failed ({type(error).__name__}).") from error


def _info(linker: Linker) -> InfoBody:
    return InfoBody.model_validate(linker.info)
