"""The guard and the limits of HTTP to the outside, against a real server on loopback."""

import gzip
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpcore2
import pytest

from bunga_cli.plugin.guard import is_public
from bunga_cli.plugin.http import HttpClient, HttpFailure, HttpRefused

ANSWERS = {
    "/json": (200, {"Content-Type": "application/json"}, b'{"a": 1}'),
    "/html": (200, {"Content-Type": "text/html"}, b"<html>"),
    "/broken": (500, {}, b"oops"),
    "/bomb": (200, {"Content-Encoding": "gzip"}, gzip.compress(b"\0" * 4_000_000)),
    "/loop": (302, {"Location": "/loop"}, b""),
    "/to-metadata": (302, {"Location": "http://169.254.169.254/latest/meta-data"}, b""),
    "/to-router": (302, {"Location": "http://10.0.0.1/"}, b""),
    "/to-file": (302, {"Location": "file:///etc/passwd"}, b""),
    "/to-json": (302, {"Location": "/json"}, b""),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/endless":
            self._send_without_end()
            return
        if self.path == "/silent":
            self.server.released.wait(30)  # type: ignore[attr-defined]
            return
        if self.path.startswith("/to-localhost"):
            port = self.server.server_port  # type: ignore[attr-defined]
            self._answer(302, {"Location": f"http://localhost:{port}/json"}, b"")
            return
        self._answer(*ANSWERS[self.path])

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send_without_end(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(b"x" * 65_536)

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.released = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.released.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient()
    yield client
    await client.aclose()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
        "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:c0a8:101::", "no address",
    ],
)  # fmt: skip
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0", "localhost", "LOCALHOST",
        "localhost.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "10.0.0.1",
        "169.254.169.254", "[fe80::1]", "017700000001", "127.0.0.1.", "0177.0.0.1", "①②⑦.⓪.⓪.①",
    ],
)  # fmt: skip
async def test_no_spelling_of_an_inner_address_is_reached(
    http: HttpClient, port: int, host: str
) -> None:
    with pytest.raises(HttpFailure):
        await http.get(f"http://{host}:{port}/json")


async def test_a_refusal_says_what_the_operator_can_do(http: HttpClient, port: int) -> None:
    with pytest.raises(HttpRefused, match=r"^127\.0\.0\.1 is on a private network.*allow_hosts"):
        await http.get(f"http://127.0.0.1:{port}/json")


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://a/b", "//a/b", "a", "", "http://", "http://[", "http://a:99999/"],
)
async def test_what_is_no_address_of_a_web_server_is_refused(http: HttpClient, url: str) -> None:
    with pytest.raises(HttpFailure):
        await http.get(url, trusted=True)


async def test_what_the_operator_configured_is_reached(http: HttpClient, port: int) -> None:
    answer = await http.get(f"http://127.0.0.1:{port}/to-json", trusted=True)
    assert (answer.status, answer.json()) == (200, {"a": 1})
    assert answer.url == f"http://127.0.0.1:{port}/json"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/to-metadata", "/to-router", "/to-file", "/to-localhost"])
async def test_trust_ends_where_a_redirect_leads_elsewhere(
    http: HttpClient, port: int, path: str
) -> None:
    with pytest.raises(HttpRefused):
        await http.get(f"http://127.0.0.1:{port}{path}", trusted=True)


async def test_a_trusted_connection_serves_no_other_call(http: HttpClient, port: int) -> None:
    await http.get(f"http://127.0.0.1:{port}/json", trusted=True)
    with pytest.raises(HttpRefused):
        await http.get(f"http://127.0.0.1:{port}/json")


async def test_an_allowed_host_is_reached_by_its_name_alone(port: int) -> None:
    client = HttpClient({"localhost"}.__contains__)
    assert (await client.get(f"http://LocalHost:{port}/json")).status == 200
    with pytest.raises(HttpRefused):
        await client.get(f"http://127.0.0.1:{port}/json")
    await client.aclose()


async def test_the_address_that_was_checked_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that means something public when it is asked first, and loopback afterwards."""
    meanings = ["1.1.1.1", "127.0.0.1"]
    connected: list[str] = []

    async def rebinding(_host: str, _port: int) -> list[str]:
        return [meanings.pop(0)]

    async def connect(_self: object, address: str, *_more: object) -> None:
        connected.append(address)
        raise httpcore2.ConnectError("nobody is there")

    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect)
    client = HttpClient(resolver=rebinding)
    with pytest.raises(HttpFailure, match="nobody is there"):
        await client.get("http://rebind.test/")
    with pytest.raises(HttpRefused):
        await client.get("http://rebind.test/")
    assert connected == ["1.1.1.1"]
    await client.aclose()


async def test_a_name_with_both_kinds_of_addresses_is_not_reached_inside(port: int) -> None:
    async def both(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1", "::1", "0.0.0.0"]

    client = HttpClient(resolver=both)
    with pytest.raises(HttpRefused):
        await client.get(f"http://both.test:{port}/json")
    await client.aclose()


async def test_a_name_that_is_not_known_is_a_failure() -> None:
    async def unknown(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    client = HttpClient(resolver=unknown)
    with pytest.raises(HttpFailure, match="no such name"):
        await client.get("http://nowhere.test/")
    await client.aclose()


async def test_redirects_without_end_are_given_up(http: HttpClient, port: int) -> None:
    with pytest.raises(HttpFailure, match="more than 5 times"):
        await http.get(f"http://127.0.0.1:{port}/loop", trusted=True)


@pytest.mark.parametrize("path", ["/endless", "/bomb"])
async def test_an_answer_over_the_limit_is_not_read_to_its_end(
    http: HttpClient, port: int, path: str
) -> None:
    with pytest.raises(HttpFailure, match="more than 100000 bytes"):
        await http.get(f"http://127.0.0.1:{port}{path}", trusted=True, max_bytes=100_000)


@pytest.mark.parametrize("path", ["/silent", "/endless"])
async def test_an_answer_that_does_not_end_in_time_is_given_up(
    http: HttpClient, port: int, path: str
) -> None:
    with pytest.raises(HttpFailure):
        await http.get(
            f"http://127.0.0.1:{port}{path}", trusted=True, timeout_s=0.1, max_bytes=10**12
        )


async def test_an_answer_that_is_no_json_says_whose_it_is(http: HttpClient, port: int) -> None:
    answer = await http.get(f"http://127.0.0.1:{port}/html", trusted=True)
    with pytest.raises(HttpFailure, match=r"127\.0\.0\.1 did not answer in JSON \(HTTP 200\)"):
        answer.json()


async def test_an_answer_with_an_error_is_an_answer(http: HttpClient, port: int) -> None:
    answer = await http.get(f"http://127.0.0.1:{port}/broken", trusted=True)
    assert (answer.status, answer.is_success, answer.content) == (500, False, b"oops")


async def test_a_stream_is_read_as_far_as_wanted(http: HttpClient, port: int) -> None:
    size = 0
    url = f"http://127.0.0.1:{port}/endless"
    async with http.stream("GET", url, trusted=True) as answer:
        async for chunk in answer.chunks:
            size += len(chunk)
            if size > 1_000_000:
                break
    assert answer.status == 200
