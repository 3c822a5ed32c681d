"""What an import leaves behind whose process is killed: all of it or nothing."""

import errno
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bunga_cli.clock import utc_now
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import DataFolderError, SettingsError
from bunga_cli.importing import finish_import, move_in
from bunga_cli.importing.unfinished import Rest, note, read_mark
from bunga_cli.keyring import Keyring, OldSecret
from tests.importing.new_site import FACTS, Facts, facts, imported, source_of
from tests.importing.old_site import SECRET_KEY, OldSite

# Imports again and again, each time in a child of its own and into a folder of its own, and kills
# the child before the first thing it does with a file or a database, the second, and so on. The
# number of folders is printed when a child came to its end.
KILLER = """
import asyncio, os, signal, sys
from pathlib import Path

import alembic.command, bunga_agora, bunga_alist, bunga_bilibili, bunga_gallery
import bunga_cli.store.migrations.versions
from bunga_cli.data_folder import DataFolder
from bunga_cli.importing import Source, move_in
from tests.importing.old_site import SECRET_KEY

WATCHED = {
    "open", "os.chmod", "os.mkdir", "os.remove", "os.rename", "fcntl.flock", "sqlite3.connect",
}
old, folder = Path(sys.argv[1]), Path(sys.argv[2])

def import_and_die(data, at):
    done = 0

    def watch(event, arguments):
        nonlocal done
        if event not in WATCHED or event == "open" and not names_a_file_of(data, arguments[0]):
            return
        done += 1
        if done == at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    source = Source(old / "db.sqlite3", old / "media", SECRET_KEY)
    asyncio.run(move_in(source, data, applied=True))

def names_a_file_of(data, path):
    return isinstance(path, str) and path.startswith(str(data.path))

at = 1
while True:
    data = DataFolder(folder / str(at))
    child = os.fork()
    if not child:
        import_and_die(data, at)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status == 0:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL, status
    at += 1
print(at)
"""


@pytest.fixture(scope="module")
def killed(lived_in: OldSite, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Data folders, each of an import that came one step further; the last one was not killed."""
    folder = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(lived_in.folder), str(folder)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [folder / str(step) for step in range(1, int(done.stdout) + 1)]


@pytest.fixture
def left_behind(killed: list[Path], tmp_path: Path) -> list[DataFolder]:
    """Copies of those."""
    for path in killed:
        if path.exists():
            shutil.copytree(path, tmp_path / path.name)
    return [DataFolder(tmp_path / path.name) for path in killed]


def test_a_death_at_any_step_leaves_all_or_nothing(left_behind: list[DataFolder]) -> None:
    wanted = facts(left_behind[-1])
    assert len(wanted.rows) == len(FACTS)
    found = [_after(data) for data in left_behind]

    assert all(state in (Facts(), wanted) for state in found)
    assert found == sorted(found, key=lambda state: state == wanted)
    assert found.count(Facts()) > 10
    # Some died after the database was written and before the rest was.
    assert found.count(wanted) > 3


def _after(data: DataFolder) -> Facts:
    """Return what the next command finds."""
    if data.path.exists():
        finish_import(data)
    assert not data.import_note.exists()
    return facts(data) if (data.path / "secret").exists() else Facts()


async def test_a_second_run_after_a_death_completes_it(
    left_behind: list[DataFolder], lived_in: OldSite
) -> None:
    wanted = facts(left_behind[-1])
    for data in left_behind[1::3]:
        await imported(lived_in, data)
        assert facts(data) == wanted
        kept = {str(p.relative_to(data.media)) for p in data.media.rglob("*") if p.is_file()}
        assert kept == wanted.files


async def test_what_was_noted_counts_only_if_the_database_was_written(
    old: OldSite, data: DataFolder
) -> None:
    await imported(old, data)
    before = facts(data)
    note(data, Rest(mark=1, settings={"site.name": "Never"}, secret=None))

    finish_import(data)

    assert facts(data) == before
    assert not data.import_note.exists()


async def test_nobody_ends_an_import_that_is_under_way(old: OldSite, data: DataFolder) -> None:
    await imported(old, data)
    note(data, Rest(mark=1, settings={}, secret=None))
    with data.lock():
        finish_import(data)
        assert data.import_note.exists()
    finish_import(data)
    assert not data.import_note.exists()


async def test_a_note_that_somebody_broke_is_told(old: OldSite, data: DataFolder) -> None:
    await imported(old, data)
    for text in ("", "[]", '{"mark": 1}', json.dumps({"mark": 1, "settings": 3, "secret": None})):
        data.import_note.write_text(text)
        with pytest.raises(DataFolderError, match=r"makes no sense.*run the import once more"):
            finish_import(data)
        finish_import(data)  # it is in nobody's way any more


@pytest.mark.parametrize(
    ("settings", "key", "problem"),
    [
        ({"site.name": 5}, SECRET_KEY, "site.name"),
        ({"site.name": "Film club"}, "two\nlines", "SECRET_KEY: a secret is one line"),
    ],
)
async def test_a_note_that_nobody_can_follow_is_told_once_and_kept(
    old: OldSite, data: DataFolder, settings: dict[str, object], key: str, problem: str
) -> None:
    await imported(old, data)
    wanted = facts(data)
    data.auto_settings.unlink()
    data.write_keyring(Keyring(data.read_keyring().current))
    until = utc_now() + timedelta(days=1)
    mark = read_mark(data.database)
    note(data, Rest(mark, {**wanted.settings, **settings}, OldSecret(key, until)))

    with pytest.raises(DataFolderError, match=problem):
        finish_import(data)

    finish_import(data)
    aside = data.path / "import.json.failed"
    assert aside.stat().st_mode & 0o777 == 0o600
    await imported(old, data)
    assert facts(data) == wanted


async def test_a_note_is_kept_while_the_disk_is_what_is_in_the_way(
    old: OldSite, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await imported(old, data)
    note(data, Rest(read_mark(data.database), {"site.name": "Kept"}, None))

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("bunga_cli.settings.files.write_private", full)
        with pytest.raises(SettingsError, match="No space left"):
            finish_import(data)
    finish_import(data)
    assert facts(data).settings["site"]["name"] == "Kept"


async def test_a_note_beside_a_database_that_is_broken_says_what_to_do(
    old: OldSite, data: DataFolder
) -> None:
    await imported(old, data)
    note(data, Rest(1, {}, None))
    data.database.write_bytes(b"x" * 5000)
    with pytest.raises(DataFolderError, match=r"restore a backup, or delete import\.json"):
        finish_import(data)


async def test_the_note_has_no_effect_before_the_database_is_written(
    old: OldSite, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Facts] = []

    async def die(*_arguments: object) -> None:
        seen.append(replace(facts(data)))
        assert data.import_note.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr("bunga_cli.importing.moving_in.write", die)
    with pytest.raises(KeyboardInterrupt):
        await move_in(source_of(old), data, applied=True)

    assert seen == [Facts()]
    assert data.import_note.stat().st_mode & 0o777 == 0o600
    finish_import(data)
    assert facts(data) == Facts()
