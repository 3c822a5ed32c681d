"""The public address, through a real proxy to a real server."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bunga_cli.clock import utc_now
from bunga_cli.data_folder import DataFolder
from bunga_cli.doctor import Case, Finding, Machine, public
from bunga_cli.doctor.public import check_public
from tests.doctor.kit import (
    DAY,
    Authority,
    Proxy,
    answer,
    running_proxy,
    silent,
    with_another_host,
    without_upgrades,
)
from tests.servers import Site

ALL = ["public address", "certificate", "public HTTP", "reverse proxy", "server's clock"]


@pytest.fixture(autouse=True)
def _one_localhost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some machines have two of that name, and our proxies listen on one of them."""
    ask = socket.getaddrinfo

    def only_one(host: str, *args: Any, **more: Any) -> Any:
        return ask("127.0.0.1" if host == "localhost" else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", only_one)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def case(site: Site, authority: Authority) -> Case:
    return Case.open(DataFolder(site.data), machine=Machine(tls=authority.trusted))


def backend(site: Site) -> tuple[str, int]:
    url = urlsplit(site.url)
    assert url.hostname
    assert url.port
    return url.hostname, url.port


def findings(case: Case, url: str) -> dict[str, Finding]:
    assert case.place
    place = replace(case.place, public_url=url)
    return {found.check: found for found in check_public(replace(case, place=place))}


def of_proxy(case: Case, proxy: Proxy) -> dict[str, Finding]:
    with running_proxy(proxy):
        scheme = "https" if proxy.tls else "http"
        return findings(case, f"{scheme}://localhost:{proxy.port}")


def test_all_is_well_behind_a_good_proxy(case: Case, site: Site, authority: Authority) -> None:
    found = of_proxy(case, Proxy(backend(site), authority.context()))

    assert list(found) == [*ALL, "WebSocket"]
    assert {one.state for one in found.values()} == {"ok"}, found
    assert "79 more days" in found["certificate"].text
    assert "only this network reaches" in found["public address"].text


def test_without_a_public_url_there_is_nothing_to_look_at(case: Case) -> None:
    [found] = findings(case, "").values()

    assert (found.check, found.state) == ("public address", "off")


def test_offline_nothing_is_asked(case: Case) -> None:
    [found] = findings(replace(case, is_offline=True), "https://no.invalid").values()

    assert found.state == "off"


# -- names ----------------------------------------------------------------------------------------


def test_a_name_that_leads_nowhere_is_the_only_failure(case: Case) -> None:
    [found] = findings(case, "https://bunga.invalid").values()

    assert (found.check, found.state) == ("public address", "failure")
    assert "bunga.invalid leads nowhere" in found.text
    assert "DNS" in found.advice


def test_a_port_that_nobody_listens_on_is_told(case: Case) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    [found] = findings(case, f"https://127.0.0.1:{port}").values()

    assert (found.check, found.state) == ("public address", "failure")
    assert "port forwarding" in found.advice


def test_an_address_of_several_that_does_not_answer_is_a_warning(
    case: Case, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_proxy(Proxy(backend(site))) as proxy:
        ask = socket.getaddrinfo

        def both(host: str, *args: Any, **more: Any) -> Any:
            hosts = [host, "127.0.0.99"] if host == "localhost" else [host]
            return [found for one in hosts for found in ask(one, *args, **more)]

        monkeypatch.setattr(socket, "getaddrinfo", both)
        found = next(iter(findings(case, f"http://localhost:{proxy.port}").values()))

    assert (found.check, found.state) == ("public address", "warning")
    assert "127.0.0.99 (Connection refused)" in found.text


# -- certificates ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "says", "advises"),
    [
        ({"is_self_signed": True}, "signed by itself", "Caddy"),
        ({"age": 90 * DAY, "left": -DAY}, "has expired", "Renew"),
        ({"age": -2 * DAY}, "not valid yet", "clock"),
        ({"host": "elsewhere.example"}, "another name than localhost", "public_url"),
    ],
)
def test_a_bad_certificate_is_explained(
    case: Case, site: Site, authority: Authority, kind: Any, says: str, advises: str
) -> None:
    found = of_proxy(case, Proxy(backend(site), authority.context(**kind)))

    assert list(found) == ["public address", "certificate"]
    assert found["certificate"].state == "failure"
    assert says in found["certificate"].text
    assert advises in found["certificate"].advice


def test_a_certificate_of_an_authority_that_nobody_knows_is_explained(
    case: Case, site: Site, authority: Authority
) -> None:
    strict = replace(case, machine=Machine(tls=ssl.create_default_context))
    found = of_proxy(strict, Proxy(backend(site), authority.context()))

    assert found["certificate"].state == "failure"
    assert "without those that signed it" in found["certificate"].text


@pytest.mark.parametrize(
    ("age", "left", "state"),
    [
        (80 * DAY, 10 * DAY, "warning"),
        (60 * DAY, 20 * DAY, "ok"),
        (1 * DAY, 5 * DAY, "ok"),
        (5 * DAY, 1 * DAY, "warning"),
    ],
)
def test_a_certificate_that_ends_soon_should_have_been_renewed(
    case: Case, site: Site, authority: Authority, age: timedelta, left: timedelta, state: str
) -> None:
    found = of_proxy(case, Proxy(backend(site), authority.context(age=age, left=left)))

    assert found["certificate"].state == state
    assert found["WebSocket"].state == "ok"


def test_a_port_without_tls_is_told(case: Case, site: Site) -> None:
    found = findings(case, f"https://localhost:{backend(site)[1]}")

    assert "does not speak TLS" in found["certificate"].text


def test_plain_http_is_a_warning_and_the_rest_is_looked_at(case: Case, site: Site) -> None:
    found = of_proxy(case, Proxy(backend(site), habit=silent))

    assert found["certificate"].state == "warning"
    assert [found[name].state for name in ("public HTTP", "reverse proxy", "WebSocket")] == (
        ["ok"] * 3
    )


# -- HTTP -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "says", "advises"),
    [
        (answer("502 Bad Gateway"), "does not reach the server", "upstream"),
        (answer("200 OK", body="<h1>Welcome to nginx!</h1>"), "Something else", "pass everything"),
        (answer("404 Not Found", body="{}"), "Something else", "public_url"),
        (
            answer("301 Moved", "Location: https://real.example/healthz"),
            "sends its visitors to https://real.example;",
            "server.public_url https://real.example",
        ),
        (
            answer("301 Moved", "Location: https://real.example/a;reboot/healthz"),
            "to https://real.example/a;reboot;",
            "server.public_url 'https://real.example/a;reboot'",
        ),
        *(
            (answer("302 Found", f"Location: {target}"), "somewhere else", "browser")
            for target in ("/login", "https://a b", "https://u:p@b/", "x; reboot", "//b", "h" * 500)
        ),
        (answer("302 Found"), "somewhere else", "browser"),
        (b"garbage\r\n\r\n", "does not answer", "log"),
        *(
            (answer("200 OK", body=body), "Something else", "public_url")
            for body in (
                '{"status": "ok"}',
                '{"status": "ok", "instance": []}',
                '{"status": "ok", "instance": "a", "host": 1, "scheme": "https", "forwarded": []}',
                '{"status": "ok", "instance": "a", "host": "b", "scheme": "c", "forwarded": 5}',
                '{"status": "ok", "instance": "a", "host": "b", "scheme": "c", "forwarded": [[]]}',
                '{"status": "ok", "instance": "a", "host": "\\n", "scheme": "c", "forwarded": []}',
                "[" * 60_000,
                '{"status": "ok", "x": "' + "x" * 70_000 + '"}',
                "null",
            )
        ),
    ],
)
def test_an_answer_that_is_not_the_servers_is_explained(
    case: Case, authority: Authority, said: bytes, says: str, advises: str
) -> None:
    found = of_proxy(case, Proxy(None, authority.context(), answer=said))

    assert list(found) == ["public address", "certificate", "public HTTP"]
    assert found["public HTTP"].state == "failure"
    assert says in found["public HTTP"].text
    assert advises in found["public HTTP"].advice


def test_a_date_beyond_all_time_is_none(
    case: Case, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert case.server.seen
    told = {"status": "ok", "scheme": "https", "host": "localhost", "forwarded": []}
    body = json.dumps({**told, "instance": case.server.seen["instance"]})
    date = "Date: Mon, 01 Jan 99999999999999999999 00:00:00 GMT"
    found = of_proxy(
        case, Proxy(None, authority.context(), answer=answer("200 OK", date, body=body))
    )

    assert found["server's clock"].state == "off"


@pytest.mark.parametrize(
    "drop", [b"X", b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"], ids=["head", "body"]
)
def test_who_answers_a_byte_at_a_time_is_not_waited_for(
    case: Case, monkeypatch: pytest.MonkeyPatch, drop: bytes
) -> None:
    monkeypatch.setattr(public, "TIMEOUT_S", 0.5)
    with dripping(drop) as port:
        found = findings(case, f"http://127.0.0.1:{port}")

    assert "does not answer: not all of it came" in found["public HTTP"].text


@contextmanager
def dripping(first: bytes) -> Iterator[int]:
    """Run a server that says this, and then a byte each tenth of a second for ever."""
    is_over = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            while True:
                threads.submit(drip, listener.accept()[0])

    def drip(client: socket.socket) -> None:
        with suppress(OSError), client:
            client.sendall(first)
            while not is_over.wait(0.1):
                client.sendall(b"x")

    with (
        ThreadPoolExecutor(8) as threads,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        threads.submit(serve)
        yield listener.getsockname()[1]
        is_over.set()
        listener.shutdown(socket.SHUT_RDWR)


def test_an_address_of_another_server_is_told(case: Case, site: Site, authority: Authority) -> None:
    assert case.server.seen
    other = replace(case.server, seen={**case.server.seen, "instance": "another"})
    found = of_proxy(replace(case, server=other), Proxy(backend(site), authority.context()))

    assert "another Bunga Server" in found["public HTTP"].text


# -- what the proxy adds --------------------------------------------------------------------------


def test_a_proxy_that_does_not_tell_who_asks_is_a_warning(
    case: Case, site: Site, authority: Authority
) -> None:
    found = of_proxy(case, Proxy(backend(site), authority.context(), habit=silent))

    assert found["reverse proxy"].state == "warning"
    assert "X-Forwarded-For" in found["reverse proxy"].advice
    assert found["WebSocket"].state == "ok"


def test_a_proxy_that_asks_for_another_host_is_a_warning(
    case: Case, site: Site, authority: Authority
) -> None:
    found = of_proxy(case, Proxy(backend(site), authority.context(), habit=with_another_host))

    assert found["reverse proxy"].state == "warning"
    assert "127.0.0.1 in place of localhost" in found["reverse proxy"].text


@pytest.fixture
def distrustful(tmp_path: Path) -> Iterator[Site]:
    """A site that believes no proxy on this machine, as if it were on another one."""
    site = Site(tmp_path / "data")
    site.start(environ={"FORWARDED_ALLOW_IPS": "192.0.2.1"})
    yield site
    site.stop()


def test_a_proxy_that_is_not_believed_is_a_warning(distrustful: Site, authority: Authority) -> None:
    case = Case.open(DataFolder(distrustful.data), machine=Machine(tls=authority.trusted))
    found = of_proxy(case, Proxy(backend(distrustful), authority.context()))

    assert found["reverse proxy"].state == "warning"
    assert "FORWARDED_ALLOW_IPS" in found["reverse proxy"].advice


def test_clocks_that_disagree_are_a_warning(case: Case, site: Site, authority: Authority) -> None:
    late = Machine(tls=authority.trusted, now=lambda: utc_now() - timedelta(minutes=3))
    found = of_proxy(replace(case, machine=late), Proxy(backend(site), authority.context()))

    assert found["server's clock"].state == "warning"
    assert "ahead of this machine's" in found["server's clock"].text


# -- WebSocket ------------------------------------------------------------------------------------


def test_a_proxy_that_passes_no_upgrades_is_a_failure_with_what_to_do(
    case: Case, site: Site, authority: Authority
) -> None:
    found = of_proxy(case, Proxy(backend(site), authority.context(), habit=without_upgrades))

    assert [one.check for one in found.values() if one.state == "failure"] == ["WebSocket"]
    assert "does not let WebSockets through" in found["WebSocket"].text
    assert "proxy_set_header Upgrade" in found["WebSocket"].advice
