"""What `bunga alist` asks the server. Admins only. The server makes answers of failures."""

from fastapi import APIRouter

from bunga_alist.library import Library
from bunga_cli.plugin import AdminOnly


class V1Routes:
    """A channel's view of AList."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.router = APIRouter(
            prefix="/api/v1/plugins/alist/channels/{channel_id:id}",
            tags=["alist"],
            dependencies=[AdminOnly],
        )
        self.router.get("/browse")(self.browse_alist)
        self.router.get("/search")(self.search_alist)
        self.router.get("/resolve")(self.resolve_alist)

    async def browse_alist(self, channel_id: str, path: str = "/") -> dict[str, object]:
        """Return what is in a folder."""
        entries = await self._library.browse(channel_id, path)
        shown = {"name", "is_dir", "size", "modified"}
        return {"entries": [entry.model_dump(include=shown) for entry in entries]}

    async def search_alist(self, channel_id: str, words: str) -> dict[str, object]:
        """Return what AList's index has under some words."""
        hits = await self._library.search(channel_id, words)
        return {"hits": [hit.model_dump() for hit in hits]}

    async def resolve_alist(self, channel_id: str, path: str) -> dict[str, object]:
        """Return where a file can be opened."""
        media = await self._library.resolve(channel_id, path)
        return {"url": media.url, "headers": dict(media.headers), "mime": media.mime}
