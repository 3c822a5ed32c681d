"""What the doctor finds."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failure", "off"]
"""`off`: there was nothing to look at, and the text says why. As `plugin.providers.HealthState`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    `check` names it, always by the same word; `text` says how it stands and what that means;
    `advice` what to do, empty if nothing.
    """

    check: str
    state: State
    text: str
    advice: str = ""


def ok(check: str, text: str, advice: str = "") -> Finding:
    """Return that all is well."""
    return Finding(check, "ok", text, advice)


def warning(check: str, text: str, advice: str) -> Finding:
    """Return that it works, but not as it should, or not for long."""
    return Finding(check, "warning", text, advice)


def failure(check: str, text: str, advice: str) -> Finding:
    """Return that it does not work."""
    return Finding(check, "failure", text, advice)


def off(check: str, text: str) -> Finding:
    """Return that there was nothing to look at."""
    return Finding(check, "off", text)
