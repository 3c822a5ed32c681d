"""Uploaded files: found in the original's media folder, copied under names of ours.

A name is made from the file's path and content, so that a second run finds what the first one took.
It cannot be guessed by who does not have the content, which matters: a subtitle's name is all that
keeps it from strangers.
"""

import base64
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bunga_cli.api.uploads import log_path, new_log_name, new_subtitle_name, subtitle_path
from bunga_cli.importing.failures import ImportFailure


class Unusable(Exception):
    """Report an upload that cannot be taken; the text ends a sentence about it."""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file of the original's, and what it is called here."""

    source: Path
    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Copy:
    """A file that is to be copied."""

    source: Path
    target: Path


class OldMedia:
    """The original's media folder; None if it is not at hand."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None and not folder.is_dir():
            raise ImportFailure(f"There is no folder {folder}, which --media names.")
        self._folder = folder and folder.resolve()

    def subtitle(self, file: str) -> MediaFile:
        """Return a subtitle by its path in the folder. Raises Unusable."""
        source = self._find(file)
        ending = PurePosixPath(new_subtitle_name(file)).suffix
        return MediaFile(source, _name(source, file) + ending, source.stat().st_size)

    def log(self, file: str) -> MediaFile:
        """Return a client's log by its path in the folder. Raises Unusable."""
        source = self._find(file)
        ending = PurePosixPath(new_log_name()).suffix
        return MediaFile(source, _name(source, file) + ending, source.stat().st_size)

    def _find(self, file: str) -> Path:
        if self._folder is None:
            raise Unusable("its file is not at hand: --media was not given")
        try:
            path = (self._folder / file).resolve()
            if not path.is_relative_to(self._folder):
                raise Unusable("its file is outside of the media folder")
            if not path.is_file():
                raise Unusable("its file is missing")
            if not os.access(path, os.R_OK):
                raise Unusable("its file cannot be read")
        except (
            OSError,
            ValueError,
            RuntimeError,
        ) as error:  # too long, with a NUL, a loop of links
            raise Unusable("its file cannot be read") from error
        return path


def copy_to(media: Path, subtitles: Sequence[MediaFile], logs: Sequence[MediaFile]) -> list[Copy]:
    """Return what is to be copied into a site's media folder."""
    copies = [Copy(file.source, subtitle_path(media, file.name)) for file in subtitles]
    return [*copies, *(Copy(file.source, log_path(media, file.name)) for file in logs)]


def copy_all(copies: Sequence[Copy], on_progress: Callable[[float], None]) -> None:
    """Copy what is not there yet. Raises ImportFailure."""
    for number, copy in enumerate(copies):
        if not copy.target.exists():  # it has its name when it is whole
            _copy(copy)
        on_progress((number + 1) / len(copies))


def _copy(copy: Copy) -> None:
    partial = copy.target.with_name(f".{copy.target.name}.part")
    try:
        copy.target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with copy.source.open("rb") as old, partial.open("wb") as new:
            partial.chmod(0o600)
            shutil.copyfileobj(old, new)
            new.flush()
            os.fsync(new.fileno())
        partial.replace(copy.target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ImportFailure(f"{copy.source} cannot be copied: {error.strerror}.") from error


def _name(source: Path, file: str) -> str:
    """Return 22 letters, as many as a name of ours has otherwise."""
    made = hashlib.sha256(file.encode(errors="surrogateescape") + b"\0")
    try:
        with source.open("rb") as content:
            made.update(hashlib.file_digest(content, "sha256").digest())
    except OSError as error:
        raise Unusable("its file cannot be read") from error
    return base64.urlsafe_b64encode(made.digest()[:16]).decode().rstrip("=")
