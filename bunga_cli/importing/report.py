"""What an import does, in numbers, and in sentences where a person has to know more."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Verdict = Literal["conflict", "loss", "warning"]
"""A conflict is kept as it is here; a loss stays behind; a warning is taken over nevertheless."""


class Kind(StrEnum):
    """What there is to take over, in the order in which people think of it."""

    SETTING = "setting"
    CHANNEL = "channel"
    ADMIN = "admin"
    ACCOUNT = "account"
    MEMBERSHIP = "membership"
    ALIST = "alist account"
    BILIBILI = "bilibili account"
    RECORD = "record"
    PROGRESS = "progress"
    SUBTITLE = "subtitle"
    LOG = "client log"
    SECRET = "secret key"  # noqa: S105  what it is called


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to tell about one thing, called `name`, in one sentence."""

    kind: Kind
    verdict: Verdict
    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many of a kind come, are there already, are kept as they are here, or stay behind."""

    new: int
    present: int
    conflicts: int
    losses: int


@dataclass(slots=True)
class Report:
    """What an import does. It is filled while things are compared."""

    findings: list[Finding] = field(default_factory=list)
    _new: Counter[Kind] = field(default_factory=Counter)
    _present: Counter[Kind] = field(default_factory=Counter)

    def comes(self, kind: Kind, how_many: int = 1) -> None:
        """Note what is taken over."""
        self._new[kind] += how_many

    def is_there(self, kind: Kind) -> None:
        """Note what was taken over before."""
        self._present[kind] += 1

    def conflict(self, kind: Kind, name: str, sentence: str) -> None:
        """Note what is otherwise here, and is kept."""
        self.findings.append(Finding(kind, "conflict", name, sentence))

    def loss(self, kind: Kind, name: str, sentence: str) -> None:
        """Note what stays behind."""
        self.findings.append(Finding(kind, "loss", name, sentence))

    def warn(self, kind: Kind, name: str, sentence: str) -> None:
        """Note what is taken over and needs attention."""
        self.findings.append(Finding(kind, "warning", name, sentence))

    def counts(self) -> Iterator[tuple[Kind, Count]]:
        """Yield the numbers of each kind."""
        told = Counter((finding.kind, finding.verdict) for finding in self.findings)
        for kind in Kind:
            conflicts, losses = told[kind, "conflict"], told[kind, "loss"]
            yield kind, Count(self._new[kind], self._present[kind], conflicts, losses)

    @property
    def is_empty(self) -> bool:
        """Whether nothing comes."""
        return not self._new.total()
