"""How plugins stand, for people to look at."""

import time
from dataclasses import dataclass, field
from typing import Literal

from bunga_cli.plugin.providers import Health, LinkerInfo

PluginState = Literal["active", "starting", "disabled", "failed"]

MAX_SENTENCES = 5
_AGAIN_S = 60.0
"""So long after it was told, the same is news again."""


@dataclass(frozen=True, slots=True)
class PluginStatus:
    """One plugin. `source` is where it was found; `reason` is empty if all is well."""

    name: str
    version: str
    source: str
    state: PluginState
    reason: str
    hooks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HealthRow:
    """What one health check said."""

    check: str
    health: Health


@dataclass(frozen=True, slots=True)
class LinkerRow:
    """One linker, and the plugin that has it. `problem` is why it is not used, or fails."""

    info: LinkerInfo
    plugin: str
    problem: str = ""
    is_used: bool = True


@dataclass(slots=True)
class Problems:
    """What is wrong with a plugin that goes on nevertheless, one sentence for each part of it."""

    _sentences: dict[str, str] = field(default_factory=dict)
    _told: dict[str, tuple[str, float]] = field(default_factory=dict)

    def note(self, part: str, sentence: str) -> bool:
        """Remember what is wrong with a part now; return whether that is news."""
        self._sentences[part] = sentence
        told, at_s = self._told.get(part, ("", 0.0))
        now_s = time.monotonic()
        if told == sentence and now_s - at_s < _AGAIN_S:
            return False
        self._told[part] = sentence, now_s
        return True

    def clear(self, part: str) -> None:
        """Forget what was wrong with a part."""
        self._sentences.pop(part, None)

    def of(self, part: str) -> str:
        """Return what is wrong with a part, nothing if it works."""
        return self._sentences.get(part, "")

    def sentences(self) -> list[str]:
        """Return what is wrong, part by part."""
        return [f"{part}: {sentence}" for part, sentence in self._sentences.items()]


def joined(sentences: list[str]) -> str:
    """Return the first of many sentences as one text."""
    more = len(sentences) - MAX_SENTENCES
    shown = sentences[:MAX_SENTENCES] + ([f"And {more} more."] if more > 0 else [])
    return " ".join(shown)
