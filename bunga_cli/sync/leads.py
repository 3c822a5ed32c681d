"""How long before it happens a start or a stop is told, so that it happens everywhere at once.

The word has to reach the one who is farthest away, and a player needs its time to get going.
"""

from typing import NamedTuple

from bunga_cli.sync.readiness import Socket
from bunga_cli.sync.roster import Roster

START_MARGIN_US = 60_000
LEAST_START_US, MOST_START_US = 200_000, 2_000_000
USUAL_START_LATENCY_US = 100_000
"""What is allowed for a v2 player that has not told how long it takes to get going."""
STOP_MARGIN_US = 20_000
MOST_STOP_US = 500_000


class Leads(NamedTuple):
    """How long before a start and a stop it is to be told, in microseconds."""

    start_us: int
    stop_us: int


NO_LEADS = Leads(0, 0)


def leads_of(roster: Roster) -> Leads:
    """Return the leads that those need who watch now and are waited for.

    1.4 and 1.5 know of no time to come: they are told just in time, and stop when they are told.
    """
    sockets = [
        socket
        for watcher in roster.present
        if not watcher.excused
        for socket in watcher.sockets.values()
    ]
    modern = [socket for socket in sockets if socket.is_v2]
    old_us = max((s.delay.one_way_us for s in sockets if not s.is_v2), default=0)
    if not modern:
        return Leads(min(old_us, MOST_STOP_US), 0)
    way_us = max(socket.path.late_one_way_us for socket in modern)
    start_us = max(old_us, way_us) + max(map(_start_latency_us, modern)) + START_MARGIN_US
    return Leads(
        min(max(LEAST_START_US, start_us), MOST_START_US),
        min(way_us + STOP_MARGIN_US, MOST_STOP_US),
    )


def _start_latency_us(socket: Socket) -> int:
    told_us = socket.start_latency_us
    return USUAL_START_LATENCY_US if told_us is None else told_us
