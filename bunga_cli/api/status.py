"""How much the server has to do and what it uses: now, and in the last minute."""

import asyncio
import resource
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Protocol

import psutil

from bunga_cli.clock import monotonic_us, utc_now
from bunga_cli.server.traffic import Load

_SECOND_US = 1_000_000
_INTERVAL_S = 1.0
_KEPT = 61
"""Samples: a minute of changes from one to the next."""
_WINDOW_US = 10 * _SECOND_US
"""Over how long what is said of now is averaged."""


class Loaded(Protocol):
    """Who knows what there is to do."""

    def load(self) -> Load:
        """Return how much there is to do, at little cost: it is asked each second."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the server. `at_us` is of the monotonic clock, `cpu_us` is since its start."""

    at: datetime
    at_us: int
    load: Load
    cpu_us: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Point:
    """The server about one moment: what was counted is a rate, over the time since `since`."""

    since: datetime
    at: datetime
    load: Load
    messages_in_per_s: float
    messages_out_per_s: float
    cpu_percent: float
    memory_bytes: int

    @classmethod
    def between(cls, before: Sample, now: Sample) -> "Point":
        """Return what two samples say together; of less than a second, no rates can be told."""
        elapsed_s = max(now.at_us - before.at_us, _SECOND_US) / _SECOND_US
        return cls(
            since=before.at,
            at=now.at,
            load=now.load,
            messages_in_per_s=(now.load.received - before.load.received) / elapsed_s,
            messages_out_per_s=(now.load.sent - before.load.sent) / elapsed_s,
            cpu_percent=100 * (now.cpu_us - before.cpu_us) / _SECOND_US / elapsed_s,
            memory_bytes=now.memory_bytes,
        )


class StatusHistory:
    """The samples of the last minute."""

    def __init__(self, first: Sample) -> None:
        self._samples: deque[Sample] = deque([first], maxlen=_KEPT)

    def add(self, sample: Sample) -> None:
        """Keep a sample that is newer than all others."""
        self._samples.append(sample)

    def points(self) -> list[Point]:
        """Return how it went from each sample to the next, the oldest first."""
        return [Point.between(before, after) for before, after in pairwise([*self._samples])]

    def now(self, sample: Sample) -> Point:
        """Return how it goes by the newest sample, which is not kept, and the last 10 s."""
        since_us = sample.at_us - _WINDOW_US
        before = next((one for one in self._samples if one.at_us >= since_us), self._samples[-1])
        return Point.between(before, sample)


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """How many files and sockets are open, and how many may be; None where there is no limit."""

    count: int
    limit: int | None


class ServerStatus:
    """Looks at this process when it is asked, and each second while it is `sampled`."""

    def __init__(self, server: Loaded, clock: Callable[[], int] = monotonic_us) -> None:
        self._server, self._clock = server, clock
        self._process = psutil.Process()
        self._started_us = clock()
        self._files: OpenFiles | None = None
        self._files_us = 0
        self.history = StatusHistory(self._sample())

    @property
    def uptime_s(self) -> int:
        """How long the server has been there, in whole seconds."""
        return (self._clock() - self._started_us) // _SECOND_US

    def now(self) -> Point:
        """Return how it goes just now."""
        return self.history.now(self._sample())

    async def open_files(self) -> OpenFiles:
        """Return how many are open, as of the last 10 s.

        To count 19,000 takes a thread 20 to 50 ms, which nobody shall have it do again and again.
        """
        now_us = self._clock()
        if self._files is None or now_us - self._files_us >= _WINDOW_US:
            limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            count = await asyncio.to_thread(self._process.num_fds)
            self._files = OpenFiles(count, None if limit == resource.RLIM_INFINITY else limit)
            self._files_us = now_us
        return self._files

    @contextmanager
    def sampled(self) -> Iterator[None]:
        """Take a sample each second for the length of a block."""
        sampling = asyncio.get_running_loop().create_task(self._take_samples())
        try:
            yield
        finally:
            sampling.cancel()

    async def _take_samples(self) -> None:
        while True:
            await asyncio.sleep(_INTERVAL_S)
            self.history.add(self._sample())

    def _sample(self) -> Sample:
        with self._process.oneshot():
            used, memory = self._process.cpu_times(), self._process.memory_info()
        return Sample(
            at=utc_now(),
            at_us=self._clock(),
            load=self._server.load(),
            cpu_us=round((used.user + used.system) * _SECOND_US),
            memory_bytes=memory.rss,
        )
