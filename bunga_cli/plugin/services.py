"""What players get of services when they register: issued once, kept, renewed before it expires.

A value is one account's or, if its provider says so, the whole channel's. That is known only when
it has been issued: so until a provider has shown its kind, the first who asks in a channel asks for
all who wait there.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bunga_cli.clock import monotonic_us, utc_now
from bunga_cli.plugin.isolation import describe
from bunga_cli.plugin.providers import Account, Channel, PluginFailure, Service, ServiceProvider
from bunga_cli.units import MINUTE, SECOND

WAIT_S = 2.0
ISSUE_LIMIT_S = 30.0
MAX_ENTRIES = 10_000
MAX_ROUNDS = 5
"""How often what is invalidated under way is issued for one who waits for it."""

_DEFAULT_LIFE_US = 10 * MINUTE
_RENEWED_AFTER = 0.75

Values = dict[str, Mapping[str, object] | None]
_Key = tuple[str, str, str | None]
"""The service, the channel, and the account if the value is for that one alone."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """A provider, what runs its coroutines and can leave them behind, and who hears how it goes."""

    provider: ServiceProvider
    run: Callable[[Coroutine[Any, Any, Service | None]], Coroutine[Any, Any, Service | None]]
    report: Callable[[str | None], None]


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Mapping[str, object]
    renew_us: int
    expires_us: int


@dataclass(slots=True, eq=False)
class _Ask:
    """Somebody who registers. What is good at that moment is good enough, however long it takes."""

    channel: Channel
    account: Account
    now_us: int
    is_void: bool = False
    """The channel is not there any more."""


@dataclass(slots=True, eq=False)
class _Job:
    """An issue under way; what a stale one brings is not kept."""

    account: Account
    is_stale: bool = False
    task: asyncio.Task[None] = field(init=False)

    def drop(self) -> None:
        self.is_stale = True
        self.task.cancel()


class Services:
    """The services of all plugins, and what they issued.

    Asking for a value that is in its last quarter renews it in the background.
    """

    def __init__(self, clock: Callable[[], int] = monotonic_us, wait_s: float = WAIT_S) -> None:
        self._clock, self._wait_s = clock, wait_s
        self._issuers: dict[str, Issuer] = {}
        self._is_shared: dict[str, bool] = {}
        self._entries: dict[_Key, _Entry] = {}
        self._jobs: dict[_Key, _Job] = {}
        self._asks: set[_Ask] = set()

    def set_issuers(self, issuers: Sequence[Issuer]) -> None:
        """Have these services from now on; of two for one key the first counts.

        What a provider that stays has issued stays too.
        """
        before, self._issuers = self._issuers, {}
        for issuer in issuers:
            self._issuers.setdefault(issuer.provider.key, issuer)
        for service, issuer in before.items():
            now = self._issuers.get(service)
            if now is None or now.provider is not issuer.provider:
                self._is_shared.pop(service, None)
                self.invalidate(service)

    async def values(self, channel: Channel, account: Account) -> Values:
        """Return what there is for an account, waiting for the rest, but not for long."""
        ask = _Ask(channel, account, self._clock())
        self._asks.add(ask)
        try:
            await self._settle_all(ask)
        finally:
            self._asks.discard(ask)
        return {service: self._value(service, ask) for service in self._issuers}

    def invalidate(self, service: str, channel_id: str | None = None) -> None:
        """Forget what was issued of a service, in one channel or in all, and what is under way."""
        self._drop(lambda key: key[0] == service and channel_id in (None, key[1]))

    def forget_channel(self, channel_id: str) -> None:
        """Forget a channel that is deleted; another one may get its id."""
        for ask in self._asks:
            ask.is_void = ask.is_void or ask.channel.id == channel_id
        self._drop(lambda key: key[1] == channel_id)

    def stop(self) -> None:
        """Issue nothing any more."""
        self._issuers.clear()
        self._drop(lambda _key: True)

    # -- waiting ----------------------------------------------------------------------------------

    async def _settle_all(self, ask: _Ask) -> None:
        missing = [service for service in self._issuers if not self._is_there(service, ask)]
        tasks = [asyncio.create_task(self._settle(service, ask)) for service in missing]
        if not tasks:
            return
        try:
            await asyncio.wait(tasks, timeout=self._wait_s)
        finally:
            for task in tasks:
                task.cancel()

    async def _settle(self, service: str, ask: _Ask) -> None:
        """Have a value issued, and again what is invalidated meanwhile."""
        is_own = False
        for _ in range(MAX_ROUNDS):
            issuer = self._issuers.get(service)
            if issuer is None or ask.is_void:
                return
            is_own = is_own or self._is_shared.get(service) is False
            job = self._job(issuer, self._key(service, ask, is_own=is_own), ask)
            await asyncio.wait((job.task,))
            if job.is_stale:
                continue
            if job.account == ask.account or self._is_answered(service, ask):
                return
            is_own = True  # somebody else asked, and it was for somebody else

    def _is_answered(self, service: str, ask: _Ask) -> bool:
        return self._is_shared.get(service, False) or self._entry(service, ask) is not None

    def _is_there(self, service: str, ask: _Ask) -> bool:
        """Return whether there is a value to hand out; have an old one renewed."""
        entry = self._entry(service, ask)
        if entry is not None and ask.now_us >= entry.renew_us:
            own = self._key(service, ask, is_own=True)
            is_own = self._entries.get(own) is entry
            self._job(self._issuers[service], self._key(service, ask, is_own=is_own), ask)
        return entry is not None

    def _value(self, service: str, ask: _Ask) -> Mapping[str, object] | None:
        entry = None if ask.is_void else self._entry(service, ask)
        return None if entry is None else entry.value

    def _entry(self, service: str, ask: _Ask) -> _Entry | None:
        for is_own in (True, False):
            entry = self._entries.get(self._key(service, ask, is_own=is_own))
            if entry is not None and ask.now_us < entry.expires_us:
                return entry
        return None

    def _key(self, service: str, ask: _Ask, *, is_own: bool) -> _Key:
        return service, ask.channel.id, ask.account.id if is_own else None

    # -- issuing ----------------------------------------------------------------------------------

    def _job(self, issuer: Issuer, key: _Key, ask: _Ask) -> _Job:
        job = self._jobs.get(key)
        if job is None:
            job = self._jobs[key] = _Job(ask.account)
            job.task = asyncio.create_task(self._carry_out(issuer, key, job, ask.channel))
        return job

    async def _carry_out(self, issuer: Issuer, key: _Key, job: _Job, channel: Channel) -> None:
        problem = None
        try:
            async with asyncio.timeout(ISSUE_LIMIT_S):
                issued = await issuer.run(issuer.provider.issue(channel, job.account))
            if not job.is_stale:
                self._keep(key, job.account, issued)
        except TimeoutError:
            problem = f"It issued nothing within {ISSUE_LIMIT_S:g} s."
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            problem = describe(error)
        finally:
            if self._jobs.get(key) is job:
                del self._jobs[key]
        if not job.is_stale:
            issuer.report(problem)

    def _keep(self, key: _Key, account: Account, issued: Service | None) -> None:
        """Keep what was issued; who asked for it has nothing else beside it."""
        service, channel_id, _ = key
        own, shared = (service, channel_id, account.id), (service, channel_id, None)
        entry = None if issued is None else self._as_entry(issued)
        self._entries.pop(own, None)
        if issued is None or entry is None:
            self._entries.pop(shared, None)
            return
        self._is_shared[service] = not issued.per_account
        self._make_room()
        self._entries[own if issued.per_account else shared] = entry

    def _as_entry(self, issued: Service) -> _Entry:
        now_us, life_us = self._clock(), _DEFAULT_LIFE_US
        if issued.expires_at is not None:
            life_us = int((issued.expires_at - utc_now()).total_seconds() * SECOND)
        if life_us <= 0:
            raise PluginFailure("What it issued has expired already.")
        return _Entry(issued.value, now_us + int(life_us * _RENEWED_AFTER), now_us + life_us)

    def _make_room(self) -> None:
        if len(self._entries) >= MAX_ENTRIES:
            now_us = self._clock()
            self._entries = {k: e for k, e in self._entries.items() if now_us < e.expires_us}
        if len(self._entries) >= MAX_ENTRIES:
            del self._entries[next(iter(self._entries))]

    def _drop(self, is_meant: Callable[[_Key], bool]) -> None:
        for key in [*filter(is_meant, self._entries)]:
            del self._entries[key]
        for key in [*filter(is_meant, self._jobs)]:
            self._jobs.pop(key).drop()
