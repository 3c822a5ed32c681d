"""Uploads: where they may lie, and what they are called."""

from pathlib import Path

import pytest

from bunga_cli.data_folder import DataFolder
from bunga_cli.importing import ImportFailure, Kind
from bunga_cli.importing.media import Copy, OldMedia, Unusable, copy_all
from tests.importing.new_site import count, facts, imported, told
from tests.importing.old_site import OldSite


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    media = tmp_path / "media"
    (media / "subtitles").mkdir(parents=True)
    (media / "subtitles" / "a.srt").write_bytes(b"hello")
    (tmp_path / "secret").write_bytes(b"not yours")
    (media / "way-out").symlink_to(tmp_path)
    (media / "loop").symlink_to(media / "loop")
    return media


@pytest.mark.parametrize(
    "file",
    [
        *("../secret", "subtitles/../../secret", "way-out/secret", "/etc/passwd", "subtitles"),
        *("loop", "missing.srt", "", "a\0b", "x" * 5000, "subtitles/a.srt/b"),
    ],
)
def test_what_is_no_file_in_the_folder_is_not_taken(folder: Path, file: str) -> None:
    with pytest.raises(Unusable):
        OldMedia(folder).subtitle(file)


def test_a_name_follows_from_path_and_content(folder: Path) -> None:
    first = OldMedia(folder).subtitle("subtitles/a.srt")
    assert first == OldMedia(folder).subtitle("subtitles/a.srt")
    (folder / "subtitles" / "b.srt").write_bytes(b"hello")
    other_path = OldMedia(folder).subtitle("subtitles/b.srt")
    (folder / "subtitles" / "a.srt").write_bytes(b"hellO")
    other_content = OldMedia(folder).subtitle("subtitles/a.srt")
    assert len({first.name, other_path.name, other_content.name}) == 3
    assert len(first.name) == 22 + len(".srt")
    assert first.size_bytes == 5


def test_an_ending_that_is_no_subtitles_is_not_kept(folder: Path) -> None:
    (folder / "page.html").write_bytes(b"<script>")
    assert OldMedia(folder).subtitle("page.html").name.endswith(".bin")


def test_a_media_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImportFailure, match="--media"):
        OldMedia(tmp_path / "missing")


def test_a_file_that_cannot_be_copied_leaves_nothing_behind(tmp_path: Path, folder: Path) -> None:
    target = tmp_path / "new" / "a.srt"
    with pytest.raises(ImportFailure, match="cannot be copied"):
        copy_all([Copy(folder / "gone", target)], lambda _share: None)
    assert [*target.parent.iterdir()] == []


async def test_missing_files_are_told_one_by_one(old: OldSite, data: DataFolder) -> None:
    (old.media / "logs" / "app.log").unlink()
    old.change("UPDATE server_subtitle SET file = '../../secret'")

    report = await imported(old, data)

    assert told(report, Kind.LOG) == [("loss", "logs/app.log", "its file is missing.")]
    assert told(report, Kind.SUBTITLE) == [
        ("loss", "../../secret", "its file is outside of the media folder.")
    ]
    assert facts(data).files == set()


async def test_without_a_media_folder_uploads_stay_behind(old: OldSite, data: DataFolder) -> None:
    report = await imported(old, data, media=None)
    assert count(report, Kind.SUBTITLE) == (0, 0, 0, 1)
    assert "--media" in told(report, Kind.SUBTITLE)[0][2]
    assert count(await imported(old, data), Kind.SUBTITLE) == (1, 0, 0, 0)


async def test_a_subtitle_of_a_record_that_is_gone_stays_behind(
    old: OldSite, data: DataFolder
) -> None:
    old.change("UPDATE server_subtitle SET record_id = 77")
    report = await imported(old, data)
    assert told(report, Kind.SUBTITLE) == [
        ("loss", "subtitles/My_o1.srt", "its record is not taken over.")
    ]
