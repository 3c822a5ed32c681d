"""Calls of foreign code, which may raise anything, or never return.

What hangs in a thread of its own is left there: a thread cannot be ended from outside, but it is no
reason to wait, not even for the end of the process.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from bunga_cli.errors import BungaError

_T = TypeVar("_T")


class Hung(Exception):
    """Report a call that did not return in time."""


async def in_thread(function: Callable[[], _T], limit_s: float, name: str) -> _T:
    """Call `function` in a thread of its own. Raises Hung after `limit_s` seconds."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[_T] = loop.create_future()

    def settle(value: _T | None, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is None:
            outcome.set_result(value)  # type: ignore[arg-type]  # it is what `function` returned
        else:
            outcome.set_exception(error)

    def run() -> None:
        value, error = None, None
        try:
            value = function()
        except BaseException as raised:  # noqa: BLE001  a plugin may even call sys.exit
            error = _plain(raised)
        with suppress(RuntimeError):  # the server ended meanwhile
            loop.call_soon_threadsafe(settle, value, error)

    threading.Thread(target=run, name=f"bunga plugin {name}", daemon=True).start()
    try:
        return await asyncio.wait_for(outcome, limit_s)
    except TimeoutError as error:
        raise Hung(f"It did not return within {limit_s:g} s.") from error


def describe(error: BaseException) -> str:
    """Return one sentence about a failure of a plugin."""
    if isinstance(error, BungaError | Hung):
        return str(error)
    detail = str(error).strip().splitlines()
    return f"{type(error).__name__}: {detail[0]}" if detail else type(error).__name__


def _plain(error: BaseException) -> Exception:
    """Return an exception that a future takes, that does not end the server and is no time-out."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration | TimeoutError):
        return error
    return RuntimeError(describe(error))
