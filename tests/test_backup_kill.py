"""What is on the disk when a backup or a restore is killed with no time for anything."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bunga_cli.backup import make_backup, restore_backup
from bunga_cli.backup.reading import verify
from bunga_cli.data_folder import DataFolder
from tests.backups import contents, make_site

KILLS = 30

# For each line that is read, a backup or a restore in a fork, which needs no imports any more.
# Told are its process id, and how it ended.
WORKER = """
import os, pathlib, sys
from bunga_cli.backup import make_backup, restore_backup
from bunga_cli.data_folder import DataFolder

for line in sys.stdin:
    source, target = map(pathlib.Path, line.rstrip().split("\\0"))
    child = os.fork()
    if child == 0:
        while source.is_dir():
            make_backup(DataFolder(source), target, replace=True)
        restore_backup(source, DataFolder(target))
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""

Kill = Callable[[Path, Path, float], None]
"""Begins a backup from a folder into a file, or a restore the other way, and kills it after s."""


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = make_site(tmp_path / "site")
    (made.media / "logs" / "big.log").write_bytes(random.Random(1).randbytes(4_000_000))
    return made


@pytest.fixture(scope="module")
def kill() -> Iterator[Kill]:
    command, root = [sys.executable, "-c", WORKER], Path(__file__).parents[1]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=root) as worker:
        assert worker.stdin
        assert worker.stdout
        given, told = worker.stdin, worker.stdout

        def kill_one(source: Path, target: Path, after_s: float) -> None:
            print(source, target, sep="\0", file=given, flush=True)
            child = int(told.readline())
            time.sleep(after_s)
            with suppress(ProcessLookupError):  # it was done already
                os.kill(child, signal.SIGKILL)
            assert int(told.readline()) in (signal.SIGKILL, 0)

        yield kill_one


def test_a_backup_that_is_killed_leaves_the_old_one_or_a_new_one(
    folder: DataFolder, tmp_path: Path, kill: Kill
) -> None:
    target = tmp_path / "kept" / "site.tar.gz"
    target.parent.mkdir()
    make_backup(folder, target)
    started = time.monotonic()
    make_backup(folder, target, replace=True)
    takes_s = time.monotonic() - started
    rng, half_made = random.Random(5), 0
    for _ in range(KILLS):
        kill(folder.path, target, rng.uniform(0, 2 * takes_s))
        verify(target, 100_000_000, lambda _share: None)
        half_made += len(list(target.parent.iterdir())) > 1

    assert half_made  # else the kills came at the wrong moments
    make_backup(folder, target, replace=True)
    assert list(target.parent.iterdir()) == [target]
    restore_backup(target, DataFolder(tmp_path / "new"))
    assert contents(tmp_path / "new") == contents(folder.path)


def test_a_restore_that_is_killed_leaves_nothing_or_all_of_it(
    folder: DataFolder, tmp_path: Path, kill: Kill
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
        kill(source, new, rng.uniform(0, 1.2 * takes_s))
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
