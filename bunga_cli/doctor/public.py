"""The public address: what players meet on their way to the server, one thing after the other.

Name, certificate, HTTP, what a reverse proxy adds, the clock, and the WebSocket. Where one of them
fails, those behind it are not looked at: they would fail for the same reason.
"""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from shlex import quote
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx2

from bunga_cli.doctor.case import Case
from bunga_cli.doctor.certificate import check_certificate
from bunga_cli.doctor.fetching import Fetched, fetch
from bunga_cli.doctor.findings import Finding, failure, off, ok, warning
from bunga_cli.doctor.upgrade import check_upgrade
from bunga_cli.public_address import is_plain_url

ADDRESS, CERTIFICATE, HTTP = "public address", "certificate", "public HTTP"
PROXY, SERVER_CLOCK, WEBSOCKET = "reverse proxy", "server's clock", "WebSocket"

TIMEOUT_S = 5.0
_MOST_ADDRESSES = 4
_LARGE_SKEW_S = 10.0
_OK, _REDIRECTS = 200, range(300, 400)
_NO_SERVER_BEHIND = (502, 503, 504)
_PATHS = ("/healthz", "/healthz/seen")
_LONGEST_SHOWN = 200
"""How long what a stranger says may be, to be shown."""

_ELSEWHERE = (
    "Some routers do not lead their own network back in; then it may work from elsewhere. Look"
    " from another network."
)


@dataclass(slots=True)
class _Answer:
    """What the public address answered so far."""

    seen: dict[str, Any]
    date: str | None
    asked_at: datetime


def check_public(case: Case) -> Iterator[Finding]:
    """Go the way of a player."""
    if case.place is None:
        yield off(ADDRESS, "The settings must be valid first.")
        return
    if not case.place.public_url:
        text = "server.public_url is not set: there is no proxy, no certificate to look at."
        yield off(ADDRESS, text)
        return
    if case.is_offline:
        yield off(ADDRESS, "Not looked at, as --offline says.")
        return
    yield from _go(case, urlsplit(case.place.public_url))


def _go(case: Case, url: SplitResult) -> Iterator[Finding]:
    steps: tuple[Callable[[Case, SplitResult], Iterator[Finding]], ...] = (
        _check_name,
        _check_tls,
        _check_http,
        _check_socket,
    )
    for step in steps:
        has_failed = False
        for finding in step(case, url):
            has_failed = has_failed or finding.state == "failure"
            yield finding
        if has_failed:
            return


# -- name -------------------------------------------------------------------------------------


def _check_name(_case: Case, url: SplitResult) -> Iterator[Finding]:
    host, port = url.hostname or "", _port(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        yield failure(
            ADDRESS,
            f"The name {host} leads nowhere: {error.strerror or error}.",
            "Look at the domain's DNS records, or correct server.public_url.",
        )
        return
    addresses = list(dict.fromkeys((family, address) for family, *_, address in found))
    probed = addresses[:_MOST_ADDRESSES]
    with ThreadPoolExecutor(_MOST_ADDRESSES) as threads:
        told = list(threads.map(lambda one: _problem_reaching(*one), probed))
    problems = {
        str(address[0]): problem
        for (_, address), problem in zip(probed, told, strict=True)
        if problem
    }
    yield _name_finding(
        f"{host} port {port}", [str(address[0]) for _, address in addresses], problems
    )


def _problem_reaching(family: int, address: tuple[Any, ...]) -> str | None:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(TIMEOUT_S)
        try:
            probe.connect(address)
        except OSError as error:
            return error.strerror or str(error)
    return None


def _name_finding(place: str, addresses: list[str], problems: dict[str, str]) -> Finding:
    told = ", ".join(f"{address} ({problem})" for address, problem in problems.items())
    if not problems:
        home = all(not ip_address(address.partition("%")[0]).is_global for address in addresses)
        where = ", which only this network reaches" if home else ""
        return ok(ADDRESS, f"{place} leads to {', '.join(addresses)}{where}.")
    if len(problems) == min(len(addresses), _MOST_ADDRESSES):
        advice = "Look whether the proxy runs, and for firewalls and the router's port forwarding."
        return failure(ADDRESS, f"{place} cannot be reached: {told}.", f"{advice} {_ELSEWHERE}")
    return warning(
        ADDRESS,
        f"{place} has several addresses, and not all can be reached from here: {told}. Players that"
        " try those first wait.",
        "Take them out of the domain's DNS records, or have the proxy listen there.",
    )


def _port(url: SplitResult) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


# -- certificate ------------------------------------------------------------------------------


def _check_tls(case: Case, url: SplitResult) -> Iterator[Finding]:
    host = url.hostname or ""
    if url.scheme == "https":
        yield check_certificate(CERTIFICATE, host, _port(url), case.machine, TIMEOUT_S)
        return
    yield warning(
        CERTIFICATE,
        "server.public_url is http://: passwords and tokens travel for everybody to read.",
        "Put a reverse proxy with a certificate in front, Caddy for example.",
    )


# -- HTTP -------------------------------------------------------------------------------------


def _check_http(case: Case, url: SplitResult) -> Iterator[Finding]:
    asked_at = case.machine.now()
    try:
        context = case.machine.tls() if url.scheme == "https" else None
        healthy, seen = fetch(url.geturl(), _PATHS, context, TIMEOUT_S)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        advice = "Look at the proxy's log."
        yield failure(HTTP, f"{url.geturl()} does not answer: {str(error).rstrip('.')}.", advice)
        return
    said = seen.table()
    is_healthy = healthy.table().get("status") == "ok"
    problem = _http_problem(url, healthy, is_healthy) or _http_problem(url, seen, _is_told(said))
    if problem:
        yield problem
        return
    answer = _Answer(said, seen.headers.get("date"), asked_at)
    yield from (_whose(case, url, answer), _proxy(url, answer), _clock(answer))


def _http_problem(url: SplitResult, answer: Fetched, is_ours: bool) -> Finding | None:
    status = answer.status
    if status == _OK and is_ours:
        return None
    if status in _REDIRECTS:
        return _redirected(url, answer.headers.get("location", ""))
    if status in _NO_SERVER_BEHIND:
        return failure(
            HTTP,
            f"The proxy answers with {status}: it does not reach the server behind it.",
            "Compare the proxy's upstream address with the one `bunga serve` listens on.",
        )
    return failure(
        HTTP,
        f"Something else answers at {url.geturl()} (HTTP status {status}).",
        "Have the proxy pass everything on to this server, or correct server.public_url.",
    )


def _redirected(url: SplitResult, location: str) -> Finding:
    target = location.removesuffix("/healthz")
    if len(target) > _LONGEST_SHOWN or not is_plain_url(target):
        return failure(
            HTTP,
            f"{url.geturl()} sends its visitors somewhere else; players do not follow.",
            "Look there with a browser, and correct server.public_url or the proxy.",
        )
    return failure(
        HTTP,
        f"{url.geturl()} sends its visitors to {target}; players do not follow.",
        f"bunga config set server.public_url {quote(target)}",
    )


def _is_told(said: dict[str, Any]) -> bool:
    """Return whether this is what a server of ours tells of a request, as far as it is used."""
    forwarded = said.get("forwarded")
    return (
        all(_is_short(said.get(key)) for key in ("instance", "host", "scheme"))
        and isinstance(forwarded, list)
        and all(map(_is_short, forwarded))
    )


def _is_short(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_SHOWN and value.isprintable()


def _whose(case: Case, url: SplitResult, answer: _Answer) -> Finding:
    ours = case.server.seen
    if ours and ours["instance"] != answer.seen["instance"]:
        return failure(
            HTTP,
            f"{url.geturl()} leads to another Bunga Server than the one on {case.data.path}.",
            "Correct the proxy's upstream address, or server.public_url, or --data.",
        )
    return ok(HTTP, f"{url.geturl()} leads to this server.")


def _proxy(url: SplitResult, answer: _Answer) -> Finding:
    seen = answer.seen
    came = set(seen["forwarded"])
    if seen["host"].lower() != url.netloc.lower():
        return warning(
            PROXY,
            f"It asks for {seen['host']} in place of {url.netloc}: addresses that the server makes"
            " (of subtitles) are wrong.",
            "Pass the Host header on; nginx: proxy_set_header Host $http_host;",
        )
    if seen["scheme"] == url.scheme and ("x-forwarded-for" in came or url.scheme == "http"):
        return ok(PROXY, "It tells the server who asks, and how.")
    if {"x-forwarded-for", "x-forwarded-proto"} <= came:
        return warning(
            PROXY,
            "It tells the server who asks, and is not believed: its address is not 127.0.0.1.",
            "Start the server with FORWARDED_ALLOW_IPS=<the proxy's address> in its environment.",
        )
    return warning(
        PROXY,
        "It does not tell the server who asks, so all players look like one: who guesses passwords"
        " keeps all out for a while.",
        "nginx: proxy_set_header X-Forwarded-For $remote_addr;"
        " proxy_set_header X-Forwarded-Proto $scheme;",
    )


def _clock(answer: _Answer) -> Finding:
    try:
        said = parsedate_to_datetime(answer.date or "")
        skew_s = (said - answer.asked_at).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return off(SERVER_CLOCK, "The answer bears no date.")
    if abs(skew_s) <= _LARGE_SKEW_S:
        return ok(SERVER_CLOCK, "It agrees with the clock of this machine.")
    return warning(
        SERVER_CLOCK,
        f"It is {abs(skew_s):.0f} s {'ahead of' if skew_s > 0 else 'behind'} this machine's.",
        "Have both keep their clocks right: sudo timedatectl set-ntp true",
    )


# -- WebSocket --------------------------------------------------------------------------------


def _check_socket(case: Case, url: SplitResult) -> Iterator[Finding]:
    context = case.machine.tls() if url.scheme == "https" else None
    yield check_upgrade(WEBSOCKET, f"ws{url.geturl().removeprefix('http')}", context, TIMEOUT_S)
