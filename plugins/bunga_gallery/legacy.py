"""Linkers of the bunga-link kind, as linkers of ours.

Such a linker is a class with class methods `info()`, `search(keyword)` and `detail(key)`, which
return dataclasses of its own; the media of `detail` has `fetch_sources(episode id)`, or, in older
ones, the class has `sources(key, episode id)`. They may block, so each call has a thread.
"""

from typing import Any

from bunga_cli.plugin import Episode, LinkerInfo, MediaDetail, MediaSummary, Source
from bunga_gallery.bodies import DetailBody, InfoBody, SourceBody, SummaryBody
from bunga_gallery.recent import Recent
from bunga_gallery.workers import Workers

_MAX_MEDIA = 200
_MEDIA_LIFETIME_S = 7200


def is_legacy_linker(value: object) -> bool:
    """Tell whether this is such a class, and not the abstract one that they inherit from."""
    if not isinstance(value, type):
        return False
    methods = [getattr(value, name, None) for name in ("info", "search", "detail")]
    return all(
        callable(method) and not getattr(method, "__isabstractmethod__", False)
        for method in methods
    )


class LegacyLinker:
    """One of those classes."""

    def __init__(self, kind: Any) -> None:  # noqa: ANN401  any class that is_legacy_linker
        self.info = LinkerInfo(**InfoBody.model_validate(kind.info()).model_dump())
        self.kind = kind
        self._workers = Workers(f"linker {self.info.id}")
        self._media: Recent[str, Any] = Recent(_MAX_MEDIA, _MEDIA_LIFETIME_S)

    async def search(self, keyword: str) -> list[MediaSummary]:
        """Return what the class finds."""
        return await self._workers.run(lambda: self.kind.search(keyword), _summaries)

    async def detail(self, key: str) -> MediaDetail:
        """Return what the class knows of a media."""
        return _detail(await self._fetched(key))

    async def sources(self, key: str, episode_id: str) -> list[Source]:
        """Return where an episode is, as the media or the class says."""
        media = self._media.get(key) or await self._fetched(key)
        return await self._workers.run(lambda: self._find_sources(media, key, episode_id), _sources)

    async def _fetched(self, key: str) -> Any:  # noqa: ANN401  a dataclass of the class's own
        media = await self._workers.run(lambda: self.kind.detail(key), _checked)
        self._media.put(key, media)
        return media

    def _find_sources(self, media: Any, key: str, episode_id: str) -> Any:  # noqa: ANN401  likewise
        fetch = getattr(media, "fetch_sources", None)
        return self.kind.sources(key, episode_id) if fetch is None else fetch(episode_id)


def _checked(media: object) -> object:
    DetailBody.model_validate(media)
    return media


def _detail(media: object) -> MediaDetail:
    body = DetailBody.model_validate(media)
    episodes = [Episode(**episode.model_dump()) for episode in body.episodes]
    return MediaDetail(**{**dict(body), "episodes": episodes})


def _summaries(finds: Any) -> list[MediaSummary]:  # noqa: ANN401  whatever the class returned
    return [MediaSummary(**SummaryBody.model_validate(find).model_dump()) for find in finds]


def _sources(sources: Any) -> list[Source]:  # noqa: ANN401  likewise
    return [Source(**SourceBody.model_validate(source).model_dump()) for source in sources]
