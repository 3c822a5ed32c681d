"""The server's event loop, and its end, which nothing that a plugin does puts off.

`asyncio.Runner` cancels all tasks at the end and waits for each of them, and for the threads of the
executor; uvloop waits for every name that is being looked up. A task that swallows its
cancellation, or a read from a disk that hangs, would keep the process for ever. And `sys.exit()` in
any task ends a loop at once, with all rooms.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import uvloop

from bunga_cli.plugin.isolation import Hung, describe
from bunga_cli.plugin.parts import current_part
from bunga_cli.plugin.texts import one_line
from bunga_cli.plugin.threads import Threads
from bunga_cli.plugin.watchdog import Watchdog

SWITCH_S = 0.0005
"""How long another thread keeps the interpreter when this one wants it.

Beside a thread of a plugin that computes without a pause, a room of 100 hears a message after
1.5 ms by this, and after 6 ms by Python's own 5 ms.
"""
END_LIMIT_S = 1.0
FAREWELL_S = 0.5
PROCESS_LIMIT_S = 1.0

_log = logging.getLogger(__name__)


class _Loop(uvloop.Loop):
    """A loop that looks names up in threads which nobody waits for."""

    async def getaddrinfo(
        self,
        host: Any,  # noqa: ANN401  as in the base
        port: Any,  # noqa: ANN401
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002
        proto: int = 0,
        flags: int = 0,
    ) -> Any:  # noqa: ANN401
        look = partial(socket.getaddrinfo, host, port, family, type, proto, flags)
        return await self.run_in_executor(None, look)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` to its end in this thread, the main one. Ctrl-C cancels it."""
    sys.setswitchinterval(SWITCH_S)
    loop = _Loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(Threads())
    loop.set_exception_handler(_on_exception)
    try:
        with Watchdog(loop).watching():
            task = loop.create_task(main)
            try:
                with _ended_by_ctrl_c(loop, task):
                    _run_until_done(loop, task)
            finally:
                _end(loop)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        _leave_threads_of_plugins()


@contextmanager
def _ended_by_ctrl_c(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> Iterator[None]:
    """Do with SIGINT what `asyncio.run` does, while the server has no handler of its own for it."""
    was_pressed = False

    def on_signal(*_: object) -> None:
        nonlocal was_pressed
        was_pressed = True
        loop.call_soon_threadsafe(task.cancel)

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    except asyncio.CancelledError:
        if was_pressed:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _run_until_done(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    while True:
        try:
            loop.run_until_complete(task)
        except (SystemExit, KeyboardInterrupt) as error:
            if task.done():
                raise
            name = type(error).__name__
            _log.error("A plugin raised %s in the server's thread; the server goes on.", name)
        else:
            return


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel all that runs still, and leave behind what does not end by that."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    left = _wait(loop, tasks)
    left |= _wait(loop, {loop.create_task(loop.shutdown_asyncgens())})
    for task in left:
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001  it is said here
    if left:
        _log.warning("%d tasks of plugins did not end, and are left behind.", len(left))


def _wait(
    loop: asyncio.AbstractEventLoop, tasks: "set[asyncio.Task[Any]]"
) -> "set[asyncio.Task[Any]]":
    """Wait a little for tasks, and return those that are not done."""
    if tasks:
        _run_until_done(loop, loop.create_task(_done_within(tasks)))
    return {task for task in tasks if not task.done()}


async def _done_within(tasks: "set[asyncio.Task[Any]]") -> None:
    done, _ = await asyncio.wait(tasks, timeout=END_LIMIT_S)
    for task in done:
        if not task.cancelled():
            task.exception()  # nobody waits for it any more


def _on_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say in a line what a callback of a plugin raised; the rest as ever."""
    error, part = context.get("exception"), current_part()
    if part is None or error is None:
        loop.default_exception_handler(context)
    elif not isinstance(error, Hung):
        _log.warning("A callback of a plugin, %s, failed. %s", part.name, describe(error))


def _leave_threads_of_plugins() -> None:
    """See to it that the process ends soon, whatever threads plugins have made themselves.

    Python waits for all that are no daemons, and for those of every executor, for ever. Ours are
    none of these; nobody but a plugin is cut short by an end without a farewell.
    """
    ours = ("MainThread", "bunga ")
    foreign = [thread for thread in threading.enumerate() if not thread.name.startswith(ours)]
    deadline_s = time.monotonic() + FAREWELL_S
    for thread in foreign:
        thread.join(max(0.0, deadline_s - time.monotonic()))
    left = [thread for thread in foreign if thread.is_alive()]
    if left:
        names = ", ".join(one_line(thread.name, 50) for thread in left[:5])
        _log.warning("%d threads did not end: %s.", len(left), names)
        threading.Thread(target=_leave, name="bunga end", daemon=True).start()


def _leave() -> None:
    time.sleep(PROCESS_LIMIT_S)
    os._exit(0)
