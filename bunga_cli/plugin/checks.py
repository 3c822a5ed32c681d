"""What hooks return, held against what their specifications say."""

import inspect
from typing import Any

from pydantic import BaseModel

from bunga_cli.errors import SettingsError
from bunga_cli.plugin.isolation import describe
from bunga_cli.plugin.provided import providers
from bunga_cli.plugin.providers import PluginFailure, PluginSettings
from bunga_cli.plugin.site_settings import views
from bunga_cli.plugin.values import kind, of_type
from bunga_cli.settings.keys import ENABLED

__all__ = ["models", "of_type", "providers"]


def models(value: object) -> PluginSettings:
    """Return what `bunga_settings` returned. Raises PluginFailure."""
    settings = of_type(PluginSettings, value, "bunga_settings")
    for model in (settings.site, settings.channel):
        if model is not None:
            _check_model(model)
    return settings


def _check_model(model: Any) -> None:  # noqa: ANN401  it is not known to be a model yet
    if not (inspect.isclass(model) and issubclass(model, BaseModel)):
        raise PluginFailure(f"bunga_settings returned {kind(model)} in place of a model.")
    for name, field in model.model_fields.items():
        if field.is_required():
            raise PluginFailure(f"The setting {name!r} has no default.")
        if not field.description:
            raise PluginFailure(f"The setting {name!r} has no description.")
        if name == ENABLED:
            raise PluginFailure(f"The setting {name!r} belongs to the server; choose another name.")
        if field.validation_alias is not None:
            raise PluginFailure(f"The setting {name!r} has an alias; it is set by its name.")
    _check_defaults(model)


def _check_defaults(model: type[BaseModel]) -> None:
    try:
        views(model.model_construct())
    except SettingsError as error:
        raise PluginFailure(str(error)) from error
    except Exception as error:
        reason = f"The settings have no defaults. {describe(error)}"
        raise PluginFailure(reason) from error
