"""Who is let in, and who is sent away: the hub over a real store, with ears in place of sockets."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from bunga_cli.auth.tokens import Subject, Tokens
from bunga_cli.clock import utc_now
from bunga_cli.keyring import Keyring
from bunga_cli.protocol import close_codes
from bunga_cli.server.door import Refused
from bunga_cli.server.hub import Hub
from bunga_cli.server.seat import RoomSeat
from bunga_cli.server.websocket import Connection
from bunga_cli.settings import Settings
from bunga_cli.store import Store
from bunga_cli.store.revocation import revocation_moment
from bunga_cli.store.rows import AccountRow, SeatRow
from bunga_cli.sync.values import ConnId
from bunga_cli.units import SECOND
from tests.server.wire_kit import until

BEAT = b'{"code":"client-status","is_pending":false}'
JOIN = b'{"code":"join-in","user":{"id":"ann","name":"Ann","color_hue":1},"my_share":null}'


@dataclass
class Ear:
    """A socket, as far as the hub knows: it remembers how it was closed."""

    id: ConnId
    is_open: bool = True
    peer: str = "192.0.2.1:5000"
    subprotocol: str | None = None
    rtt_us: int | None = None
    closed: int | None = None
    heard: list[bytes] = field(default_factory=list)

    def send(self, frame: bytes) -> None:
        self.heard.append(frame)

    def send_heartbeat(self, frame: bytes) -> None:
        self.heard.append(frame)

    def close(self, code: int, reason: str) -> None:
        if self.is_open:
            self.is_open, self.closed = False, code


class Site:
    """A hub, Ann, who is a member of `lobby` and `film`, and Ben, who is one of `lobby`."""

    def __init__(self, store: Store, ann: AccountRow, ben: AccountRow) -> None:
        self.store, self.ann, self.ben = store, ann, ben
        self.tokens = Tokens(Keyring("a secret of sufficient length, 32 bytes"), 60, 3600)
        self.settings, self.now_us = Settings(), 0
        self.hub = Hub(store, self.tokens, lambda: self.settings, clock=lambda: self.now_us)
        self.ears: list[Ear] = []

    def token(self, account: AccountRow, **subject: str) -> str:
        return self.tokens.issue("access", Subject(account.id, **subject))  # type: ignore[arg-type]

    async def enter(self, token: str, channel_id: str = "lobby") -> tuple[RoomSeat, Ear]:
        ear = Ear(ConnId(len(self.ears) + 1))
        self.ears.append(ear)
        return await self.hub.admit(token, channel_id, cast(Connection, ear)), ear

    async def refusal(self, token: str, channel_id: str = "lobby") -> int:
        """Return the close code with which a token is refused."""
        with pytest.raises(Refused) as refused:
            await self.enter(token, channel_id)
        return refused.value.close_code

    async def revoke_all_of(self, account: AccountRow) -> int:
        valid_from = await self.store.tokens.revoke_all(account.id)
        return await self.hub.tokens_revoked(valid_from, account.id)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    store = await Store.open(tmp_path / "bunga.db")
    accounts = [await store.accounts.create(name, "hash") for name in ("ann", "ben")]
    for channel in ("lobby", "film"):
        await store.channels.create(channel, channel)
        await store.accounts.add_member(channel, accounts[0].id)
    await store.accounts.add_member("lobby", accounts[1].id)
    site = Site(store, *accounts)
    yield site
    site.hub.stop()
    await store.close()


async def test_a_revoked_token_is_refused_and_another_of_its_account_is_not(site: Site) -> None:
    revoked, other = site.token(site.ann), site.token(site.ann)
    jti = site.tokens.read(revoked).jti
    bought = site.token(site.ann, refresh_jti=jti)
    await site.store.tokens.revoke(jti, utc_now(), utc_now())

    assert await site.refusal(revoked) == close_codes.TOKEN_INVALID
    assert await site.refusal(bought) == close_codes.TOKEN_INVALID
    await site.enter(other)


async def test_tokens_issued_before_a_revocation_are_refused_and_later_ones_are_not(
    site: Site,
) -> None:
    before = site.token(site.ann)
    await site.revoke_all_of(site.ann)
    ann = await site.store.accounts.by_id(site.ann.id)
    assert ann is not None

    assert await site.refusal(before) == close_codes.TOKEN_INVALID
    after = site.tokens.issue("access", Subject(ann.id, valid_from=ann.tokens_valid_from))
    await site.enter(after)


async def test_a_token_for_one_channel_opens_no_other(site: Site) -> None:
    token = site.token(site.ann, channel_id="lobby")
    await site.enter(token, "lobby")
    assert await site.refusal(token, "film") == close_codes.NOT_A_MEMBER


@pytest.mark.parametrize("is_ban", [True, False])
async def test_who_is_excluded_from_a_channel_comes_into_the_others(
    site: Site, is_ban: bool
) -> None:
    until = None if is_ban else utc_now() + timedelta(minutes=10)
    await site.store.exclusions.add(site.ann.id, "lobby", until)
    assert await site.refusal(site.token(site.ann), "lobby") == close_codes.NOT_A_MEMBER
    await site.enter(site.token(site.ann), "film")


async def test_who_is_banned_from_the_site_comes_in_nowhere(site: Site) -> None:
    await site.store.exclusions.add(site.ann.id, None, None)
    for channel in ("lobby", "film"):
        assert await site.refusal(site.token(site.ann), channel) == close_codes.NOT_A_MEMBER


async def test_a_kick_that_is_over_keeps_nobody_out(site: Site) -> None:
    await site.store.exclusions.add(site.ann.id, "lobby", utc_now())
    await site.enter(site.token(site.ann))


async def test_revoking_a_token_closes_its_sockets_alone(site: Site) -> None:
    revoked, other = site.token(site.ann), site.token(site.ann)
    jti = site.tokens.read(revoked).jti
    for token in (revoked, revoked, other, site.token(site.ann, refresh_jti=jti)):
        await site.enter(token)

    assert await site.hub.token_revoked(jti) == 3
    assert [ear.closed for ear in site.ears] == [4001, 4001, None, 4001]


async def test_revoking_an_accounts_tokens_closes_its_sockets_and_no_other(site: Site) -> None:
    await site.enter(site.token(site.ann), "lobby")
    await site.enter(site.token(site.ann), "film")
    await site.enter(site.token(site.ben))

    assert await site.revoke_all_of(site.ann) == 2
    assert [ear.closed for ear in site.ears] == [4001, 4001, None]


async def test_revoking_all_tokens_closes_all_sockets_but_those_of_newer_ones(site: Site) -> None:
    await site.enter(site.token(site.ann))
    before = revocation_moment(utc_now())
    newer = site.tokens.issue("access", Subject(site.ben.id, valid_from=before))
    await site.enter(newer)

    assert await site.hub.tokens_revoked(before) == 1
    assert [ear.closed for ear in site.ears] == [4001, None]


async def test_an_exclusion_closes_the_sockets_in_its_channel(site: Site) -> None:
    await site.enter(site.token(site.ann), "lobby")
    await site.enter(site.token(site.ann), "film")
    await site.enter(site.token(site.ben), "lobby")

    assert await site.hub.account_excluded(site.ann, "lobby") == 1
    assert [ear.closed for ear in site.ears] == [4003, None, None]
    assert await site.hub.account_excluded(site.ann, None) == 1
    assert [ear.closed for ear in site.ears] == [4003, 4003, None]


async def test_the_others_hear_at_once_that_an_excluded_watcher_left(site: Site) -> None:
    seat, _ = await site.enter(site.token(site.ann))
    ben_seat, ben = await site.enter(site.token(site.ben))
    seat.received(JOIN)
    ben_seat.received(JOIN.replace(b"ann", b"ben"))
    ben.heard.clear()

    await site.hub.account_excluded(site.ann, "lobby")

    assert any(b'"bye"' in frame for frame in ben.heard)
    room = site.hub.room("lobby")
    assert room is not None
    assert [watcher.user.id for watcher in room.watchers] == ["ben"]


async def test_a_deleted_account_is_sent_out_of_all_channels(site: Site) -> None:
    for channel in ("lobby", "film"):
        await site.enter(site.token(site.ann), channel)
    assert await site.hub.account_deleted(site.ann) == 2
    assert [ear.closed for ear in site.ears] == [4001, 4001]


async def test_nobody_slips_in_who_was_asked_in_before_the_revocation(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store's answer is as of before; the hub hears of the revocation before it acts on it."""
    asked, go_on = asyncio.Event(), asyncio.Event()
    ask = site.store.accounts.seat

    async def slow(account_id: int, channel_id: str, *jtis: str | None) -> SeatRow | None:
        facts = await ask(account_id, channel_id, *jtis)  # type: ignore[arg-type]
        asked.set()
        await go_on.wait()
        return facts

    monkeypatch.setattr(site.store.accounts, "seat", slow)
    admission = asyncio.create_task(site.enter(site.token(site.ann)))
    await asked.wait()
    assert await site.revoke_all_of(site.ann) == 0
    go_on.set()
    with pytest.raises(Refused, match="revoked"):
        await admission


async def test_connections_are_shown_with_where_and_what_they_are(site: Site) -> None:
    seat, _ = await site.enter(site.token(site.ann), "lobby")
    await site.enter(site.token(site.ann), "film")
    seat.received(JOIN)
    seat.received(BEAT)

    shown = site.hub.connections(site.ann.id)
    assert [(c.channel_id, c.address, c.generation) for c in shown] == [
        ("lobby", "192.0.2.1:5000", "1.5"),
        ("film", "192.0.2.1:5000", None),
    ]
    assert site.hub.connections(site.ben.id) == []


async def test_a_socket_that_is_gone_is_shown_and_counted_no_longer(site: Site) -> None:
    seat, _ = await site.enter(site.token(site.ann))
    seat.lost()
    assert site.hub.connections(site.ann.id) == []
    assert await site.revoke_all_of(site.ann) == 0


async def test_the_busiest_rooms_are_those_with_the_most_watchers(site: Site) -> None:
    for account, channel in ((site.ann, "film"), (site.ann, "lobby"), (site.ben, "lobby")):
        seat, _ = await site.enter(site.token(account), channel)
        seat.received(JOIN.replace(b"ann", account.username.encode()))
    await site.store.channels.create("empty", "empty")
    await site.store.accounts.add_member("empty", site.ann.id)
    await site.enter(site.token(site.ann), "empty")
    rooms, count = site.hub.busiest(8)
    assert ([room.channel_id for room in rooms], count) == (["lobby", "film"], 2)
    rooms, count = site.hub.busiest(1)
    assert ([room.channel_id for room in rooms], count) == (["lobby"], 2)


# -- how long a room is patient -------------------------------------------------------------------


def patience(site: Site) -> tuple[int, int]:
    """Return the lobby's `max_wait` and `reconnect_grace`, in seconds."""
    policy = site.hub.live["lobby"].room.policy
    return policy.max_wait_us // SECOND, policy.reconnect_grace_us // SECOND


def watchers(site: Site) -> list[str]:
    """Return who watches in the lobby, away or not."""
    return [*site.hub.live["lobby"].room.roster.watchers]


async def test_a_room_opens_with_its_channels_patience_or_the_sites(site: Site) -> None:
    await site.store.channels.update("lobby", max_wait_us=0)
    await site.enter(site.token(site.ann))
    assert patience(site) == (0, 20)


async def test_a_live_room_takes_a_changed_patience_at_once_and_gives_it_back(site: Site) -> None:
    await site.enter(site.token(site.ann))
    opened = patience(site)
    await site.store.channels.update("lobby", max_wait_us=5 * SECOND, reconnect_grace_us=0)
    await site.hub.channel_changed("lobby")
    changed = patience(site)
    await site.store.channels.update("lobby", max_wait_us=None, reconnect_grace_us=None)
    await site.hub.channel_changed("lobby")
    assert [opened, changed, patience(site)] == [(20, 20), (5, 0), (20, 20)]


async def test_a_changed_setting_counts_where_a_channel_has_none_of_its_own(site: Site) -> None:
    await site.store.channels.update("lobby", reconnect_grace_us=50 * SECOND)
    await site.enter(site.token(site.ann))
    sync = {"max_wait": "7s", "reconnect_grace": "8s"}
    site.settings = Settings.model_validate({"sync": sync})
    await site.hub.channel_changed("lobby")
    assert patience(site) == (7, 50)


async def test_a_shorter_grace_counts_for_who_lost_its_connection_already(site: Site) -> None:
    seat, _ = await site.enter(site.token(site.ann))
    ben_seat, _ = await site.enter(site.token(site.ben))
    seat.received(JOIN)
    ben_seat.received(JOIN.replace(b"ann", b"ben"))
    seat.lost()
    site.now_us = 10 * SECOND
    ben_seat.received(BEAT)
    assert watchers(site) == ["ann", "ben"]

    await site.store.channels.update("lobby", reconnect_grace_us=5 * SECOND)
    await site.hub.channel_changed("lobby")

    await until(lambda: watchers(site) == ["ben"])
