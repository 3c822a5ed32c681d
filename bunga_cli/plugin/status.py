"""How plugins stand, for people to look at."""

from dataclasses import dataclass, field
from typing import Literal

from bunga_cli.plugin.providers import Health

PluginState = Literal["active", "disabled", "failed"]


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


@dataclass(slots=True)
class Problems:
    """What is wrong with a plugin that goes on nevertheless, one sentence for each part of it."""

    _sentences: dict[str, str] = field(default_factory=dict)

    def note(self, part: str, sentence: str) -> bool:
        """Remember what is wrong with a part now; return whether that is news."""
        is_news = self._sentences.get(part) != sentence
        self._sentences[part] = sentence
        return is_news

    def clear(self, part: str) -> None:
        """Forget what was wrong with a part."""
        self._sentences.pop(part, None)

    def __str__(self) -> str:
        return " ".join(f"{part}: {sentence}" for part, sentence in self._sentences.items())
