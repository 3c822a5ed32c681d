"""How long a room is patient. All durations are microseconds."""

from dataclasses import dataclass
from enum import StrEnum

SECOND_US = 1_000_000


class OnJoin(StrEnum):
    """What a new watcher does to a room that is not paused."""

    PAUSE = "pause"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers of one room."""

    on_join: OnJoin = OnJoin.PAUSE
    max_wait_us: int = 20 * SECOND_US
    """How long one watcher may keep the others waiting in any `wait_window_us`."""
    wait_window_us: int = 60 * SECOND_US
    reconnect_grace_us: int = 20 * SECOND_US
    silence_us: int = 5 * SECOND_US
    """A heartbeat speaker that is silent for so long has lost its connection."""
    seek_cooldown_us: int = 2 * SECOND_US
    legacy_compensation: bool = True
    """Whether 1.4 and 1.5 are told where the room will be when the word arrives, and squeezed."""
    unreported_hold_us: int = 5 * SECOND_US
    """How long a watcher that never reported is waited for."""
    put_away_us: int = 300 * SECOND_US
    arrival_us: int = 5 * SECOND_US
    """How long a newcomer to a room that plays on has to be ready before it counts as loaded.

    1.5 says ready as long as it has nothing to load."""
    heartbeat_us: int = SECOND_US
    failed_load_us: int = 10 * SECOND_US
    """A pause at 0 counts only this near to 0; elsewhere it is a load that failed."""
    finish_quiet_us: int = 10 * SECOND_US
    """No end is believed so soon after a projection or another end."""
    stranger_after_us: int = 10 * SECOND_US
    """Heartbeats without a join for so long are asked who they are."""
    bye_quiet_us: int = 5 * SECOND_US
    """How long one who said bye is not asked who it is."""
    park_behind_us: int = 3 * SECOND_US
    """An excused player so far behind would seek at every heartbeat: it is parked instead."""
    park_lead_us: int = 10 * SECOND_US
    """How far ahead it is parked first; doubled each time the room gets there before it."""
    park_lead_max_us: int = 120 * SECOND_US
