"""Threads for what blocks: daemons, a few for the server, and a few for each plugin.

The event loop's own executor and that of anyio, in which FastAPI calls what is not asynchronous,
have one crowd of threads for everybody, and both are waited for at the end of the process. One
plugin that hangs could so take the threads in which passwords are verified, and keep the server
from ending.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

import anyio.to_thread

from bunga_cli.plugin.isolation import Overdue
from bunga_cli.plugin.parts import current_part
from bunga_cli.plugin.providers import PluginFailure

OF_SERVER = 16
OF_PLUGIN = 8
MAX_QUEUED = 100
CALL_LIMIT_S = 30.0
"""How long a route that is not asynchronous may take, or each piece of an answer that it makes."""

_T = TypeVar("_T")
_Job = tuple["Future[Any]", Callable[[], Any]]


class Lane:
    """A few daemon threads, made as they are needed. What is too much for them waits its turn."""

    def __init__(self, name: str, threads: int = OF_PLUGIN, queued: int = MAX_QUEUED) -> None:
        self._name, self._max_threads, self._max_queued = name, threads, queued
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._count = 0

    def submit(self, function: Callable[[], _T]) -> "Future[_T]":
        """Have `function` called. Raises PluginFailure if too much waits already."""
        if self._jobs.qsize() >= self._max_queued:
            raise PluginFailure("All of its threads are taken, by calls that do not return.")
        future: Future[_T] = Future()
        self._jobs.put((future, function))
        with self._lock:
            if not self._idle.acquire(blocking=False) and self._count < self._max_threads:
                self._count += 1
                name = f"bunga {self._name} {self._count}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
        return future

    def _work(self) -> None:
        while True:
            _carry_out(*self._jobs.get())
            self._idle.release()


def _carry_out(future: "Future[Any]", function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except StopIteration as error:  # which no future of asyncio takes
        future.set_exception(RuntimeError(repr(error)))
    except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
        future.set_exception(error)
    else:
        future.set_result(result)


class Threads(ThreadPoolExecutor):
    """The executor of the server's loop, which looks at who asks. Nobody waits for its end."""

    def __init__(self) -> None:
        super().__init__(max_workers=1)  # none of which is ever made
        self._own = Lane("worker", OF_SERVER, queued=1_000_000)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401
        """Have `fn` called by a thread of whoever's code this is."""
        part = current_part()
        if part is None:
            return self._own.submit(partial(fn, *args, **kwargs))
        return part.lane.submit(partial(copy_context().run, partial(fn, *args, **kwargs)))


_run_sync_of_anyio = anyio.to_thread.run_sync


async def _run_sync(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
    """Do what anyio does, but for plugins in threads of their own, and not without end."""
    part = current_part()
    if part is None:
        return await _run_sync_of_anyio(function, *arguments, **options)
    call = partial(copy_context().run, partial(function, *arguments))
    future = asyncio.wrap_future(part.lane.submit(call))
    try:
        await asyncio.wait((future,), timeout=CALL_LIMIT_S)
    finally:
        is_late = not future.done()
        future.cancel()
    if is_late:
        raise Overdue(CALL_LIMIT_S)
    return future.result()


def keep_plugins_out_of_anyio() -> None:
    """Let FastAPI call what is not asynchronous of a plugin in that plugin's own threads.

    There is no other place that all such calls pass: routes, dependencies, bodies of streams,
    files. Whoever else uses anyio in this process notices nothing.
    """
    anyio.to_thread.run_sync = _run_sync  # type: ignore[assignment]
