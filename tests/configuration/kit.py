"""Plugins that only have models, and settings in force that know them."""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr, field_validator

from bunga_cli.configuration.live import LiveSettings
from bunga_cli.configuration.rows import SettingRow
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import NotFound, SettingsError
from bunga_cli.plugin.providers import PluginFailure
from bunga_cli.settings.files import load_settings


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Shelf(BaseModel):
    host: str = Field("", description="Where it is.")
    password: SecretStr = Field(SecretStr(""), description="Opens it.")
    folders: list[str] = Field([], description="What is on it.")
    count: int = Field(3, description="How many.", ge=1)
    share: float = Field(0.5, description="How much.")
    is_open: bool = Field(default=False, description="Whether it is open.")
    sort: Literal["new", "old"] = Field("new", description="In which order.")
    colour: Colour = Field(Colour.RED, description="How it looks.")
    patience: timedelta = Field(timedelta(seconds=5), description="How long it waits.")
    limits: dict[str, int] = Field({}, description="Of each kind.")


class Explosive(BaseModel):
    fuse: str = Field("", description="Do not light.")

    @field_validator("fuse")
    @classmethod
    def explode(cls, fuse: str) -> str:
        raise RuntimeError("boom") if fuse else ValueError("too short")


@dataclass
class MemoryPlugins:
    """Plugins that only have models; remembers what it was told."""

    models: dict[str, type[BaseModel] | PluginFailure | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    told: list[tuple[str, Sequence[str]]] = field(default_factory=list)

    async def names(self) -> Sequence[str]:
        return [*self.models]

    async def require(self, name: str) -> None:
        if name not in self.models:
            raise NotFound(f"There is no plugin {name!r}.")

    async def model(self, name: str) -> type[BaseModel] | None:
        self.asked.append(name)
        await self.require(name)
        model = self.models[name]
        if isinstance(model, PluginFailure):
            raise model
        return model

    async def changed(self, name: str, fields: Collection[str]) -> None:
        self.told.append((name, [*fields]))


def opened(
    data: DataFolder,
    plugins: MemoryPlugins,
    toml: str = "",
    flags: Mapping[str, object] | None = None,
    **environ: str,
) -> LiveSettings:
    Path("bunga.toml").write_text(toml)
    return LiveSettings(load_settings(data, environ=environ, flags=flags), data, plugins)


def written(data: DataFolder) -> dict[str, Any]:
    if not data.auto_settings.exists():
        return {}
    return tomllib.loads(data.auto_settings.read_text("utf-8"))


async def problems_of(live: LiveSettings, changes: Mapping[str, object]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        await live.set(changes)
    return raised.value.problems


async def rows_by_key(live: LiveSettings) -> dict[str, SettingRow]:
    return {row.key: row for row in await live.rows()}
