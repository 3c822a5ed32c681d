"""Calls of foreign code, which may raise anything, or never return.

What hangs in a thread of its own is left there: a thread cannot be ended from outside, but it is no
reason to wait, not even for the end of the process.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from typing import Generic, TypeVar

from bunga_cli.errors import BungaError
from bunga_cli.plugin.providers import PluginFailure
from bunga_cli.plugin.texts import one_line

LONGEST_SENTENCE = 300

_T = TypeVar("_T")


class Hung(BaseException):
    """Interrupt a call that keeps the server's thread; no `except Exception` swallows it."""


class Broken(Exception):
    """Stand for what a plugin did that may not be passed on: an exit, an interruption."""


class Overdue(PluginFailure):
    """Report a call that did not return in time."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(f"It did not return within {limit_s:g} s.")


class Errand(Generic[_T]):
    """A call in a daemon thread of its own.

    `is_out` is true until the thread is back, if it ever is. If that is after `result` gave up,
    `late` is called there. In `context`, if one is given.
    """

    def __init__(
        self,
        function: Callable[[], _T],
        name: str,
        late: Callable[[], object] | None = None,
        context: Context | None = None,
    ) -> None:
        self.is_out = True
        self._function, self._late = function, late
        self._value: _T | None = None
        self._error: Exception | None = None
        self._lock = threading.Lock()
        self._is_done = self._is_given_up = False
        self._loop = asyncio.get_running_loop()
        self._return: asyncio.Future[None] = self._loop.create_future()
        run = (context or Context()).run
        title = f"bunga plugin {name}"
        threading.Thread(target=run, args=(self._run,), name=title, daemon=True).start()

    async def result(self, limit_s: float) -> _T:
        """Return what the function returns, or raise what it raises. Raises Overdue."""
        try:
            await asyncio.wait((self._return,), timeout=limit_s)
        finally:
            with self._lock:
                self._is_given_up = not self._is_done
        if self._is_given_up:
            raise Overdue(limit_s)
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]  # it is what `function` returned

    def _run(self) -> None:
        try:
            self._value = self._function()
        except BaseException as raised:  # noqa: BLE001  a plugin may even call sys.exit
            self._error = _plain(raised)
        with self._lock:
            self._is_done = True
        if self._is_given_up and self._error is None and self._late is not None:
            with suppress(Exception):
                self._late()
        self.is_out = False
        with suppress(RuntimeError):  # the server ended meanwhile
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        if not self._return.done():
            self._return.set_result(None)


async def in_thread(function: Callable[[], _T], limit_s: float, name: str) -> _T:
    """Call `function` in a thread of its own. Raises Overdue after `limit_s` seconds."""
    return await Errand(function, name).result(limit_s)


def in_time(function: Callable[[], _T], limit_s: float, name: str) -> _T:
    """Do as `in_thread` does where there is no loop, and block meanwhile."""
    outcome: list[_T | Exception] = []

    def run() -> None:
        try:
            outcome.append(function())
        except BaseException as raised:  # noqa: BLE001  a plugin may even call sys.exit
            outcome.append(_plain(raised))

    thread = threading.Thread(target=run, name=f"bunga plugin {name}", daemon=True)
    thread.start()
    thread.join(limit_s)
    if not outcome:
        raise Overdue(limit_s)
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def describe(error: BaseException) -> str:
    """Return one sentence about a failure of a plugin, whatever its exceptions do when shown."""
    try:
        return one_line(_sentence(error), LONGEST_SENTENCE)
    except BaseException:  # noqa: BLE001  an exception's text is foreign code, too
        return "An error that cannot be shown."


def _sentence(error: BaseException) -> str:
    name = str(type(error).__name__)
    text = str.__str__(str(error))  # which may be a kind of text of the plugin's own
    if isinstance(error, BungaError | Broken | Hung):
        return text or name
    return f"{name}: {text}" if text.strip() else name


def _plain(error: BaseException) -> Exception:
    """Return an exception that ends neither a task nor the server."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration | TimeoutError):
        return error
    return Broken(describe(error))
