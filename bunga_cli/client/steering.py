"""What is to be done with a player so that it does what a room's timeline does.

Nothing here waits, asks a clock or knows of a server: each step is told the time, by both clocks.
All of it is in microseconds.
"""

from typing import Final

from bunga_cli.client.controller import About, Controller, Learned, SetRate
from bunga_cli.client.media import MediaPlayer
from bunga_cli.sync.timeline import Timeline

BUSY_US: Final = 25_000
RESTING_US: Final = 200_000
SOON_US: Final = 1_000
NEAR_US: Final = 150_000
"""Players may land beside the place they were sent to; they are sent there once."""
LATE_US: Final = 150_000
"""What is farther behind does not start where it is, but where the room is going to be."""
LEAD_US: Final = 250_000
MAX_LEAD_US: Final = 10_000_000
AGAIN_US: Final = 1_000_000
TOO_SHORT_US: Final = 500_000
"""For so short a while nothing is started."""
UNNOTICED_US: Final = 400_000
"""So short a loading is not told: nobody has to wait for it."""


class Steering:
    """Prepare, start, hold in step and stop one player."""

    def __init__(self, media: MediaPlayer, learned: Learned | None = None) -> None:
        self.controller = Controller(learned)
        self.is_running = False
        self._media = media
        self._kind: About = "resume"
        self._started_for: Timeline | None = None
        self._lead_us = LEAD_US
        self._sought_to_us: int | None = None
        self._sought_at_us = 0
        self._is_timed = False
        self._is_moving = False
        self._is_coming = False
        self._pending_since_us: int | None = None

    @property
    def start_us(self) -> int:
        """Return how long the player takes to get going, the next time it starts."""
        return max(0, round(self.controller.learned.get(self._kind)))

    def is_pending(self, now_us: int) -> bool:
        """Return whether the room should wait for this player."""
        if self._media.is_ready and not self._is_coming:
            self._pending_since_us = None
            return False
        if self._pending_since_us is None:
            self._pending_since_us = now_us
        return not self._is_moving or now_us - self._pending_since_us > UNNOTICED_US

    def let_go(self) -> None:
        """Stop the player where it is: nobody knows any more where it should be."""
        if self.is_running:
            self._media.pause()
        self.is_running = self._is_moving = False
        self._play_plainly()
        self.controller.reset()

    def rest(self, now_us: int, target_us: int) -> bool:
        """Let the player rest at a position; return whether it is there and ready."""
        self.let_go()
        was_sent = self._sought_to_us == target_us
        is_sent_lately = was_sent and now_us - self._sought_at_us < AGAIN_US
        self._is_coming = self._is_off(target_us, NEAR_US if was_sent else 0)
        is_free = self._media.is_ready or not was_sent
        if self._is_coming and is_free and not is_sent_lately:
            self._seek(now_us, target_us)
            self._is_coming = self._is_off(target_us, NEAR_US)  # many are there at once
        return self._media.is_ready and not self._is_coming

    def _is_off(self, target_us: int, most_us: int) -> bool:
        return abs(self._media.position_us - target_us) > most_us

    def step(self, now_us: int, server_us: int, timeline: Timeline) -> int:
        """Do what is due now; return when there is more to do.

        `server_us` is what the server's clock shows when ours shows `now_us`.
        """
        if timeline.rate_at(server_us):
            return self._run(now_us, server_us, timeline)
        if self.is_running and timeline == self._started_for:
            return now_us + BUSY_US  # it was told early, because it takes a while
        is_there = self.rest(now_us, timeline.position_at(server_us))
        if not timeline.rate:
            return now_us + (RESTING_US if is_there else BUSY_US)
        return self._begin(now_us, server_us, timeline) if is_there else now_us + BUSY_US

    def _run(self, now_us: int, server_us: int, timeline: Timeline) -> int:
        self._is_moving, self._is_coming = True, False
        left_us = MAX_LEAD_US if timeline.rate else timeline.at_us - server_us
        next_us = now_us + BUSY_US
        if not self._media.is_ready:
            self._play_plainly()
            self.controller.interrupted(now_us)
        elif self.is_running:
            self._hold(now_us, timeline.position_at(server_us))
        elif left_us > TOO_SHORT_US:
            next_us = self._begin(now_us, server_us, timeline)
        return min(next_us, now_us + left_us)

    # -- starting ---------------------------------------------------------------------------------

    def _begin(self, now_us: int, server_us: int, timeline: Timeline) -> int:
        """Start so that the player moves when the room comes by the place where it is."""
        ahead_us = self._media.position_us - timeline.position_us
        latency_us = round(self.controller.learned.get(self._kind))
        wait_us = timeline.at_us + ahead_us - server_us - latency_us
        # What was loaded where it was told to rest is good as soon as the room comes by.
        most_us = self._lead_us if self._sought_to_us is None or self._is_timed else MAX_LEAD_US
        if self._is_moving and not -LATE_US <= wait_us <= most_us + AGAIN_US:
            self._seek_ahead(now_us, timeline.position_at(server_us) + latency_us)
        elif wait_us <= SOON_US:
            self._started_for = timeline
            self._play(now_us, wait_us)
        return now_us + max(SOON_US, min(BUSY_US, wait_us))

    def _seek_ahead(self, now_us: int, wanted_us: int) -> None:
        """Go where the room will be when that place is loaded, to start when it comes by."""
        if self._is_timed:
            took_us = now_us - self._sought_at_us
            self._lead_us = min(MAX_LEAD_US, max(LEAD_US, took_us * 3 // 2 + 100_000))
        self._seek(now_us, wanted_us + self._lead_us)
        self._is_timed = True

    def _play(self, now_us: int, expected_us: int) -> None:
        self._play_plainly()
        self._media.play()
        self.is_running, self._is_timed, self._sought_to_us = True, False, None
        self.controller.started(now_us, self._kind, expected_us)
        self._kind = "resume"

    # -- in between -------------------------------------------------------------------------------

    def _hold(self, now_us: int, target_us: int) -> None:
        action = self.controller.observe(now_us, self._media.position_us - target_us)
        if isinstance(action, SetRate):
            self._media.rate = action.rate
        elif action is not None:
            self._seek(now_us, target_us + round(action.by_us))

    def _seek(self, now_us: int, to_us: int) -> None:
        self._play_plainly()
        self._sought_to_us, self._sought_at_us, self._is_timed = to_us, now_us, False
        self._kind = "afterSeek"
        self._media.seek(to_us)

    def _play_plainly(self) -> None:
        if self._media.rate != 1:
            self._media.rate = 1
