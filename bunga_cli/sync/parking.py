"""What to do with an excused 1.5 player that cannot keep up.

A player more than 3 s behind seeks at every heartbeat and never gets anything loaded. So it is
shown a resting position some way ahead, where it can load in peace; when it is ready and the room
gets there it sees the room's truth again. If the room gets there first, it is parked further ahead.
A v2 player can get into a room that plays by itself: it is taken back as soon as it is ready.
"""

from bunga_cli.sync.policy import Policy
from bunga_cli.sync.readiness import Watcher


def excuse(watcher: Watcher, position_us: int) -> None:
    """No longer wait for `watcher`."""
    watcher.excused, watcher.left_at_us = True, position_us
    watcher.parked_at_us, watcher.park_lead_us = None, 0


def take_back(watcher: Watcher) -> None:
    """Treat `watcher` as everybody else again."""
    watcher.excused, watcher.arriving = False, False
    watcher.parked_at_us, watcher.park_lead_us = None, 0


def unpark(watcher: Watcher, position_us: int) -> None:
    """Show `watcher` the room's truth again after the room itself went elsewhere."""
    watcher.left_at_us, watcher.parked_at_us = position_us, None
    if watcher.is_ready and not watcher.arriving:
        take_back(watcher)


def tend(watcher: Watcher, position_us: int, policy: Policy) -> None:
    """Park, park anew or take back an excused watcher, as the room passes `position_us`."""
    parked_at_us = watcher.parked_at_us
    if watcher.is_ready:
        if watcher.arriving:
            return
        if parked_at_us is None or position_us >= parked_at_us or watcher.is_v2:
            take_back(watcher)
    elif parked_at_us is None:
        if watcher.speaks and position_us - watcher.left_at_us >= policy.park_behind_us:
            _park(watcher, position_us, policy)
    elif position_us >= parked_at_us:
        _park(watcher, position_us, policy)


def _park(watcher: Watcher, position_us: int, policy: Policy) -> None:
    lead_us = watcher.park_lead_us * 2 or policy.park_lead_us
    watcher.park_lead_us = min(lead_us, policy.park_lead_max_us)
    watcher.parked_at_us = position_us + watcher.park_lead_us
