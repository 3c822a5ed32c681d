"""A server elsewhere that answers without end, packed, in bits, or with something else."""

import asyncio
import gzip
import json
import threading
from contextlib import closing
from pathlib import Path
from socket import create_server, socket
from threading import Event, Thread

import pytest

from bunga_cli.cli import answers, local_api, remote
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import BungaError, ServerUnreachable, SettingsError
from bunga_cli.units import MIB
from tests.cli.conftest import Bunga, Elsewhere

OK = b"HTTP/1.1 200 OK\r\n"
NOT_OURS = "answers, but not as a Bunga server does"


class Raw:
    """Sends bytes to whoever connects: first `head`, then `bit` until it is gone."""

    def __init__(self, head: bytes, bit: bytes = b"", most: int = 10**9) -> None:
        self._head, self._bit, self._most = head, bit, most
        self._over = Event()
        self._listening = create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.sent = 0

    def __enter__(self) -> "Raw":
        self._thread = Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with closing(self._listening):
            with closing(socket()) as last:  # lets go an accept that nobody came to
                last.connect(self._listening.getsockname())
            self._thread.join()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        try:
            with connection:
                if connection.recv(65536):
                    connection.sendall(self._head)
                    self._dribble(connection)
        except OSError:
            pass  # it has read enough

    def _dribble(self, connection: socket) -> None:
        pause_s = 0.0 if len(self._bit) > 1 else 0.005
        while self._bit and self.sent < self._most and not self._over.wait(pause_s):
            connection.sendall(self._bit)
            self.sent += len(self._bit)


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "nothing")


def elsewhere_is(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(remote, "chosen", lambda: remote.Remote(url, "t"))


async def look(data: DataFolder) -> list[object]:
    return [each async for each in local_api.stream(data, "events")]


# -- size -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("channels", "list"), ("rooms", "events")])
def test_what_is_packed_is_not_unpacked(
    bunga: Bunga, elsewhere: Elsewhere, command: tuple[str, ...]
) -> None:
    elsewhere.headers = {"Content-Encoding": "gzip"}
    elsewhere.content = gzip.compress(b'{"channels": []}\n')
    for elsewhere.status in (200, 500):
        done = bunga("--server", elsewhere.url, *command, BUNGA_TOKEN="t")
        assert (done.returncode, NOT_OURS in done.stderr) == (1, True), done.stderr


async def test_a_line_without_end_is_not_read_to_it(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Raw(OK + b"\r\n", b" " * MIB) as raw:
        elsewhere_is(monkeypatch, raw.url)
        with pytest.raises(BungaError, match=NOT_OURS):
            await look(data)
    assert raw.sent < 64 * MIB


@pytest.mark.parametrize("is_stream", [False, True])
async def test_a_refusal_without_end_is_not_read_to_it(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch, *, is_stream: bool
) -> None:
    with Raw(b"HTTP/1.1 500 No\r\n\r\n", b" " * MIB) as raw:
        elsewhere_is(monkeypatch, raw.url)
        with pytest.raises(BungaError, match="The server answered with HTTP status 500;"):
            await (look(data) if is_stream else asyncio.to_thread(_call, data, 10.0))
    assert raw.sent < 32 * MIB


def _call(data: DataFolder, timeout_s: float) -> object:
    return local_api.call(data, "GET", "channels", timeout_s=timeout_s)


async def test_lines_are_whole_however_they_come(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Raw(OK + b'\r\n{"a": 1}\n\n{"b"', b': "\xc3\xbc"}\n', most=1) as raw:
        elsewhere_is(monkeypatch, raw.url)
        assert await look(data) == [{"a": 1}, {"b": "ü"}]


# -- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head", [OK + b"Content-Length: 100000\r\n\r\n", OK + b"X: ", b"HTTP/1.1 103 Early\r\n"]
)
def test_an_answer_in_bits_does_not_last_for_ever(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    monkeypatch.setattr(local_api, "_TIMES", 0.01)  # of 60 s for each bit, so that none is late
    with Raw(head, b"x") as raw:
        elsewhere_is(monkeypatch, raw.url)
        with pytest.raises(BungaError, match=r"did not answer within 0\.6 s\."):
            _call(data, 60.0)


@pytest.mark.parametrize("head", [OK + b"\r\n", OK + b"X: ", b"HTTP/1.1 404 No\r\n\r\n"])
async def test_a_stream_in_bits_is_a_server_that_is_gone(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    monkeypatch.setattr(answers, "SILENCE_S", 0.2)
    with Raw(head, b"x") as raw:
        elsewhere_is(monkeypatch, raw.url)
        with pytest.raises(ServerUnreachable, match="is gone"):
            await look(data)


def test_what_fails_in_time_fails_as_it_is() -> None:
    def fail() -> None:
        raise KeyError(threading.current_thread().daemon)

    with pytest.raises(KeyError, match="True"):
        answers.within(10, fail)


# -- shape ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (("channels", "list"), {}),
        (("channels", "list"), {"channels": 5}),
        (("channels", "list"), {"channels": [{"id": 1}]}),
        (("accounts", "list"), {"accounts": ["ann"], "total": "x"}),
        (("status",), {"uptime_us": "long"}),
        (("config", "list"), {"settings": [[]]}),
        (("rooms", "show", "demo"), {"channel_id": "demo", "watchers": None}),
        (("rooms", "events"), {"at": "2026-01-01T00:00:00Z"}),
        (("rooms", "events"), {"channel_id": "x", "at": 5, "kind": []}),
    ],
)
def test_an_answer_of_another_shape_is_no_defect_of_the_command(
    bunga: Bunga, elsewhere: Elsewhere, command: tuple[str, ...], answer: object
) -> None:
    elsewhere.content = json.dumps(answer).encode() + b"\n"
    done = bunga("--server", elsewhere.url, *command, BUNGA_TOKEN="t")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: The server {elsewhere.url} answers, but not as a Bunga")
    assert len(done.stderr.splitlines()) == 1
    assert "--debug shows where" in done.stderr


def test_a_defect_stays_one_where_nobody_answered(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers._Answered, "server", None)
    assert answers.misread(KeyError("a")) is None
    server = answers.Server("http://x", "The server http://x", data)
    monkeypatch.setattr(answers._Answered, "server", server)
    assert answers.misread(ZeroDivisionError()) is None
    assert answers.misread(KeyError("a")) is not None


def test_a_refusal_begins_no_line_of_ours(bunga: Bunga, elsewhere: Elsewhere) -> None:
    message = "No.\nError: all is lost\r\n\x1b[2JError: \x85run this"
    elsewhere.status = 400
    elsewhere.content = json.dumps({"error": {"code": "x", "message": message}}).encode()
    done = bunga("--server", elsewhere.url, "channels", "list", BUNGA_TOKEN="t")
    assert done.stderr == "Error: No. Error: all is lost �[2JError: run this\n"


def test_several_problems_of_settings_are_a_line_each(bunga: Bunga, elsewhere: Elsewhere) -> None:
    elsewhere.status = 400
    error = {"code": SettingsError.code, "message": "a is wrong.\nb is wrong."}
    elsewhere.content = json.dumps({"error": error}).encode()
    done = bunga("--server", elsewhere.url, "config", "list", BUNGA_TOKEN="t")
    assert done.stderr == "Error: a is wrong.\nError: b is wrong.\n"
