"""Plugins for the data folder of a server in tests of its pages: each is a file of its own."""

import base64
from pathlib import Path

PIXEL = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
    )
).decode()
PICTURE = f"data:image/png;base64,{PIXEL}"
SCRIPT = "<script>document.title='owned'</script>"
TOKEN = "t0k3n-that-nobody-sees"

SHELF = f'''
"""A shelf of films."""

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from bunga_cli.plugin import *

SCRIPT = "{SCRIPT}"


class Site(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    base_url: str = "https://films.example"
    """Where the films are."""
    token: SecretStr = SecretStr("")
    """What opens the shelf."""
    is_loud: bool = False
    """Whether it rings when a film is taken."""
    shelves: int = Field(default=3, ge=1, le=9)
    """How many shelves there are."""
    order: Literal["by name", "by year"] = "by name"
    """How the films stand."""
    login: SecretStr = SecretStr("")
    """What signing in brought."""

    @field_validator("base_url")
    @classmethod
    def is_address(cls, text):
        if not text.startswith("https://"):
            raise ValueError(f"must begin with https:// {{SCRIPT}}")
        return text


class Room(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    shelf_number: int = 0
    """The shelf of the channel."""


kept = None
scans = []


class Look:
    name = "shelf"

    async def check(self):
        settings = kept.site_settings()
        return Health(
            "ok",
            f"{{settings.shelves}} shelves stand.",
            {{"Title": "The shelf", "Base path": "/films", "Odd": SCRIPT}},
            picture="{PICTURE}",
        )


class Fails:
    name = "door"

    async def check(self):
        raise PluginFailure(f"The door is locked. {{SCRIPT}}")


class Desk:
    name, title, per_channel = "desk", "The desk", False

    async def begin(self, channel):
        scans.clear()
        return SignInCode("k3y", "https://films.example/scan?k3y", 60)

    async def poll(self, channel, key):
        scans.append(key)
        if len(scans) == 1:
            return SignInState("scanned")
        await kept.save_site_settings(login="{TOKEN}")
        return SignInState("done")

    async def sign_out(self, channel):
        await kept.save_site_settings(login="")


class Library:
    info = LinkerInfo("shelf-films", "Films on the shelf", "https://films.example")

    async def search(self, keyword):
        return []

    async def detail(self, key):
        raise PluginFailure("There is none.")

    async def sources(self, key, episode_id):
        return []


@hookimpl
def bunga_settings():
    return PluginSettings(site=Site, channel=Room)


@hookimpl
def bunga_start(context):
    global kept
    kept = context


@hookimpl
def bunga_health_checks():
    return [Look(), Fails()]


@hookimpl
def bunga_sign_ins():
    return [Desk()]


@hookimpl
def bunga_linkers():
    return [Library()]
'''

SLEEPER = '''
"""One whose check never ends."""

import asyncio
from bunga_cli.plugin import *


class Sleeps:
    name = "long sleep"

    async def check(self):
        await asyncio.sleep(1000)


@hookimpl
def bunga_health_checks():
    return [Sleeps()]
'''

BROKEN = f"""raise RuntimeError("no luck {SCRIPT}")"""

QUIET = "from bunga_cli.plugin import *\n@hookimpl\ndef bunga_services():\n    return []\n"

MENDED = """
from pydantic import BaseModel, Field

from bunga_cli.plugin import *


class Site(BaseModel):
    size: int = Field(default=3, le=9, description="How large it is.")


@hookimpl
def bunga_settings():
    return PluginSettings(site=Site)
"""

ALL = {
    "shelf": SHELF,
    "sleeper": SLEEPER,
    "broken": BROKEN,
    "locked": QUIET,
    "agora": QUIET,
    "mended": MENDED,
}


def write_plugins(data: Path) -> None:
    """Put all of them into a data folder."""
    folder = data / "plugins"
    folder.mkdir(parents=True)
    for name, source in ALL.items():
        (folder / f"{name}.py").write_text(source)
