"""Plugins that are broken, each in a way of its own, and one that works."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from bunga_cli.plugin import (
    Account,
    ActionRequest,
    Channel,
    Health,
    HealthCheck,
    PluginContext,
    PluginSettings,
    RoomEvent,
    Service,
    ServiceProvider,
    Verdict,
    hookimpl,
)
from bunga_cli.plugin.hooks import NAMES

released = threading.Event()
"""Lets those go that hang, at the end of a test."""


kept: list[Any] = []
"""Holds what nobody else does."""


def hang(*_args: object, **_kwargs: object) -> None:
    released.wait(60)


def named(name: str, function: Callable[..., Any]) -> SimpleNamespace:
    """Return a plugin with one hook."""
    function.__name__ = name
    return SimpleNamespace(**{name: hookimpl(function)})


class Working:
    """Has something of everything."""

    def __init__(self) -> None:
        self.events: list[RoomEvent] = []
        self.stopped = False
        self.verdict: Verdict | None = None

    @hookimpl
    def bunga_start(self, context: PluginContext) -> None:
        self.context = context

    @hookimpl
    def bunga_stop(self) -> None:
        self.stopped = True

    @hookimpl
    def bunga_services(self) -> Sequence[ServiceProvider]:
        return [WorkingService()]

    @hookimpl
    def bunga_routes(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/api/works", lambda: {"works": True})
        return router

    @hookimpl
    def bunga_authorise(self, request: ActionRequest) -> Verdict | None:
        return self.verdict

    @hookimpl
    def bunga_room_event(self, event: RoomEvent) -> None:
        self.events.append(event)

    @hookimpl
    def bunga_health_checks(self) -> Sequence[HealthCheck]:
        return [WorkingCheck()]


class WorkingService:
    key = "works"

    async def issue(self, channel: Channel, account: Account) -> Service:
        return Service({"channel": channel.id, "account": account.id})


class WorkingCheck:
    name = "all"

    async def check(self) -> Health:
        return Health("ok", "It works.", {"version": "1"})


class Required(BaseModel):
    token: str = Field(description="A token.")


class Undescribed(BaseModel):
    token: str = ""


class Taken(BaseModel):
    enabled: bool = Field(True, description="What the server has already.")


def _raise() -> None:
    raise ValueError("broken\nin two lines")


def _exit() -> None:
    sys.exit(3)


async def _asynchronous() -> None:
    """Do what a hook must not."""


class _Hostile:
    def __dir__(self) -> Any:
        raise RuntimeError("do not look")


class _WrapsHook:
    @hookimpl(wrapper=True)
    def bunga_start(self) -> Any:
        return (yield)


class _TakesTooMuch:
    @hookimpl
    def bunga_start(self, context: object, more: object) -> None:
        """Ask for what is not given."""


def _import_error() -> object:
    import no_such_module_at_all  # type: ignore[import-not-found]  # noqa: PLC0415

    return no_such_module_at_all


def _syntax_error() -> object:
    return compile("def", "a_plugin.py", "exec")


BROKEN_IMPORTS: dict[str, tuple[Callable[[], object], str]] = {
    "import_error": (_import_error, "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
    "syntax_error": (_syntax_error, "SyntaxError"),
    "raises": (_raise, "ValueError: broken"),
    "exits": (_exit, "SystemExit: 3"),
    "hangs": (hang, "It did not return within"),
    "number": (lambda: 5, "It implements no hook"),
    "nothing": (lambda: None, "It implements no hook"),
    "class": (lambda: Working, "It is a class"),
    "no_hooks": (SimpleNamespace, "It implements no hook"),
    "unknown_hook": (lambda: named("bunga_strat", hang), "did you mean bunga_start?"),
    "async_hook": (lambda: named("bunga_start", _asynchronous), "asynchronous"),
    "hostile": (_Hostile, "do not look"),
    "wrapper": (_WrapsHook, "is a wrapper"),
    "signature": (_TakesTooMuch, "more"),
}

BROKEN_MODELS: dict[str, object] = {
    "nothing": None,
    "text": "models",
    "class": Required,
    "no_model": PluginSettings(site=int),  # type: ignore[arg-type]
    "no_class": PluginSettings(channel=5),  # type: ignore[arg-type]
    "no_default": PluginSettings(site=Required),
    "no_description": PluginSettings(channel=Undescribed),
    "taken": PluginSettings(site=Taken),
}

START_HOOKS = [
    name
    for name in NAMES
    if name
    not in (
        "bunga_commands",
        "bunga_settings_changed",
        "bunga_authorise",
        "bunga_room_event",
        "bunga_stop",
    )
]
LISTS = [
    "bunga_services",
    "bunga_linkers",
    "bunga_media_resolvers",
    "bunga_sign_ins",
    "bunga_health_checks",
]


def sleep_long() -> None:
    """Keep the calling thread; not even a signal's handler that returns ends it."""
    time.sleep(60)
