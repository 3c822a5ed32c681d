"""What hooks return, held against what their specifications say."""

import inspect
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from bunga_cli.plugin.providers import (
    Health,
    LinkerInfo,
    MediaUrl,
    PluginFailure,
    PluginSettings,
    Service,
)

_T = TypeVar("_T")

# What the providers of each hook have, and of which type; None is an asynchronous method.
_SHAPES: dict[str, dict[str, type | None]] = {
    "bunga_services": {"key": str, "issue": None},
    "bunga_linkers": {"info": LinkerInfo, "search": None, "detail": None, "sources": None},
    "bunga_media_resolvers": {"resolve": None},
    "bunga_health_checks": {"name": str, "check": None},
}

ENABLED = "enabled"
"""The one setting that every plugin has, and that belongs to the server."""


def an(expected: type[_T], value: object, who: str) -> _T:
    """Return `value`. Raises PluginFailure if it is not of the type."""
    if not isinstance(value, expected):
        raise PluginFailure(f"{who} returned {_kind(value)}, not {expected.__name__}.")
    return value


def providers(hook: str, value: object) -> tuple[Any, ...]:
    """Return what a hook returned, a sequence of its providers. Raises PluginFailure."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise PluginFailure(f"{hook} returned {_kind(value)}, not a list.")
    for provider in value:
        for name, expected in _SHAPES[hook].items():
            _check_attribute(provider, name, expected, hook)
    return tuple(value)


def _check_attribute(provider: object, name: str, expected: type | None, hook: str) -> None:
    what = f"A {type(provider).__name__} of {hook}"
    attribute = getattr(provider, name, None)
    if attribute is None:
        raise PluginFailure(f"{what} has no {name!r}.")
    if expected is None and not inspect.iscoroutinefunction(attribute):
        raise PluginFailure(f"{what} has a {name!r} that is no asynchronous method.")
    if expected is not None and not isinstance(attribute, expected):
        raise PluginFailure(f"{what} has a {name!r} that is no {expected.__name__}.")


def models(value: object) -> PluginSettings:
    """Return what `bunga_settings` returned. Raises PluginFailure."""
    settings = an(PluginSettings, value, "bunga_settings")
    for model in (settings.site, settings.channel):
        if model is not None:
            _check_model(model)
    return settings


def _check_model(model: Any) -> None:  # noqa: ANN401  it is not known to be a model yet
    if not (inspect.isclass(model) and issubclass(model, BaseModel)):
        raise PluginFailure(f"bunga_settings returned {_kind(model)} in place of a model.")
    for name, field in model.model_fields.items():
        if field.is_required():
            raise PluginFailure(f"The setting {name!r} has no default.")
        if not field.description:
            raise PluginFailure(f"The setting {name!r} has no description.")
        if name == ENABLED:
            raise PluginFailure(f"The setting {name!r} belongs to the server; choose another name.")


def service(value: object, key: str) -> Service | None:
    """Return what a provider issued. Raises PluginFailure."""
    if value is None:
        return None
    issued = an(Service, value, f"The service {key}")
    if issued.expires_at is not None and issued.expires_at.tzinfo is None:
        raise PluginFailure(f"The service {key} expires at a time without a zone.")
    return issued


def media_urls(value: object) -> list[MediaUrl] | None:
    """Return what a resolver answered. Raises PluginFailure."""
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise PluginFailure(f"A resolver returned {_kind(value)}, not a list.")
    return [an(MediaUrl, url, "A resolver") for url in value]


def health(value: object, name: str) -> Health:
    """Return what a check said. Raises PluginFailure."""
    return an(Health, value, f"The check {name!r}")


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
