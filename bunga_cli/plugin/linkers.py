"""The linkers of one plugin, as the others meet them."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from bunga_cli.plugin.isolation import Broken
from bunga_cli.plugin.parts import Part
from bunga_cli.plugin.providers import (
    Linker,
    LinkerInfo,
    MediaDetail,
    MediaSummary,
    PluginFailure,
    Source,
)
from bunga_cli.plugin.values import WrongValue

_T = TypeVar("_T")


class OnePluginsLinker:
    """A linker that answers for itself: whoever asks it neither waits nor is blamed for it."""

    def __init__(self, linker: Linker, part: Part, note: Callable[[str | None], None]) -> None:
        self.info: LinkerInfo = linker.info
        self._linker, self._part, self._note = linker, part, note

    async def search(self, keyword: str) -> Sequence[MediaSummary]:
        """Return what matches."""
        return await self._answer(self._linker.search(keyword))

    async def detail(self, key: str) -> MediaDetail:
        """Return all about one media."""
        return await self._answer(self._linker.detail(key))

    async def sources(self, key: str, episode_id: str) -> Sequence[Source]:
        """Return where an episode can be played."""
        return await self._answer(self._linker.sources(key, episode_id))

    async def _answer(self, work: Coroutine[Any, Any, _T]) -> _T:
        began_s = time.monotonic()
        try:
            answer = await self._part.run(work)
        except asyncio.CancelledError:  # whoever asked waits no longer
            self._note(f"It did not answer within {time.monotonic() - began_s:.1f} s.")
            raise
        except WrongValue as error:  # no failure that it speaks of itself
            self._note(self._part.describe(error))
            raise Broken(str(error)) from error
        except PluginFailure:
            raise
        except Exception as error:
            self._note(self._part.describe(error))
            raise
        self._note(None)
        return answer
