"""The local folders, each with what is known of it and with threads of its own.

A disk that hangs, an NFS server that went away, keeps those of its folder and nobody else.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from bunga_gallery.library import Library, StoredFile, scan
from bunga_gallery.opening import OpenFile, open_beneath
from bunga_gallery.workers import Workers

OPEN_LIMIT_S = 5.0
MAX_OPENINGS = 4
MAX_READS = 8

_FRESH_S = 10.0
_REST = 20
"""A look at the disk is followed by a rest of so many times its length: others need the time."""


class Shelf:
    """One folder. `library` is what was found when it was looked through last; None: never yet."""

    def __init__(
        self, root: Path, label: str, max_files: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.root, self.label, self.max_files = root, label, max_files
        self.library: Library | None = None
        self._clock, self._fresh_until = clock, float("-inf")
        self._scanning: asyncio.Task[None] | None = None
        self._scanner = Workers(f"gallery scan {label}", 1)
        self._openers = Workers(f"gallery open {label}", MAX_OPENINGS)
        self._readers = Workers(f"gallery read {label}", MAX_READS)

    @property
    def is_reading(self) -> bool:
        """Whether the folder is being looked through."""
        return self._scanning is not None and not self._scanning.done()

    def look(self, *, anew: bool = False) -> "asyncio.Task[None] | None":
        """Begin to look, if it is time or `anew`; return what to wait for, None if nothing.

        All who wait share one look, which goes on when they give up.
        """
        if self.is_reading:
            return self._scanning
        if not anew and self._clock() < self._fresh_until:
            return None
        self._scanning = asyncio.create_task(self._scan())
        # Whoever waits has the error; perhaps nobody does for so long.
        self._scanning.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self._scanning

    async def open(self, file: StoredFile) -> OpenFile | None:
        """Return a file to read, None if it is gone. Raises TimeoutError if the disk hangs."""
        return await self._openers.do(
            lambda: open_beneath(self.root, file.path, self._readers), OPEN_LIMIT_S
        )

    async def _scan(self) -> None:
        began_at = self._clock()
        self.library = await self._scanner.do(lambda: scan(self.root, self.label, self.max_files))
        ended_at = self._clock()
        self._fresh_until = ended_at + max(_FRESH_S, _REST * (ended_at - began_at))
