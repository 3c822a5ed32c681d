import asyncio
import json
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.comparison import (
    LESS,
    MORE,
    NEITHER,
    Part,
    Results,
    how_to_start,
    measure_peers,
    peer,
)
from benchmarks.fanout import Arrivals, Listener, Pace, measure_fanout
from benchmarks.peers import SERVERS
from benchmarks.report import Table
from benchmarks.wire import Crowd, Socket, message
from bunga_cli.client import Account

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


class Reader(Socket):
    """A socket that keeps what it hears."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: asyncio.Queue[Any] = asyncio.Queue()

    def on_text(self, data: bytes, start: int, stop: int) -> None:
        self._texts.put_nowait(json.loads(data[start:stop]))

    async def heard(self, code: str) -> dict[str, Any]:
        async with asyncio.timeout(60):
            while True:
                found: dict[str, Any] = await self._texts.get()
                if found["code"] == code:
                    return found


async def fail(_host: object) -> Table:
    raise TimeoutError("late")


@pytest.mark.parametrize("name", SERVERS)
async def test_a_peer_speaks_as_much_of_the_protocol_as_is_measured(name: str) -> None:
    with ExitStack() as stack:
        start = how_to_start(name, stack)
        async with peer(*start, [2, 1], pin=False) as target, Crowd(200) as crowd:
            [ann, bob], [eve] = target.rooms
            a, b, e = await crowd.open([ann, bob, eve], Reader)
            url = f"http://127.0.0.1:{ann.port}/api/channels/load-0/register/"
            async with Account.registered(url) as account:
                assert account.access_token

            a.send(message("whats-on"))
            assert (await a.heard("now-playing"))["record"]["record_id"] == "load"
            for text in ("one", "two"):
                a.send(
                    message("client-status", is_pending=False) + message("danmaku", message=text)
                )
                for socket in (a, b):
                    danmaku = await socket.heard("danmaku")
                    assert (danmaku["sender"]["id"], danmaku["message"]) == (ann.username, text)
            status = await e.heard("channel-status")
            assert status["watcher_ids"] == [eve.username]
            assert crowd.lost == 0


async def test_peers_are_measured_beside_our_server() -> None:
    figures = {"last p50 ms": LESS, "frames/s at full speed": MORE, "client CPU % then": NEITHER}
    pace = Pace(2, 100, 0.05)
    fan_out = partial(measure_fanout, sizes=[2], pace=pace, connects_per_second=200)

    table = await measure_peers([Part("room of {}", figures, fan_out)], list(SERVERS), pin=False)

    assert table.notes == []
    assert table.columns[2:5] == ["bunga", "websockets", "websockets ÷ bunga"]
    delay, speed, _cpu = table.rows
    assert delay[:2] == ["room of 2: last p50 ms", "less"]
    assert all(isinstance(cell, float) and cell > 0 for cell in [*delay[2:], *speed[2:]])


def test_the_ratio_of_a_peer_is_to_our_figure_and_only_where_one_is_better() -> None:
    part = Part("{} connections", {"gap": LESS, "lost": NEITHER}, fail)
    columns = ("connections", "gap", "lost")
    results = Results()

    results.add("bunga", part, Table("", columns, [[5, 2.0, 0]]))
    results.add("ws", part, Table("", columns, [[5, 3.0, 1]], ["Slow."]))

    table = results.table(["ws", "gone"])
    assert table.rows == [
        ["5 connections: gap", "less", 2.0, 3.0, 1.5, None, None],
        ["5 connections: lost", "", 0, 1, None, None, None],
    ]
    assert table.notes == ["ws: Slow."]


async def test_a_peer_that_cannot_run_is_left_out_with_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)

    table = await measure_peers([], ["node-ws"], pin=False)

    assert table.columns == ["figure", "better is", "bunga"]
    assert table.notes == ["node-ws is left out: node and npm are not here."]


async def test_a_peer_that_fails_does_not_stop_the_others() -> None:
    table = await measure_peers([Part("room of {}", {}, fail)], [], pin=False)

    assert table.notes == ["bunga: room of … failed, TimeoutError('late')."]


async def test_messages_are_counted_alone_together_and_in_pieces() -> None:
    arrivals = Arrivals(size=1)
    listener = Listener(arrivals)
    text = b'{"code":"danmaku"}'
    frame = bytes([0x81, len(text)]) + text
    status = b"\x81\x02{}"

    pieces = [frame, frame, frame * 3, status, frame + status + frame, frame[:9], frame[9:] + frame]
    for data in [b"HTTP/1.1 101 OK\r\n\r\n", *pieces]:
        listener.data_received(data)

    assert (arrivals.count, arrivals.frame) == (9, frame)
