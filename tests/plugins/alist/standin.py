"""A server that behaves as AList and OpenList do, or as badly as a test wants."""

import asyncio
import hashlib
import json
import posixpath
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self

PNG = b"\x89PNG\r\n\x1a\n, and so on"
TWO_GIB = 2 * 1024**3
_CHUNK = bytes(64 * 1024)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    token: str
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(self.body or b"{}")
        return fields


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Flavour:
    """What differs between the servers of this kind."""

    wrong_password_code: int
    me: dict[str, Any]


ALIST = Flavour(400, {"role": 0, "permission": 2})
ALIST_WITH_ROLES = Flavour(
    400,
    {
        "role": [3],
        "role_names": ["watcher"],
        "permission": 2,
        "permissions": [{"path": "/films", "permission": 256}, {"path": "/", "permission": 1}],
    },
)
OPENLIST = Flavour(401, {"role": 0, "permission": 2})


class Server:
    """An HTTP server on a port of its own, one request per connection."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.instead: dict[str, Answer] = {}
        """Misbehaviour: what answers a path in place of what should."""
        self.sent_bytes = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [request.path for request in self.asked]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read(reader)
            self.asked.append(request)
            await self.instead.get(request.path, self.answer)(request, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other side had enough
        finally:
            writer.close()

    async def answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        write(writer, b"not found", "text/plain", status=404)

    # -- misbehaviour -------------------------------------------------------------------------

    async def huge_picture(self, request: Request, writer: asyncio.StreamWriter) -> None:
        write_head(writer, 200, "image/png", {"Content-Length": str(TWO_GIB)})
        await self._pour(writer)

    async def endless_picture(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """Send as much without saying so before."""
        write_head(writer, 200, "image/png", {})
        await self._pour(writer)

    async def _pour(self, writer: asyncio.StreamWriter) -> None:
        while self.sent_bytes < TWO_GIB:
            writer.write(_CHUNK)
            await writer.drain()
            self.sent_bytes += len(_CHUNK)


class AList(Server):
    """AList with one user, who may see `folders`."""

    def __init__(self, flavour: Flavour = ALIST) -> None:
        super().__init__()
        self.flavour = flavour
        self.passwords = {"ann": "right"}
        self.me: dict[str, Any] = {"base_path": "/shared", **flavour.me}
        self.logo = "/logo.svg"
        self.tokens: dict[str, str] = {}
        self.folders: dict[str, list[dict[str, Any]]] = {"/": [], "/films": []}
        self.next_door: list[dict[str, Any]] = []
        """Hits in folders that only begin as the user's: it searches those, too."""

    def add_film(self, name: str, **facts: object) -> None:
        """Put a file into the folder `/films`."""
        entry = {"name": name, "size": 7, "is_dir": False, "modified": "2024-05-17T08:18:19Z"}
        self.folders["/films"].append({**entry, "sign": "", "thumb": "", "type": 2, **facts})

    def expire_tokens(self) -> None:
        self.tokens.clear()

    @property
    def logins(self) -> int:
        return sum(path.startswith("/api/auth/login") for path in self.paths)

    async def answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        handlers = {
            "/api/auth/login": self._log_in,
            "/api/auth/login/hash": self._log_in_hashed,
            "/api/public/settings": self._settings,
            "/api/me": self._me,
            "/api/fs/list": self._list,
            "/api/fs/get": self._get,
            "/api/fs/search": self._search,
            "/api/fs/dirs": self._dirs,
        }
        handler = handlers.get(request.path)
        if handler is None:
            await html_page(request, writer)  # its web interface answers all other paths
            return
        write_json(writer, handler(request))

    def _settings(self, _request: Request) -> dict[str, Any]:
        return _ok({"site_title": "Our films", "version": "v3.45.0", "logo": self.logo})

    def _log_in(self, request: Request) -> dict[str, Any]:
        return self._token_for(request, hashed(request.fields.get("password", "")))

    def _log_in_hashed(self, request: Request) -> dict[str, Any]:
        return self._token_for(request, request.fields.get("password", ""))

    def _token_for(self, request: Request, password_hash: str) -> dict[str, Any]:
        username = request.fields.get("username", "")
        password = self.passwords.get(username)
        if password is None or hashed(password) != password_hash:
            return _error(self.flavour.wrong_password_code, "password is incorrect")
        token = f"token-{len(self.asked)}"
        self.tokens[token] = username
        return _ok({"token": token})

    def _me(self, request: Request) -> dict[str, Any]:
        if request.token not in self.tokens:
            return _error(401, "token is expired")
        return _ok({"id": 2, "username": self.tokens[request.token], **self.me})

    def _list(self, request: Request) -> dict[str, Any]:
        first = (request.fields["page"] - 1) * request.fields["per_page"]
        last = first + request.fields["per_page"]
        return self._in_folder(
            request,
            lambda found: {"content": found[first:last] or None, "total": len(found)},
        )

    def _dirs(self, request: Request) -> dict[str, Any]:
        return self._in_folder(request, lambda found: [e for e in found if e["is_dir"]])

    def _in_folder(
        self, request: Request, shown: Callable[[list[dict[str, Any]]], object]
    ) -> dict[str, Any]:
        if request.token not in self.tokens:
            return _error(401, "token is expired")
        entries = self.folders.get(request.fields["path"])
        if entries is None:
            return _error(500, "failed get objs: failed get dir: object not found")
        return _ok(shown(entries))

    def _get(self, request: Request) -> dict[str, Any]:
        if request.token not in self.tokens:
            return _error(401, "token is expired")
        path = request.fields["path"]
        if path in self.folders:
            return _ok({"name": posixpath.basename(path), "is_dir": True, "raw_url": ""})
        folder, name = posixpath.split(path)
        for entry in self.folders.get(folder, []):
            if entry["name"] == name:
                return _ok({"raw_url": f"{self.url}/p/shared{path}", **entry, "related": None})
        return _error(500, "failed get obj: object not found")

    def _search(self, request: Request) -> dict[str, Any]:
        if request.token not in self.tokens:
            return _error(401, "token is expired")
        words, base = request.fields["keywords"], self.me["base_path"].rstrip("/")
        found = [
            {
                "parent": f"{base}{folder}",
                "name": entry["name"],
                "is_dir": entry["is_dir"],
                "size": 7,
            }
            for folder, entries in self.folders.items()
            for entry in entries
            if words in entry["name"]
        ]
        found += [hit for hit in self.next_door if words in hit["name"]]
        return _ok({"content": found or None, "total": len(found)})


# -- ways to answer -------------------------------------------------------------------------------


async def html_page(request: Request, writer: asyncio.StreamWriter) -> None:
    write(writer, b"<!doctype html><title>AList</title>", "text/html")


async def server_error(request: Request, writer: asyncio.StreamWriter) -> None:
    write(writer, b"upstream is down", "text/plain", status=500)


async def truncated_json(request: Request, writer: asyncio.StreamWriter) -> None:
    write(writer, b'{"code": 200, "data": {"tok', "application/json")


async def broken_off(request: Request, writer: asyncio.StreamWriter) -> None:
    write_head(writer, 200, "application/json", {"Content-Length": "1000"})
    writer.write(b'{"code": 200, "data": {"tok')


async def no_answer(request: Request, writer: asyncio.StreamWriter) -> None:
    """Wait until the other side gives up."""
    await asyncio.wait_for(writer.wait_closed(), 60)


async def one_byte_at_a_time(request: Request, writer: asyncio.StreamWriter) -> None:
    write_head(writer, 200, "application/json", {})
    while not writer.transport.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


def redirect_to(url: str, status: int = 302) -> Answer:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        write(writer, b"", "text/plain", status=status, headers={"Location": url})

    return answer


def refuse(code: int, message: str) -> Answer:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        write_json(writer, _error(code, message))

    return answer


def token(text: str) -> Answer:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        write_json(writer, _ok({"token": text}))

    return answer


def picture(content: bytes = PNG, content_type: str = "image/png") -> Answer:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        write(writer, content, content_type)

    return answer


def write_json(writer: asyncio.StreamWriter, value: object) -> None:
    write(writer, json.dumps(value).encode(), "application/json; charset=utf-8")


def write(
    writer: asyncio.StreamWriter,
    body: bytes,
    content_type: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> None:
    length = {"Content-Length": str(len(body))}
    write_head(writer, status, content_type, {**length, **(headers or {})})
    writer.write(body)


def write_head(
    writer: asyncio.StreamWriter, status: int, content_type: str, headers: dict[str, str]
) -> None:
    all_headers = {"Content-Type": content_type, "Connection": "close", **headers}
    lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in all_headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())


def hashed(password: str) -> str:
    return hashlib.sha256(f"{password}-https://github.com/alist-org/alist".encode()).hexdigest()


def _ok(data: object) -> dict[str, Any]:
    return {"code": 200, "message": "success", "data": data}


def _error(code: int, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "data": None}


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.split("\r\n")
    method, target, _version = first.split(" ")
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target.partition("?")[0], _token(lines), body)


def _token(lines: list[str]) -> str:
    prefix = "authorization: "
    found = (line[len(prefix) :] for line in lines if line.lower().startswith(prefix))
    return next(found, "")
