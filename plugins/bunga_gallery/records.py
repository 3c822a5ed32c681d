"""Records of the source `gallery`, and where they can be opened.

Their path is `linker/key/episode`, each percent-encoded; players write it as the address
`gallery://linker/key/episode`.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from bunga_cli.plugin import Channel, MediaUrl, PluginFailure, Record, one_line
from bunga_gallery.gallery import Gallery
from bunga_gallery.library import VIDEO_TYPES

SOURCE = "gallery"


@dataclass(frozen=True, slots=True)
class Place:
    """An episode in a linker."""

    linker_id: str
    key: str
    episode_id: str

    def path(self) -> str:
        """Return it as the path of a record."""
        segments = (self.linker_id, self.key, self.episode_id)
        return "/".join(quote(segment, safe="") for segment in segments)

    @classmethod
    def of(cls, path: str) -> "Place":
        """Read the path of a record; a key may hold bare slashes. Raises PluginFailure."""
        linker_id, _, rest = path.removeprefix(f"{SOURCE}://").partition("/")
        key, _, episode_id = rest.rpartition("/")
        if not (linker_id and key and episode_id):
            raise PluginFailure(f"{one_line(path)!r} is no place in the gallery.")
        return cls(unquote(linker_id), unquote(key), unquote(episode_id))


class GalleryResolver:
    """Opens records of the gallery."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery

    async def resolve(self, channel: Channel, record: Record) -> list[MediaUrl] | None:  # noqa: ARG002
        """Return the sources of the episode; those on this server as a path on it."""
        if record.source != SOURCE:
            return None
        place = Place.of(record.path)
        sources = await self._gallery.sources(place.linker_id, place.key, place.episode_id)
        return [MediaUrl(source.url, mime=_mime(source.url)) for source in sources]


def _mime(url: str) -> str | None:
    try:
        return VIDEO_TYPES.get(PurePosixPath(urlsplit(url).path).suffix.lower())
    except ValueError:
        return None
