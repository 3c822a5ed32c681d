"""Whose fault it is that a call took long: by what it computed, and by who slept meanwhile.

A call may wait for a processor, because the machine is busy; for another thread that has the
interpreter, and that waits for a processor itself; or of its own will, for a clock, a lock or a
disk. By the clock on the wall, and even by how often the system says that the thread has slept,
these are the same. But only in the last one nobody in this process computes or waits to compute.
"""

import os
import resource
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

_THREADS = "/proc/self/task"
_OF_THREAD = getattr(resource, "RUSAGE_THREAD", None)
"""None where there is no Linux."""


class Reading(NamedTuple):
    """All clocks at one moment, in seconds.

    `naps` is how often this thread has gone to sleep, `queued` for how long each thread of this
    process has waited for a processor, in nanoseconds by its id; None if that was not looked at.
    """

    wall_s: float
    own_s: float
    process_s: float
    naps: float
    queued: Mapping[str, int] | None = None

    def computed_s(self, now: "Reading") -> float:
        """Return for how long this thread has computed until `now`."""
        return now.own_s - self.own_s

    def slept_s(self, now: "Reading") -> float:
        """Return for how long all of this process has slept until `now`, by this thread's will.

        It may be less, if `queued` was not looked at both times.
        """
        if now.naps <= self.naps:
            return 0.0
        queued_ns = 0
        if self.queued is not None and now.queued is not None:
            before = self.queued
            queued_ns = sum(each - before.get(id_, 0) for id_, each in now.queued.items())
        computed_s = now.process_s - self.process_s
        return now.wall_s - self.wall_s - computed_s - queued_ns / 1e9


def reading(*, closely: bool) -> Reading:
    """Look at all clocks, which takes a microsecond; `closely`, also at `queued`, 40 more."""
    queued = _queued() if closely else None
    wall_s = time.perf_counter()
    naps = wall_s if _OF_THREAD is None else resource.getrusage(_OF_THREAD).ru_nvcsw
    return Reading(wall_s, time.thread_time(), time.process_time(), naps, queued)


def _queued() -> dict[str, int]:
    """See `Documentation/scheduler/sched-stats.rst` of Linux; elsewhere, nothing is known."""
    queued: dict[str, int] = {}
    with suppress(OSError):
        for id_ in os.listdir(_THREADS):  # noqa: PTH208  all rooms wait for this
            with suppress(OSError, IndexError):  # it has ended meanwhile
                queued[id_] = _queued_ns(f"{_THREADS}/{id_}/schedstat")
    return queued


def _queued_ns(path: str) -> int:
    file = os.open(path, os.O_RDONLY)
    try:
        return int(os.read(file, 100).split()[1])
    finally:
        os.close(file)
