"""The guard and the limits of HTTP to the outside, against a real server on loopback."""

import gzip
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote

import httpcore2
import pytest

from bunga_cli.plugin.guard import is_public
from bunga_cli.plugin.http import HttpClient, HttpFailure, HttpRedirected, HttpRefused
from bunga_cli.plugin.texts import one_line

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

HEARD: list[tuple[str, dict[str, str]]] = []


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
        if self.path.startswith("/asked?"):
            HEARD.append((self.path, dict(self.headers)))
            self._answer(200, {}, b"{}")
            return
        status, _, location = self.path.removeprefix("/redirect/").partition("/")
        if status.isdigit():
            self._answer(int(status), {"Location": unquote(location)}, b"")
            return
        self._answer(*ANSWERS[self.path])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

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
        "fec0::1", "feff::1", "::7f00:1", "::102:304", "::ffff:0:7f00:1", "::ffff:0:102:304",
        "64:ff9b:1::102:304", "2001::1", "2606:4700::5efe:a00:1", "2606:4700::200:5efe:7f00:1",
        "::ffff:224.0.0.1", "64:ff9b::e000:1",
    ],
)  # fmt: skip
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1"],
)
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


@pytest.fixture(scope="module")
def other_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def redirecting(port: int, to: str, status: int = 302) -> str:
    return f"http://127.0.0.1:{port}/redirect/{status}/{quote(to, safe='')}"


async def test_another_port_of_a_trusted_machine_is_not_trusted(
    http: HttpClient, port: int, other_port: int
) -> None:
    url = redirecting(port, f"http://127.0.0.1:{other_port}/json")
    with pytest.raises(HttpRefused, match="private network"):
        await http.get(url, trusted=True)


async def test_a_request_that_may_not_leave_its_origin_does_not(
    http: HttpClient, port: int
) -> None:
    away = redirecting(port, "http://alist.test/x?y")
    with pytest.raises(HttpRedirected, match=r"redirects to http://alist\.test, which is"):
        await http.get(away, trusted=True, same_origin=True)
    near = redirecting(port, f"http://127.0.0.1:{port}/json", 307)
    answer = await http.post(near, trusted=True, same_origin=True, json={"password": "p"})
    assert answer.json() == {"a": 1}


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize(
    "body", [{"json": {"password": "p"}}, {"data": {"a": "b"}}, {"content": b"x"}]
)
async def test_a_body_never_follows_to_another_origin(
    port: int, other_port: int, status: int, body: dict[str, Any]
) -> None:
    client = HttpClient(lambda _host: True)
    url = redirecting(port, f"http://127.0.0.1:{other_port}/asked?body", status)
    with pytest.raises(HttpRedirected):
        await client.post(url, **body)
    assert not [path for path, _ in HEARD if path == "/asked?body"]
    await client.aclose()


async def test_headers_that_say_who_asks_do_not_follow_either(port: int, other_port: int) -> None:
    client = HttpClient(lambda _host: True)
    headers = {"Authorization": "token", "Cookie": "a=b", "X-Other": "stays"}
    url = redirecting(port, f"http://127.0.0.1:{other_port}/asked?headers")
    await client.get(url, headers=headers)
    [heard] = [heard for path, heard in HEARD if path == "/asked?headers"]
    assert heard["X-Other"] == "stays"
    assert not {"authorization", "cookie"} & {name.lower() for name in heard}
    await client.aclose()


@pytest.mark.parametrize("value", ["日本", "a\nb", "\x00"])
async def test_a_header_that_cannot_be_sent_is_a_failure(
    http: HttpClient, port: int, value: str
) -> None:
    with pytest.raises(HttpFailure):
        await http.get(f"http://127.0.0.1:{port}/json", headers={"X": value}, trusted=True)


@pytest.mark.parametrize(("scheme", "same_origin"), [("http", True), ("ftp", False)])
async def test_what_is_told_of_an_address_is_no_secret(
    http: HttpClient, port: int, scheme: str, same_origin: bool
) -> None:
    away = redirecting(port, f"{scheme}://ann:SECRET@alist.test:8080/x?token=SECRET")
    with pytest.raises(HttpRefused, match=rf"{scheme}://alist\.test:8080") as failure:
        await http.get(away, trusted=True, same_origin=same_origin)
    assert "SECRET" not in str(failure.value)


async def test_what_is_told_of_an_address_is_one_short_line(http: HttpClient, port: int) -> None:
    away = redirecting(port, f"http://alist{'.test' * 1000}/x")
    with pytest.raises(HttpRedirected) as failure:
        await http.get(away, trusted=True, same_origin=True)
    assert len(str(failure.value)) < 400
    assert str(failure.value).isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        (" two\r\n lines\t", "two lines"),
        ("\x1b[31mred\x00", "\ufffd[31mred\ufffd"),
        ("a" * 200, "a" * 200),
        ("a" * 201, "a" * 199 + "…"),
        (" " * 10_000 + "a", "…"),
        ("", ""),
    ],
)
def test_a_text_from_elsewhere_becomes_one_short_line(text: str, shown: str) -> None:
    assert one_line(text) == shown


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
