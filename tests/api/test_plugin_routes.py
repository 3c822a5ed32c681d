"""Routes of plugins: behind ours, apart from each other, and harmless."""

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, ClassVar

import anyio.to_thread
import httpx2
import pytest
from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from bunga_cli.plugin import threads
from bunga_cli.plugin.manager import Plugins
from bunga_cli.plugin.parts import Part, current_part
from tests.api.site import Site
from tests.plugin import zoo
from tests.plugin.kit import IMPATIENT_S, MemoryPort, found, running_plugins


class Undescribable(BaseModel):
    call: Callable[[], int] | None = None


GREEDY = APIRouter()
"""Wants everything."""


@GREEDY.get("/")
@GREEDY.get("/console")
@GREEDY.get("/docs")
@GREEDY.get("/static/pages.css")
@GREEDY.get("/healthz")
@GREEDY.get("/api/v1/plugins/greedy/own")
@GREEDY.api_route("/{anything:path}", methods=["GET", "POST", "DELETE"])
async def take() -> str:
    return "stolen"


class OddBytes(bytes):
    """Says for whom it is asked how long it is."""

    asked: ClassVar[list[Part | None]] = []

    def __len__(self) -> int:
        self.asked.append(current_part())
        return super().__len__()


class OddCause(Exception):
    """Says for whom it is asked whether it is true."""

    asked: ClassVar[list[Part | None]] = []

    def __bool__(self) -> bool:
        self.asked.append(current_part())
        return True


class Broken:
    """Has routes that fail, each in its own way."""

    def __init__(self) -> None:
        self.router = router = APIRouter(prefix="/api/broken")
        for function in (
            self.exits,
            self.gathers,
            self.cancels,
            self.shouts,
            self.answers_oddly,
            self.fails_oddly,
            self.sleeps,
            self.streams,
            self.blocks,
            self.waits,
            self.named,
        ):
            router.add_api_route(f"/{function.__name__}", function)
        router.add_api_route("/depends", self.named, dependencies=[Depends(self.blocks)])

    async def exits(self) -> None:
        sys.exit(5)

    async def gathers(self) -> None:
        async def later() -> None:
            raise BaseException("boo")  # noqa: TRY002

        await asyncio.gather(later())

    async def cancels(self) -> None:
        raise asyncio.CancelledError

    async def shouts(self) -> None:
        raise RuntimeError("x" * 100_000 + "\nforged line\x1b[31m")

    async def answers_oddly(self) -> Response:
        class Odd(Response):
            async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
                headers = [(OddBytes(b"x-odd"), OddBytes(b"yes"))]
                start = {"type": "http.response.start", "status": 201, "headers": headers}
                await send(start)
                await send({"type": "http.response.body", "body": OddBytes(b"o"), "more_body": 1})
                await send({"type": "http.response.body", "body": bytearray(b"dd")})

        return Odd()

    async def fails_oddly(self) -> None:
        raise RuntimeError("a") from OddCause()

    async def sleeps(self) -> None:
        zoo.sleep_long()

    async def streams(self) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            yield b"a"
            zoo.sleep_long()

        return StreamingResponse(body())

    def blocks(self) -> None:
        zoo.hang()

    async def waits(self) -> None:
        await asyncio.Event().wait()

    def named(self) -> str:
        return threading.current_thread().name


class Described:
    def __init__(self) -> None:
        self.router = APIRouter()
        self.router.add_api_route("/api/odd", self.take, methods=["POST"])

    async def take(self, body: Undescribable) -> str:
        return "taken"


def plugin_of(router: APIRouter) -> Any:
    return zoo.named("bunga_routes", lambda: router)


@pytest.fixture(autouse=True)
def let_go(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    zoo.released.clear()
    monkeypatch.setattr(anyio.to_thread, "run_sync", anyio.to_thread.run_sync)
    yield
    zoo.released.set()


@pytest.fixture
async def plugins(port: MemoryPort) -> AsyncIterator[Plugins]:
    working, other = APIRouter(), APIRouter()
    working.add_api_route("/api/works", lambda: "works")
    other.add_api_route("/api/works", lambda: "other", methods=["GET", "PUT"])
    async with running_plugins(
        port,
        found("first", plugin_of(working)),
        found("broken", plugin_of(Broken().router)),
        found("described", plugin_of(Described().router)),
        found("greedy", plugin_of(GREEDY)),
        found("last", plugin_of(other)),
    ) as plugins:
        yield plugins


async def status(client: httpx2.AsyncClient, name: str) -> Any:
    return (await client.get(f"/api/v1/plugins/{name}")).json()["reason"]


# -- whose path it is -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/console",
        "/docs",
        "/healthz",
        "/static/pages.css",
        "/static/other.css",
        "/media/x",
        "/chat",
        "/api/docs",
        "/api/channels",
        "/api/v1/channels",
        "/api/v1/nothing",
        "/api/v1/plugins/first/own",
    ],
)
async def test_what_is_ours_stays_ours(stranger: httpx2.AsyncClient, path: str) -> None:
    assert "stolen" not in (await stranger.get(path)).text


async def test_what_we_answer_with_another_method_is_ours_as_well(
    stranger: httpx2.AsyncClient,
) -> None:
    answer = await stranger.get("/api/channels/demo/register/")
    assert (answer.status_code, answer.json()["detail"]) == (405, 'Method "GET" not allowed.')
    assert (await stranger.delete("/console")).status_code == 405


@pytest.mark.parametrize("path", ["/anything", "/api/anything", "/api/v1/plugins/greedy/own"])
async def test_what_is_nobodys_is_a_plugins(stranger: httpx2.AsyncClient, path: str) -> None:
    assert (await stranger.get(path)).json() == "stolen"


async def test_the_plugin_that_was_found_first_is_asked_first_also_when_it_was_away(
    admin: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    assert (await stranger.get("/api/works")).json() == "works"
    for switch in ("disable", "enable"):
        await admin.post(f"/api/v1/plugins/first/{switch}")
        await asyncio.sleep(0)
    assert (await stranger.get("/api/works")).json() == "works"


async def test_another_plugin_may_serve_another_method(stranger: httpx2.AsyncClient) -> None:
    assert (await stranger.put("/api/works")).json() == "other"
    assert (await stranger.patch("/api/works")).status_code == 405


# -- failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "sentence"),
    [
        ("exits", "SystemExit: 5"),
        ("gathers", "BaseException: boo"),
        ("cancels", "CancelledError: it was cancelled, but not by the server."),
    ],
)
async def test_whatever_a_route_raises_is_an_answer_and_a_row(
    admin: httpx2.AsyncClient, stranger: httpx2.AsyncClient, route: str, sentence: str
) -> None:
    answer = await stranger.get(f"/api/broken/{route}")
    assert (answer.status_code, answer.json()) == (500, {"detail": "Server error."})
    assert await status(admin, "broken") == f"GET /api/broken/{route}: {sentence}"


async def test_a_failure_is_logged_once_with_the_plugins_name_and_bounds(
    stranger: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        await stranger.get("/api/broken/shouts")
    [record] = [record for record in caplog.records if "shouts" in record.getMessage()]
    head, *trace = record.getMessage().splitlines()
    assert head.startswith("The plugin broken: GET /api/broken/shouts: RuntimeError: xxxxx")
    assert len(head) < 400
    assert len("\n".join(trace)) <= 3000
    assert "forged" not in head
    assert 'raise RuntimeError("x"' in trace[-2] + trace[-1]


async def test_nothing_of_an_answer_is_a_plugins_when_the_server_looks_at_it(
    stranger: httpx2.AsyncClient,
) -> None:
    OddBytes.asked.clear()
    answer = await stranger.get("/api/broken/answers_oddly")
    assert (answer.status_code, answer.content, answer.headers["x-odd"]) == (201, b"odd", "yes")
    assert None not in OddBytes.asked


async def test_no_method_of_an_exception_is_called_to_tell_where_it_was_raised(
    stranger: httpx2.AsyncClient, admin: httpx2.AsyncClient
) -> None:
    OddCause.asked.clear()
    assert (await stranger.get("/api/broken/fails_oddly")).status_code == 500
    assert await status(admin, "broken") == "GET /api/broken/fails_oddly: RuntimeError: a"
    assert OddCause.asked == []


async def test_a_route_that_hangs_is_interrupted_and_only_that_one_is_switched_off(
    admin: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    assert (await stranger.get("/api/broken/sleeps")).status_code == 500
    again = await stranger.get("/api/broken/sleeps")
    assert (again.status_code, "switched off" in again.json()["detail"]) == (503, True)
    assert (await stranger.get("/api/broken/named")).status_code == 200
    assert "GET /api/broken/sleeps: It is switched off." in await status(admin, "broken")


async def test_a_stream_that_hangs_is_broken_off(
    stranger: httpx2.AsyncClient, admin: httpx2.AsyncClient
) -> None:
    with pytest.raises(AssertionError):  # by which the client says that the answer has no end
        await stranger.get("/api/broken/streams")
    assert "GET /api/broken/streams: It is switched off." in await status(admin, "broken")


async def test_a_route_that_is_not_asynchronous_has_a_thread_of_its_plugin(
    stranger: httpx2.AsyncClient,
) -> None:
    assert (await stranger.get("/api/broken/named")).json().startswith("bunga broken ")


@pytest.mark.parametrize("route", ["blocks", "depends"])
async def test_routes_that_hang_in_threads_take_none_of_the_servers(
    stranger: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    monkeypatch.setattr(threads, "CALL_LIMIT_S", 4.0)
    calls = [asyncio.create_task(stranger.get(f"/api/broken/{route}")) for _ in range(45)]
    await asyncio.sleep(IMPATIENT_S)
    began_s = time.monotonic()
    assert (await stranger.get("/api/docs/swagger-ui.css")).status_code == 200
    assert not any(call.done() for call in calls)
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {502}
    assert answers[0].json() == {"detail": "It did not return within 4 s."}
    assert time.monotonic() - began_s < 60


async def test_who_waits_when_the_server_ends_is_told_so(stranger: httpx2.AsyncClient) -> None:
    call = asyncio.create_task(stranger.get("/api/broken/waits"))
    await asyncio.sleep(IMPATIENT_S)
    call.cancel()
    answer = await call
    assert (answer.status_code, answer.json()) == (503, {"detail": "The server is ending."})


# -- the description --------------------------------------------------------------------------


async def test_routes_that_cannot_be_described_are_left_out(
    admin: httpx2.AsyncClient, stranger: httpx2.AsyncClient, site: Site
) -> None:
    answer = await stranger.get("/api/openapi.json")
    assert answer.status_code == 200
    paths = answer.json()["paths"]
    assert "/api/broken/exits" in paths
    assert "/api/v1/channels" in paths
    assert "/api/odd" not in paths
    assert "not in the description of the interface" in await status(admin, "described")
    assert (await stranger.post("/api/odd", json={})).json() == "taken"
