"""Settings: what each source may say, which one wins, and what a person is told."""

import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import SettingsError
from bunga_cli.settings import Settings
from bunga_cli.settings.files import (
    find_problems,
    load_settings,
    remove_left_behind,
    save_overrides,
)
from bunga_cli.settings.keys import example_toml, keys
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
    save_overrides(data, {"site.name": "ours"})

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


@pytest.mark.parametrize("content", [b"[server", b"a = 1\na = 2", b"a = " + b"9" * 5000])
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
    assert 'must be "http://" or "https://", then a host' in problem


@pytest.mark.parametrize(
    "url",
    [
        "http://b",
        "https://b.example:8443/films",
        "http://192.0.2.7:8000",
        "http://[2001:db8::1]:8000",
        "https://bücher.example",
        "https://my_host.example.",
    ],
)
def test_a_public_url_has_a_host_and_perhaps_a_port_and_a_path(url: str) -> None:
    assert Settings.model_validate({"server": {"public_url": url}}).server.public_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///path",
        "http://:80",
        "https://b.example:",
        "https://b.example:0",
        "https://b.example:65536",
        "https://b.example:http",
        "https://me:secret@b.example",
        "https://b.example?",
        "https://b.example/?a=1",
        "https://b.example/#top",
        "https://b example",
        "https://b.example/\n",
        "https://b.example/\x1b[2J",
        "https://b.example/a\\b",
        'https://b.example/"',
        "https://-b.example",
        "https://b..example",
        "https://999.1.1.1",
        "https://[::1",
        "https://[fe80::1%25eth0]",
        f"https://{'a' * 64}.example",
        f"https://{'a.' * 130}example",
        "HTTPS://b.example",
        "ftp://b.example",
    ],
)
def test_what_is_no_plain_address_is_no_public_url(url: str) -> None:
    with pytest.raises(ValidationError, match="perhaps a port and a path"):
        Settings.model_validate({"server": {"public_url": url}})


@pytest.mark.parametrize("name", ["two\nlines", "bell\a", "\x1b[31mred", "\x7f", "a\u2028b"])
def test_the_sites_name_is_one_line(name: str) -> None:
    with pytest.raises(ValidationError, match="one line of text"):
        Settings.model_validate({"site": {"name": name}})


def test_the_sites_name_may_be_of_any_language() -> None:
    name = "Кино 👨‍👩‍👧 映画"
    assert Settings.model_validate({"site": {"name": name}}).site.name == name


@pytest.mark.parametrize(
    "key",
    ["max_connections", "sockets_per_account", "frames_per_second", "frame_burst", "max_streams"],
)
def test_a_count_has_an_end(key: str) -> None:
    Settings.model_validate({"limits": {key: 10_000_000}})
    with pytest.raises(ValidationError, match="10000000"):
        Settings.model_validate({"limits": {key: 10_000_001}})


def test_settings_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().server.port = 1


def test_an_override_is_private_and_keeps_the_others(data: DataFolder) -> None:
    save_overrides(data, {"site.name": 'Film "night" ✨'})
    save_overrides(data, {"sync.max_wait": "7s"})

    assert data.auto_settings.stat().st_mode & 0o777 == 0o600
    assert tomllib.loads(data.auto_settings.read_text("utf-8")) == {
        "site": {"name": 'Film "night" ✨'},
        "sync": {"max_wait": "7s"},
    }


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("site.nam", "x", "site.nam is unknown; did you mean site.name?"),
        ("site", "x", "site must be a table: [site]."),
        ("server.port", -1, "server.port: must be at least 0; it is -1."),
        ("sync.silence", "1ms", "sync.silence: must be at least 2s; it is '1ms'."),
        ("limits.max_frame", "1GiB", "limits.max_frame: must be at most 16MiB; it is '1GiB'."),
    ],
)
def test_a_wrong_override_changes_nothing(
    data: DataFolder, key: str, value: str | int, problem: str
) -> None:
    save_overrides(data, {"site.name": "before"})
    before = data.auto_settings.read_bytes()

    with pytest.raises(SettingsError) as raised:
        save_overrides(data, {key: value})

    assert raised.value.problems == (problem,)
    assert data.auto_settings.read_bytes() == before


def test_two_writers_lose_nothing(data: DataFolder) -> None:
    others = ("sync.on_join", "sync.legacy_compensation")
    numbers = [key for key in keys() if key.startswith(("sync.", "tokens.")) and key not in others]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: save_overrides(data, {key: "2h"}), numbers))

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
    save_overrides(data, {"plugins.alist.host": "ours"})
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


# -- what is wrong ----------------------------------------------------------------------------


def test_everything_that_is_wrong_is_found_where_another_source_wins_too(data: DataFolder) -> None:
    Path("bunga.toml").write_text('[server]\nport = "x"\nhots = 1\n[plugins]\nalist = 5\n')
    data.auto_settings.write_text("[server]\nport = -1\n")

    problems, sources = find_problems(data, environ={"BUNGA_SERVER__PORT": "99999"})

    assert problems == [
        "bunga.toml: server.port: must be a whole number; it is 'x'.",
        "bunga.toml: server.hots is unknown; did you mean server.host?",
        "bunga.toml: plugins.alist must be a table: [plugins.alist].",
        f"{data.auto_settings}: server.port: must be at least 0; it is -1.",
        "BUNGA_SERVER__PORT: server.port: must be at most 65535; it is '99999'.",
    ]
    assert sources.fixed_by("server.port") == "BUNGA_SERVER__PORT"


def test_files_that_cannot_be_read_are_told_beside_the_rest(data: DataFolder) -> None:
    data.auto_settings.write_text("[server")

    problems, _ = find_problems(data, config=Path("none.toml"), environ={"BUNGA_LOG__LEVEL": "x"})

    assert [problem.split(": ")[0].split(" ")[0] for problem in problems] == [
        "none.toml",
        str(data.auto_settings),
        "BUNGA_LOG__LEVEL",
    ]


def test_good_settings_have_no_problems(data: DataFolder) -> None:
    Path("bunga.toml").write_text('[site]\nname = "x"\n')

    assert find_problems(data, environ={"BUNGA_DATA": "x"})[0] == []


def test_what_a_killed_writer_left_behind_is_removed_by_the_next(data: DataFolder) -> None:
    left_behind = data.path / f".{data.auto_settings.name}.x1y2"
    left_behind.write_text("half of i")

    save_overrides(data, {"site.name": "x"})

    assert not left_behind.exists()
    assert data.auto_settings.exists()


def test_what_a_killed_writer_left_behind_is_removed_by_the_next_server(data: DataFolder) -> None:
    left_behind = data.path / f".{data.auto_settings.name}.x1y2"
    left_behind.write_text("half of i")
    data.auto_settings.write_text("[site]\n")
    remove_left_behind(data)
    assert not left_behind.exists()
    assert data.auto_settings.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfea", "bunga.toml cannot be read: it is not UTF-8."),
        (b"a = " + b"[" * 20_000, "bunga.toml cannot be used: it is nested too deeply."),
        (b"a = " + b"[" * 100 + b"]" * 100, "bunga.toml cannot be used: it is nested too deeply."),
        (b"[" + b"a." * 5000 + b"a]", "bunga.toml cannot be used: it is nested too deeply."),
        (b"[server]\nport = 0x" + b"f" * 5000, "bunga.toml cannot be used: it has a number that"),
        (b"[server]\nport = " + b"9" * 30, "bunga.toml cannot be used: it has a number that"),
        (b"[site]\nname = '" + b"x" * 1_000_000 + b"'", "bunga.toml: site.name: must have at most"),
        (b"[site]\nname = [" + b"1," * 100_000 + b"]", "bunga.toml: site.name: must be a valid"),
        (b"[site]\n" + b"x" * 100_000 + b" = 1", "bunga.toml: site.xxx"),
    ],
)
def test_a_file_with_too_much_in_it_is_explained_shortly(
    data: DataFolder, content: bytes, says: str
) -> None:
    Path("bunga.toml").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_settings(data, environ={})
    assert str(caught.value).startswith(says)
    assert len(str(caught.value)) < 500
    assert find_problems(data, environ={})[0] == [*caught.value.problems]


def test_a_file_may_begin_with_a_byte_order_mark(data: DataFolder) -> None:
    Path("bunga.toml").write_bytes(b"\xef\xbb\xbf[server]\nport = 9000\n")
    assert load_settings(data, environ={}).settings.server.port == 9000


def test_a_wrong_value_beside_it_keeps_nothing_from_being_taken_out(data: DataFolder) -> None:
    data.auto_settings.write_text('[server]\nport = -1\n[site]\nnam = "x"\n')

    save_overrides(data, {"site.nam": None})
    with pytest.raises(SettingsError, match=r"server\.port"):
        save_overrides(data, {"site.name": "x"})
    save_overrides(data, {"server.port": None, "no.such.table": None, "plugins.x.y": None})

    assert data.auto_settings.read_text("utf-8") == ""


@pytest.mark.parametrize("value", ["\ud800", [None], object(), {5: 1}])
def test_what_no_file_can_hold_is_refused(data: DataFolder, value: object) -> None:
    with pytest.raises(SettingsError, match=r"^plugins\.shelf\.x: cannot be written to a file: "):
        save_overrides(data, {"plugins.shelf.x": value})
    assert not data.auto_settings.exists()


# -- the example ------------------------------------------------------------------------------


def test_the_example_tells_choices_and_when_a_change_counts() -> None:
    paragraphs = [paragraph.splitlines() for paragraph in example_toml().split("\n\n")]

    by_key = {lines[-1].split(" = ")[0]: lines[:-1] for lines in paragraphs}
    assert by_key["# on_join"][-1] == '# One of "pause", "continue".'
    assert by_key["# port"][-1] == "# A change counts after a restart."
    assert by_key["# max_frame"][-1] == "# A change counts for new connections."
    assert len(by_key["# max_wait"]) == 1
