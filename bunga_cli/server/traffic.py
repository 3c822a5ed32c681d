"""How much goes in and out, in numbers that cost next to nothing to keep."""

from dataclasses import dataclass


@dataclass(slots=True)
class Traffic:
    """The messages of all rooms since the start.

    `sent` counts a message once for each socket that is to have it, in one addition per broadcast;
    the few that are closing, or skip a heartbeat because they read too slowly, are counted too.
    """

    received: int = 0
    sent: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """What a server has to do: numbers of now, and of messages since its start."""

    rooms: int = 0
    watchers: int = 0
    connections: int = 0
    received: int = 0
    sent: int = 0
