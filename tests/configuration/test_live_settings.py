"""The settings in force: how they are shown, how they change, and what is refused."""

import asyncio

import pytest

from bunga_cli.configuration.live import LiveSettings
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import Conflict
from bunga_cli.settings import Settings
from bunga_cli.settings.keys import keys
from bunga_cli.settings.secrets import MASK, MASKED
from bunga_cli.units import SECOND
from tests.configuration.kit import (
    MemoryPlugins,
    opened,
    problems_of,
    rows_by_key,
    written,
)

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
    rows = (await rows_by_key(live)).values()
    known = [row for row in rows if not row.key.startswith(("plugins.bomb", "plugins.broken"))]
    await live.set({row.key: getattr(row, shown) for row in known if not row.is_secret})
    again = await rows_by_key(live)
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
    problems = await problems_of(
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
    assert (await problems_of(live, changes))[0].startswith(problem)
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
    problems = await problems_of(
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
