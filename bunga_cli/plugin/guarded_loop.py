"""The server's event loop as plugins meet it: theirs to use, and not theirs to end or to change.

What a plugin gives the loop is done in its name, also with a context that does not say so. Of a
part that is switched off the loop takes nothing any more, and what gives it too much at once is
switched off: callbacks that make two of their kind each have filled all memory within seconds, and
no single one of them takes long.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeVarTuple

import uvloop

from bunga_cli.plugin.isolation import Broken
from bunga_cli.plugin.parts import Part, current_part, named, part_in

MAX_AT_ONCE = 10_000
"""How many callbacks and tasks one part may make until the loop has come round."""

_CONTROLS = (
    "close",
    "set_debug",
    "set_default_executor",
    "set_exception_handler",
    "set_task_factory",
    "shutdown_asyncgens",
    "shutdown_default_executor",
    "stop",
    "add_signal_handler",
    "remove_signal_handler",
)
_TRUSTED = ("asyncio.", "anyio.", "bunga_cli.")

_Ts = TypeVarTuple("_Ts")


class GuardedLoop(uvloop.Loop):
    """A loop that knows plugins. Once it is sealed, it is closed to what changes it."""

    is_sealed = False

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[Part, int] = {}

    def call_soon(
        self,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Call it in the next round."""
        if (part := current_part()) is not None:
            part, context = named(part, context)
            if not self._takes(part, callback, args):
                return self._nothing()
        return _call_soon(self, callback, *args, context=context)

    def call_soon_threadsafe(
        self,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Call it in the next round; from any thread."""
        if (part := current_part()) is not None:
            part, context = named(part, context)
            if not self._takes(part, callback, args):
                return self._nothing()
        return _call_soon_threadsafe(self, callback, *args, context=context)

    def call_later(
        self,
        delay: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call it after so many seconds."""
        if (part := current_part()) is not None:
            part, context = named(part, context)
            if not self._takes(part, callback, args):
                return self._nothing()
        return _call_later(self, delay, callback, *args, context=context)

    def create_task(
        self,
        coro: Any,  # noqa: ANN401  a little more than its base takes, and less than it seems to
        *,
        name: str | None = None,
        context: Context | None = None,
        **options: Any,  # noqa: ANN401
    ) -> "asyncio.Task[Any]":
        """Make a task, which only who made it, or the server, can cancel."""
        if (part := current_part()) is not None:
            part, context = named(part, context)
            if not self._takes(part, coro, ()):
                coro.close()
                raise Broken(part.why_off if part else "")
        return _Task(coro, self, name, context or copy_context(), options)

    def _takes(self, part: Part | None, what: object, args: tuple[object, ...]) -> bool:
        """Return whether a part may have this done."""
        if part is None or _is_waited_for(what, args):
            return True
        if asyncio._get_running_loop() is not self:  # noqa: SLF001  a thread of the plugin's
            return not part.why_off
        made = self._made.get(part, 0) + 1
        if not self._made:
            _call_soon(self, self._made.clear)
        self._made[part] = made
        if made > MAX_AT_ONCE and not part.why_off:
            part.hang(f"It gave the server more than {MAX_AT_ONCE:,} things to do at once.")
        return not part.why_off

    def _nothing(self) -> asyncio.TimerHandle:
        """Return what stands for something that is never done."""
        handle = asyncio.TimerHandle(self.time(), self.get_debug, (), self)
        asyncio.Handle.cancel(handle)  # the loop does not know of it
        return handle


_call_soon = uvloop.Loop.call_soon
_call_soon_threadsafe = uvloop.Loop.call_soon_threadsafe
_call_later = uvloop.Loop.call_later


class _Task(asyncio.Task[Any]):
    """A task that no plugin can cancel but the one whose it is."""

    __slots__ = ("part",)

    def __init__(
        self,
        coro: Coroutine[Any, Any, Any],
        loop: GuardedLoop,
        name: str | None,
        context: Context,
        options: dict[str, Any],
    ) -> None:
        self.part = part_in(context)
        super().__init__(coro, loop=loop, name=name, context=context, **options)

    def cancel(self, msg: Any = None) -> bool:  # noqa: ANN401  as in the base
        """Cancel it, if it is not the server's."""
        by, of = current_part(), self.part
        if by is not None and (of is None or of.lane is not by.lane):
            return False
        return super().cancel(msg)


def _is_waited_for(callback: object, args: tuple[object, ...]) -> bool:
    """Return whether somebody would wait for ever for what this callback does.

    A step of a task, what is to be done when a future is, and what the libraries under both and the
    server itself arrange for.
    """
    if isinstance(getattr(callback, "__self__", None), asyncio.Future):
        return True
    if args and isinstance(args[0], asyncio.Future):
        return True
    module = getattr(callback, "__module__", None)
    return type(module) is str and module.startswith(_TRUSTED)


def _for_the_server_alone(name: str) -> Callable[..., Any]:
    method = getattr(uvloop.Loop, name)

    def call(self: GuardedLoop, *args: Any, **options: Any) -> Any:  # noqa: ANN401  as in the base
        if self.is_sealed:
            raise RuntimeError(f"{name}() is not for plugins: all rooms are in this loop.")
        return method(self, *args, **options)

    call.__name__ = name
    return call


for _name in _CONTROLS:
    setattr(GuardedLoop, _name, _for_the_server_alone(_name))
