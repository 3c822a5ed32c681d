"""Services: issued once, kept until they expire, renewed before, and never waited for for long."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import datetime, timedelta
from typing import Any

import pytest

from bunga_cli.clock import utc_now
from bunga_cli.plugin import Account, Channel, PluginFailure, Service
from bunga_cli.plugin.provided import CheckedService
from bunga_cli.plugin.services import MAX_ENTRIES, MAX_ROUNDS, Issuer, Services
from bunga_cli.units import MINUTE, SECOND
from tests.plugin.kit import ANN, LOBBY, PATIENT_S, until

BEN = Account("ben")


class Provider:
    """Issues numbers, after the gate is opened."""

    def __init__(self, key: str = "number", *, per_account: bool = True) -> None:
        self.key, self.per_account = key, per_account
        self.issued = 0
        self.life: timedelta | None = None
        self.failure: BaseException | None = None
        self.is_configured = True
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[str] = []

    @property
    def is_asked(self) -> bool:
        return bool(self.asked)

    async def issue(self, channel: Channel, account: Account) -> Service | None:
        self.asked.append(account.id)
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        if not self.is_configured:
            return None
        self.issued += 1
        return Service({"n": self.issued}, self._expires_at(), self.per_account)

    def _expires_at(self) -> datetime | None:
        return None if self.life is None else utc_now() + self.life


class Stage:
    """Services at a time that the test sets, which wait as long as it takes."""

    def __init__(self) -> None:
        self.now_us = 0
        self.reports: list[str | None] = []
        self.services = Services(lambda: self.now_us, wait_s=PATIENT_S)
        self._checked: dict[Provider, CheckedService] = {}

    def wait_for_a_second(self) -> None:
        """Wait no longer from now on: enough for what is ready, and over soon for what is not."""
        self.services._wait_s = 1.0

    def offer(self, *providers: Provider) -> None:
        checked = [self._checked.setdefault(p, CheckedService(p)) for p in providers]
        self.services.set_issuers([Issuer(p, _run, self.reports.append) for p in checked])

    async def ask(self, account: Account = ANN, channel: Channel = LOBBY) -> Any:
        values = await self.services.values(channel, account)
        return {key: value and value["n"] for key, value in values.items()}


async def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return await work


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    stage.services.stop()


async def test_a_value_is_issued_once(stage: Stage) -> None:
    provider = Provider()
    stage.offer(provider)
    assert [await stage.ask() for _ in range(3)] == [{"number": 1}] * 3


async def test_each_account_and_each_channel_has_its_own(stage: Stage) -> None:
    stage.offer(Provider())
    assert await stage.ask(ANN) == {"number": 1}
    assert await stage.ask(BEN) == {"number": 2}
    assert await stage.ask(ANN, Channel("hall", "Hall")) == {"number": 3}


async def test_a_value_for_the_channel_serves_all_its_members(stage: Stage) -> None:
    stage.offer(Provider(per_account=False))
    assert await stage.ask(ANN) == await stage.ask(BEN) == {"number": 1}
    assert await stage.ask(ANN, Channel("hall", "Hall")) == {"number": 2}


async def test_many_who_ask_at_once_wait_for_one_issue(stage: Stage) -> None:
    stage.offer(Provider())
    assert await asyncio.gather(*(stage.ask() for _ in range(5))) == [{"number": 1}] * 5


@pytest.mark.parametrize(
    ("life", "life_us"), [(None, 10 * MINUTE), (timedelta(hours=1), 60 * MINUTE)]
)
async def test_an_expired_value_is_not_handed_out(
    stage: Stage, life: timedelta | None, life_us: int
) -> None:
    provider = Provider()
    provider.life = life
    stage.offer(provider)
    await stage.ask()
    stage.now_us = life_us * 74 // 100
    assert await stage.ask() == {"number": 1}
    stage.now_us = life_us + SECOND
    assert await stage.ask() == {"number": 2}


async def test_a_value_in_its_last_quarter_is_renewed_in_the_background(stage: Stage) -> None:
    provider = Provider()
    stage.offer(provider)
    await stage.ask()
    provider.gate.clear()
    stage.now_us = 8 * MINUTE
    assert await stage.ask() == {"number": 1}
    provider.gate.set()
    await until(lambda: provider.issued == 2)
    assert await stage.ask() == {"number": 2}


async def test_a_slow_service_is_not_waited_for_but_there_the_next_time(stage: Stage) -> None:
    slow, quick = Provider("slow"), Provider("quick")
    slow.gate.clear()
    stage.wait_for_a_second()
    stage.offer(slow, quick)
    assert await stage.ask() == {"slow": None, "quick": 1}
    slow.gate.set()
    await until(lambda: slow.issued)
    assert await stage.ask() == {"slow": 1, "quick": 1}


async def test_a_failure_is_reported_and_tried_again(stage: Stage) -> None:
    provider = Provider()
    provider.failure = PluginFailure("The password is wrong.")
    stage.offer(provider)
    assert await stage.ask() == {"number": None}
    assert stage.reports == ["The password is wrong."]
    provider.failure = None
    assert await stage.ask() == {"number": 1}
    assert stage.reports == ["The password is wrong.", None]


async def test_a_renewal_that_fails_leaves_the_value_until_it_expires(stage: Stage) -> None:
    provider = Provider()
    stage.offer(provider)
    await stage.ask()
    provider.failure = RuntimeError("down")
    stage.now_us = 9 * MINUTE
    assert await stage.ask() == {"number": 1}
    await until(lambda: stage.reports[-1])
    stage.now_us = 11 * MINUTE
    assert await stage.ask() == {"number": None}


async def test_what_is_not_configured_is_asked_again_each_time(stage: Stage) -> None:
    provider = Provider()
    provider.is_configured = False
    stage.offer(provider)
    assert await stage.ask() == {"number": None}
    provider.is_configured = True
    assert await stage.ask() == {"number": 1}


async def test_what_is_invalidated_is_issued_again(stage: Stage) -> None:
    stage.offer(Provider())
    await stage.ask()
    stage.services.invalidate("number", "elsewhere")
    assert await stage.ask() == {"number": 1}
    stage.services.invalidate("number", "lobby")
    assert await stage.ask() == {"number": 2}
    stage.services.invalidate("number")
    assert await stage.ask() == {"number": 3}


async def test_what_is_invalidated_under_way_is_issued_again_for_who_waits(stage: Stage) -> None:
    provider, slow = Provider(), Provider("slow")
    stage.offer(provider, slow)
    provider.gate.clear()
    slow.gate.clear()
    stage.wait_for_a_second()
    asking = asyncio.create_task(stage.ask())
    await until(lambda: provider.is_asked)
    stage.services.invalidate("number")
    provider.gate.set()
    assert await asking == {"number": 1, "slow": None}
    assert provider.asked == ["ann", "ann"]
    assert stage.reports == [None]


@pytest.mark.parametrize("turns", range(5))
async def test_what_was_issued_before_it_is_invalidated_is_never_kept(
    stage: Stage, turns: int
) -> None:
    provider = Provider()
    stage.offer(provider)
    provider.gate.clear()
    asking = asyncio.create_task(stage.ask())
    await until(lambda: provider.is_asked)
    provider.gate.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    issued_before = provider.issued
    stage.services.invalidate("number")
    await asking
    assert await stage.ask() == {"number": issued_before + 1}


async def test_a_service_that_invalidates_itself_is_given_up(stage: Stage) -> None:
    class Restless(Provider):
        async def issue(self, channel: Channel, account: Account) -> Service | None:
            stage.services.invalidate(self.key)
            return await super().issue(channel, account)

    provider = Restless()
    stage.offer(provider)
    assert await stage.ask() == {"number": None}
    assert len(provider.asked) == MAX_ROUNDS


async def test_a_service_that_cancels_itself_is_asked_again_the_next_time(stage: Stage) -> None:
    provider = Provider()
    provider.failure = asyncio.CancelledError()
    stage.offer(provider)
    assert await stage.ask() == {"number": None}
    provider.failure = None
    assert await stage.ask() == {"number": 1}


async def test_services_of_other_plugins_stay_when_one_comes_or_goes(stage: Stage) -> None:
    one, other, third = Provider("one"), Provider("other"), Provider("third")
    stage.offer(one, other)
    await stage.ask()
    one.gate.clear()
    renewing = asyncio.create_task(stage.ask(BEN))
    await until(lambda: one.asked == ["ann", "ben"])
    stage.offer(one, third)
    one.gate.set()
    assert await renewing == {"one": 2, "third": None}
    assert await stage.ask() == {"one": 1, "third": 1}
    assert one.asked == ["ann", "ben"]


# -- values of a whole channel ----------------------------------------------------------------


async def test_a_value_for_the_channel_is_issued_once_however_many_come_at_once(
    stage: Stage,
) -> None:
    provider = Provider(per_account=False)
    stage.offer(provider)
    members = [Account(str(number)) for number in range(50)]
    assert await asyncio.gather(*map(stage.ask, members)) == [{"number": 1}] * 50
    assert provider.asked == ["0"]


async def test_those_who_come_at_once_get_their_own_value_each(stage: Stage) -> None:
    provider = Provider()
    stage.offer(provider)
    answers = await asyncio.gather(*(stage.ask(Account(str(number))) for number in range(10)))
    assert sorted(answer["number"] for answer in answers) == [*range(1, 11)]
    assert sorted(provider.asked) == sorted(map(str, range(10)))


async def test_who_waited_for_another_one_who_got_nothing_asks_for_itself(stage: Stage) -> None:
    class OnlyBen(Provider):
        async def issue(self, channel: Channel, account: Account) -> Service | None:
            issued = await super().issue(channel, account)
            return issued if account == BEN else None

    stage.offer(OnlyBen())
    answers = await asyncio.gather(stage.ask(ANN), stage.ask(BEN))
    assert [*answers] == [{"number": None}, {"number": 2}]


async def test_nothing_for_one_does_not_hide_what_the_channel_gets_later(stage: Stage) -> None:
    provider = Provider(per_account=False)
    provider.is_configured = False
    stage.offer(provider)
    assert await stage.ask(ANN) == {"number": None}
    provider.is_configured = True
    assert await stage.ask(BEN) == {"number": 1}
    assert await stage.ask(ANN) == {"number": 1}
    assert provider.issued == 1


async def test_a_value_for_the_channel_takes_the_place_of_ones_own(stage: Stage) -> None:
    provider = Provider(per_account=True)
    stage.offer(provider)
    assert await stage.ask(ANN) == {"number": 1}
    provider.per_account = False
    stage.now_us = 11 * MINUTE
    assert await stage.ask(ANN) == await stage.ask(BEN) == {"number": 2}
    assert len(stage.services._entries) == 1


async def test_what_is_no_longer_configured_is_not_handed_out(stage: Stage) -> None:
    provider = Provider(per_account=False)
    stage.offer(provider)
    assert await stage.ask() == {"number": 1}
    provider.is_configured = False
    stage.now_us = 8 * MINUTE
    await stage.ask()
    await until(lambda: len(provider.asked) == 2)
    assert await stage.ask() == {"number": None}


# -- channels that go -------------------------------------------------------------------------


async def test_a_channel_that_is_made_anew_has_nothing_of_the_old_one(stage: Stage) -> None:
    provider = Provider(per_account=False)
    stage.offer(provider)
    hall = Channel("hall", "Hall")
    assert await stage.ask(ANN, hall) == await stage.ask(BEN, hall) == {"number": 1}
    assert await stage.ask(ANN) == {"number": 2}
    stage.services.forget_channel("hall")
    assert await stage.ask(BEN, hall) == {"number": 3}
    assert await stage.ask(ANN) == {"number": 2}


async def test_what_comes_after_a_channel_was_deleted_is_neither_told_nor_kept(
    stage: Stage,
) -> None:
    provider = Provider(per_account=False)
    stage.offer(provider)
    provider.gate.clear()
    asking = asyncio.create_task(stage.ask())
    await until(lambda: provider.is_asked)
    stage.services.forget_channel("lobby")
    provider.gate.set()
    assert await asking == {"number": None}
    assert provider.asked == ["ann"]
    assert stage.services._entries == {}


# -- what is kept -----------------------------------------------------------------------------


async def test_of_two_services_for_one_key_the_first_counts(stage: Stage) -> None:
    first, second = Provider(), Provider()
    stage.offer(first, second)
    await stage.ask()
    assert (first.issued, second.issued) == (1, 0)


async def test_a_service_that_is_gone_is_not_handed_out(stage: Stage) -> None:
    provider = Provider()
    stage.offer(provider)
    await stage.ask()
    stage.offer()
    assert await stage.ask() == {}
    stage.offer(provider)
    assert await stage.ask() == {"number": 2}


async def test_an_expiry_without_a_time_zone_is_refused(stage: Stage) -> None:
    provider = Provider()
    provider._expires_at = lambda: datetime(2100, 1, 1)  # type: ignore[method-assign]  # noqa: DTZ001
    stage.offer(provider)
    assert await stage.ask() == {"number": None}
    assert stage.reports == ["The service number expires at a time without a zone."]


async def test_what_lives_shorter_than_others_take_is_handed_out(stage: Stage) -> None:
    class Slow(Provider):
        async def issue(self, channel: Channel, account: Account) -> Service | None:
            issued = await super().issue(channel, account)
            await until(lambda: short.issued)
            stage.now_us += 2 * SECOND
            return issued

    short, slow = Provider("short"), Slow("slow")
    short.life = timedelta(seconds=1)
    stage.offer(short, slow)
    assert await stage.ask() == {"short": 1, "slow": 1}
    assert await stage.ask() == {"short": 2, "slow": 1}


async def test_what_has_expired_when_it_comes_is_refused(stage: Stage) -> None:
    provider = Provider()
    provider.life = timedelta(seconds=-1)
    stage.offer(provider)
    assert await stage.ask() == {"number": None}
    assert stage.reports == ["What it issued has expired already."]


async def test_not_more_is_kept_than_there_is_room_for(stage: Stage) -> None:
    provider = Provider()
    stage.offer(provider)
    await stage.ask()
    [entry] = stage.services._entries.values()
    stage.services._entries = {("number", "lobby", str(n)): entry for n in range(MAX_ENTRIES)}
    await stage.ask(BEN)
    assert len(stage.services._entries) == MAX_ENTRIES
