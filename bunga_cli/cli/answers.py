"""What servers answer. The one that was named may be none of ours, and may mean ill.

So nothing is unpacked, nothing is read without end, in size or in time, and what does not look as
an answer of ours says so.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from bunga_cli import __version__
from bunga_cli.cli import remote
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import (
    BungaError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    ServerUnreachable,
    SettingsError,
    Unauthorized,
)
from bunga_cli.units import MIB

if TYPE_CHECKING:
    from httpx2 import Response

PLAIN = {"Accept-Encoding": "identity"}
SILENCE_S = 25.0
"""How long a line of a stream may take; a server that lives says something every 10 s."""

_MOST_BYTES = 64 * MIB
"""Of one answer; thousands of channels are less."""
_MOST_LINE_BYTES = 16 * MIB
_MOST_REFUSAL_BYTES = MIB

_REFUSALS = {kind.code: kind for kind in (Conflict, Forbidden, Invalid, NotFound, Unauthorized)}
_SHAPES = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Server:
    """Where to ask. `socket` None: over the network."""

    url: str
    name: str
    data: DataFolder
    socket: str | None = None
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def unreachable(self, error: Exception) -> BungaError:
        """Return what is to be said if it cannot be connected to."""
        if self.socket is None:
            return remote.RemoteUnreachable(f"{self.name} {remote.problem(error)}")
        return none_runs(self.data)

    def no_bunga(self) -> BungaError:
        """Return what is to be said of an answer that none of ours would give."""
        return BungaError(f"{self.name} answers, but not as a Bunga server does.")


def none_runs(data: DataFolder) -> ServerUnreachable:
    """Return what is to be said where no server runs."""
    return ServerUnreachable(
        f"No server runs on {data.path}; start one with: bunga{data.option} serve"
    )


class _Answered:
    """The server that this run of the command had an answer from."""

    server: Server | None = None


def misread(error: BaseException) -> BungaError | None:
    """Return what is to be said if a command failed because an answer was not what it should be.

    None if there was no answer, or if that cannot be why.
    """
    server = _Answered.server
    if server is None or not isinstance(error, _SHAPES):
        return None
    what = f"{type(error).__name__}: {error}"
    return BungaError(
        f"{server.name} answers, but not as a Bunga server of version {__version__} does ({what};"
        " --debug shows where)."
    )


# -- one answer -----------------------------------------------------------------------------------


def within(limit_s: float, work: Callable[[], _T]) -> _T:
    """Return what `work` returns. Raises TimeoutError; what is left behind ends with the command.

    The client bounds how long each part of an answer may take, but not how many there are.
    """
    outcome: Future[_T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
            outcome.set_exception(error)

    Thread(target=run, daemon=True).start()
    try:
        return outcome.result(limit_s)
    except NotInTime:
        raise TimeoutError(f"not within {limit_s:g} s") from None


def content_of(server: Server, response: "Response") -> bytes:
    """Return an answer's bytes. Raises BungaError if they are too many, or are packed."""
    _refuse_packed(server, response)
    most, content = _most(response), bytearray()
    for part in response.iter_raw():
        content += part
        if len(content) > most:
            raise _too_much(server, response)
    return bytes(content)


def read(server: Server, response: "Response", content: bytes) -> dict[str, Any]:
    """Return an answer's object. Raises the refusal that the server sent, or BungaError."""
    if not response.is_success:
        raise _refusal(server, response, content)
    return _object(server, content) if content else {}


# -- a stream -------------------------------------------------------------------------------------


async def objects(server: Server, response: "Response") -> AsyncGenerator[dict[str, Any]]:
    """Yield the objects of a stream, one per line. Raises as `read` does, and TimeoutError."""
    _refuse_packed(server, response)
    if not response.is_success:
        raise _refusal(server, response, await _refused_content(server, response))
    parts, lines = response.aiter_raw(), _Lines(server)
    while True:
        async with asyncio.timeout(SILENCE_S):
            line = await lines.next(parts)
        if line is None:
            return
        if line.strip():
            yield _object(server, line)


async def _refused_content(server: Server, response: "Response") -> bytes:
    content = bytearray()
    async with asyncio.timeout(SILENCE_S):
        async for part in response.aiter_raw():
            content += part
            if len(content) > _MOST_REFUSAL_BYTES:
                raise _too_much(server, response)
    return bytes(content)


class _Lines:
    """The lines of a stream that comes in parts."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = bytearray()

    async def next(self, parts: AsyncIterator[bytes]) -> bytes | None:
        """Return the next whole line, None if there is none."""
        seen = 0
        while (end := self._buffer.find(b"\n", seen)) < 0:
            seen = len(self._buffer)
            if seen > _MOST_LINE_BYTES:
                raise self._server.no_bunga()
            part = await anext(parts, None)
            if part is None:
                return None
            self._buffer += part
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line


# -- what is in it --------------------------------------------------------------------------------


def _most(response: "Response") -> int:
    return _MOST_BYTES if response.is_success else _MOST_REFUSAL_BYTES


def _too_much(server: Server, response: "Response") -> BungaError:
    return server.no_bunga() if response.is_success else _unexplained(response)


def _refuse_packed(server: Server, response: "Response") -> None:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise server.no_bunga()


def _object(server: Server, content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise server.no_bunga() from error
    if not isinstance(answer, dict):
        raise server.no_bunga()
    _Answered.server = server
    return answer


def _refusal(server: Server, response: "Response", content: bytes) -> BungaError:
    if response.is_redirect:  # Not followed: the token is not for whoever stands there.
        target = response.headers.get("location", "another address")
        return BungaError(f"{server.name} sends its visitors to {target}; use that address.")
    try:
        error = json.loads(content)["error"]
        code, message = error["code"], str(error["message"])
        if code == SettingsError.code:  # the one that has several lines
            return SettingsError(*message.splitlines())
        message = " ".join(message.split())
        return _REFUSALS.get(code, BungaError)(f"{message}{_about_token(server, response)}")
    except (ValueError, TypeError, KeyError, RecursionError):
        return _unexplained(response)


def _unexplained(response: "Response") -> BungaError:
    status = response.status_code
    return BungaError(f"The server answered with HTTP status {status}; its log may say why.")


def _about_token(server: Server, response: "Response") -> str:
    is_refused = server.socket is None and response.status_code == HTTPStatus.UNAUTHORIZED
    return f" {server.name} does not accept the token in BUNGA_TOKEN." if is_refused else ""
