"""Looking around in AList as a channel does: for its members, and for `bunga alist`.

Both see what the channel's user of AList sees, below its base path, and can change nothing. The
server makes answers of failures.
"""

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import TypeAdapter

from bunga_alist.answers import Entry, Hit
from bunga_alist.library import Library
from bunga_cli.plugin import AdminOnly, MemberOnly

_ENTRIES, _HITS = TypeAdapter(list[Entry]), TypeAdapter(list[Hit])
_SHOWN = {"__all__": {"name", "is_dir", "size", "modified"}}


class BrowsingRoutes:
    """A channel's view of AList.

    Members, with our web player, ask `/api/channels/ID/alist/…`; the owner and admins ask
    `/api/v1/plugins/alist/channels/ID/…`.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        members = APIRouter(
            prefix="/api/channels/{channel_id:id}/alist",
            tags=["players"],
            dependencies=[MemberOnly],
        )
        members.get("/browse", response_class=Response)(self.browse_alist_as_member)
        members.get("/search", response_class=Response)(self.search_alist_as_member)
        admins = APIRouter(
            prefix="/api/v1/plugins/alist/channels/{channel_id:id}",
            tags=["alist"],
            dependencies=[AdminOnly],
        )
        admins.get("/browse", response_class=Response)(self.browse_alist)
        admins.get("/search", response_class=Response)(self.search_alist)
        admins.get("/resolve")(self.resolve_alist)
        self.router = APIRouter()
        self.router.include_router(members)
        self.router.include_router(admins)

    async def browse_alist(self, channel_id: str, path: str = "/") -> Response:
        """Return what is in a folder; of a very large one, the beginning."""
        folder = await self._library.browse(channel_id, path)
        is_whole = b"true" if folder.is_whole else b"false"
        entries = _ENTRIES.dump_json(folder.entries, include=_SHOWN)
        return _json(b'{"entries":%b,"is_whole":%b}' % (entries, is_whole))

    async def search_alist(self, channel_id: str, words: str) -> Response:
        """Return what AList's index has under some words."""
        return _json(
            b'{"hits":%b}' % _HITS.dump_json(await self._library.search(channel_id, words))
        )

    async def browse_alist_as_member(self, channel_id: str, path: str = "/") -> Response:
        """Return what is in a folder; of a very large one, the beginning."""
        return await self.browse_alist(channel_id, path)

    async def search_alist_as_member(self, channel_id: str, words: str) -> Response:
        """Return what AList's index has under some words."""
        return await self.search_alist(channel_id, words)

    async def resolve_alist(self, channel_id: str, path: str) -> dict[str, object]:
        """Return where a file can be opened."""
        media = await self._library.resolve(channel_id, path)
        return {"url": media.url, "headers": dict(media.headers), "mime": media.mime}


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")
