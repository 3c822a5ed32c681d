"""A wrong method on a plugin's route: nobody's failure, whatever the route looks like."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import APIRouter
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, Router
from starlette.staticfiles import StaticFiles

from bunga_cli.plugin import AdminOnly, parts
from bunga_cli.plugin.manager import Plugins
from tests.plugin import zoo
from tests.plugin.kit import MemoryPort, found, running_plugins


class Endpoint(HTTPEndpoint):
    async def get(self, _request: Request) -> PlainTextResponse:
        return PlainTextResponse("got")


def shaped() -> APIRouter:
    """Return routes of all the shapes that there are, each for GET alone."""

    async def get() -> str:
        return "got"

    router, inner = APIRouter(prefix="/api/shaped"), APIRouter(prefix="/inner")
    router.add_api_route("/plain", get)
    router.add_api_route("/admin", get, dependencies=[AdminOnly])
    inner.add_api_route("/{name:id}/c", get)
    router.include_router(inner)
    outer = APIRouter()
    outer.include_router(router)
    outer.add_route("/api/shaped/endpoint", Endpoint)
    outer.mount("/api/shaped/mounted", Router([Route("/x", Endpoint)]))
    outer.mount("/api/shaped/files", StaticFiles(directory=Path(__file__).parent))
    return outer


@pytest.fixture
async def plugins(port: MemoryPort) -> AsyncIterator[Plugins]:
    async with running_plugins(port, found("shaped", zoo.named("bunga_routes", shaped))) as plugins:
        yield plugins


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "OPTIONS", "BREW"])
@pytest.mark.parametrize(
    "path", ["plain", "plain/", "admin", "inner/a%2Fb/c", "mounted/x", "endpoint", "files/x"]
)
async def test_a_method_that_a_route_of_a_plugin_does_not_have_is_not_allowed(
    admin: httpx2.AsyncClient, stranger: httpx2.AsyncClient, method: str, path: str
) -> None:
    answer = await stranger.request(method, f"/api/shaped/{path}")
    detail = f'Method "{method}" not allowed.'
    assert (answer.status_code, answer.json()) == (405, {"detail": detail})
    assert "GET" in answer.headers["allow"]
    assert (await admin.get("/api/v1/plugins/shaped")).json()["reason"] == ""


async def test_it_is_not_allowed_either_where_the_plugin_answers_no_more(
    stranger: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MAX_ABANDONED", 0)
    assert (await stranger.get("/api/shaped/plain")).status_code == 500
    assert (await stranger.put("/api/shaped/plain")).status_code == 405
