import os
import sys
import threading
from pathlib import Path

import pytest

from bunga_gallery.library import Library
from bunga_gallery.text import folded
from tests.plugins.gallery.kit import opened_beneath, put, scan

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
    assert opened_beneath(tmp_path / "videos", file.path) == b"video"


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

    (tmp_path / "loop").symlink_to("loop")
    roots = [tmp_path / name for name in ("unplugged", "videos", "videos/film.mp4", "loop")]
    library = scan(roots, MAX_FILES)

    assert titles(library) == {"film": ["film"]}
    assert library.problems == [
        f"There is no folder {tmp_path / 'unplugged'}.",
        f"{tmp_path / 'videos/film.mp4'} is not a folder.",
        f"{tmp_path / 'loop'} cannot be read: Too many levels of symbolic links.",
    ]


def test_a_library_that_is_too_large_is_listed_in_part(tmp_path: Path) -> None:
    put(tmp_path, *(f"{number}.mp4" for number in range(20)))

    library = scan([tmp_path], 10)

    assert len(library.media) == 10
    assert library.problems == [f"{tmp_path} has more than 10 entries; not all are listed."]


def test_a_library_of_just_the_largest_size_is_listed_whole(tmp_path: Path) -> None:
    put(tmp_path, "1.mp4", "2.mp4")

    library = scan([tmp_path], 2)

    assert (len(library.media), library.problems) == (2, [])


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
def test_a_name_that_is_no_text_is_listed_as_well_as_may_be(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    (tmp_path / name).write_bytes(b"video")

    assert titles(scan([tmp_path], MAX_FILES)) == {"caf\ufffd": ["caf\ufffd"]}


@pytest.mark.parametrize(
    ("title", "keyword"),
    [
        ("Le Fabuleux Destin d'Amélie", "amelie"),
        ("Le Fabuleux Destin d'Amélie", "AMÉLIE destin"),
        ("STRASSE", "straße"),
        ("千と千尋の神隠し", "千尋"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
        ("Series/Le Fabuleux Destin", "fabuleux destin"),
        ("Series/Le Fabuleux Destin", "series destin"),
    ],
)
def test_a_media_is_found_by_words_of_its_title_or_of_an_episode_whatever_case_and_accents(
    tmp_path: Path, title: str, keyword: str
) -> None:
    put(tmp_path, f"{title}.mp4")
    [media] = scan([tmp_path], MAX_FILES).media.values()
    assert media.has_all(folded(keyword).split())


@pytest.mark.parametrize("keyword", ["third woman", "one two", "series one two"])
def test_a_media_that_lacks_one_of_the_words_is_not_found(tmp_path: Path, keyword: str) -> None:
    put(tmp_path, "Series Third Man/one.mp4", "Series Third Man/two.mp4")
    [media] = scan([tmp_path], MAX_FILES).media.values()
    assert not media.has_all(folded(keyword).split())


def test_a_file_that_was_swapped_for_a_symlink_to_the_outside_is_not_opened(tmp_path: Path) -> None:
    put(tmp_path, "outside/private.mp4", "root/Film/film.mp4")
    root = tmp_path / "root"
    [file] = scan([root], MAX_FILES).files.values()
    assert opened_beneath(root, file.path) == b"video"

    (tmp_path / "root" / "Film" / "film.mp4").unlink()
    (tmp_path / "root" / "Film").rmdir()
    (tmp_path / "outside" / "film.mp4").write_bytes(b"private")
    (tmp_path / "root" / "Film").symlink_to(tmp_path / "outside")

    assert opened_beneath(root, file.path) is None


@pytest.mark.parametrize("what", ["pipe", "folder", "hidden", "link out", "loop", "nothing"])
def test_only_a_file_inside_the_folder_is_opened(tmp_path: Path, what: str) -> None:
    put(tmp_path, "outside/private.mp4", "root/.hidden.mp4")
    root = tmp_path / "root"
    path = root / "film.mp4"
    match what:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "hidden":
            path = root / ".hidden.mp4"
        case "link out":
            path.symlink_to(tmp_path / "outside" / "private.mp4")
        case "loop":
            path.symlink_to("film.mp4")
    assert opened_beneath(root, path) is None


def test_whatever_is_swapped_meanwhile_nothing_outside_is_ever_opened(tmp_path: Path) -> None:
    """The file and its folder become symlinks to the outside and back, while they are opened."""
    put(tmp_path, "outside/film.mp4", content=b"private")
    put(tmp_path, "root/Film/film.mp4", "inside/film.mp4", content=b"video")
    root, folder = tmp_path / "root", tmp_path / "root" / "Film"
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            (root / ".out").symlink_to(tmp_path / "outside" / "film.mp4")
            (root / ".out").replace(folder / "film.mp4")
            put(root, ".in", content=b"video")
            (root / ".in").replace(folder / "film.mp4")
            folder.rename(root / ".away")
            folder.symlink_to(tmp_path / "outside")
            folder.unlink()
            (root / ".away").rename(folder)

    swapping = threading.Thread(target=swap)
    swapping.start()
    found = {opened_beneath(root, folder / "film.mp4") for _ in range(1500)}
    done.set()
    swapping.join()
    assert found <= {None, b"video"}
    assert b"video" in found
