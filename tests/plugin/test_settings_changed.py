"""A plugin is told when somebody set something of it, and knows what is just being set."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel, Field, ValidationInfo, field_validator

from bunga_cli.errors import SettingsError
from bunga_cli.plugin import PluginContext, PluginSettings, hookimpl
from tests.plugin.kit import MemoryPort, found, running_plugins


class Even(BaseModel):
    """Even numbers can be set; others may stand in a file."""

    number: int = Field(0, description="A number.")

    @field_validator("number")
    @classmethod
    def _check(cls, number: int, info: ValidationInfo) -> int:
        if number % 2 and info.context and info.context["is_new"]:
            raise ValueError("must be even")
        return number


class Listener:
    """Hears of it."""

    def __init__(self, hear: Callable[[str | None], None]) -> None:
        self.hear = hear

    @hookimpl
    def bunga_settings(self) -> PluginSettings:
        return PluginSettings(site=Even, channel=Even)

    @hookimpl
    def bunga_start(self, context: PluginContext) -> None:
        self.context = context

    @hookimpl
    def bunga_settings_changed(self, channel_id: str | None) -> None:
        self.hear(channel_id)


async def test_a_plugin_hears_of_each_change_also_of_one_that_changes_nothing(
    tmp_path: Path,
) -> None:
    heard: list[str | None] = []
    async with running_plugins(
        MemoryPort(tmp_path), found("ears", Listener(heard.append))
    ) as plugins:
        for _ in range(2):
            await plugins.change_site_settings("ears", {"number": 2})
            await plugins.change_channel_settings("ears", "lobby", {"number": 4})
        await plugins.disable("ears")
        await plugins.change_site_settings("ears", {"number": 6})
    assert heard == [None, "lobby", None, "lobby"]


async def test_a_plugin_that_fails_to_hear_is_a_row_and_the_change_is_made(tmp_path: Path) -> None:
    def deaf(_channel_id: str | None) -> None:
        raise SystemExit("no luck")

    port = MemoryPort(tmp_path)
    async with running_plugins(port, found("ears", Listener(deaf))) as plugins:
        await plugins.change_site_settings("ears", {"number": 2})
        status = plugins.status("ears")
    assert port.tables == {"ears": {"number": 2}}
    assert (status.state, "no luck" in status.reason) == ("active", True)


async def test_what_an_operator_sets_may_be_refused_where_a_file_may_have_it(
    tmp_path: Path,
) -> None:
    port = MemoryPort(tmp_path, {"ears": {"number": 3}})
    listener = Listener(lambda _channel_id: None)
    async with running_plugins(port, found("ears", listener)) as plugins:
        assert plugins.status("ears").state == "active"
        assert listener.context.site_settings().number == 3
        with pytest.raises(SettingsError, match="must be even"):
            await plugins.change_site_settings("ears", {"number": 5})
        await listener.context.save_site_settings(number=7)
    assert port.tables == {"ears": {"number": 7}}
