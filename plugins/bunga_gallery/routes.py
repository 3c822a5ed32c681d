"""The gallery's paths, as the players know them."""

from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Annotated, TypeVar

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import TypeAdapter
from starlette.responses import JSONResponse, Response

from bunga_cli.plugin import AccountOnly, AdminOnly, ApiError, NotFound, PluginContext, read_fields
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
from bunga_gallery.modules import Modules
from bunga_gallery.workers import Workers

T = TypeVar("T")

_FINDS = TypeAdapter(dict[str, FindsBody])

Text = Annotated[str, Query(min_length=1, max_length=2000)]


class GalleryRoutes:
    """Search, details and sources for players, the switches for admins, and the local files."""

    def __init__(
        self,
        context: PluginContext,
        gallery: Gallery,
        local: LocalLinker,
        modules: Modules,
    ) -> None:
        self._context = context
        self._gallery, self._local, self._modules = gallery, local, modules
        self._writers = Workers("gallery answers")
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
        router.get("/{key:id}", response_model=DetailBody)(self.detail)
        router.get("/{key:id}/sources", response_model=SourcesBody)(self.sources)
        self.router.include_router(router)
        # Players open these as they open any address: without a token but the one in it.
        path = f"{FILES.removeprefix(self.router.prefix)}/{{token}}/{{name}}"
        self.router.get(path, response_class=Response)(self.file)
        self.router.head(path, include_in_schema=False)(self.file)

    async def linkers(self) -> LinkersBody:
        """Return all linkers, and the modules whose linkers cannot be used."""
        linkers = await self._gallery.linkers()
        problems = [ProblemBody.model_validate(each) for each in self._modules.loaded.problems]
        return LinkersBody(linkers=linkers, problems=problems)

    async def set_linker_enabled(self, request: Request) -> EnabledBody:
        """Switch a linker on or off: `linker_id`, `enabled`."""
        fields = (await read_fields(request)).values
        linker_id, enabled = fields.get("linker_id"), fields.get("enabled")
        if linker_id is None or enabled is None:
            error = {"error": "linker_id and enabled required"}
            raise ApiError(HTTPStatus.BAD_REQUEST, error)
        if not (isinstance(linker_id, str) and isinstance(enabled, str | bool)):
            error = {"error": "linker_id must be a text, and enabled true or false"}
            raise ApiError(HTTPStatus.BAD_REQUEST, error)
        answer = EnabledBody(linker_id=linker_id, enabled=str(enabled).lower() == "true")
        try:
            await self._gallery.set_enabled(answer.linker_id, enabled=answer.enabled)
        except NotFound as error:
            raise ApiError(HTTPStatus.BAD_REQUEST, {"error": str(error)}) from error
        return answer

    async def pull_linkers(self) -> None:
        """Refuse: the original fetched code here and ran it."""
        reason = (
            "This server downloads no linkers. Put them into a folder: plugins.gallery.folders."
        )
        raise HTTPException(HTTPStatus.GONE, reason)

    async def search(
        self, request: Request, keyword: Annotated[str, Query(max_length=500)] = ""
    ) -> Response:
        """Return what each linker finds; `error` says why one found nothing."""
        if not keyword.strip():
            sentence = "'keyword' query param is required."
            return JSONResponse(sentence, HTTPStatus.BAD_REQUEST)
        finds, absolute = await self._gallery.search(keyword), self._absolute(request)
        return await self._written(
            lambda: _FINDS.dump_json({name: placed(each, absolute) for name, each in finds.items()})
        )

    async def detail(self, key: str, linker: Text, request: Request) -> Response:
        """Return a media and its episodes."""
        body = await _answer(self._gallery.detail(linker, key))
        return await self._written_body(body, request)

    async def sources(self, key: str, linker: Text, ep: Text, request: Request) -> Response:
        """Return where an episode can be played."""
        sources = await _answer(self._gallery.sources(linker, key, ep))
        return await self._written_body(SourcesBody(sources=sources), request)

    async def _written_body(self, body: DetailBody | SourcesBody, request: Request) -> Response:
        absolute = self._absolute(request)
        return await self._written(lambda: placed(body, absolute).model_dump_json().encode())

    async def _written(self, write: Callable[[], bytes]) -> Response:
        """Return an answer that is made in a thread: one of thousands of episodes takes a while."""
        return Response(await self._writers.do(write), media_type="application/json")

    async def file(self, token: str, name: str, request: Request) -> Response:  # noqa: ARG002
        """Send a file of the local folders; its address expires."""
        return await send_file(self._local, token, request)

    def _absolute(self, request: Request) -> Callable[[str], str]:
        return partial(self._context.absolute_url, request)


async def _answer(question: Awaitable[T]) -> T:
    try:
        return await question
    except LinkerTimeout as failure:
        raise HTTPException(HTTPStatus.GATEWAY_TIMEOUT, str(failure)) from failure
    except LinkerFailure as failure:
        raise HTTPException(HTTPStatus.BAD_GATEWAY, str(failure)) from failure
