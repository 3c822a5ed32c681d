"""The places of streams: who may have how many, and who loses one."""

import asyncio
from contextlib import ExitStack

import pytest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Scope

from bunga_cli.api.streams import Streams, Viewer
from bunga_cli.api.v1 import room_streams
from bunga_cli.auth.token_office import Order
from bunga_cli.server.http import ABORT_KEY
from tests.api.site import Site

ROOM = "/api/v1/rooms/demo"


class Deaf:
    """A reader that takes the head of an answer, and nothing more."""

    def __init__(self, site: Site, token: str) -> None:
        self.aborted = 0
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": f"{ROOM}/watch",
            "raw_path": f"{ROOM}/watch".encode(),
            "root_path": "",
            "server": ("127.0.0.1", 2),
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {token}".encode())],
            "client": ("127.0.0.1", 1),
            ABORT_KEY: self._abort,
        }
        self.answer = asyncio.create_task(self._ask(site.app, scope))

    async def _ask(self, app: ASGIApp, scope: Scope) -> None:
        await app(scope, self._receive, self._send)

    def _abort(self) -> None:
        self.aborted += 1

    async def _receive(self) -> Message:
        return await asyncio.Future[Message]()

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Future[None]()


@pytest.mark.parametrize("because", ["its right ended", "it is blocked"])
async def test_a_reader_that_never_reads_loses_its_place(
    site: Site, monkeypatch: pytest.MonkeyPatch, because: str
) -> None:
    monkeypatch.setattr(room_streams, "_RECHECK_S", 0.01)
    monkeypatch.setattr(room_streams, "_GRACE_S", 0.01)
    token = await site.token_of("boss", is_admin=True)
    deaf = Deaf(site, token)
    await until(site, 1)
    await a_while()
    keeps_it = not deaf.answer.done()
    if because == "it is blocked":
        monkeypatch.setattr(room_streams, "SECOND", 10**10)
    else:
        await site.context.store.tokens.revoke_all(site.context.tokens.read(token).account_id)

    await asyncio.wait_for(deaf.answer, 60)

    assert keeps_it
    assert (site.context.streams.count, deaf.aborted) == (0, 1)


def test_one_viewer_has_half_of_the_places_and_all_tokens_three_quarters() -> None:
    streams = Streams()
    with ExitStack() as stack:

        def take(viewer: Viewer) -> None:
            stack.enter_context(streams.place(viewer, 8))

        for viewer in (*[Viewer("bot", is_token=True)] * 4, *[Viewer("tv", is_token=True)] * 2):
            take(viewer)
        with pytest.raises(HTTPException, match=r"^503: bot has .* may have \(4\); .*max_streams"):
            take(Viewer("bot", is_token=True))
        with pytest.raises(HTTPException, match=r"^503: API tokens have .* may \(6\)"):
            take(Viewer("tv", is_token=True))
        take(Viewer("bot"))
        take(Viewer("ann"))
        with pytest.raises(HTTPException, match=r"^503: As many"):
            take(Viewer("ann"))
    assert streams.count == 0
    with streams.place(Viewer("bot", is_token=True), 1):
        assert streams.count == 1


async def test_the_streams_of_a_token_are_not_those_of_the_account_of_that_name(site: Site) -> None:
    await site.context.live_settings.set({"limits.max_streams": 2})
    order = Order("api", scopes=("rooms:read",), name="boss")
    _, token = await site.context.token_office.issue(order)
    readers = [Deaf(site, token)]
    await until(site, 1)

    refused = await site.client(token).get(f"{ROOM}/watch")
    readers.append(Deaf(site, await site.token_of("boss", is_admin=True)))
    await until(site, 2)
    for reader in readers:
        reader.answer.cancel()
    await asyncio.wait([reader.answer for reader in readers])

    assert refused.status_code == 503
    assert "boss has as many" in refused.json()["error"]["message"]
    assert site.context.streams.count == 0


async def until(site: Site, streams: int) -> None:
    async with asyncio.timeout(10):
        while site.context.streams.count < streams:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0)


async def a_while() -> None:
    """Let every timer of 10 ms come to its turn several times, also on a machine that stalls."""
    for _ in range(20):
        await asyncio.sleep(0.01)
