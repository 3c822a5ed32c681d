"""The hooks that one plugin implements, checked against their specifications.

pluggy finds and validates them. We call them one at a time, because its own call of all ends with
the first that raises.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import pluggy

from bunga_cli.plugin import hookspecs
from bunga_cli.plugin.isolation import describe
from bunga_cli.plugin.providers import PluginFailure

NAMES = tuple(name for name in vars(hookspecs) if name.startswith("bunga_"))


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook of one plugin. `rank` sorts those that want to be first, and those that do not."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]
    rank: int

    def __call__(self, **given: object) -> Any:  # noqa: ANN401  each hook's own
        """Call it with those arguments that it takes. Raises PluginFailure."""
        try:
            result = self.function(*[given[name] for name in self.arguments])
        except PluginFailure:
            raise
        except BaseException as error:
            raise PluginFailure(f"{self.name} failed. {describe(error)}") from error
        if inspect.iscoroutine(result):
            result.close()
            raise PluginFailure(f"{self.name} is asynchronous; a hook must not be.")
        return result


def hooks_of(plugin: object) -> Mapping[str, Hook]:
    """Return the hooks of a plugin by name. Raises PluginFailure if it is none."""
    if inspect.isclass(plugin):
        raise PluginFailure("It is a class; name an instance of it, or a module.")
    registry = pluggy.PluginManager("bunga")
    registry.add_hookspecs(hookspecs)
    try:
        registry.register(plugin, "plugin")
    except (pluggy.PluginValidationError, ValueError) as error:
        raise PluginFailure(_last_line(error)) from error
    found = {caller.name: _hook(caller) for caller in registry.get_hookcallers(plugin) or ()}
    if not found:
        raise PluginFailure("It implements no hook; is @hookimpl missing?")
    return found


def _hook(caller: pluggy.HookCaller) -> Hook:
    name = caller.name
    if not caller.has_spec():
        close = get_close_matches(name, NAMES, n=1)
        raise PluginFailure(f"{name} is no hook{f'; did you mean {close[0]}?' if close else '.'}")
    [implementation] = caller.get_hookimpls()
    if implementation.wrapper or implementation.hookwrapper:
        raise PluginFailure(f"{name} is a wrapper; a hook must not be.")
    if inspect.iscoroutinefunction(implementation.function):
        raise PluginFailure(f"{name} is asynchronous; a hook must not be.")
    rank = implementation.trylast - implementation.tryfirst
    return Hook(name, implementation.function, tuple(implementation.argnames), rank)


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]
