import os
import sys
from pathlib import Path

import pytest

from bunga_gallery.library import Library, scan
from tests.plugins.gallery.kit import put

MAX_FILES = 1000


def titles(library: Library) -> dict[str, list[str]]:
    """Return each media with its episodes."""
    return {m.title: [e.title for e in m.episodes] for m in library.media.values()}


def test_a_folder_is_a_media_with_its_videos_as_episodes_in_natural_order(tmp_path: Path) -> None:
    put(tmp_path, "Series/Part 10.mkv", "Series/Part 2.MP4", "Series/Part 1.webm", "Series/a.txt")

    library = scan([tmp_path], MAX_FILES)

    assert titles(library) == {"Series": ["Part 1", "Part 2", "Part 10"]}


def test_a_video_directly_in_a_root_is_a_media_of_its_own(tmp_path: Path) -> None:
    put(tmp_path, "Nosferatu (1922).mp4", "Nosferatu (1922).jpg", "Other.mkv", "poster.jpg")

    library = scan([tmp_path], MAX_FILES)

    found = {media.title: media for media in library.media.values()}
    assert titles(library) == {"Nosferatu (1922)": ["Nosferatu (1922)"], "Other": ["Other"]}
    assert found["Nosferatu (1922)"].year == 1922
    poster = found["Nosferatu (1922)"].poster
    assert poster is not None
    assert poster.path.name == "Nosferatu (1922).jpg"
    assert found["Other"].poster is None


def test_a_season_bears_the_name_of_its_series(tmp_path: Path) -> None:
    put(tmp_path, "Series/Season 1/1.mp4", "Series/Season 2/1.mp4", "Series/Trailer.mp4")

    assert titles(scan([tmp_path], MAX_FILES)) == {
        "Series": ["Trailer"],
        "Series / Season 1": ["1"],
        "Series / Season 2": ["1"],
    }


@pytest.mark.parametrize("name", ["poster.jpg", "Cover.PNG", "folder.webp"])
def test_a_folder_has_a_poster(tmp_path: Path, name: str) -> None:
    put(tmp_path, "Film/film.mkv", "Film/still.jpg", f"Film/{name}")

    [media] = scan([tmp_path], MAX_FILES).media.values()

    assert media.poster is not None
    assert media.poster.path.name == name


def test_hidden_files_and_folders_are_not_listed(tmp_path: Path) -> None:
    put(tmp_path, ".secret.mp4", ".git/film.mp4", "Film/.part.mp4", "Film/film.mp4")

    assert titles(scan([tmp_path], MAX_FILES)) == {"Film": ["film"]}


def test_symlinks_that_leave_the_root_or_lead_in_circles_are_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    put(outside, "private.mp4")
    put(root, "Film/film.mp4", ".hidden.mp4")
    (root / "Film" / "leak.mp4").symlink_to(outside / "private.mp4")
    (root / "Film" / "peek.mp4").symlink_to(root / ".hidden.mp4")
    (root / "Film" / "self.mp4").symlink_to("self.mp4")
    (root / "Film" / "gone.mp4").symlink_to("nowhere.mp4")
    (root / "Elsewhere").symlink_to(outside)
    (root / "Film" / "up").symlink_to(root)

    assert titles(scan([root], MAX_FILES)) == {"Film": ["film"]}


def test_a_symlink_to_a_file_of_the_same_root_is_an_episode(tmp_path: Path) -> None:
    put(tmp_path, "Film/film.mp4")
    (tmp_path / "Best of").mkdir()
    (tmp_path / "Best of" / "1.mp4").symlink_to("../Film/film.mp4")

    assert titles(scan([tmp_path], MAX_FILES)) == {"Best of": ["1"], "Film": ["film"]}


def test_a_root_may_itself_be_a_symlink(tmp_path: Path) -> None:
    put(tmp_path / "disk", "film.mp4")
    (tmp_path / "videos").symlink_to(tmp_path / "disk")

    library = scan([tmp_path / "videos"], MAX_FILES)

    [file] = library.files.values()
    assert titles(library) == {"film": ["film"]}
    assert file.stat() is not None


def test_keys_stay_the_same_when_the_root_moves_and_other_files_come(tmp_path: Path) -> None:
    put(tmp_path / "videos", "Series/2.mp4")
    [before] = scan([tmp_path / "videos"], MAX_FILES).media.values()
    (tmp_path / "new").mkdir()
    moved = (tmp_path / "videos").rename(tmp_path / "new" / "videos")
    put(moved, "Series/1.mp4", "A.mp4")

    after = scan([moved], MAX_FILES).media[before.key]

    assert after.episodes[1].key == before.episodes[0].key


def test_keys_of_different_roots_differ_and_tell_nothing(tmp_path: Path) -> None:
    roots = [tmp_path / "a" / "videos", tmp_path / "b" / "videos"]
    for root in roots:
        put(root, "film.mp4")

    library = scan(roots, MAX_FILES)

    assert len(library.media) == 2
    assert not [key for key in library.media if "film" in key]


def test_a_root_that_cannot_be_read_is_a_problem_of_its_own(tmp_path: Path) -> None:
    put(tmp_path / "videos", "film.mp4")

    library = scan([tmp_path / "unplugged", tmp_path / "videos"], MAX_FILES)

    assert titles(library) == {"film": ["film"]}
    assert library.problems == [
        f"{tmp_path / 'unplugged'} cannot be read: No such file or directory."
    ]


def test_a_library_that_is_too_large_is_listed_in_part(tmp_path: Path) -> None:
    put(tmp_path, *(f"{number}.mp4" for number in range(20)))

    library = scan([tmp_path], 10)

    assert len(library.media) == 10
    assert library.problems == ["There are more than 10 entries: some are not listed."]


def test_a_library_of_just_the_largest_size_is_listed_whole(tmp_path: Path) -> None:
    put(tmp_path, "1.mp4", "2.mp4")

    library = scan([tmp_path], 2)

    assert (len(library.media), library.problems) == (2, [])


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
def test_a_name_that_is_no_text_is_listed_as_well_as_may_be(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    (tmp_path / name).write_bytes(b"video")

    assert titles(scan([tmp_path], MAX_FILES)) == {"caf\ufffd": ["caf\ufffd"]}


def test_a_file_that_was_swapped_for_a_symlink_to_the_outside_has_no_size(tmp_path: Path) -> None:
    put(tmp_path, "outside/private.mp4", "root/Film/film.mp4")
    [file] = scan([tmp_path / "root"], MAX_FILES).files.values()
    assert file.stat() is not None

    (tmp_path / "root" / "Film" / "film.mp4").unlink()
    (tmp_path / "root" / "Film").rmdir()
    (tmp_path / "outside" / "film.mp4").write_bytes(b"private")
    (tmp_path / "root" / "Film").symlink_to(tmp_path / "outside")

    assert file.stat() is None
