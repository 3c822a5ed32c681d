"""Whose code is it that runs: which part of which plugin has the word.

A context variable says so. Tasks, callbacks and `asyncio.to_thread` inherit it from who makes them.
Threads that a plugin makes itself do not, nor does what they hand to the loop.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from bunga_cli.plugin.isolation import Broken, Overdue, describe
from bunga_cli.plugin.providers import PluginFailure

if TYPE_CHECKING:
    from bunga_cli.plugin.threads import Lane

MAX_ABANDONED = 8
"""How many calls of one part may be left behind that do not end when they are cancelled."""

_T = TypeVar("_T")

_current: ContextVar["Part | None"] = ContextVar("bunga_plugin_part", default=None)

current_part = _current.get


def part_in(context: Context) -> "Part | None":
    """Return the part that has the word in a context."""
    return context.get(_current)


def nobodys_context() -> Context:
    """Return a context in which the server has the word, and says so."""
    context = Context()
    context.run(_current.set, None)
    return context


def speak_for_the_server() -> None:
    """Say from here on that it is the server that has the word, where nobody else has it."""
    _current.set(None)


def named(part: "Part", context: Context | None) -> "tuple[Part | None, Context | None]":
    """Return who answers for what `part` has done in a context, and that context.

    One in which nobody is named, such as an empty one, will be the part's own.
    """
    if context is None:
        return part, None
    if _current not in context:
        with suppress(RuntimeError):  # it is entered right now
            context.run(_current.set, part)
    return context.get(_current), context


class Part:
    """One thing that a plugin provides: a service, a check, a hook, a route.

    Once it has hung, it is switched off: `why_off` is a sentence then, and it is not called again.
    `on_off` is told once, in the server's thread.
    """

    def __init__(self, name: str, lane: "Lane", on_off: Callable[["Part"], None]) -> None:
        self.name, self.lane = name, lane
        self.why_off = ""
        self._on_off = on_off
        self._context = Context()
        self._context.run(_current.set, self)
        self._abandoned: set[asyncio.Task[Any]] = set()

    def context(self) -> Context:
        """Return a context in which this part has the word."""
        context = copy_context()
        context.run(_current.set, self)
        return context

    def take_over(self) -> None:
        """Have the word from here on, in the context that there is."""
        _current.set(self)

    # -- calls ------------------------------------------------------------------------------------

    def call(self, function: Callable[..., _T], *arguments: object) -> _T:
        """Call a function of the plugin's. Raises what it raises, or Broken for what may not be."""
        self._refuse_if_off()
        try:
            value = self._context.copy().run(function, *arguments)
        except Exception:
            self._refuse_if_off()
            raise
        except BaseException as error:
            raise Broken(self.why_off or describe(error)) from error
        self._refuse_if_off()  # it may have swallowed the interruption
        return value

    async def run(self, work: Coroutine[Any, Any, _T], limit_s: float | None = None) -> _T:
        """Await a coroutine of the plugin's, in a task of its own that can be left behind.

        Raises what it raises, Broken for what may not be, and Overdue after the limit.
        """
        if self.why_off or len(self._abandoned) >= MAX_ABANDONED:
            work.close()
            raise Broken(self.why_off or "Earlier calls do not end.")
        loop = asyncio.get_running_loop()
        task = loop.create_task(_contained(work), context=self.context())
        try:
            await asyncio.wait((task,), timeout=limit_s)
        finally:
            is_late = not task.done()
            if is_late:
                self._abandon(task)
        if is_late:
            raise Overdue(limit_s or 0)
        return self._outcome(task)

    async def ask(self, work: Coroutine[Any, Any, _T], limit_s: float | None = None) -> _T:
        """Do as `run` does, but raise nothing except PluginFailure, with a sentence to show."""
        try:
            return await self.run(work, limit_s)
        except Exception as error:
            raise PluginFailure(self.describe(error)) from error

    def describe(self, error: Exception) -> str:
        """Return a sentence about an error; the text of it is foreign code as well."""
        return self._context.copy().run(describe, error)

    # -- switching off ----------------------------------------------------------------------------

    def switch_off(self, why: str) -> None:
        """Call it no more."""
        self._set_off(why)
        self._on_off(self)

    def hang(self, why: str) -> None:
        """Call it no more; said in the midst of whatever it does, so that others are told later."""
        was_off = bool(self.why_off)
        self._set_off(why)
        if not was_off:
            loop = asyncio.get_running_loop()
            loop.call_soon_threadsafe(self._on_off, self, context=nobodys_context())

    def _set_off(self, why: str) -> None:
        self.why_off = self.why_off or f"It is switched off. {why}"

    def _refuse_if_off(self) -> None:
        if self.why_off:
            raise Broken(self.why_off)

    # -- inside -----------------------------------------------------------------------------------

    def _abandon(self, task: "asyncio.Task[Any]") -> None:
        nobodys_context().run(task.cancel)  # it may be another plugin that asked
        self._abandoned.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: "asyncio.Task[Any]") -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()  # nobody else looks at it, and asyncio would complain of that

    def _outcome(self, task: "asyncio.Task[_T]") -> _T:
        if task.cancelled():
            raise Broken(self.why_off or "CancelledError: it was cancelled, but not by the server.")
        error = task.exception()
        self._refuse_if_off()
        if error is None:
            return task.result()
        if isinstance(error, Exception) and not isinstance(error, TimeoutError):
            raise error
        raise Broken(describe(error)) from error


async def _contained(work: Coroutine[Any, Any, _T]) -> _T:
    """Await `work`. What would end the loop when a task raises it, ends with the task."""
    try:
        return await work
    except (SystemExit, KeyboardInterrupt) as error:
        raise Broken(describe(error)) from error


def outside(function: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    """Return the function as one that plugins may await without answering for what it does."""

    async def call(*arguments: object) -> Any:  # noqa: ANN401  as the function
        part = _current.get()
        _current.set(None)
        try:
            return await function(*arguments)
        finally:
            _current.set(part)

    return call
