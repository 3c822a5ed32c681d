"""Backups that are damaged, or made by an enemy: they change nothing."""

import gzip
import io
import random
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bunga_cli.backup import BackupError, make_backup, restore_backup
from bunga_cli.backup.reading import verify
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import BungaError
from tests.backups import Entry, contents, entry, make_site, manifest_of, pack, unpacked

HEAD = b'{"format": 1, "bunga_version": "1", "schema_revision": "1", '


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a good backup."""
    folder = make_site(tmp_path_factory.mktemp("origin") / "site")
    return make_backup(folder, folder.path.parent / "good.tar.gz").path


@pytest.fixture
def entries(good: Path) -> list[Entry]:
    """Return what is in a good backup, but for the manifest."""
    return [found for found in unpacked(good) if found[0].name != "manifest.json"]


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., None]:
    """Returns a function that tries to restore a file, and sees that nothing came of it."""
    place = tmp_path / "place"
    place.mkdir()

    def check(path: Path, says: str) -> None:
        with pytest.raises(BackupError, match=says):
            restore_backup(path, DataFolder(place / "data"))
        assert list(place.iterdir()) == []

    return check


def whole(entries: list[Entry]) -> list[Entry]:
    return [*entries, manifest_of(entries)]


def test_these_helpers_make_good_backups_too(
    tmp_path: Path, entries: list[Entry], good: Path
) -> None:
    again = pack(tmp_path / "again.tar.gz", whole(entries))
    restore_backup(again, DataFolder(tmp_path / "again"))
    restore_backup(good, DataFolder(tmp_path / "good"))

    assert contents(tmp_path / "again") == contents(tmp_path / "good")


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/tmp/evil",
        "media/../../evil",
        "media/./evil",
        "media//evil",
        "media/",
        "media",
        "",
        ".",
        "..",
        "run.json",
        "bunga.sock",
        "bunga.db-wal",
        "operator/other.toml",
        "plugins/../secret",
        "\\..\\evil",
    ],
)
def test_a_name_that_no_backup_holds_is_refused(
    name: str, tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    evil = entry(name, b"evil")
    refused(pack(tmp_path / "evil.tar.gz", [evil, *whole([*entries, evil])]), "no backup")


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.DIRTYPE,
        tarfile.CONTTYPE,
        tarfile.GNUTYPE_SPARSE,
        tarfile.GNUTYPE_LONGLINK,
    ],
)
def test_what_is_no_plain_file_is_refused(
    kind: bytes, tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    evil = entry("media/evil", kind=kind, link="/etc/passwd")
    refused(pack(tmp_path / "evil.tar.gz", [evil, *whole(entries)]), "no backup")


def test_a_link_is_not_followed_by_a_file_behind_it(
    tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    link = entry("media/link", kind=tarfile.SYMTYPE, link=str(tmp_path))
    file = entry("media/link/evil", b"evil")
    refused(pack(tmp_path / "evil.tar.gz", [link, file, *whole([*entries, file])]), "no backup")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("secret", b"x", "the secret in it is damaged"),
        ("secret", b"\xff" * 50, "the secret in it is damaged"),
        ("bunga.auto.toml", b"=", r"in it, bunga\.auto\.toml is no valid TOML: "),
        ("bunga.auto.toml", b"\xff", r"in it, bunga\.auto\.toml cannot be read: it is not UTF-8"),
        ("bunga.auto.toml", b"a = " + b"[" * 9999, "nested too deeply"),
    ],
)
def test_what_no_server_could_start_with_is_refused(
    name: str,
    content: bytes,
    says: str,
    tmp_path: Path,
    entries: list[Entry],
    refused: Callable[..., None],
) -> None:
    others = [found for found in entries if found[0].name != name]
    refused(pack(tmp_path / "x.tar.gz", whole([*others, entry(name, content)])), says)


def test_the_same_name_twice_is_refused(
    tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    refused(pack(tmp_path / "evil.tar.gz", [*entries, entries[0]]), "twice")


def test_a_file_that_the_manifest_does_not_know_is_refused(
    tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    evil = entry("plugins/evil.py", b"import os")
    refused(pack(tmp_path / "evil.tar.gz", [*whole(entries), evil]), "too much")


@pytest.mark.parametrize("lost", ["bunga.db", "secret", "media/logs/a.log"])
def test_a_file_that_is_missing_is_told(
    lost: str, tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    left = [found for found in entries if found[0].name != lost]
    refused(pack(tmp_path / "x.tar.gz", [*left, manifest_of(entries)]), f"damaged: {lost}")


@pytest.mark.parametrize("lost", ["bunga.db", "secret"])
def test_a_backup_without_the_heart_of_a_site_is_refused(
    lost: str, tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    left = [found for found in entries if found[0].name != lost]
    refused(pack(tmp_path / "x.tar.gz", whole(left)), "no whole site")


def test_content_that_was_changed_is_told(
    tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    said = manifest_of(entries)
    changed = [
        (header, b"x" * len(content)) if header.name == "secret" else (header, content)
        for header, content in entries
    ]
    refused(pack(tmp_path / "x.tar.gz", [*changed, said]), "damaged: secret")


def test_a_backup_without_a_manifest_is_refused(
    tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    refused(pack(tmp_path / "x.tar.gz", entries), "or not all of one")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"format": 1}',
        b'{"format": 1, "files": 3}',
        b"\xff\xfe",
        b"[" * 100_000,
        HEAD + b'"created_at": 5, "files": {}}',
        HEAD + b'"created_at": "2026-01-01", "files": {"secret": {"size_bytes": "many"}}}',
        HEAD + b'"created_at": "2026-01-01", "files": {"secret": {"size_bytes": 1e400}}}',
    ],
)
def test_a_manifest_that_cannot_be_read_is_told(
    text: bytes, tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    path = pack(tmp_path / "x.tar.gz", [*entries, entry("manifest.json", text)])
    refused(path, "its manifest cannot be read")


def test_a_newer_schema_is_refused_before_anything_is_written(
    tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    newer = [*entries, manifest_of(entries, revision="9999")]
    refused(pack(tmp_path / "x.tar.gz", newer), "newer version of Bunga Server .* 9999")


def test_a_newer_format_is_refused(
    tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    newer = [*entries, manifest_of(entries, version=2)]
    refused(pack(tmp_path / "x.tar.gz", newer), "upgrade Bunga Server")


@pytest.mark.parametrize("content", [b"", b"\0" * 8192, b"SQLite format 3\0nothing"])
def test_a_database_that_is_none_is_refused_although_the_manifest_agrees(
    content: bytes, tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    others = [found for found in entries if found[0].name != "bunga.db"]
    path = pack(tmp_path / "x.tar.gz", whole([*others, entry("bunga.db", content)]))
    refused(path, "cannot be used")


@pytest.mark.parametrize("content", [b"", b"x", b"no tar at all" * 100, b"\x1f\x8b\x08\x00"])
def test_a_foreign_file_is_refused(
    content: bytes, tmp_path: Path, refused: Callable[..., None]
) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_bytes(content)
    refused(path, "no backup")
    path.write_bytes(gzip.compress(content))
    refused(path, "no backup")


def test_a_folder_is_no_backup(tmp_path: Path, refused: Callable[..., None]) -> None:
    refused(tmp_path, "Is a directory")


def test_a_backup_that_ends_too_early_is_refused_wherever_it_ends(
    good: Path, tmp_path: Path, refused: Callable[..., None]
) -> None:
    content, path = good.read_bytes(), tmp_path / "x.tar.gz"
    for length in {*range(0, len(content) - 20, max(1, len(content) // 60)), 1, 2, 9, 10, 11}:
        path.write_bytes(content[:length])
        refused(path, "no backup|damaged")


def test_a_flipped_bit_is_found_or_does_no_harm(good: Path, tmp_path: Path) -> None:
    content, rng = good.read_bytes(), random.Random(4)
    restore_backup(good, DataFolder(tmp_path / "good"))
    wanted = contents(tmp_path / "good")
    for number in range(150):
        position = rng.randrange(len(content))
        flipped = bytes([content[position] ^ 1 << rng.randrange(8)])
        path = tmp_path / "flipped.tar.gz"
        path.write_bytes(content[:position] + flipped + content[position + 1 :])
        place = tmp_path / f"place{number}"
        try:
            restore_backup(path, DataFolder(place))
        except BungaError:
            assert not place.exists()
        else:
            assert contents(place) == wanted
    assert not list(tmp_path.glob("*.partial"))


# -- bombs ----------------------------------------------------------------------------------------


def bomb(path: Path, header: tarfile.TarInfo, size_bytes: int) -> Path:
    """Write a small file that holds a header and many zeros."""
    header.size = size_bytes
    with gzip.open(path, "wb") as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(64):
            file.write(bytes(1024 * 1024))
    return path


def test_more_than_there_is_room_for_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = bomb(tmp_path / "x.tar.gz", tarfile.TarInfo("media/zeros"), 2**50)
    told: list[float] = []
    with pytest.raises(BackupError, match="needs more space"):
        verify(path, 10_000_000, told.append)

    assert path.stat().st_size < 100_000
    assert len(told) < 100


def test_a_claim_to_be_huge_is_an_early_end(tmp_path: Path, refused: Callable[..., None]) -> None:
    refused(bomb(tmp_path / "x.tar.gz", tarfile.TarInfo("media/zeros"), 2**40), "no backup|space")


@pytest.mark.parametrize(
    "kind",
    [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, b"X"],
)
def test_a_header_that_would_fill_the_memory_is_refused_unread(
    kind: bytes, tmp_path: Path, refused: Callable[..., None]
) -> None:
    header = tarfile.TarInfo("media/x")
    header.type = kind
    refused(bomb(tmp_path / "x.tar.gz", header, 2**33), "no backup")


def test_names_within_names_are_refused(tmp_path: Path, refused: Callable[..., None]) -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 512
    block = header.tobuf(tarfile.GNU_FORMAT) + b"media/x".ljust(512, b"\0")
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(block * 10_000))
    refused(path, "no backup")


def test_a_long_name_is_checked_as_a_short_one(
    tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    evil = entry("media/" + "x" * 150 + "/../../../evil", b"evil")
    refused(pack(tmp_path / "x.tar.gz", [evil, *whole([*entries, evil])]), "no backup")


def test_a_size_below_nothing_is_refused(
    tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    header = tarfile.TarInfo("media/x")
    block = bytearray(header.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 12  # -1, in base 256
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for found, content in whole(entries):
            tar.addfile(found, io.BytesIO(content))
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(bytes(block) + packed.getvalue()))
    refused(path, "no backup")


def test_other_dialects_of_tar_are_refused_in_words(
    tmp_path: Path, entries: list[Entry], refused: Callable[..., None]
) -> None:
    named = entry("plugin-data/" + "ü" * 150, b"")
    refused(pack(tmp_path / "x.tar.gz", whole([*entries, named]), tarfile.PAX_FORMAT), "no backup")


def test_no_browser_is_signed_in_to_a_restored_site(tmp_path: Path) -> None:
    folder, target = make_site(tmp_path / "site"), tmp_path / "site.tar.gz"
    with closing(sqlite3.connect(folder.database)) as database, database:
        database.execute(
            "INSERT INTO sessions (id, account_id, created_at, seen_at, address, agent)"
            " VALUES ('a', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00', '', '')"
        )
    make_backup(folder, target)
    restored = DataFolder(tmp_path / "new")
    restore_backup(target, restored)
    for site, sessions in ((folder, 1), (restored, 0)):
        with closing(sqlite3.connect(site.database)) as database:
            assert database.execute("SELECT count(*) FROM sessions").fetchone() == (sessions,)
