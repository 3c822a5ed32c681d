import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load import main
from benchmarks.report import percentile
from benchmarks.wire import CLOSE, PING, PONG, Socket, frame
from tests.benchmarks.other_server import OtherServer
from tests.client.standin import serving_app

ROOT = Path(__file__).parents[2]
SMALL = ["--no-pin", "--connect-rate=500", "--settle=0.1"]
SMALL += ["--first=10", "--max=10", "--hold=2"]
SMALL += ["--room-sizes=3", "--messages=3", "--seconds=1", "--askers=2"]
SMALL += ["--idle=5", "--starts=1"]


async def run(*arguments: str) -> tuple[int | None, str, str]:
    """Run the benchmark as a person does; return exit code, stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "benchmarks.load", *SMALL, *arguments],
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def measure(tmp_path: Path, *arguments: str) -> list[dict[str, Any]]:
    """Return each row of the results as a dict."""
    file = tmp_path / "results.json"
    code, out, err = await run(*arguments, "--json", str(file))
    assert code == 0, err
    assert "command: python -m benchmarks.load" in out
    tables = json.loads(file.read_text())["tables"]
    return [
        dict(zip(table["columns"], row, strict=True)) for table in tables for row in table["rows"]
    ]


async def test_our_own_server_is_measured_in_every_way(tmp_path: Path) -> None:
    ten, room, commands, idle, new, existing = await measure(tmp_path, "all")

    assert ten["connections"] == 10
    assert ten["gap p50 ms"] > 0
    assert ten["lost"] == 0
    assert 0 < room["all p50 ms"] <= room["last p50 ms"]
    assert room["frames/s at full speed"] > 0
    assert commands["answers/s"] > 0
    assert commands["refused"] == 0
    assert commands["server CPU %"] > 0
    assert idle["RSS after MB"] > 0
    assert idle["lost"] == 0
    assert new["median s"] > 0
    assert existing["median s"] > 0


async def test_a_server_of_another_make_is_measured_by_its_address(tmp_path: Path) -> None:
    other = OtherServer()
    steps = ["--first=5", "--step=5", "--hold=1"]
    async with serving_app(other.app()) as port:
        url = f"http://127.0.0.1:{port}/api/channels/room-{{room}}/register/"
        five, ten, room, commands, idle = await measure(tmp_path, "all", "--url", url, *steps)

    assert other.registered == 10 + 3 + 2 + 55
    assert set(other.codes) == {"join-in", "play", "client-status", "danmaku", "whats-on"}
    assert [five["connections"], ten["connections"]] == [5, 10]
    assert ten["gap p50 ms"] > 50
    assert ten["server CPU %"] is None
    assert room["all p99 ms"] > 0
    assert commands["answers/s"] > 0
    assert idle["KB per connection"] is None


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--url", "http://192.0.2.1/api/channels/x/register/"], "--allow-remote"),
        (["--url", "http://127.0.0.1/"], "not a register URL"),
        (["cold-start", "--url", "http://127.0.0.1/api/channels/x/register/"], "leave out --url"),
        (["peers", "--url", "http://127.0.0.1/api/channels/x/register/"], "leave out --url"),
        (["peers", "--peers", "websockets,nobody"], "no such peer: nobody"),
        (["--max", "1000000"], "must be 1 to"),
        (["--hold", "0"], "must be over 0"),
    ],
)
def test_what_cannot_or_must_not_be_measured_is_refused(
    arguments: list[str],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["load", *arguments])

    with pytest.raises(SystemExit) as stopped:
        main()

    out, err = capsys.readouterr()
    assert (stopped.value.code, out) == (2, "")
    assert complaint in err


def test_a_percentile_is_the_smallest_value_that_is_reached_by_so_many() -> None:
    values = [float(value) for value in range(1, 101)]

    assert [percentile(values, percent) for percent in (1, 50, 99, 100)] == [1, 50, 99, 100]
    assert percentile([7.0], 99) == 7.0


# -- the frugal WebSocket client --


class Reader(Socket):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[bytes] = []

    def on_text(self, data: bytes, start: int, stop: int) -> None:
        self.texts.append(data[start:stop])


class Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))


def served(head: int, payload: bytes) -> bytes:
    """Return a frame as a server sends it, without a mask."""
    size = len(payload)
    if size < 126:
        length = bytes([size])
    elif size < 65_536:
        length = b"\x7e" + size.to_bytes(2, "big")
    else:
        length = b"\x7f" + size.to_bytes(8, "big")
    return bytes([head]) + length + payload


@pytest.mark.parametrize("portion", [1, 2, 3, 7, 1000, 1_000_000])
async def test_texts_of_every_size_are_read_however_they_are_cut(portion: int) -> None:
    texts = [b"", b"short", b"x" * 125, b"y" * 126, b"z" * 65_535, b"w" * 65_536]
    stream = b"HTTP/1.1 101 OK\r\n\r\n" + b"".join(served(0x81, text) for text in texts)
    reader = Reader()
    reader.connection_made(Wire())

    for at in range(0, len(stream), portion):
        reader.data_received(stream[at : at + portion])

    assert reader.texts == texts


async def test_a_ping_is_answered_with_its_payload_masked() -> None:
    reader, wire = Reader(), Wire()
    reader.connection_made(wire)

    reader.data_received(b"HTTP/1.1 101 OK\r\n\r\n" + served(PING, b"abc"))

    [pong] = wire.written
    mask, payload = pong[2:6], pong[6:]
    assert pong[:2] == bytes([PONG, 0x80 | 3])
    assert bytes(a ^ b for a, b in zip(mask, payload, strict=False)) == b"abc"


async def test_a_close_frame_counts_as_a_lost_connection() -> None:
    reader = Reader()
    reader.connection_made(Wire())

    reader.data_received(
        b"HTTP/1.1 101 OK\r\n\r\n" + served(0x81, b"{}") + served(CLOSE, b"\x0f\xa3")
    )

    assert (reader.is_lost, reader.close_code) == (True, 4003)


@pytest.mark.parametrize("size", [0, 5, 125, 126, 60_000])
def test_a_frame_unmasks_to_its_payload(size: int) -> None:
    payload = bytes(range(1, 252)) * (size // 251 + 1)
    payload = payload[:size]
    made = frame(payload)
    start = 2 if size < 126 else 4
    mask = made[start : start + 4]

    masked = made[start + 4 :]
    assert bytes(byte ^ mask[i % 4] for i, byte in enumerate(masked)) == payload
    assert made[1] & 0x80
    assert (made[1] & 0x7F) == min(size, 126)
