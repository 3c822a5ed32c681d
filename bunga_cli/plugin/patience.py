"""How long the start of the server waits for a plugin."""

import os
import time
from pathlib import Path

LEAST_S = 0.4
MOST_S = 5.0
_OF_AGE = 0.4


def patience_here_s() -> float:
    """Return for how long, on this machine: how quick it is shows in how old the process is.

    A plugin that needs longer goes on behind the server's back. One that works should not have to:
    the first players would come before it is there.
    """
    return min(max(LEAST_S, _age_s() * _OF_AGE), MOST_S)


def _age_s() -> float:
    try:
        started = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):  # no Linux
        return time.process_time()
