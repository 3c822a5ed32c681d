"""The settings of plugins in force: how they are shown, how they change, what plugins save."""

import asyncio

import pytest

from bunga_cli.configuration.live import LiveSettings
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import Conflict, NotFound
from bunga_cli.settings import Settings
from bunga_cli.settings.files import find_problems
from bunga_cli.settings.secrets import MASK
from tests.configuration.kit import (
    MemoryPlugins,
    opened,
    rows_by_key,
    written,
)


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
    rows = await rows_by_key(live)
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
    rows = await rows_by_key(live)
    assert rows["plugins.broken.enabled"].problem == "It cannot be imported."
    assert rows["plugins.gone.enabled"].problem == "There is no plugin 'gone'."
    assert (rows["plugins.broken.password"].value, rows["plugins.gone.a"].value) == (MASK, MASK)
    assert "s3cret" not in str(rows)


async def test_a_value_that_a_plugin_refuses_is_a_row_with_a_problem(
    data: DataFolder, plugins: MemoryPlugins
) -> None:
    live = opened(data, plugins, '[plugins.shelf]\ncount = 0\nhots = "x"\n[plugins.bomb]\nfuse="x"')
    rows = await rows_by_key(live)
    assert rows["plugins.shelf.hots"].problem.startswith("plugins.shelf.hots is unknown; did you")
    assert "boom" in rows["plugins.bomb.enabled"].problem
    assert rows["plugins.shelf.host"].problem == ""


async def test_a_plugin_that_is_not_used_is_not_imported_for_the_list(
    data: DataFolder, plugins: MemoryPlugins
) -> None:
    live = opened(data, plugins, '[plugins.shelf]\nenabled = false\nhost = "h"')
    rows = await rows_by_key(live)
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
