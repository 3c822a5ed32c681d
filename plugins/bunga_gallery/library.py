"""What a folder on the server's disk holds, as media with episodes.

A folder with videos is one media, its videos are the episodes. A video that lies directly in the
root is a media of its own. Keys are hashes of the place within the root: they stay the same when
the root moves, and give nothing away.

Nothing outside a root is ever listed: folders behind symlinks are not entered, and a symlink to a
file counts only if the file lies in the same root. Hidden names are left out.
"""

import hashlib
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from bunga_gallery.text import folded, natural_order, readable, year_in

VIDEO_TYPES: Mapping[str, str] = {
    ".avi": "video/x-msvideo",
    ".flv": "video/x-flv",
    ".m2ts": "video/mp2t",
    ".m4v": "video/mp4",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".mpeg": "video/mpeg",
    ".mpg": "video/mpeg",
    ".mts": "video/mp2t",
    ".ogv": "video/ogg",
    ".ts": "video/mp2t",
    ".webm": "video/webm",
    ".wmv": "video/x-ms-wmv",
}
IMAGE_TYPES: Mapping[str, str] = {
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
_POSTERS = ("poster", "cover", "folder")
_MAX_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A video or a picture, and the root that it may not lie outside of."""

    key: str
    path: Path
    root: Path

    @property
    def title(self) -> str:
        """The file's name without its type."""
        return readable(self.path.stem)

    @property
    def mime(self) -> str:
        """What the file is."""
        suffix = self.path.suffix.lower()
        return VIDEO_TYPES.get(suffix) or IMAGE_TYPES[suffix]


@dataclass(frozen=True, slots=True)
class Media:
    """A film or a series."""

    key: str
    title: str
    year: int | None
    poster: StoredFile | None
    episodes: tuple[StoredFile, ...]
    folded_title: str
    folded_episodes: tuple[str, ...]

    def has_all(self, words: Sequence[str]) -> bool:
        """Tell whether each folded word is in the title, or the rest of them in one episode's."""
        rest = [word for word in words if word not in self.folded_title]
        return not rest or any(all(word in name for word in rest) for name in self.folded_episodes)


@dataclass(slots=True)
class Library:
    """Everything that was found, by key, and what could not be read."""

    media: dict[str, Media] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def note(self, problem: str) -> None:
        """Remember a problem, if there are not too many already."""
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(problem)


def scan(root: Path, label: str, max_files: int) -> Library:
    """Look through an absolute folder, at most `max_files` entries. Blocks: run it in a thread."""
    library = Library()
    if _Shelf(library, root, label).fill(max_files) < 0:
        library.note(
            f"{readable(str(root))} has more than {max_files} entries; not all are listed."
        )
    return library


def labelled(roots: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """Give each root a name that does not depend on where it lies."""
    seen: Counter[str] = Counter()
    for root in dict.fromkeys(roots):
        seen[root.name] += 1
        yield f"{root.name}#{seen[root.name]}", root


class _Shelf:
    """The part of a library that comes from one root."""

    def __init__(self, library: Library, root: Path, label: str) -> None:
        self._library, self._root, self._label = library, root, label

    def fill(self, left: int) -> int:
        """List up to `left` entries of the root; return how many are left, -1 if it has more."""
        folders = deque([self._root])
        while folders and left >= 0:
            folder = folders.popleft()
            entries = self._entries(folder, left + 1)
            visible = [entry for entry in entries[:left] if not entry.name.startswith(".")]
            left -= len(entries)
            folders += [Path(entry.path) for entry in visible if _is_folder(entry)]
            self._list(folder, [Path(e.path) for e in visible if _is_file(e, self._root)])
        return left

    def _entries(self, folder: Path, at_most: int) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return list(islice(entries, at_most))
        except OSError as error:
            self._library.note(_problem(folder, error))
            return []

    def _list(self, folder: Path, files: list[Path]) -> None:
        videos = [path for path in files if path.suffix.lower() in VIDEO_TYPES]
        pictures = {p.stem.lower(): p for p in files if p.suffix.lower() in IMAGE_TYPES}
        videos.sort(key=lambda path: natural_order(readable(path.name)))
        if folder == self._root:
            for video in videos:
                self._add(video, readable(video.stem), pictures.get(video.stem.lower()), [video])
        elif videos:
            names = (*_POSTERS, videos[0].stem.lower())
            poster = next((pictures[name] for name in names if name in pictures), None)
            self._add(folder, self._title(folder), poster, videos)

    def _title(self, folder: Path) -> str:
        """Return `Series / Season 1` for a folder in a folder."""
        return " / ".join(map(readable, folder.relative_to(self._root).parts[-2:]))

    def _add(self, place: Path, title: str, poster: Path | None, videos: list[Path]) -> None:
        media = Media(
            key=self._key(place),
            title=title,
            year=year_in(title),
            poster=self._file(poster) if poster else None,
            episodes=tuple(map(self._file, videos)),
            folded_title=folded(title),
            folded_episodes=tuple(folded(readable(video.stem)) for video in videos),
        )
        self._library.media[media.key] = media

    def _file(self, path: Path) -> StoredFile:
        file = StoredFile(self._key(path), path, self._root)
        self._library.files[file.key] = file
        return file

    def _key(self, path: Path) -> str:
        # Path.relative_to would take half of the time of a scan.
        place = self._label + str(path)[len(str(self._root)) :].replace(os.sep, "/")
        return hashlib.sha256(os.fsencode(place)).hexdigest()[:24]


def _problem(folder: Path, error: OSError) -> str:
    name = readable(str(folder))
    if isinstance(error, FileNotFoundError):
        return f"There is no folder {name}."
    if isinstance(error, NotADirectoryError):
        return f"{name} is not a folder."
    return f"{name} cannot be read: {error.strerror}."


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_file(entry: os.DirEntry[str], root: Path) -> bool:
    try:
        if entry.is_symlink():
            target = Path(entry.path).resolve(strict=True)
            return target.is_file() and is_inside(target, root.resolve())
        return entry.is_file()
    except (OSError, RuntimeError):
        return False


def is_inside(real: Path, root: Path) -> bool:
    """Tell whether a resolved path is in a resolved root, with nothing hidden on the way."""
    if not real.is_relative_to(root):
        return False
    return not any(part.startswith(".") for part in real.relative_to(root).parts)
