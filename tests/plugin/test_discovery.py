"""Finding plugins among packages and files, whatever state those are in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bunga_cli.plugin import discovery
from bunga_cli.plugin.discovery import Found, discover
from tests.plugin.kit import PATIENT_S

GOOD = "[bunga.plugins]\ngood = good_plugin\n"
METADATA = "Metadata-Version: 2.1\nName: good-plugin\nVersion: 1.0\n"
ROOT = Path(__file__).parents[2]


def package(folder: Path, name: str, entry_points: bytes | str, metadata: str | None) -> None:
    """Write the metadata of an installed package."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    if isinstance(entry_points, str):
        entry_points = entry_points.encode()
    (info / "entry_points.txt").write_bytes(entry_points)
    if metadata is not None:
        (info / "METADATA").write_text(metadata)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages that comes before all others."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    return site


def found_in(folder: Path) -> list[Found]:
    bundled = {"agora", "alist", "bilibili", "gallery"}
    return [found for found in discover(folder) if found.name not in bundled]


@pytest.mark.parametrize(
    ("metadata", "version", "source"),
    [
        (METADATA, "1.0", "good-plugin"),
        ("Metadata-Version: 2.1\nName: good-plugin\n", "", "good-plugin"),
        ("Metadata-Version: 2.1\nVersion: 1.0\n", "1.0", "good_plugin"),
        ("", "", "good_plugin"),
        (None, "", "good_plugin"),
    ],
)
def test_a_package_need_not_say_much_about_itself(
    site: Path, tmp_path: Path, metadata: str | None, version: str, source: str
) -> None:
    package(site, "good_plugin", GOOD, metadata)
    [found] = found_in(tmp_path)
    assert (found.name, found.version, found.source) == ("good", version, source)


DAMAGED = {
    "no value": "[bunga.plugins]\nbroken\n",
    "no text": b"\xff\xfe[bunga.plugins]\naa = goodp\n",
    "of others": "[console_scripts]\nbroken\n",
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_package_is_left_out_and_named(
    site: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    package(site, "damaged", DAMAGED[kind], METADATA.replace("good", "damaged"))
    package(site, "good_plugin", GOOD, METADATA)
    assert [found.name for found in found_in(tmp_path)] == ["good"]
    assert "The entry points of damaged-plugin cannot be read." in caplog.text


@pytest.mark.parametrize("kind", DAMAGED)
def test_no_library_fails_because_of_a_damaged_package(tmp_path: Path, kind: str) -> None:
    package(tmp_path, "damaged", DAMAGED[kind], METADATA)
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "bunga_cli", "config", "list", "--data", str(tmp_path / "no")]
    done = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENT_S,
        cwd=ROOT,
        env=environ,
    )
    assert "The entry points of good-plugin cannot be read." in done.stderr


def test_a_package_that_is_there_twice_counts_once(site: Path, tmp_path: Path) -> None:
    package(site, "good_plugin", GOOD, METADATA)
    package(site / "deeper", "good_plugin", GOOD, METADATA)
    sys.path.insert(1, str(site / "deeper"))
    try:
        assert len(found_in(tmp_path)) == 1
    finally:
        sys.path.remove(str(site / "deeper"))


def test_two_packages_with_one_plugins_name_are_both_found(site: Path, tmp_path: Path) -> None:
    package(site, "one", GOOD, METADATA.replace("good-plugin", "one"))
    package(site, "two", GOOD, METADATA.replace("good-plugin", "two"))
    assert [(f.name, f.source) for f in found_in(tmp_path)] == [("good", "one"), ("good", "two")]


def test_the_bundled_plugins_come_first(tmp_path: Path) -> None:
    names = [f.name for f in discover(tmp_path) if f.source == discovery.BUNDLED]
    assert names == ["agora", "alist", "bilibili", "gallery"]


def test_an_entry_point_that_names_nothing_fails_only_when_it_is_loaded(
    site: Path, tmp_path: Path
) -> None:
    package(site, "odd", "[bunga.plugins]\nodd = not a module!!\n", METADATA)
    [found] = found_in(tmp_path)
    with pytest.raises(AttributeError):
        found.load()


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (b"bad\xff.py", "bad\\xff"),
        (b"two\nlines\x1b[31m.py", "two lines\N{REPLACEMENT CHARACTER}[31m"),
        ("ünï.py".encode(), "ünï"),
        (b".py", ".py"),
    ],
)
def test_a_file_with_an_odd_name_is_found_by_one_that_can_be_shown(
    tmp_path: Path, file: bytes, name: str
) -> None:
    with open(os.fsencode(tmp_path) + b"/" + file, "w"):  # noqa: PTH123  no text, no path
        pass
    [found] = found_in(tmp_path)
    assert found.name == name
    assert discovery.name_problem(found.name) is not None
    assert found.source.isprintable()


def test_a_file_is_read_as_it_is_now(tmp_path: Path) -> None:
    file = tmp_path / "fresh.py"
    file.write_text("plugin = 1")
    [found] = found_in(tmp_path)
    assert found.load() == 1
    file.write_text("plugin = 2")  # as long as before, within the same second
    assert found.load() == 2
    assert [path.name for path in tmp_path.iterdir()] == ["fresh.py"]


def test_no_folder_is_no_plugin(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert found_in(tmp_path / "nowhere") == []
    assert found_in(tmp_path / "file") == []
