"""What the recordings do not show of registering and logging in."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

import httpx2
import pytest
from argon2 import PasswordHasher

from bunga_cli.auth.passwords import hash_password, verify_password
from bunga_cli.store import Store
from tests.api.site import PASSWORD, Site

REGISTER = "/api/channels/demo/register/"


async def test_an_id_with_slashes_and_other_scripts_is_one_segment(
    site: Site, stranger: httpx2.AsyncClient
) -> None:
    channel_id = "a/b c.d?#%2F房"
    await site.context.store.channels.create(channel_id, "Strange")
    path = f"/api/channels/{quote(channel_id, safe='')}/register/"
    answer = await stranger.post(path, data={"username": "ann", "password": "x"})
    assert answer.status_code == 201
    assert answer.json()["channel"]["channel_id"] == channel_id


async def test_a_browser_is_led_to_the_invitation(stranger: httpx2.AsyncClient) -> None:
    path = f"/api/channels/{quote('a/b&c', safe='')}/register/"
    answer = await stranger.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?channel=a%2Fb%26c"


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
async def test_only_a_browser_gets_the_address(stranger: httpx2.AsyncClient, accept: str) -> None:
    answer = await stranger.get(REGISTER, headers={"Accept": accept})
    other = await stranger.put(REGISTER)
    assert (answer.status_code, other.status_code) == (405, 405)
    assert answer.headers["allow"] == other.headers["allow"] == "POST"
    assert answer.json() == {"detail": 'Method "GET" not allowed.'}


async def test_registering_makes_a_member(site: Site, stranger: httpx2.AsyncClient) -> None:
    await stranger.post(REGISTER, data={"username": "ann", "password": "x"})
    members = await site.context.store.channels.members("demo")
    assert [member.username for member in members] == ["ann"]


async def test_the_tokens_of_a_registration_are_good(
    site: Site, stranger: httpx2.AsyncClient
) -> None:
    answer = await stranger.post(REGISTER, json={"username": "ann", "password": "x"})
    token = answer.json()["token"]
    account = await site.context.store.accounts.by_name("ann")
    assert account is not None
    assert site.context.tokens.read(token["access"], "access").user_id == str(account.id)
    assert site.context.tokens.read(token["refresh"], "refresh").user_id == str(account.id)


async def test_one_account_registering_many_times_at_once_is_made_once(
    stranger: httpx2.AsyncClient,
) -> None:
    form = {"username": "ann", "password": "x"}
    answers = await asyncio.gather(*(stranger.post(REGISTER, data=form) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]


async def test_two_players_racing_for_a_name_are_told_apart_by_their_passwords(
    stranger: httpx2.AsyncClient,
) -> None:
    forms = [{"username": "ann", "password": password} for password in ("x", "y")]
    answers = await asyncio.gather(*(stranger.post(REGISTER, data=form) for form in forms))
    assert sorted(answer.status_code for answer in answers) == [201, 401]


@pytest.mark.parametrize("path", [REGISTER, "/api/token/"])
async def test_ten_wrong_passwords_block_even_the_right_one(
    site: Site, stranger: httpx2.AsyncClient, path: str
) -> None:
    await site.token_of("ann", "demo")
    for _ in range(10):
        wrong = await stranger.post(path, data={"username": "ann", "password": "guess"})
        assert wrong.status_code == 401
    blocked = await stranger.post(path, data={"username": "ann", "password": PASSWORD})
    assert blocked.status_code == 429
    assert blocked.json() == {"detail": "Too many wrong passwords; try again in a minute."}


async def test_guesses_sent_all_at_once_are_counted_too(
    site: Site, stranger: httpx2.AsyncClient
) -> None:
    await site.token_of("ann", "demo")
    guess = {"username": "ann", "password": "guess"}
    answers = await asyncio.gather(*(stranger.post(REGISTER, data=guess) for _ in range(25)))
    assert 10 <= sum(answer.status_code == 401 for answer in answers) < 15


async def test_a_blocked_account_does_not_block_others(
    site: Site, stranger: httpx2.AsyncClient
) -> None:
    await site.token_of("ann", "demo")
    for _ in range(11):
        await stranger.post(REGISTER, data={"username": "ann", "password": "guess"})
    answer = await stranger.post(REGISTER, data={"username": "bob", "password": "x"})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "This field may not be null."),
        (True, "Not a valid string."),
        (["x"], "Not a valid string."),
        ({"x": 1}, "Not a valid string."),
        ("  ", "This field may not be blank."),
        ("a\0b", "Null characters are not allowed."),
    ],
)
async def test_a_username_that_is_no_text_is_refused(
    stranger: httpx2.AsyncClient, value: object, sentence: str
) -> None:
    answer = await stranger.post(REGISTER, json={"username": value, "password": "x"})
    assert (answer.status_code, answer.json()) == (400, {"username": [sentence]})


@pytest.mark.parametrize(
    "body",
    [
        b'{"username": "\\ud800", "password": "x"}',
        b'{"username": "ann", "password": NaN}',
        b'{"username": "ann", "password": "x"',
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"username": ' + b"9" * 5000 + b', "password": "x"}',
    ],
    ids=["surrogate", "NaN", "cut off", "no UTF-8", "nested", "long number"],
)
async def test_broken_json_is_a_bad_request(stranger: httpx2.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await stranger.post(REGISTER, content=body, headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
async def test_a_body_that_never_ends_is_refused_early(
    stranger: httpx2.AsyncClient, kind: str
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 16_384
            yield b"x" * 16_384

    answer = await stranger.post(REGISTER, content=endless(), headers={"Content-Type": kind})
    assert answer.status_code in (400, 413)
    assert sent <= 160 * 1024


async def test_a_password_in_a_file_part_is_refused(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.post(REGISTER, files={"username": ("u.txt", b"ann")})
    assert answer.status_code == 400


async def test_a_member_that_was_removed_with_its_account_is_new_again(
    site: Site, stranger: httpx2.AsyncClient
) -> None:
    form = {"username": "ann", "password": "x"}
    await stranger.post(REGISTER, data=form)
    account = await site.context.store.accounts.by_name("ann")
    assert account is not None
    await site.context.store.accounts.delete(account.id)
    assert (await stranger.post(REGISTER, data=form)).status_code == 201


async def test_a_removed_account_gets_no_new_access_token(
    site: Site, stranger: httpx2.AsyncClient
) -> None:
    form = {"username": "ann", "password": "x"}
    token = (await stranger.post(REGISTER, data=form)).json()["token"]
    account = await site.context.store.accounts.by_name("ann")
    assert account is not None
    await site.context.store.accounts.delete(account.id)
    answer = await stranger.post("/api/token/refresh/", data={"refresh": token["refresh"]})
    assert answer.status_code == 401
    assert answer.json() == {"detail": "User not found", "code": "token_not_valid"}


async def test_a_password_hashed_at_another_cost_is_hashed_again_at_login(
    open_site: Callable[..., Site], store: Store
) -> None:
    site = open_site()
    old_hash = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("x")
    account = await store.accounts.create("ann", old_hash)
    async with site.client() as client:
        answer = await client.post("/api/token/", data={"username": "ann", "password": "x"})
        again = await client.post("/api/token/", data={"username": "ann", "password": "x"})
    renewed = await store.accounts.by_id(account.id)
    assert (answer.status_code, again.status_code) == (200, 200)
    assert renewed is not None
    assert renewed.password_hash != old_hash


@pytest.mark.parametrize("username", ["server", "admin", " server "])
async def test_nobody_can_take_the_name_in_which_the_server_speaks(
    stranger: httpx2.AsyncClient, username: str
) -> None:
    answer = await stranger.post(REGISTER, data={"username": username, "password": "x"})
    assert answer.status_code == 400
    assert answer.json() == {"username": ["This name is reserved."]}


class _SlowVerification:
    """Tells when a password was found right, and keeps that back until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_right, self._go_on = asyncio.Event(), threading.Event()
        self._loop = asyncio.get_running_loop()
        monkeypatch.setattr("bunga_cli.api.logins.verify_password", self._verify)

    def _verify(self, password_hash: str, password: str) -> bool:
        verdict = verify_password(password_hash, password)
        self._loop.call_soon_threadsafe(self.is_right.set)
        self._go_on.wait(60)
        return verdict

    def let_go(self) -> None:
        self._go_on.set()


@pytest.mark.parametrize("path", [REGISTER, "/api/token/"])
@pytest.mark.parametrize("cost", [1, 2])
async def test_a_login_under_way_does_not_survive_a_reset_of_the_password(
    site: Site,
    stranger: httpx2.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    cost: int,
) -> None:
    hasher = PasswordHasher(time_cost=cost, memory_cost=19 * 1024, parallelism=1)
    ann = await site.context.store.accounts.create("ann", hasher.hash("old"))
    slow = _SlowVerification(monkeypatch)
    form = {"username": "ann", "password": "old"}
    login = asyncio.create_task(stranger.post(path, data=form))
    await slow.is_right.wait()

    await site.context.people.reset_password("ann", "new")
    slow.let_go()

    assert (await login).status_code == 401
    after = await site.context.store.accounts.by_id(ann.id)
    assert after is not None
    assert verify_password(after.password_hash, "new")
    assert (await stranger.post(path, data=form)).status_code == 401
    assert (await stranger.post(path, data={**form, "password": "new"})).status_code == 200


async def test_logins_at_once_with_a_hash_to_be_renewed_all_succeed(
    site: Site, stranger: httpx2.AsyncClient
) -> None:
    old_hash = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("x")
    await site.context.store.accounts.create("ann", old_hash)
    form = {"username": "ann", "password": "x"}
    answers = await asyncio.gather(*(stranger.post("/api/token/", data=form) for _ in range(6)))
    assert [answer.status_code for answer in answers] == [200] * 6


async def test_an_account_removed_during_its_login_gets_no_tokens(
    site: Site, stranger: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await site.context.store.accounts.create("ann", hash_password("x"))
    slow = _SlowVerification(monkeypatch)
    form = {"username": "ann", "password": "x"}
    login = asyncio.create_task(stranger.post("/api/token/", data=form))
    await slow.is_right.wait()
    await site.context.store.accounts.delete(ann.id)
    slow.let_go()
    assert (await login).status_code == 401
