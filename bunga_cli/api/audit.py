"""The audit log: who changed what, when and from where; and who tried to come in."""

import builtins
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from bunga_cli.api.deeds import action_of
from bunga_cli.api.throttle import MINUTE_US, FailureLimit
from bunga_cli.clock import monotonic_us
from bunga_cli.errors import DatabaseError
from bunga_cli.plugin.texts import one_line
from bunga_cli.store import Store
from bunga_cli.store.rows import AuditEntry, AuditRow

__all__ = ["SIGNED_IN", "SIGN_IN_FAILED", "Actor", "AuditLog", "Via", "action_of"]

Via = Literal["console", "api", "socket"]

SIGNED_IN = "sign_in.done"
SIGN_IN_FAILED = "sign_in.failed"
_HOUR_US = 60 * MINUTE_US
_FAILURES_OF_ADDRESS = 10
"""How many failed sign-ins from one address are written down in a minute, one by one."""
_FAILURES_IN_HOUR = 1_000
_MOST_DETAILS = 50
_PURGE_EVERY = 1_000
"""After so many entries those are forgotten that are too many."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, by what way, and from where: `local` is through the Unix socket."""

    name: str
    via: Via
    address: str


class AuditLog:
    """Writes down what was done. A change that was made stays made if that fails."""

    def __init__(self, store: Store, now_us: Callable[[], int] = monotonic_us) -> None:
        self._audit, self._accounts, self._now_us = store.audit, store.accounts, now_us
        self._failures = _Failures()
        self._written = 0

    async def note(
        self, actor: Actor, action: str, subject: str = "", details: Mapping[str, str] | None = None
    ) -> None:
        """Write down a change that was made. Secrets never get here: their fields are not named."""
        told = [*(details or {}).items()][:_MOST_DETAILS]
        entry = AuditEntry(
            actor=one_line(actor.name),
            via=actor.via,
            address=one_line(actor.address),
            action=action,
            subject=one_line(subject),
            details={one_line(name): one_line(text) for name, text in told},
        )
        try:
            await self._audit.add(entry)
            self._written += 1
            if self._written % _PURGE_EVERY == 0:
                await self._audit.purge()
        except (DatabaseError, SQLAlchemyError):
            _log.exception("%s by %s is not in the audit log.", action, entry.actor)

    async def sign_in_failed(self, name: str, address: str, via: Via = "console") -> None:
        """Write down that somebody did not come in; of too many only how many they were.

        A name that nobody has is not told: it may be a password in the wrong place.
        """
        if not self._failures.takes(address, self._now_us()):
            return
        await self._note_counted()
        account = await self._accounts.by_name(name) if name.isprintable() else None
        known, details = (name, None) if account else ("", {"account": "unknown"})
        await self.note(Actor(known, via, address), SIGN_IN_FAILED, known, details)

    async def list(
        self, search: str = "", action: str = "", *, limit: int = 100, before: int | None = None
    ) -> builtins.list[AuditRow]:
        """Return what was done, the last first; `action` is how it begins, such as `channels.`."""
        await self._note_counted()
        return await self._audit.list(search, action, limit=limit, before_id=before)

    async def close(self) -> None:
        """Write down what was only counted so far."""
        await self._note_counted()

    async def _note_counted(self) -> None:
        """Write one entry for all failures that were too many for one each."""
        count = self._failures.take_counted(self._now_us())
        if count:
            await self.note(Actor("", "api", ""), SIGN_IN_FAILED, "", {"more": str(count)})


@dataclass(slots=True)
class _Failures:
    """Bounds what strangers can have written down."""

    counted: int = 0
    _of_addresses: FailureLimit = field(default_factory=lambda: FailureLimit(_FAILURES_OF_ADDRESS))
    _written_us: deque[int] = field(default_factory=lambda: deque(maxlen=_FAILURES_IN_HOUR))

    def takes(self, address: str, now_us: int) -> bool:
        """Return whether a failure gets an entry of its own; else it is counted."""
        written = self._written_us
        is_full = len(written) == _FAILURES_IN_HOUR and written[0] > now_us - _HOUR_US
        if is_full or self._of_addresses.is_blocked(address, now_us):
            self.counted += 1
            return False
        self._of_addresses.failed(address, now_us)
        written.append(now_us)
        return True

    def take_counted(self, now_us: int) -> int:
        """Return how many were counted, to be written down now."""
        count, self.counted = self.counted, 0
        if count:
            self._written_us.append(now_us)
        return count
