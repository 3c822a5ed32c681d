"""What players get of services when they register: issued once, kept, renewed before it expires."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bunga_cli.clock import monotonic_us, utc_now
from bunga_cli.plugin import checks
from bunga_cli.plugin.isolation import describe
from bunga_cli.plugin.providers import Account, Channel, PluginFailure, Service, ServiceProvider
from bunga_cli.units import MINUTE, SECOND

WAIT_S = 2.0
ISSUE_LIMIT_S = 30.0
MAX_ENTRIES = 10_000

_DEFAULT_LIFE_US = 10 * MINUTE
_RENEWED_AFTER = 0.75

Values = dict[str, Mapping[str, object] | None]
_Key = tuple[str, str, str | None]
"""The service, the channel, and the account if the value is for that one alone."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """A provider, the function that runs its coroutines, and one that hears how it goes."""

    provider: ServiceProvider
    run: Callable[[Coroutine[Any, Any, Any]], Coroutine[Any, Any, Any]]
    report: Callable[[str | None], None]


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Mapping[str, object] | None
    renew_us: int
    expires_us: int


class Services:
    """The services of all plugins, and what they issued.

    Asking for a value that is in its last quarter renews it in the background; several who ask for
    the same one while it is being issued wait for one issue.
    """

    def __init__(self, clock: Callable[[], int] = monotonic_us, wait_s: float = WAIT_S) -> None:
        self._clock, self._wait_s = clock, wait_s
        self._issuers: dict[str, Issuer] = {}
        self._entries: dict[_Key, _Entry] = {}
        self._tasks: dict[_Key, asyncio.Task[None]] = {}

    def set_issuers(self, issuers: Sequence[Issuer]) -> None:
        """Have these services from now on; of two for one key the first counts."""
        gone = self._issuers
        self._issuers = {}
        for issuer in issuers:
            self._issuers.setdefault(issuer.provider.key, issuer)
        for key in gone:
            if gone[key] is not self._issuers.get(key):
                self.invalidate(key)

    async def values(self, channel: Channel, account: Account) -> Values:
        """Return what there is for an account, waiting for the rest, but not for long."""
        now_us = self._clock()
        tasks = [
            task
            for issuer in self._issuers.values()
            if (task := self._task(issuer, channel, account, now_us)) is not None
        ]
        if tasks:
            await asyncio.wait(tasks, timeout=self._wait_s)
        now_us = self._clock()
        return {key: self._value(key, channel, account, now_us) for key in self._issuers}

    def invalidate(self, service: str, channel_id: str | None = None) -> None:
        """Forget what was issued of a service, in one channel or in all."""
        for key in [*self._entries]:
            if _is_of(key, service, channel_id):
                del self._entries[key]
        for key in [*self._tasks]:
            if _is_of(key, service, channel_id):
                self._tasks.pop(key).cancel()

    def stop(self) -> None:
        """Issue nothing any more."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    # -- inside -----------------------------------------------------------------------------------

    def _value(
        self, service: str, channel: Channel, account: Account, now_us: int
    ) -> Mapping[str, object] | None:
        entry = self._entry(service, channel, account)
        return entry.value if entry is not None and now_us < entry.expires_us else None

    def _entry(self, service: str, channel: Channel, account: Account) -> _Entry | None:
        own = self._entries.get((service, channel.id, account.id))
        return own or self._entries.get((service, channel.id, None))

    def _task(
        self, issuer: Issuer, channel: Channel, account: Account, now_us: int
    ) -> asyncio.Task[None] | None:
        """Return the task to wait for, None if there is a value to hand out meanwhile."""
        key = (issuer.provider.key, channel.id, account.id)
        entry = self._entry(issuer.provider.key, channel, account)
        if entry is not None and now_us < entry.renew_us:
            return None
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.create_task(self._issue(issuer, key, channel, account))
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return task if entry is None or now_us >= entry.expires_us else None

    def _forget(self, key: _Key, task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]

    async def _issue(self, issuer: Issuer, key: _Key, channel: Channel, account: Account) -> None:
        try:
            issued = await asyncio.wait_for(
                issuer.run(issuer.provider.issue(channel, account)), ISSUE_LIMIT_S
            )
            service = checks.service(issued, issuer.provider.key)
            entry = self._as_entry(service)
        except TimeoutError:
            issuer.report(f"It issued nothing within {ISSUE_LIMIT_S:g} s.")
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            issuer.report(describe(error))
        else:
            issuer.report(None)
            self._keep(key if service is None or service.per_account else (*key[:2], None), entry)

    def _as_entry(self, service: Service | None) -> _Entry:
        now_us = self._clock()
        if service is None:
            return _Entry(None, now_us, now_us)
        life_us = _DEFAULT_LIFE_US
        if service.expires_at is not None:
            life_us = int((service.expires_at - utc_now()).total_seconds() * SECOND)
        _check_json(service)
        return _Entry(service.value, now_us + int(life_us * _RENEWED_AFTER), now_us + life_us)

    def _keep(self, key: _Key, entry: _Entry) -> None:
        if len(self._entries) >= MAX_ENTRIES:
            now_us = self._clock()
            self._entries = {k: e for k, e in self._entries.items() if now_us < e.expires_us}
        if len(self._entries) >= MAX_ENTRIES:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = entry


def _check_json(service: Service) -> None:
    try:
        json.dumps(service.value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise PluginFailure(f"What it issued is no JSON: {error}.") from error
    if not isinstance(service.value, Mapping):
        raise PluginFailure("What it issued is no JSON object.")


def _is_of(key: _Key, service: str, channel_id: str | None) -> bool:
    return key[0] == service and channel_id in (None, key[1])
