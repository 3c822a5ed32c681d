"""AList and Bilibili on one port, well-behaved but for what a request itself asks for.

The name of a user of AList, a cookie or a key says it: "list.slow" has the listing of folders come
late. So one server can be all bad ones at the same time, each to a channel of its own.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

SLOW_S = 3.0
PICTURE = b"\x89PNG and so on"
TWO_GIB = 2 * 1024**3

Write = Callable[[bytes], Awaitable[None]]
Villainy = Callable[[Write, "Villain"], Awaitable[None]]


@dataclass(frozen=True)
class Asked:
    """A request."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def cookie(self) -> str:
        """What is in the cookie SESSDATA."""
        parts = self.headers.get("cookie", "").split("; ")
        return next((p[9:] for p in parts if p.startswith("SESSDATA=")), "")


class Villain:
    """The server. `elsewhere` is the one that it sends people to; nobody should ever go there."""

    def __init__(self, elsewhere: str = "") -> None:
        self.elsewhere = elsewhere
        self.asked: list[Asked] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def write(content: bytes) -> None:
            writer.write(content)
            await writer.drain()

        try:
            asked = await _read(reader)
            self.asked.append(asked)
            where, how, answer = _answered(asked)
            bad_at, _, badly = _wanted(asked).partition(".")
            if where and where in (bad_at, *_BOTH.get(bad_at, ())):
                how = badly
            if how == "slow":
                await asyncio.sleep(SLOW_S)
            await VILLAINIES.get(how, _sender(answer))(write, self)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the other side had enough, or the test is over
        finally:
            writer.close()


# -- villainies -----------------------------------------------------------------------------------


async def _silent(_write: Write, _villain: Villain) -> None:
    await asyncio.sleep(20)


async def _drip(write: Write, _villain: Villain) -> None:
    await write(_head(200, "application/json"))
    for _ in range(200):
        await write(b" ")
        await asyncio.sleep(0.1)


async def _error_500(write: Write, _villain: Villain) -> None:
    await write(_whole(b"oops", "text/plain", 500))


async def _refusal_in_the_body(write: Write, _villain: Villain) -> None:
    await write(_json({"code": 401, "message": "token is expired", "data": None}))


async def _html(write: Write, _villain: Villain) -> None:
    await write(_whole(b"<!doctype html><title>x</title>", "text/html"))


async def _cut_off(write: Write, _villain: Villain) -> None:
    await write(_head(200, "application/json", "Content-Length: 1000") + b'{"code":0,"data":{"to')


async def _inwards(write: Write, _villain: Villain) -> None:
    await write(_head(302, "text/plain", "Location: http://169.254.169.254/latest/meta-data"))


async def _elsewhere(write: Write, villain: Villain) -> None:
    await write(_head(307, "text/plain", f"Location: {villain.elsewhere}/x"))


async def _huge(write: Write, _villain: Villain) -> None:
    await write(_head(200, "image/png", f"Content-Length: {TWO_GIB}"))
    for _ in range(TWO_GIB >> 16):
        await write(bytes(1 << 16))


VILLAINIES: dict[str, Villainy] = {
    "silent": _silent,
    "drip": _drip,
    "500": _error_500,
    "401": _refusal_in_the_body,
    "html": _html,
    "cut-off": _cut_off,
    "inwards": _inwards,
    "elsewhere": _elsewhere,
    "huge": _huge,
}
HOW = ["slow", *VILLAINIES]

_BOTH = {"login": ("hash",)}
"""Logging in has two ways; if only the first is bad, the second does."""


# -- what is right --------------------------------------------------------------------------------


def _wanted(asked: Asked) -> str:
    """Return "where.how" as the request asks for it."""
    if asked.path.startswith("/alist/api/auth"):
        return str(json.loads(asked.body)["username"])
    if asked.path.startswith("/bili"):
        return asked.query.get("qrcode_key") or asked.cookie
    return asked.headers.get("authorization", "")


def _answered(asked: Asked) -> tuple[str, str, bytes]:
    """Return what is asked for, what is wrong with it in any case, and the right answer."""
    first, _, rest = asked.path.lstrip("/").partition("/")
    if first == "thumb":
        return "thumb", rest, _whole(PICTURE, "image/png")
    if first == "bad":  # in front of any path: the address itself says how
        return "", rest.partition("/")[0], _right("/" + rest.partition("/")[2], asked)[1]
    where, answer = _right("/" + rest, asked)
    return where, "", answer


def _right(path: str, asked: Asked) -> tuple[str, bytes]:
    for start, where, data in _ANSWERS:
        if path.startswith(start):
            return where, _json({"code": _code(path, asked), "message": "", "data": data(asked)})
    if path.startswith("/correspond"):
        return "correspond", _whole(b'<div id="1-name">csrf</div>', "text/html")
    return "", _whole(b"not found", "text/plain", 404)


def _code(path: str, asked: Asked) -> int:
    if path.startswith("/x/"):
        return 0
    is_plain = path == "/api/auth/login" and json.loads(asked.body)["username"].startswith("hash.")
    return 400 if is_plain else 200


def _token(asked: Asked) -> dict[str, Any]:
    return {"token": json.loads(asked.body)["username"]}


def _listing(asked: Asked) -> dict[str, Any]:
    how = asked.headers.get("authorization", "").partition(".")[2]
    thumb = f"/thumb/{how}" if asked.headers.get("authorization", "").startswith("thumb.") else ""
    return {"content": [{"name": "a.mkv", "thumb": thumb}], "total": 1}


_KEYS = {"img_url": f"https://x/{'a' * 32}.png", "sub_url": f"https://x/{'b' * 32}.png"}
_ANSWERS: list[tuple[str, str, Callable[[Asked], Any]]] = [
    ("/api/auth/login/hash", "hash", _token),
    ("/api/auth/login", "login", _token),
    ("/api/public/settings", "info", lambda _: {"site_title": "Films"}),
    ("/api/me", "me", lambda _: {"username": "u"}),
    ("/api/fs/list", "list", _listing),
    ("/api/fs/get", "get", lambda _: {"name": "a.mkv", "raw_url": "/p/a.mkv"}),
    ("/api/fs/search", "search", lambda _: {"content": None}),
    ("/x/web-interface/nav", "nav", lambda _: {"uname": "ann", "wbi_img": _KEYS}),
    (
        "/x/passport-login/web/qrcode/generate",
        "qr",
        lambda _: {"url": "https://q", "qrcode_key": "k"},
    ),
    ("/x/passport-login/web/qrcode/poll", "pull", lambda _: {"code": 86101}),
    ("/x/passport-login/web/cookie/info", "", lambda _: {"refresh": True, "timestamp": 1}),
    ("/x/passport-login/web/cookie/refresh", "refresh", lambda _: {"refresh_token": "r"}),
]


# -- bytes ----------------------------------------------------------------------------------------


def _sender(answer: bytes) -> Villainy:
    async def send(write: Write, _villain: Villain) -> None:
        await write(answer)

    return send


def _json(value: object) -> bytes:
    return _whole(json.dumps(value).encode(), "application/json")


def _whole(content: bytes, kind: str, status: int = 200) -> bytes:
    return _head(status, kind, f"Content-Length: {len(content)}") + content


def _head(status: int, kind: str, *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status} -", f"Content-Type: {kind}", "Connection: close", *more]
    return "\r\n".join([*lines, "", ""]).encode()


async def _read(reader: asyncio.StreamReader) -> Asked:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in lines if line)
    headers = {name.lower(): value for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    target = urlsplit(first.split(" ")[1])
    query = {name: values[0] for name, values in parse_qs(target.query).items()}
    return Asked(target.path, query, headers, body)
