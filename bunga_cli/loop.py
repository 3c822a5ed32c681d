"""The server's event loop, and its end, which nothing that a plugin does puts off.

`asyncio.Runner` cancels all tasks at the end and waits for each of them, and for the threads of the
executor; uvloop waits for every name that is being looked up. A task that swallows its
cancellation, or a read from a disk that hangs, would keep the process for ever. And `sys.exit()` in
any task ends a loop at once, with all rooms.
"""

import asyncio
import atexit
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn

import uvloop

from bunga_cli.plugin.guarded_loop import GuardedLoop
from bunga_cli.plugin.isolation import Hung
from bunga_cli.plugin.parts import current_part, nobodys_context, speak_for_the_server
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
FAILURE_LIMIT_S = 15.0
"""For an end that has a failure to tell; what it says is worth waiting for."""

_SIGNAL_CALLS = (
    "alarm",
    "pthread_sigmask",
    "raise_signal",
    "set_wakeup_fd",
    "setitimer",
    "siginterrupt",
    "signal",
)

_log = logging.getLogger(__name__)


class _Loop(GuardedLoop):
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
    """Run `main` to its end in this thread, the main one. Ctrl-C cancels it.

    The process ends soon after, whatever plugins have left in it; best by `leave`.
    """
    sys.setswitchinterval(SWITCH_S)
    speak_for_the_server()
    loop = _Loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(Threads())
    loop.set_exception_handler(_on_exception)
    loop.is_sealed = True
    exit_code = 1
    try:
        with Watchdog(loop).watching(), _strays_logged(), _signals_kept():
            task = loop.create_task(main)
            try:
                with _ended_by_ctrl_c(loop, task):
                    _run_until_done(loop, task)
                exit_code = 0
            finally:
                _end(loop)
    finally:
        asyncio.set_event_loop(None)
        uvloop.Loop.close(loop)
        _end_process_soon(exit_code)


@contextmanager
def _ended_by_ctrl_c(loop: _Loop, task: "asyncio.Task[None]") -> Iterator[None]:
    """Do with SIGINT what `asyncio.run` does, while the server has no handler of its own for it."""
    was_pressed = False

    def on_signal(*_: object) -> None:
        nonlocal was_pressed
        was_pressed = True
        # A plugin may have the word when the signal comes.
        loop.call_soon_threadsafe(task.cancel, context=nobodys_context())

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    except asyncio.CancelledError:
        if was_pressed:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Let nobody but the server decide what signals do."""
    before = {name: getattr(signal, name) for name in _SIGNAL_CALLS}
    for name, function in before.items():
        setattr(signal, name, partial(_unless_plugin, name, function))
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(signal, name, function)


def _unless_plugin(name: str, function: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401
    if current_part() is not None:
        raise RuntimeError(f"{name}() is not for plugins: the server ends by signals.")
    return function(*arguments)


def _run_until_done(loop: _Loop, task: "asyncio.Task[None]") -> None:
    """Run the loop until the task is done, whoever else stops it; raise what the task raised."""
    is_over = False

    def stop(_task: object) -> None:
        if not is_over:
            uvloop.Loop.stop(loop)

    task.add_done_callback(stop)
    while not task.done():
        reason = "stopped the server's loop"
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt) as error:
            reason = f"raised {type(error).__name__} in the server's thread"
        if not task.done():
            _log.error("A plugin %s; the server goes on.", reason)
    is_over = True
    task.result()


def _end(loop: _Loop) -> None:
    """Cancel all that runs still, and leave behind what does not end by that."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    left = _wait(loop, tasks)
    left |= _wait(loop, {loop.create_task(uvloop.Loop.shutdown_asyncgens(loop))})
    for task in left:
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001  it is said here
    if left:
        _log.warning("%d tasks of plugins did not end, and are left behind.", len(left))


def _wait(loop: _Loop, tasks: "set[asyncio.Task[Any]]") -> "set[asyncio.Task[Any]]":
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
    """Say in a line what a callback or a task of a plugin raised; the rest as ever."""
    error = context.get("exception")
    part = current_part() or getattr(context.get("future"), "part", None)
    if part is None or error is None:
        loop.default_exception_handler(context)
    elif not isinstance(error, Hung):
        _log.warning("A callback of a plugin, %s, failed. %s", part.name, part.describe(error))


@contextmanager
def _strays_logged() -> Iterator[None]:
    """Have in the log what is raised where nobody catches it: it may say anybody's words."""
    before = threading.excepthook, sys.unraisablehook
    threading.excepthook, sys.unraisablehook = _on_stray_of_thread, _on_stray
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = before


def _on_stray_of_thread(stray: threading.ExceptHookArgs) -> None:
    if stray.exc_type is not SystemExit:
        name = one_line(stray.thread.name, 50) if stray.thread else "-"
        _log.error("The thread %s failed.", name, exc_info=stray.exc_value)


def _on_stray(stray: "sys.UnraisableHookArgs") -> None:
    if not isinstance(stray.exc_value, Hung):
        _log.error("A failure was ignored.", exc_info=stray.exc_value)


def leave() -> NoReturn:
    """End the process in order, without a look at what plugins have left in it.

    Python would call `__del__` of all that is left, as long as that takes: when it does so, no
    thread and no handler of a signal could put an end to it any more.
    """
    atexit._run_exitfuncs()  # noqa: SLF001  within PROCESS_LIMIT_S after `run`
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _end_process_soon(exit_code: int) -> None:
    """See to it that the process ends, whatever threads and last words plugins have left in it.

    Python waits for all threads that are no daemons, and for those of every executor, for ever; and
    for what was given to `atexit`. Ours are none of these; nobody but a plugin is cut short by an
    end without a farewell.
    """
    _wait_for_threads_of_plugins()
    signal.signal(signal.SIGALRM, lambda *_: os._exit(exit_code))
    signal.setitimer(signal.ITIMER_REAL, FAILURE_LIMIT_S if exit_code else PROCESS_LIMIT_S)


def _wait_for_threads_of_plugins() -> None:
    """Give threads of plugins a moment to end, and say which did not."""
    ours = ("MainThread", "bunga ")
    foreign = [thread for thread in threading.enumerate() if not thread.name.startswith(ours)]
    deadline_s = time.monotonic() + FAREWELL_S
    for thread in foreign:
        thread.join(max(0.0, deadline_s - time.monotonic()))
    left = [thread for thread in foreign if thread.is_alive()]
    if left:
        names = ", ".join(one_line(thread.name, 50) for thread in left[:5])
        _log.warning("%d threads did not end: %s.", len(left), names)
