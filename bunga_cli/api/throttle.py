"""Failed attempts are counted, so that passwords cannot be guessed."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field

MINUTE_US = 60_000_000


@dataclass(slots=True)
class FailureLimit:
    """Counts failures for each key: `limit` of them in a minute block it until they are older.

    At most `max_keys` keys are remembered; the one that failed longest ago is forgotten first.
    """

    limit: int = 10
    max_keys: int = 10_000
    _failures: OrderedDict[str, deque[int]] = field(default_factory=OrderedDict)

    def is_blocked(self, key: str, now_us: int) -> bool:
        """Return whether the key has used up its failures of the last minute."""
        failures = self._failures.get(key)
        if failures is None:
            return False
        while failures and failures[0] <= now_us - MINUTE_US:
            failures.popleft()
        return len(failures) >= self.limit

    def failed(self, key: str, now_us: int) -> None:
        """Count one failure."""
        self._failures.setdefault(key, deque(maxlen=self.limit)).append(now_us)
        self._failures.move_to_end(key)
        if len(self._failures) > self.max_keys:
            self._failures.popitem(last=False)
