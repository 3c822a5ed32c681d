"""What is on the disk when a backup or a restore is killed with no time for anything."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bunga_cli.backup import make_backup, restore_backup
from bunga_cli.backup.reading import verify
from bunga_cli.data_folder import DataFolder
from tests.backups import contents, make_site

KILLS = 30

# Does it again and again, and tells after the imports, which take the most of the time.
BACKUPS = """
import pathlib, sys
from bunga_cli.backup import make_backup
from bunga_cli.data_folder import DataFolder

folder, target = map(pathlib.Path, sys.argv[1:])
print(flush=True)
while True:
    make_backup(DataFolder(folder), target, replace=True)
"""

RESTORES = """
import pathlib, sys
from bunga_cli.backup import restore_backup
from bunga_cli.data_folder import DataFolder

source, folder = map(pathlib.Path, sys.argv[1:])
print(flush=True)
restore_backup(source, DataFolder(folder))
print(flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = make_site(tmp_path / "site")
    (made.media / "logs" / "big.log").write_bytes(random.Random(1).randbytes(4_000_000))
    return made


def killed(script: str, *arguments: Path, after_s: float) -> None:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(after_s)
        process.kill()
    assert process.returncode in (-signal.SIGKILL, 0)


def test_a_backup_that_is_killed_leaves_the_old_one_or_a_new_one(
    folder: DataFolder, tmp_path: Path
) -> None:
    target = tmp_path / "kept" / "site.tar.gz"
    target.parent.mkdir()
    make_backup(folder, target)
    started = time.monotonic()
    make_backup(folder, target, replace=True)
    takes_s = time.monotonic() - started
    rng, half_made = random.Random(5), 0
    for _ in range(KILLS):
        killed(BACKUPS, folder.path, target, after_s=rng.uniform(0, 2 * takes_s))
        verify(target, 100_000_000, lambda _share: None)
        half_made += len(list(target.parent.iterdir())) > 1

    assert half_made  # else the kills came at the wrong moments
    make_backup(folder, target, replace=True)
    assert list(target.parent.iterdir()) == [target]
    restore_backup(target, DataFolder(tmp_path / "new"))
    assert contents(tmp_path / "new") == contents(folder.path)


def test_a_restore_that_is_killed_leaves_nothing_or_all_of_it(
    folder: DataFolder, tmp_path: Path
) -> None:
    source = make_backup(folder, tmp_path / "site.tar.gz").path
    wanted = contents(folder.path)
    started = time.monotonic()
    restore_backup(source, DataFolder(tmp_path / "new"))
    takes_s = time.monotonic() - started
    rng, half_made = random.Random(6), 0
    for number in range(KILLS):
        place = tmp_path / f"place{number}"
        place.mkdir()
        new = place / "data"
        killed(RESTORES, source, new, after_s=rng.uniform(0, 1.2 * takes_s))
        assert not new.exists() or contents(new) == wanted
        half_made += bool(list(place.glob(".data.*")))
        if not new.exists():
            restore_backup(source, DataFolder(new))
            assert list(place.iterdir()) == [new]

    assert half_made


def test_two_backups_at_once_do_not_remove_each_others_work(
    folder: DataFolder, tmp_path: Path
) -> None:
    target = tmp_path / "site.tar.gz"
    inner: list[Path] = []

    def another(_share: float) -> None:
        if not inner:
            inner.append(target)
            make_backup(folder, target, replace=True)

    make_backup(folder, target, replace=True, on_progress=another)

    assert inner
    verify(target, 100_000_000, lambda _share: None)
