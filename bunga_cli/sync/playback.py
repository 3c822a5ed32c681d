"""Play state and timeline, which change together and nowhere else."""

from bunga_cli.sync.leads import NO_LEADS, Leads
from bunga_cli.sync.moves import Cause, PlayState, destination
from bunga_cli.sync.timeline import Timeline


class Playback:
    """What the room is doing, where in the video, and until when a seek cools down."""

    __slots__ = ("cooldown_us", "held_since_us", "seek_cooldown_us", "state", "timeline")

    def __init__(self, seek_cooldown_us: int) -> None:
        self.seek_cooldown_us = seek_cooldown_us
        self.state = PlayState.PAUSED
        self.timeline = Timeline()
        self.cooldown_us: int | None = None
        """When the seek's cooldown is over; None outside `seeking`."""
        self.held_since_us: int | None = None
        """Since when the room would play but waits for somebody."""

    @property
    def is_running(self) -> bool:
        """True while the media moves, or is about to."""
        return self.timeline.rate != 0

    def move(
        self,
        cause: Cause,
        everyone_is_ready: bool,
        now_us: int,
        position_us: int | None = None,
        leads: Leads = NO_LEADS,
    ) -> None:
        """Make the move that the table names for `cause`, from `position_us` if one is given.

        What starts, starts after its lead; what stops goes on for its lead, unless it is told where
        to rest.
        """
        state = destination(self.state, cause, everyone_is_ready)
        if state is not PlayState.SEEKING:
            self.cooldown_us = None
        elif cause is Cause.SEEK:
            self.cooldown_us = now_us + self.seek_cooldown_us
        runs = state is PlayState.PLAYING or (state is PlayState.SEEKING and everyone_is_ready)
        held = state is not PlayState.PAUSED and not runs
        if not held:
            self.held_since_us = None
        elif self.held_since_us is None:
            self.held_since_us = now_us
        self.state = state
        if position_us is not None:
            rests = not (runs and self.timeline.rate_at(now_us))
            here = Timeline(position_us, 0, now_us)
            self.timeline = here if rests else self.timeline.moved_to(position_us, now_us)
        lead_us = leads.start_us if runs else leads.stop_us
        self.timeline = self.timeline.with_rate(int(runs), now_us, now_us + lead_us)
