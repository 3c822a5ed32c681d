"""`/api/v1/settings`, with plugins whose settings are kept where all others are."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from pydantic import BaseModel, Field, SecretStr

from bunga_cli.api import create_app
from bunga_cli.app import PluginSite
from bunga_cli.configuration.live import LiveSettings
from bunga_cli.configuration.plugin_models import RunningPlugins
from bunga_cli.data_folder import DataFolder
from bunga_cli.plugin import PluginContext, PluginSettings, hookimpl
from bunga_cli.plugin.manager import Plugins
from bunga_cli.settings.keys import keys
from bunga_cli.settings.tables import Source, nested
from tests.api.site import Site, live_settings
from tests.plugin.kit import found, running_plugins

SETTINGS = "/api/v1/settings"


class ShelfModel(BaseModel):
    host: str = Field("", description="Where it is.")
    count: int = Field(3, description="How many.", ge=1)
    key: SecretStr = Field(SecretStr(""), description="Opens it.")


class Shelf:
    """A plugin that does nothing but have settings, and counts its starts."""

    starts = 0

    @hookimpl
    def bunga_settings(self) -> PluginSettings:
        return PluginSettings(ShelfModel)

    @hookimpl
    def bunga_start(self, context: PluginContext) -> None:
        self.context = context
        self.starts += 1


def _import_fails() -> object:
    raise RuntimeError("no luck")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def live(tmp_path: Path) -> LiveSettings:
    return live_settings(tmp_path, {"site": {"name": "theirs"}, "plugins": {"off": {"enabled": 0}}})


@pytest.fixture
async def kept(
    site: Site, live: LiveSettings, shelf: Shelf, tmp_path: Path
) -> AsyncIterator[Plugins]:
    port = PluginSite(live, site.context.store, site.context.tokens, DataFolder(tmp_path))
    broken = replace(found("broken", None), load=_import_fails)
    candidates = (found("shelf", shelf), found("off", Shelf()), broken)
    async with running_plugins(port, *candidates) as plugins:  # type: ignore[arg-type]
        live.plugins = RunningPlugins(plugins)
        yield plugins


@pytest.fixture
async def owner(site: Site, live: LiveSettings, kept: Plugins) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client that may do everything."""
    context = replace(site.context, live_settings=live, settings=lambda: live.now, plugins=kept)
    async with Site(context, create_app(context), site.hub).client(is_local=True) as client:
        yield client


async def test_all_settings_are_listed(owner: httpx2.AsyncClient, tmp_path: Path) -> None:
    answer = (await owner.get(SETTINGS)).json()
    assert answer["files"]["auto"] == str(tmp_path / "bunga.auto.toml")
    assert answer["files"]["operator"].startswith("/")
    assert answer["files"]["operator"].endswith("/bunga.toml")
    rows = {row["key"]: row for row in answer["settings"]}
    assert [key for key in rows if not key.startswith("plugins.")] == keys()
    assert rows["sync.max_wait"] == {
        "key": "sync.max_wait",
        "value": "20s",
        "text": "20s",
        "default": "20s",
        "default_text": "20s",
        "origin": "default",
        "is_changed": False,
        "is_secret": False,
        "help": "How long one watcher may keep a room waiting in any minute; then the room plays"
        " on.",
        "kind": "duration",
        "choices": [],
        "applies": "at_once",
        "needs_restart": False,
        "pending_restart": False,
        "fixed_by": None,
        "problem": "",
    }
    assert (rows["log.level"]["kind"], rows["log.level"]["choices"][0]) == ("choice", "debug")
    assert "no luck" in rows["plugins.broken.enabled"]["problem"]
    assert rows["plugins.off.enabled"]["value"] is False
    assert "plugins.off.host" not in rows


async def test_one_setting_is_shown(owner: httpx2.AsyncClient) -> None:
    row = (await owner.get(f"{SETTINGS}/site.name")).json()
    assert (row["value"], row["origin"], row["is_changed"]) == ("theirs", "bunga.toml", True)
    assert (await owner.get(f"{SETTINGS}/plugins.off.count")).json()["value"] == 3
    missing = await owner.get(f"{SETTINGS}/site.nam")
    assert missing.status_code == 404
    message = "site.nam is unknown; did you mean site.name?"
    assert missing.json() == {"error": {"code": "not_found", "message": message}}


async def test_settings_are_changed_together_and_say_what_needs_a_restart(
    owner: httpx2.AsyncClient,
) -> None:
    changes = {"server.port": 9, "sync.max_wait": "5s", "plugins.shelf.host": "h"}
    answer = (await owner.patch(SETTINGS, json=changes)).json()
    assert [(row["key"], row["text"], row["pending_restart"]) for row in answer["settings"]] == [
        ("server.port", "9", True),
        ("sync.max_wait", "5s", False),
        ("plugins.shelf.host", "h", False),
    ]
    assert answer["restart"] == ["server.port"]


async def test_a_wrong_value_changes_nothing(owner: httpx2.AsyncClient, live: LiveSettings) -> None:
    before = live.now
    answer = await owner.patch(SETTINGS, json={"site.name": "x", "plugins.shelf.count": 0})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "settings_invalid"
    assert answer.json()["error"]["message"].startswith("plugins.shelf.count: must be")
    assert live.now == before


@pytest.mark.parametrize("body", ["[]", '"x"', "{", "5"])
async def test_what_is_no_object_is_refused(owner: httpx2.AsyncClient, body: str) -> None:
    answer = await owner.patch(SETTINGS, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


async def test_a_secret_is_shown_to_nobody(owner: httpx2.AsyncClient, shelf: Shelf) -> None:
    answer = await owner.patch(SETTINGS, json={"plugins.shelf.key": "s3cret"})
    assert answer.json()["settings"][0]["value"] == "**********"
    assert "s3cret" not in answer.text + (await owner.get(SETTINGS)).text
    assert shelf.context.site_settings().key.get_secret_value() == "s3cret"
    unset = (await owner.patch(SETTINGS, json={"plugins.shelf.key": None})).json()
    assert unset["settings"][0]["value"] is None


async def test_the_sites_name_is_one_of_the_settings(owner: httpx2.AsyncClient) -> None:
    await owner.put("/api/site", json={"name": "ours"})
    assert (await owner.get(f"{SETTINGS}/site.name")).json()["value"] == "ours"
    await owner.patch(SETTINGS, json={"site.name": None})
    assert (await owner.get("/api/site")).json()["name"] == "theirs"


async def test_a_plugin_that_cannot_be_imported_can_be_switched_off(
    owner: httpx2.AsyncClient, kept: Plugins
) -> None:
    answer = await owner.patch(SETTINGS, json={"plugins.broken.enabled": "no"})
    assert (answer.status_code, answer.json()["settings"][0]["value"]) == (200, False)
    assert kept.status("broken").state == "disabled"
    unknown = await owner.patch(SETTINGS, json={"plugins.brokn.enabled": "no"})
    assert unknown.status_code == 400
    assert "did you mean broken?" in unknown.json()["error"]["message"]


async def test_a_plugins_settings_are_the_same_by_either_way(
    owner: httpx2.AsyncClient, shelf: Shelf
) -> None:
    await owner.patch("/api/v1/plugins/shelf/settings", json={"host": "a"})
    assert (await owner.get(f"{SETTINGS}/plugins.shelf.host")).json()["value"] == "a"
    await owner.patch(SETTINGS, json={"plugins.shelf.host": "b"})
    assert shelf.context.site_settings().host == "b"


async def test_a_plugin_is_switched_by_its_setting(
    owner: httpx2.AsyncClient, kept: Plugins, live: LiveSettings
) -> None:
    await owner.patch(SETTINGS, json={"plugins.shelf.enabled": "no", "plugins.off.enabled": True})
    assert (kept.status("shelf").state, kept.status("off").state) == ("disabled", "active")
    await owner.patch(SETTINGS, json={"plugins.shelf.enabled": None, "plugins.off.enabled": None})
    assert (kept.status("shelf").state, kept.status("off").state) == ("active", "disabled")
    await owner.post("/api/v1/plugins/off/enable")
    assert live.now.plugins["off"] == {"enabled": True}


async def test_a_plugin_that_failed_for_its_settings_starts_with_good_ones(
    tmp_path: Path, site: Site
) -> None:
    live = live_settings(tmp_path, {"plugins": {"shelf": {"count": 0}}})
    port = PluginSite(live, site.context.store, site.context.tokens, DataFolder(tmp_path))
    async with running_plugins(port, found("shelf", Shelf())) as plugins:  # type: ignore[arg-type]
        live.plugins = RunningPlugins(plugins)
        assert plugins.status("shelf").state == "failed"
        (row,) = await live.set({"plugins.shelf.count": 5})
        assert (row.value, plugins.status("shelf").state) == (5, "active")


@pytest.mark.parametrize("change", [{"plugins.shelf.host": "x"}, {"plugins.shelf.enabled": "no"}])
async def test_what_the_environment_sets_of_a_plugin_is_refused_by_every_way(
    owner: httpx2.AsyncClient, live: LiveSettings, change: dict[str, str]
) -> None:
    (key,) = change
    name = f"BUNGA_{key.upper().replace('.', '__')}"
    _fix(live, name, key)
    for request in (
        owner.patch(SETTINGS, json=change),
        owner.patch("/api/v1/plugins/shelf/settings", json={"host": "x"})
        if key.endswith("host")
        else owner.post("/api/v1/plugins/shelf/disable"),
    ):
        answer = await request
        assert answer.status_code == 409
        assert answer.json()["error"]["message"].startswith(f"{key} is set by {name} of the server")


def _fix(live: LiveSettings, name: str, key: str) -> None:
    """Let the environment have set a key before the server started."""
    source = Source(name, nested(key, "yes"))
    live._loaded = replace(live.sources, above=(source,)).load()
