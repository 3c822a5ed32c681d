"""What was asked lately: once for all who want it at the same time, and then not for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from bunga_alist.failures import AListError, Busy

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

FAILURE_LIFETIME_S = 30.0
MAX_FAILURES = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept, how long, and how many may be asked for at the same time."""

    lifetime_s: float
    max_weight: int
    max_under_way: int
    time_limit_s: float


@dataclass(frozen=True, slots=True)
class _Kept(Generic[V]):
    value: V
    weight: int
    expires_at_s: float


class Remembered(Generic[K, V]):
    """Finds values by `find`, which raises AListError; failures are remembered for a short time.

    The least recently used values are forgotten first.
    """

    def __init__(
        self,
        find: Callable[[K], Awaitable[V]],
        weight: Callable[[V], int],
        limits: Limits,
        now_s: Callable[[], float],
    ) -> None:
        self._find, self._weight, self._limits, self._now_s = find, weight, limits, now_s
        self._kept: OrderedDict[K, _Kept[V]] = OrderedDict()
        self._failures: dict[K, tuple[str, float]] = {}
        self._tasks: dict[K, asyncio.Task[V]] = {}
        self._total_weight = 0

    async def get(self, key: K) -> V:
        """Return the value for a key. Raises AListError."""
        kept = self._kept.get(key)
        if kept is not None and kept.expires_at_s > self._now_s():
            self._kept.move_to_end(key)
            return kept.value
        reason, until_s = self._failures.get(key, ("", 0.0))
        if reason and until_s > self._now_s():
            raise AListError(reason)
        return await asyncio.shield(self._tasks.get(key) or self._begin(key))

    def forget(self, is_meant: Callable[[K], bool]) -> None:
        """Try again what failed, for the keys that are meant."""
        self._failures = {k: failure for k, failure in self._failures.items() if not is_meant(k)}

    def _begin(self, key: K) -> asyncio.Task[V]:
        if len(self._tasks) >= self._limits.max_under_way:
            raise Busy("Too much is being asked of AList.")
        task = self._tasks[key] = asyncio.create_task(self._ask(key))
        task.add_done_callback(lambda done: self._end(key, done))
        return task

    def _end(self, key: K, task: "asyncio.Task[V]") -> None:
        del self._tasks[key]
        if not task.cancelled():
            task.exception()  # whoever waited has it; perhaps nobody did for so long

    async def _ask(self, key: K) -> V:
        limit_s = self._limits.time_limit_s
        try:
            async with asyncio.timeout(limit_s):
                value = await self._find(key)
        except Busy:
            raise
        except TimeoutError as error:
            raise self._failed(key, AListError(f"It took more than {limit_s:g} s.")) from error
        except AListError as failure:
            raise self._failed(key, failure) from failure
        self._keep(key, value)
        return value

    def _failed(self, key: K, failure: AListError) -> AListError:
        now_s = self._now_s()
        if len(self._failures) >= MAX_FAILURES:
            self._failures = {k: f for k, f in self._failures.items() if f[1] > now_s}
        if len(self._failures) < MAX_FAILURES:
            self._failures[key] = str(failure), now_s + FAILURE_LIFETIME_S
        return failure

    def _keep(self, key: K, value: V) -> None:
        self._failures.pop(key, None)
        self._drop(key)
        weight = self._weight(value)
        self._kept[key] = _Kept(value, weight, self._now_s() + self._limits.lifetime_s)
        self._total_weight += weight
        while self._total_weight > self._limits.max_weight:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: K) -> None:
        if (kept := self._kept.pop(key, None)) is not None:
            self._total_weight -= kept.weight
