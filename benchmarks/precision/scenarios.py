"""Who watches with whom, over which networks, and what is to come of it."""

from dataclasses import dataclass
from typing import Literal

Media = Literal["sound", "muted", "silent"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """A browser: how far away it is, what it hears, and how wrong its clock is.

    `jitter` is the mean of what each way takes longer at times, in parts of the round trip;
    `spikes` the share of messages that take 100 to 400 ms longer.
    """

    rtt_ms: float = 20.0
    media: Media = "sound"
    jitter: float = 0.1
    spikes: float = 0.0
    skew_ms: float = 0.0
    ppm: float = 0.0


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed player, and how far away it is."""

    version: Literal["1.4", "1.5"]
    rtt_ms: float = 100.0
    jitter: float = 0.1


@dataclass(frozen=True, slots=True)
class Goals:
    """The most that two pictures may be apart, in milliseconds."""

    p50: float = 5.0
    p95: float = 10.0
    most: float = 40.0
    episodes: float = 2.0
    """How often a minute the rate may leave 1."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Some browsers in one room. The last one comes late if `is_late`."""

    name: str
    title: str
    viewers: tuple[Viewer, ...]
    goals: Goals = Goals()
    is_late: bool = False
    installed: tuple[Installed, ...] = ()
    settled_s: float = 5.0
    """Steady state begins so long after a start."""

    @property
    def names(self) -> list[str]:
        """Return who watches: the browsers, then the installed players."""
        browsers = [f"browser, {viewer.rtt_ms:g} ms, {viewer.media}" for viewer in self.viewers]
        return browsers + [f"{player.version}, {player.rtt_ms:g} ms" for player in self.installed]


def pair(first: Viewer, second: Viewer) -> tuple[Viewer, ...]:
    """Return both with clocks that are wrong in opposite ways."""
    return _wrong(first, 5_000, 100), _wrong(second, -5_000, -100)


def _wrong(viewer: Viewer, skew_ms: float, ppm: float) -> Viewer:
    return Viewer(viewer.rtt_ms, viewer.media, viewer.jitter, viewer.spikes, skew_ms, ppm)


_SPIKED = Goals(p95=15.0)

SCENARIOS = (
    Scenario("rtt20", "round trips of 20 ms", pair(Viewer(20), Viewer(20))),
    Scenario("rtt100", "round trips of 100 ms", pair(Viewer(100), Viewer(100))),
    Scenario("rtt300", "round trips of 300 ms", pair(Viewer(300), Viewer(300))),
    Scenario("rtt20-300", "20 ms and 300 ms", pair(Viewer(20), Viewer(300))),
    Scenario("sound-muted", "sound and muted", pair(Viewer(20), Viewer(100, "muted"))),
    Scenario("sound-silent", "sound and a film without", pair(Viewer(20), Viewer(100, "silent"))),
    Scenario(
        "muted-silent", "muted and a film without", pair(Viewer(20, "muted"), Viewer(100, "silent"))
    ),
    Scenario(
        "spikes",
        "20 ms and 300 ms, 5 % of messages 100 to 400 ms later",
        pair(Viewer(20, spikes=0.05), Viewer(300, spikes=0.05)),
        _SPIKED,
    ),
    Scenario(
        "late", "somebody comes into a room that plays", pair(Viewer(20), Viewer(100)), is_late=True
    ),
    Scenario(
        "mixed",
        "with a 1.5 and a 1.4",
        pair(Viewer(20), Viewer(100)),
        installed=(Installed("1.5"), Installed("1.4")),
        settled_s=60.0,
    ),
)
