"""The settings in force: how they are shown, how they change, and what is refused."""

import asyncio
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
from bunga_cli.errors import Conflict, NotFound, SettingsError
from bunga_cli.plugin.providers import PluginFailure
from bunga_cli.settings import Settings
from bunga_cli.settings.files import find_problems, load_settings
from bunga_cli.settings.keys import keys
from bunga_cli.settings.secrets import MASK, MASKED
from bunga_cli.units import SECOND


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


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    monkeypatch.chdir(tmp_path)
    folder = DataFolder(tmp_path / "data")
    folder.create()
    return folder


@pytest.fixture
def plugins() -> MemoryPlugins:
    broken = PluginFailure("It cannot be imported.")
    return MemoryPlugins({"shelf": Shelf, "plain": None, "broken": broken, "bomb": Explosive})


def opened(
    data: DataFolder,
    plugins: MemoryPlugins,
    toml: str = "",
    flags: Mapping[str, object] | None = None,
    **environ: str,
) -> LiveSettings:
    Path("bunga.toml").write_text(toml)
    return LiveSettings(load_settings(data, environ=environ, flags=flags), data, plugins)


@pytest.fixture
def live(data: DataFolder, plugins: MemoryPlugins) -> LiveSettings:
    return opened(data, plugins)


def written(data: DataFolder) -> dict[str, Any]:
    if not data.auto_settings.exists():
        return {}
    return tomllib.loads(data.auto_settings.read_text("utf-8"))


async def _problems(live: LiveSettings, changes: Mapping[str, object]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        await live.set(changes)
    return raised.value.problems


async def _rows(live: LiveSettings) -> dict[str, SettingRow]:
    return {row.key: row for row in await live.rows()}


# -- changing the core's ----------------------------------------------------------------------


async def test_a_text_is_read_by_its_kind_and_written_as_a_person_would(
    live: LiveSettings, data: DataFolder
) -> None:
    changes = {
        "sync.max_wait": "90",
        "limits.max_frame": "2048",
        "server.port": "9000",
        "http.allow_hosts": "NAS.lan, 10.0.0.2",
        "site.name": "Film night",
    }
    rows = await live.set(changes)
    assert [(row.key, row.text) for row in rows] == [
        ("sync.max_wait", "1m30s"),
        ("limits.max_frame", "2KiB"),
        ("server.port", "9000"),
        ("http.allow_hosts", "nas.lan, 10.0.0.2"),
        ("site.name", "Film night"),
    ]
    assert live.now.sync.max_wait_us == 90 * SECOND
    assert written(data) == {
        "sync": {"max_wait": "1m30s"},
        "limits": {"max_frame": "2KiB"},
        "server": {"port": 9000},
        "http": {"allow_hosts": ["nas.lan", "10.0.0.2"]},
        "site": {"name": "Film night"},
    }


@pytest.mark.parametrize("shown", ["value", "text"])
async def test_what_is_shown_can_be_set_again(live: LiveSettings, shown: str) -> None:
    rows = (await _rows(live)).values()
    known = [row for row in rows if not row.key.startswith(("plugins.bomb", "plugins.broken"))]
    await live.set({row.key: getattr(row, shown) for row in known if not row.is_secret})
    again = await _rows(live)
    assert [again[row.key].value for row in known] == [row.value for row in known]
    assert live.now.model_copy(update={"plugins": {}}) == Settings()


async def test_taken_back_the_operators_value_counts_again(
    data: DataFolder, plugins: MemoryPlugins
) -> None:
    live = opened(data, plugins, '[site]\nname = "theirs"\n[plugins.shelf]\nhost = "theirs"')
    (name, host) = await live.set({"site.name": "ours", "plugins.shelf.host": "ours"})
    assert (name.value, name.origin) == ("ours", str(data.auto_settings))
    assert (host.value, host.origin) == ("ours", str(data.auto_settings))
    (name, host) = await live.set({"site.name": None, "plugins.shelf.host": None})
    assert (name.value, name.origin, name.is_changed) == ("theirs", "bunga.toml", True)
    assert (host.value, host.origin) == ("theirs", "bunga.toml")
    assert written(data) == {}


async def test_to_take_back_what_was_never_set_changes_nothing(live: LiveSettings) -> None:
    (row,) = await live.set({"site.name": None})
    assert (row.value, row.origin, row.is_changed) == ("Bunga", "default", False)


async def test_a_change_is_carried_out_by_those_who_listen(live: LiveSettings) -> None:
    heard: list[tuple[int, int]] = []

    async def listen(before: Settings, now: Settings) -> None:
        heard.append((before.sync.max_wait_us, now.sync.max_wait_us))

    live.on_change(listen)
    await live.set({"sync.max_wait": "1s"})
    await live.set({"sync.max_wait": "1000ms"})
    await live.set({"plugins.shelf.host": "h"})
    assert heard == [(20 * SECOND, SECOND)]


async def test_what_needs_a_restart_says_so_until_it_is_as_before(live: LiveSettings) -> None:
    assert not (await live.row("server.port")).pending_restart
    (row,) = await live.set({"server.port": 9000})
    assert (row.value, row.needs_restart, row.pending_restart) == (9000, True, True)
    (row,) = await live.set({"server.port": None})
    assert (row.value, row.needs_restart, row.pending_restart) == (8000, True, False)
    (row,) = await live.set({"limits.frame_burst": 9})
    assert (row.applies, row.needs_restart) == ("new_connections", False)


async def test_two_at_once_lose_nothing(live: LiveSettings, data: DataFolder) -> None:
    durations = [key for key in keys() if (await live.row(key)).kind == "duration"]
    await asyncio.gather(*(live.set({key: "2h"}) for key in durations))
    assert {f"{name}.{key}" for name, table in written(data).items() for key in table} == {
        *durations
    }
    assert {(await live.row(key)).text for key in durations} == {"2h"}


async def test_a_change_from_outside_is_not_lost(live: LiveSettings, data: DataFolder) -> None:
    data.auto_settings.write_text('[site]\nname = "by hand"\n')
    await live.set({"sync.max_wait": "1s"})
    assert written(data) == {"site": {"name": "by hand"}, "sync": {"max_wait": "1s"}}
    assert live.now.site.name == "by hand"


# -- what is refused --------------------------------------------------------------------------


async def test_one_wrong_value_and_nothing_changes(
    live: LiveSettings, data: DataFolder, plugins: MemoryPlugins
) -> None:
    before = live.now
    problems = await _problems(
        live,
        {
            "site.name": "good",
            "plugins.shelf.host": "good",
            "server.port": "http",
            "sync.max_wait": "soon",
            "sync.silence": "1s",
            "limits.max_frame": "2GiB",
            "site.nam": "x",
            "sync": "x",
            "plugins.shelf": "x",
            "plugins.shelf.count": 0,
            "plugins.shelf.hots": 0,
            "plugins.shlef.host": "x",
            "plugins.broken.host": "x",
            "plugins.plain.host": "x",
        },
    )
    assert problems == (
        "site.nam is unknown; did you mean site.name?",
        f"sync is a table; its keys are {', '.join(key for key in keys() if 'sync.' in key)}.",
        "plugins.shelf is no key; those of plugins look like plugins.NAME.FIELD.",
        "server.port: must be a whole number; it is 'http'.",
        'sync.max_wait: must be a duration, such as "20s", "1m30s" or "500ms"; it is \'soon\'.',
        "sync.silence: must be at least 2s; it is '1s'.",
        "limits.max_frame: must be at most 16MiB; it is '2GiB'.",
        "plugins.shelf.hots is unknown; did you mean plugins.shelf.host?",
        "There is no plugin 'shlef'.",
        "It cannot be imported.",
        "plugins.plain.host is unknown.",
    )
    assert live.now == before
    assert written(data) == {}
    assert plugins.told == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"site.name": ""}, "site.name: must have at least 1 character; it is ''."),
        ({"site.name": 5}, "site.name: must be a valid string; it is 5."),
        ({"site.name": {"a": 1}}, "site.name: must be a valid string; it is {'a': 1}."),
        ({"server.port": True}, "server.port: must be a whole number; it is True."),
        ({"log.level": "loud"}, "log.level: must be 'debug', 'info', 'warning' or 'error'; it is"),
        ({"sync.silence": "1d", "": 1}, " is unknown."),
        ({"site.name": "\ud800"}, "site.name: must be a valid string"),
        ({"plugins.shelf.host": "\ud800"}, "plugins.shelf.host: "),
        ({"plugins.shelf.count": "0"}, "plugins.shelf.count: must be greater than or equal to 1;"),
        ({"plugins.shelf.sort": "x"}, "plugins.shelf.sort: must be 'new' or 'old'; it is 'x'."),
        ({"plugins.shelf.enabled": "maybe"}, "plugins.shelf.enabled: must be yes or no; it is 'm"),
        ({"plugins.shelf.password": MASK}, f"plugins.shelf.password: {MASKED}"),
        ({"plugins.shelf.host": MASK}, f"plugins.shelf.host: {MASKED}"),
        ({"plugins.shelf.limits": {"a": MASK}}, f"plugins.shelf.limits: {MASKED}"),
        ({"site.name": MASK}, f"site.name: {MASKED}"),
        ({"plugins.bomb.fuse": "lit"}, "plugins.bomb: RuntimeError: boom"),
        ({"plugins.shelf.count": None, "plugins.shelf.hots": None}, "plugins.shelf.hots is unkno"),
        ({"site.nam": None}, "site.nam is unknown; did you mean site.name?"),
        ({"plugins.shelf.limits": {"a": "\x00", "b": []}}, "plugins.shelf.limits.a: must be a who"),
    ],
)
async def test_a_refusal_names_the_key(
    live: LiveSettings, data: DataFolder, changes: dict[str, object], problem: str
) -> None:
    assert (await _problems(live, changes))[0].startswith(problem)
    assert written(data) == {}


@pytest.mark.parametrize("key", ["sync.max_wait", "plugins.shelf.host", "plugins.shelf.enabled"])
async def test_what_the_environment_sets_is_not_changed_from_inside(
    data: DataFolder, plugins: MemoryPlugins, key: str
) -> None:
    name = f"BUNGA_{key.upper().replace('.', '__')}"
    live = opened(data, plugins, "", None, **{name: "5s" if key.startswith("sync") else "yes"})
    assert (await live.row(key)).fixed_by == name
    with pytest.raises(Conflict, match=f"^{key} is set by {name} of the server, which wins;"):
        await live.set({"site.name": "x", key: "7s"})
    assert written(data) == {}


async def test_what_the_command_line_sets_is_not_changed_from_inside(
    data: DataFolder, plugins: MemoryPlugins
) -> None:
    live = opened(data, plugins, flags={"server.port": 1, "server.host": None})
    with pytest.raises(Conflict, match=r"^server\.port is set on the command line of the server"):
        await live.set({"server.port": "2"})
    (row,) = await live.set({"server.host": "127.0.0.1"})
    assert (row.fixed_by, row.pending_restart) == (None, True)


async def test_a_secret_is_in_no_refusal(live: LiveSettings) -> None:
    problems = await _problems(
        live, {"plugins.shelf.password": ["s3cret"], "plugins.shelf.count": "x"}
    )
    assert "s3cret" not in " ".join(problems)
    assert problems[0].startswith("plugins.shelf.password: ")


# -- what can be repaired ---------------------------------------------------------------------


async def test_what_nobody_knows_any_more_can_be_taken_out(
    data: DataFolder, plugins: MemoryPlugins
) -> None:
    data.auto_settings.write_text("[plugins.gone]\na = 1\n[plugins.shelf]\nold = 1\n")
    live = opened(data, plugins)
    assert [row.key for row in await live.set({"plugins.gone.a": None})] == []
    assert await live.set({"plugins.shelf.old": None, "plugins.shelf.host": "h"})
    assert written(data) == {"plugins": {"shelf": {"host": "h"}}}


# -- plugins ----------------------------------------------------------------------------------


async def test_a_plugins_texts_are_read_by_its_model(
    live: LiveSettings, data: DataFolder, plugins: MemoryPlugins
) -> None:
    texts = {
        "folders": "/a, /b",
        "count": "7",
        "is_open": "yes",
        "patience": "1m",
        "limits": '{"a": 1}',
        "colour": "blue",
        "password": "s3cret",
    }
    rows = await live.set({f"plugins.shelf.{name}": text for name, text in texts.items()})
    assert {row.key.rpartition(".")[2]: row.text for row in rows} == {**texts, "password": MASK}
    kept = written(data)["plugins"]["shelf"]
    assert (kept["folders"], kept["patience"]) == (["/a", "/b"], "1m")
    assert (kept["limits"], kept["password"]) == ({"a": 1}, "s3cret")
    assert plugins.told == [("shelf", [*texts])]


async def test_rows_of_a_plugin_tell_kind_choices_and_secrets(live: LiveSettings) -> None:
    rows = await _rows(live)
    found = {key.split(".", 2)[2]: rows[key] for key in rows if key.startswith("plugins.shelf.")}
    assert {name: row.kind for name, row in found.items()} == {
        "enabled": "switch",
        "host": "text",
        "password": "text",
        "folders": "list",
        "count": "count",
        "share": "number",
        "is_open": "switch",
        "sort": "choice",
        "colour": "choice",
        "patience": "duration",
        "limits": "table",
    }
    assert (found["sort"].choices, found["colour"].choices) == (("new", "old"), ("red", "blue"))
    assert [name for name, row in found.items() if row.is_secret] == ["password"]
    assert found["password"].value is None
    assert found["host"].help == "Where it is."
    assert (found["patience"].value, found["enabled"].value) == ("5s", True)


async def test_a_plugin_that_cannot_be_imported_is_a_row_with_a_problem(
    data: DataFolder, plugins: MemoryPlugins
) -> None:
    live = opened(data, plugins, '[plugins.broken]\npassword = "s3cret"\n[plugins.gone]\na = 1')
    rows = await _rows(live)
    assert rows["plugins.broken.enabled"].problem == "It cannot be imported."
    assert rows["plugins.gone.enabled"].problem == "There is no plugin 'gone'."
    assert (rows["plugins.broken.password"].value, rows["plugins.gone.a"].value) == (MASK, MASK)
    assert "s3cret" not in str(rows)


async def test_a_value_that_a_plugin_refuses_is_a_row_with_a_problem(
    data: DataFolder, plugins: MemoryPlugins
) -> None:
    live = opened(data, plugins, '[plugins.shelf]\ncount = 0\nhots = "x"\n[plugins.bomb]\nfuse="x"')
    rows = await _rows(live)
    assert rows["plugins.shelf.hots"].problem.startswith("plugins.shelf.hots is unknown; did you")
    assert "boom" in rows["plugins.bomb.enabled"].problem
    assert rows["plugins.shelf.host"].problem == ""


async def test_a_plugin_that_is_not_used_is_not_imported_for_the_list(
    data: DataFolder, plugins: MemoryPlugins
) -> None:
    live = opened(data, plugins, '[plugins.shelf]\nenabled = false\nhost = "h"')
    rows = await _rows(live)
    assert "shelf" not in plugins.asked
    assert (rows["plugins.shelf.enabled"].value, rows["plugins.shelf.host"].value) == (False, MASK)
    assert (await live.row("plugins.shelf.host")).value == "h"


async def test_a_key_that_is_not_there_is_not_found(live: LiveSettings) -> None:
    with pytest.raises(NotFound, match=r"^site\.nam is unknown; did you mean site\.name\?"):
        await live.row("site.nam")
    with pytest.raises(NotFound, match=r"^plugins\.shelf\.hots is unknown; did you mean plugins\."):
        await live.row("plugins.shelf.hots")
    with pytest.raises(NotFound, match="There is no plugin 'shlef'"):
        await live.row("plugins.shlef.host")


async def test_to_switch_a_plugin_tells_it(data: DataFolder, plugins: MemoryPlugins) -> None:
    live = opened(data, plugins, "[plugins.shelf]\nenabled = false")
    await live.set({"plugins.shelf.enabled": "yes"})
    await live.set({"plugins.shelf.enabled": None})
    assert plugins.told == [("shelf", ["enabled"]), ("shelf", ["enabled"])]
    assert not (await live.row("plugins.shelf.enabled")).value


async def test_a_switch_that_is_neither_yes_nor_no_is_told(
    data: DataFolder, plugins: MemoryPlugins
) -> None:
    live = opened(data, plugins, '[plugins.shelf]\nenabled = "flase"')
    problem = "plugins.shelf.enabled: must be yes or no; it is 'flase'."
    row = await live.row("plugins.shelf.enabled")
    assert (row.value, row.problem) == (True, problem)
    assert next(row.problem for row in await live.rows() if "shelf" in row.key) == problem
    environ = {"BUNGA_PLUGINS__BROKEN__ENABLED": "2"}
    assert find_problems(data, environ=environ)[0] == [
        f"bunga.toml: {problem}",
        "BUNGA_PLUGINS__BROKEN__ENABLED: plugins.broken.enabled: must be yes or no; it is '2'.",
    ]


async def test_a_change_that_takes_long_does_not_undo_the_next_one(
    live: LiveSettings, plugins: MemoryPlugins
) -> None:
    is_called, is_answered = asyncio.Event(), asyncio.Event()

    async def wait(_before: Settings, _now: Settings) -> None:
        is_called.set()
        await is_answered.wait()

    live.on_change(wait)
    first = asyncio.create_task(live.set({"site.name": "x", "plugins.shelf.host": "a"}))
    await is_called.wait()
    await live.set({"plugins.shelf.host": "b"})
    is_answered.set()
    await first
    assert plugins.told == [("shelf", ["host"]), ("shelf", ["host"])]
    assert (await live.row("plugins.shelf.host")).value == "b"


# -- what plugins save ------------------------------------------------------------------------


async def test_a_plugin_saves_and_takes_back(live: LiveSettings, data: DataFolder) -> None:
    await live.save_of_plugin("shelf", {"host": "h", "count": 5})
    assert written(data) == {"plugins": {"shelf": {"host": "h", "count": 5}}}
    await live.save_of_plugin("shelf", {"host": None, "count": 5})
    assert live.now.plugins == {"shelf": {"count": 5}}


async def test_what_is_so_already_is_not_written(data: DataFolder, plugins: MemoryPlugins) -> None:
    live = opened(data, plugins, '[plugins.shelf]\nhost = "h"', BUNGA_PLUGINS__SHELF__SORT="new")
    await live.save_of_plugin("shelf", {"host": "h", "sort": "new", "count": None, "enabled": True})
    assert not data.auto_settings.exists()


async def test_a_plugin_does_not_save_over_the_environment(
    data: DataFolder, plugins: MemoryPlugins
) -> None:
    live = opened(data, plugins, BUNGA_PLUGINS__SHELF__ENABLED="no")
    with pytest.raises(Conflict, match="BUNGA_PLUGINS__SHELF__ENABLED"):
        await live.save_of_plugin("shelf", {"host": "h", "enabled": None})
    assert written(data) == {}


@pytest.mark.parametrize(
    ("operators", "wanted", "kept"),
    [
        ("", None, {}),
        ("", False, {"enabled": False}),
        ("enabled = false", False, {}),
        ("enabled = false", None, {"enabled": True}),
    ],
)
async def test_a_switched_plugin_is_written_as_little_as_needed(
    data: DataFolder,
    plugins: MemoryPlugins,
    operators: str,
    wanted: object,
    kept: dict[str, object],
) -> None:
    live = opened(data, plugins, f"[plugins.shelf]\n{operators}\n")
    await live.save_of_plugin("shelf", {"enabled": wanted})
    assert written(data).get("plugins", {}).get("shelf", {}) == kept


async def test_a_plugin_switched_off_and_on_leaves_nothing_behind(
    live: LiveSettings, data: DataFolder
) -> None:
    await live.save_of_plugin("shelf", {"enabled": False})
    await live.save_of_plugin("shelf", {"enabled": None})
    assert written(data) == {}
