"""How far somebody's picture is from where the room is.

Players that tell where they are say it beside being ready; those of 1.4 and 1.5 do not. A report
is compared with the timeline of the moment at which it held, and is good only as long as that
timeline is: after a seek nobody knows how far away who is, until they say so again.
"""

from dataclasses import dataclass

from bunga_cli.sync.timeline import Timeline

FRESH_US = 5_000_000
"""For how long a report is believed."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A picture was `by_us` ahead of the room's at `at_us`; behind it, if that is negative."""

    by_us: int
    at_us: int

    @classmethod
    def measured(
        cls, timeline: Timeline, position_us: int, at_us: int | None, now_us: int
    ) -> "Drift | None":
        """Return how far a picture that was at `position_us` is from the room's.

        `at_us` is when it was there, by the server's monotonic clock; None: now, as far as anybody
        knows. A moment to come is no later than now. None if nothing can be said: the report is
        older than the timeline, or too old.
        """
        held_us = now_us if at_us is None else min(at_us, now_us)
        drift = cls(position_us - timeline.position_at(held_us), held_us)
        return drift if drift.is_good(timeline, now_us) else None

    def is_good(self, timeline: Timeline, now_us: int) -> bool:
        """Return whether it still says something."""
        return self.at_us >= max(timeline.at_us, now_us - FRESH_US)
