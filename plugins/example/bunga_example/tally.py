"""How often each film was shown."""

import json
from collections import Counter
from pathlib import Path
from threading import Lock

from bunga_cli.plugin import RoomEvent


class Tally:
    """Counts, in a file from one start of the server to the next.

    Events come in a thread of their own, questions from the server's: hence the lock.
    """

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, Lock()
        self._times: Counter[str] = Counter()
        if file.exists():
            self._times.update(json.loads(file.read_text("utf-8")))

    def note(self, event: RoomEvent) -> None:
        """Count a film that was put on."""
        if event.kind == "projected" and event.record is not None:
            with self._lock:
                self._times[event.record.title] += 1

    def most_shown(self) -> list[tuple[str, int]]:
        """Return titles and how often each was shown, the most frequent first."""
        with self._lock:
            return self._times.most_common()

    def save(self) -> None:
        """Write the file."""
        self._file.write_text(json.dumps(dict(self.most_shown())), "utf-8")
