"""The site's secret, and those it had before, which are good for a while longer.

In the file `secret` the first line is the secret that signs; each line after it is an earlier one,
a space, and when it is over: `<secret> 2026-03-01T12:00:00Z`. A file of one line is one secret.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from bunga_cli.clock import utc_now

SHORTEST_SECRET = 32
"""Characters of a secret that signs."""


@dataclass(frozen=True, slots=True)
class OldSecret:
    """A secret that signs no more, but is believed until `until`."""

    secret: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Keyring:
    """What signs, and what is believed. `old` are sorted: the last one rotated comes first."""

    current: str
    old: tuple[OldSecret, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Return the keyring that a file says. Raises ValueError."""
        current, *lines = text.strip("\n").split("\n")
        if len(current.strip()) < SHORTEST_SECRET:
            raise ValueError("the secret is too short")
        return cls(current.strip(), tuple(_old_secret(line) for line in lines))

    def text(self) -> str:
        """Return what `parse` reads."""
        lines = (f"{old.secret} {old.until.isoformat()}" for old in self.old)
        return "\n".join([self.current, *lines])

    def believed(self, now: datetime | None = None) -> Iterator[str]:
        """Yield every secret whose signature counts, the current one first."""
        yield self.current
        if self.old:
            now = now or utc_now()
            yield from (old.secret for old in self.old if old.until > now)

    def rotated(self, new: str, until: datetime | None, now: datetime) -> "Keyring":
        """Return a keyring that signs with `new`, and believes the one before it until `until`.

        None: from now on nothing that was signed before is believed.
        """
        if until is None:
            return Keyring(new)
        return Keyring(new, (OldSecret(self.current, until), *self._not_over(now)))

    def believing(self, old: OldSecret, now: datetime) -> "Keyring":
        """Return a keyring that signs as before, and believes another site's secret, too.

        Raises ValueError for a secret that does not fit into the file.
        """
        if not old.secret.strip() or len(old.secret.splitlines()) != 1:
            raise ValueError("a secret is one line of text")
        if not _is_utf8(old.secret):
            raise ValueError("a secret is text in UTF-8")
        others = (other for other in self._not_over(now) if other.secret != old.secret)
        return replace(self, old=(*others, old))

    def _not_over(self, now: datetime) -> tuple[OldSecret, ...]:
        return tuple(old for old in self.old if old.until > now)


def new_secret() -> str:
    """Return a secret that nobody can guess, 64 characters."""
    return secrets.token_urlsafe(48)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # of bytes that were no text when they were read
        return False
    return True


def _old_secret(line: str) -> OldSecret:
    secret, _, until = line.rpartition(" ")
    moment = datetime.fromisoformat(until)
    if not secret or moment.tzinfo is None:
        raise ValueError("a line is not a secret and a time with its zone")
    return OldSecret(secret, moment)
