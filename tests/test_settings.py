"""Settings: what each source may say, which one wins, and what a person is told."""

import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import SettingsError
from bunga_cli.settings import Settings
from bunga_cli.settings_file import example_toml, keys, load_settings, save_override, save_overrides
from bunga_cli.units import SECOND


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """A data folder beside an empty working directory."""
    folder = DataFolder(tmp_path / "data")
    folder.create()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return folder


def _problems(data: DataFolder, **environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        load_settings(data, environ=environ)
    return raised.value.problems


def test_nothing_given_means_the_defaults(data: DataFolder) -> None:
    loaded = load_settings(data, environ={})

    assert loaded.settings == Settings()
    assert loaded.origins == {}


def test_the_later_source_wins_and_is_remembered(data: DataFolder) -> None:
    Path("bunga.toml").write_text(
        '[server]\nport = 1\nhost = "h"\n[sync]\nmax_wait = "1s"\nsilence = "9s"\n'
    )
    data.auto_settings.write_text('[server]\nport = 2\n[sync]\nmax_wait = "2s"\n')
    environ = {"BUNGA_SYNC__MAX_WAIT": "3s", "BUNGA_SERVER__PORT": "3", "BUNGA_DATA": "x"}

    loaded = load_settings(data, environ=environ, flags={"server.port": 4, "server.host": None})

    assert loaded.settings.server.port == 4
    assert loaded.settings.server.host == "h"
    assert loaded.settings.sync.max_wait_us == 3 * SECOND
    assert loaded.settings.sync.silence_us == 9 * SECOND
    assert loaded.origins == {
        "server.port": "command line",
        "server.host": "bunga.toml",
        "sync.max_wait": "BUNGA_SYNC__MAX_WAIT",
        "sync.silence": "bunga.toml",
    }


def test_auto_settings_win_over_the_operators_file(data: DataFolder) -> None:
    Path("bunga.toml").write_text('[site]\nname = "theirs"\n')
    save_override(data, "site.name", "ours")

    assert load_settings(data, environ={}).settings.site.name == "ours"


def test_the_named_file_is_read_in_place_of_the_one_that_lies_there(
    data: DataFolder, tmp_path: Path
) -> None:
    Path("bunga.toml").write_text("[server]\nport = 1\n")
    named = tmp_path / "other.toml"
    named.write_text("[server]\nport = 2\n")

    assert load_settings(data, config=named, environ={}).settings.server.port == 2


def test_a_named_file_that_is_not_there_is_an_error(data: DataFolder) -> None:
    with pytest.raises(SettingsError, match=r"other\.toml cannot be read: No such file"):
        load_settings(data, config=Path("other.toml"), environ={})


@pytest.mark.parametrize("content", [b"[server", b"\xff", b"a = 1\na = 2", b"a = " + b"9" * 5000])
def test_a_file_that_is_no_toml_is_named(data: DataFolder, content: bytes) -> None:
    Path("bunga.toml").write_bytes(content)

    with pytest.raises(SettingsError, match=r"^bunga\.toml is no valid TOML: "):
        load_settings(data, environ={})


def test_all_problems_are_told_at_once_each_with_its_origin(data: DataFolder) -> None:
    Path("bunga.toml").write_text('[log]\nlevel = "loud"\n[sync]\nsilence = 1\n')

    problems = _problems(data, BUNGA_SERVER__PORT="99999", BUNGA_LIMITS__MAX_FRAME="lots")

    assert sorted(problem.split(": ")[:2] for problem in problems) == [
        ["BUNGA_LIMITS__MAX_FRAME", "limits.max_frame"],
        ["BUNGA_SERVER__PORT", "server.port"],
        ["bunga.toml", "log.level"],
        ["bunga.toml", "sync.silence"],
    ]


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("[server]\nprot = 1", "server.prot is unknown; did you mean server.port?"),
        ("[sevrer]\nport = 1", "sevrer is unknown; did you mean server?"),
        ("[sevrer]", "sevrer is unknown; did you mean server?"),
        ("[sync]\nport = 1", "sync.port is unknown; did you mean server.port?"),
        ("port = 1", "port is unknown; did you mean server.port?"),
        ("[sync]\nxyzzy = 1", "sync.xyzzy is unknown."),
        ("[sync]\nmax_wait_us = 1", "sync.max_wait_us is unknown; did you mean sync.max_wait?"),
        ("server = 1", "server must be a table: [server]."),
        ("[server]\nport = true", "server.port: must be a whole number; it is True."),
        ("[site]\nname = 5", "site.name: must be a valid string; it is 5."),
    ],
)
def test_a_wrong_key_or_value_is_explained(data: DataFolder, toml: str, problem: str) -> None:
    Path("bunga.toml").write_text(toml)

    assert _problems(data) == (f"bunga.toml: {problem}",)


def test_a_misspelled_variable_is_told(data: DataFolder) -> None:
    assert _problems(data, BUNGA_SERVER__PROT="1") == (
        "BUNGA_SERVER__PROT: server.prot is unknown; did you mean server.port?",
    )


def test_a_public_url_needs_its_scheme_and_no_slash_at_its_end(data: DataFolder) -> None:
    loaded = load_settings(data, environ={"BUNGA_SERVER__PUBLIC_URL": "https://b.example/"})
    assert loaded.settings.server.public_url == "https://b.example"

    (problem,) = _problems(data, BUNGA_SERVER__PUBLIC_URL="b.example")
    assert 'must begin with "http://"' in problem


def test_settings_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().server.port = 1


def test_an_override_is_private_and_keeps_the_others(data: DataFolder) -> None:
    save_override(data, "site.name", 'Film "night" ✨')
    save_override(data, "sync.max_wait", "7s")

    assert data.auto_settings.stat().st_mode & 0o777 == 0o600
    assert tomllib.loads(data.auto_settings.read_text("utf-8")) == {
        "site": {"name": 'Film "night" ✨'},
        "sync": {"max_wait": "7s"},
    }


@pytest.mark.parametrize(("key", "value"), [("site.nam", "x"), ("site", "x"), ("server.port", -1)])
def test_a_wrong_override_changes_nothing(data: DataFolder, key: str, value: str | int) -> None:
    save_override(data, "site.name", "before")
    before = data.auto_settings.read_bytes()

    with pytest.raises(SettingsError, match="new value: "):
        save_override(data, key, value)

    assert data.auto_settings.read_bytes() == before


def test_two_writers_lose_nothing(data: DataFolder) -> None:
    numbers = [
        key for key in keys() if key.startswith(("sync.", "tokens.")) and "on_join" not in key
    ]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: save_override(data, key, "2h"), numbers))

    written = tomllib.loads(data.auto_settings.read_text("utf-8"))
    assert sorted(f"{name}.{key}" for name, table in written.items() for key in table) == sorted(
        numbers
    )
    assert {path.name for path in data.path.glob(".*")} == set()


def test_the_example_names_every_key_with_its_default() -> None:
    uncommented = "\n".join(
        line.removeprefix("# ") if " = " in line else line
        for line in example_toml().splitlines()[5:]
    )

    table = tomllib.loads(uncommented)

    assert [f"{name}.{key}" for name, section in table.items() for key in section] == keys()
    assert Settings.model_validate(table) == Settings()


# -- plugins ----------------------------------------------------------------------------------


def test_each_plugin_has_a_table_which_sources_share(data: DataFolder) -> None:
    Path("bunga.toml").write_text(
        '[plugins.alist]\nhost = "theirs"\nretries = 3\n[plugins.agora]\napp_id = "a"\n'
    )
    save_override(data, "plugins.alist.host", "ours")
    environ = {"BUNGA_PLUGINS__ALIST__API_KEY": "k", "BUNGA_PLUGINS__BOX__ENABLED": "no"}

    loaded = load_settings(data, environ=environ)

    assert loaded.settings.plugins == {
        "alist": {"host": "ours", "retries": 3, "api_key": "k"},
        "agora": {"app_id": "a"},
        "box": {"enabled": "no"},
    }
    assert loaded.origins == {
        "plugins.alist.host": str(data.auto_settings),
        "plugins.alist.retries": "bunga.toml",
        "plugins.alist.api_key": "BUNGA_PLUGINS__ALIST__API_KEY",
        "plugins.agora.app_id": "bunga.toml",
        "plugins.box.enabled": "BUNGA_PLUGINS__BOX__ENABLED",
    }


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("plugins = 5", "plugins must be a table: [plugins]."),
        ("[plugins]\nalist = 5", "plugins.alist must be a table: [plugins.alist]."),
    ],
)
def test_a_plugins_settings_are_a_table(data: DataFolder, toml: str, problem: str) -> None:
    Path("bunga.toml").write_text(toml)

    assert _problems(data) == (f"bunga.toml: {problem}",)


def test_several_overrides_are_written_at_once_and_none_takes_one_away(data: DataFolder) -> None:
    save_overrides(data, {"plugins.alist.host": "h", "plugins.alist.folders": ["a"]})
    save_overrides(data, {"plugins.alist.host": None, "plugins.box.host": None, "site.name": "S"})

    written = tomllib.loads(data.auto_settings.read_text("utf-8"))
    assert written == {"plugins": {"alist": {"folders": ["a"]}}, "site": {"name": "S"}}


def test_allowed_hosts_are_a_list_or_a_text_with_commas(data: DataFolder) -> None:
    Path("bunga.toml").write_text('[http]\nallow_hosts = ["NAS.lan"]\n')
    assert load_settings(data, environ={}).settings.http.allow_hosts == ("nas.lan",)

    environ = {"BUNGA_HTTP__ALLOW_HOSTS": "nas.lan, 10.0.0.2"}
    assert load_settings(data, environ=environ).settings.http.allow_hosts == ("nas.lan", "10.0.0.2")
