"""The gallery's paths, as the players know them."""

from collections.abc import Awaitable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import JSONResponse, Response

from bunga_cli.plugin import AccountOnly, AdminOnly
from bunga_gallery.bodies import (
    DetailBody,
    EnabledBody,
    FindsBody,
    LinkersBody,
    ProblemBody,
    SourcesBody,
    placed,
)
from bunga_gallery.failures import LinkerFailure, LinkerTimeout
from bunga_gallery.files import send_file
from bunga_gallery.gallery import Gallery
from bunga_gallery.local import FILES, LocalLinker
from bunga_gallery.modules import Problem

T = TypeVar("T")

Text = Annotated[str, Query(min_length=1, max_length=2000)]


class GalleryRoutes:
    """Search, details and sources for players, the switches for admins, and the local files."""

    def __init__(self, gallery: Gallery, local: LocalLinker, problems: Sequence[Problem]) -> None:
        self._gallery, self._local, self._problems = gallery, local, problems
        self.router = APIRouter(prefix="/api/gallery", tags=["gallery"])
        self._add_admin_routes()
        self._add_player_routes()

    def _add_admin_routes(self) -> None:
        router = APIRouter(dependencies=[AdminOnly])
        router.get("/linkers")(self.linkers)
        router.post("/set-linker-enabled")(self.set_linker_enabled)
        router.post("/pull-linkers")(self.pull_linkers)
        self.router.include_router(router)

    def _add_player_routes(self) -> None:
        router = APIRouter(dependencies=[AccountOnly])
        router.get("/search", response_model=dict[str, FindsBody])(self.search)
        router.get("/{key:id}")(self.detail)
        router.get("/{key:id}/sources")(self.sources)
        self.router.include_router(router)
        # Players open these as they open any address: without a token but the one in it.
        path = f"{FILES.removeprefix(self.router.prefix)}/{{token}}/{{name}}"
        self.router.get(path, response_class=Response)(self.file)
        self.router.head(path, include_in_schema=False)(self.file)

    async def linkers(self) -> LinkersBody:
        """Return all linkers, and the modules whose linkers cannot be used."""
        problems = [ProblemBody.model_validate(problem) for problem in self._problems]
        return LinkersBody(linkers=self._gallery.linkers(), problems=problems)

    async def set_linker_enabled(self, request: Request) -> Response:
        """Switch a linker on or off: `linker_id`, `enabled`."""
        fields = await _fields(request)
        linker_id, enabled = fields.get("linker_id"), fields.get("enabled")
        if linker_id is None or enabled is None:
            error = {"error": "linker_id and enabled required"}
            return JSONResponse(error, HTTPStatus.BAD_REQUEST)
        answer = EnabledBody(linker_id=linker_id, enabled=str(enabled).lower() == "true")
        await self._gallery.set_enabled(answer.linker_id, enabled=answer.enabled)
        return JSONResponse(answer.model_dump())

    async def pull_linkers(self) -> None:
        """Refuse: the original fetched code here and ran it."""
        reason = (
            "This server downloads no linkers. Put them into a folder: plugins.gallery.folders."
        )
        raise HTTPException(HTTPStatus.GONE, reason)

    async def search(
        self, request: Request, keyword: Annotated[str, Query(max_length=500)] = ""
    ) -> Any:  # noqa: ANN401  what the decorator says, or the original's bare sentence
        """Return what each linker finds; `error` says why one found nothing."""
        if not keyword.strip():
            sentence = "'keyword' query param is required."
            return JSONResponse(sentence, HTTPStatus.BAD_REQUEST)
        finds = await self._gallery.search(keyword)
        return {name: placed(found, _origin(request)) for name, found in finds.items()}

    async def detail(self, key: str, linker: Text, request: Request) -> DetailBody:
        """Return a media and its episodes."""
        return placed(await _answer(self._gallery.detail(linker, key)), _origin(request))

    async def sources(self, key: str, linker: Text, ep: Text, request: Request) -> SourcesBody:
        """Return where an episode can be played."""
        sources = await _answer(self._gallery.sources(linker, key, ep))
        return placed(SourcesBody(sources=sources), _origin(request))

    async def file(self, token: str, name: str, request: Request) -> Response:  # noqa: ARG002
        """Send a file of the local folders; its address expires."""
        return await send_file(self._local, token, request)


def _origin(request: Request) -> str:
    return str(request.base_url).rstrip("/")


async def _answer(question: Awaitable[T]) -> T:
    try:
        return await question
    except LinkerTimeout as failure:
        raise HTTPException(HTTPStatus.GATEWAY_TIMEOUT, str(failure)) from failure
    except LinkerFailure as failure:
        raise HTTPException(HTTPStatus.BAD_GATEWAY, str(failure)) from failure


async def _fields(request: Request) -> dict[str, Any]:
    """Return the fields of a form or of a JSON object."""
    if "json" not in request.headers.get("content-type", ""):
        return dict(await request.form())
    try:
        value = await request.json()
    except ValueError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"JSON parse error - {error}") from error
    return value if isinstance(value, dict) else {}
