"""An installation of the original moves in, and its players go on without noticing."""

import asyncio
import random
import shutil
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx2
import pytest
from redis import Redis

from bunga_cli.client import Client, Player15
from bunga_cli.client.account import Account
from bunga_cli.client.address import ServerAddress
from bunga_cli.client.failures import Refused
from bunga_cli.data_folder import DataFolder
from tests.commands import run as run_bunga
from tests.end_to_end.kit import SECOND_US, status, stored, until_stored
from tests.importing.new_site import Facts, facts
from tests.importing.old_site import (
    PASSWORD,
    SECRET_KEY,
    SUBTITLE,
    OldSite,
    django_hash,
    lived_in_site,
    old_token,
)
from tests.importing.redis_server import running_redis
from tests.servers import Site, running_site

FILM = {
    "record_id": "film-1",
    "title": "A film",
    "thumb_url": None,
    "source": "alist",
    "path": "/films/1.mkv",
}
UNWRITTEN = {**FILM, "record_id": "film-2", "title": "Never written down"}


def bunga(*arguments: str, stdin: str = "") -> str:
    done = run_bunga(arguments, stdin=stdin)
    done.check_returncode()
    return done.stdout


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server on a data folder into which an installation was imported."""
    folder = tmp_path_factory.mktemp("moved")
    old = lived_in_site(folder / "old")
    with running_redis(folder / "redis") as url:
        with Redis.from_url(url, db=1) as redis:
            key = ":1:bunga:channel:lobby:watch_progresses"
            redis.hset(key, "film-1", '{"position": 95.5}')
            redis.hset(key, "film-2", '{"position": 1200}')
        bunga(
            *("import-django", str(old.database), "--media", str(old.media), "--redis", url),
            *("--secret-key-stdin", "--apply", "--data", str(folder / "new")),
            stdin=SECRET_KEY,
        )
    shutil.rmtree(old.folder)
    with running_site(folder / "new") as site:
        yield site


@asynccontextmanager
async def logged_in(site: Site, channel: str, token: str) -> AsyncIterator[Client]:
    """A player that was logged in at the original, and knows no better."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        account = Account(ServerAddress.parse(site.register_url(channel)), http, "ann", "unknown")
        account.access_token = token
        async with Client(account) as client:
            yield client


@pytest.mark.parametrize("channel", ["lobby", "film/night é"])
async def test_a_player_registers_with_its_old_password(moved: Site, channel: str) -> None:
    url = moved.register_url(channel)
    async with Client.register(url, username="ann", password=PASSWORD) as ann:
        assert (await status(ann))["watcher_ids"] == []
        assert ann.account.registration["channel"]["channel_id"] == channel
    query = "SELECT password_hash FROM accounts WHERE username = 'ann'"
    assert stored(moved, query).startswith("$argon2id$")


def test_a_wrong_password_is_still_wrong(moved: Site) -> None:
    with pytest.raises(httpx2.HTTPStatusError, match="401"):
        moved.register("lobby", "bob", "guessed")
    query = "SELECT password_hash FROM accounts WHERE username = 'bob'"
    assert stored(moved, query) == django_hash(PASSWORD)


async def test_an_old_token_connects(moved: Site) -> None:
    async with logged_in(moved, "lobby", old_token(3)) as ann:
        assert "play_status" in await status(ann)


async def test_an_old_token_opens_no_more_than_it_did(moved: Site) -> None:
    for channel, token, code in [
        ("lobby", old_token(4), 4003),  # bob was never there
        ("lobby", old_token(5), 4003),  # switched off
        ("lobby", old_token(20), 4001),  # deleted before
        ("lobby", old_token(3, "refresh"), 4001),
        ("lobby", old_token(3, key="k" * 50), 4001),
    ]:
        async with logged_in(moved, channel, token) as client:
            with pytest.raises(Refused) as refused:
                await client.expect("channel-status")
        assert refused.value.close_code == code


def test_an_old_refresh_token_buys_an_access_token_of_this_site(moved: Site) -> None:
    answer = httpx2.post(
        f"{moved.url}/api/token/refresh/", data={"refresh": old_token(3, "refresh")}
    )
    assert answer.status_code == 200
    verified = httpx2.post(
        f"{moved.url}/api/token/verify/", json={"token": answer.json()["access"]}
    )
    assert verified.status_code == 200


def test_somebody_who_was_switched_off_stays_out(moved: Site) -> None:
    with pytest.raises(httpx2.HTTPStatusError, match="403"):
        moved.register("lobby", "off", PASSWORD)


def test_admins_are_admins(moved: Site) -> None:
    login = {"username": "root", "password": PASSWORD}
    token = httpx2.post(f"{moved.url}/api/token/", json=login).json()["access"]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=moved.url, headers=headers) as root:
        assert root.get("/api/site").json()["name"] == "Film club"
        assert root.get("/api/alist-host").json()["host"] == "https://alist.example.org"
        account = root.get("/api/alist-account/lobby/").json()
        assert account["username"] == "reader"
        [log] = root.get("/api/client-logs/").json()
        assert (log["uploader"], log["created_at"][:10]) == ("ann", "2025-03-04")
        assert root.get(f"/api/client-logs/{log['id']}/download/").content == b"line 1\n"


def test_a_subtitle_is_served(moved: Site) -> None:
    file = stored(moved, "SELECT file FROM subtitles")
    answer = httpx2.get(f"{moved.url}/media/subtitles/{file}")
    assert answer.content == SUBTITLE
    assert "My.Sub.srt" in answer.headers["content-disposition"]


@pytest.mark.parametrize(("record", "position_s"), [(FILM, 95.5), (UNWRITTEN, 1200)])
async def test_a_film_goes_on_where_it_was(
    moved: Site, record: dict[str, object], position_s: float
) -> None:
    url = moved.register_url("lobby")
    async with Player15.register(url, username="ann", password=PASSWORD) as ann:
        await ann.join(name="Ann")
        await ann.project(record)
        shown = await ann.expect(
            "start-projection",
            where=lambda message: message["video_record"]["record_id"] == record["record_id"],
        )
        assert shown["position"] == position_s * SECOND_US
    query = "SELECT title FROM records WHERE record_id = ?"
    await until_stored(
        lambda title: bool(title == record["title"]), moved, query, record["record_id"]
    )


def test_new_accounts_get_numbers_that_no_old_token_has(moved: Site) -> None:
    moved.register("lobby", "newcomer")
    assert stored(moved, "SELECT id FROM accounts WHERE username = 'newcomer'") > 20


# -- kill -9 ------------------------------------------------------------------------------------

KILLS = 10


@pytest.fixture
def crowded(tmp_path: Path) -> OldSite:
    """An installation that takes a while to take over."""
    old = lived_in_site(tmp_path / "old")
    with closing(sqlite3.connect(old.database)) as database, database:
        database.executemany(
            "INSERT INTO auth_user (username, password, is_superuser, is_staff, is_active,"
            " date_joined, last_name, first_name, email) VALUES (?, ?, 0, 0, 1, ?, '', '', '')",
            [(f"p{n}", django_hash("x") if n < 2 else "!", "2025-01-01") for n in range(2000)],
        )
        database.execute(
            "INSERT INTO auth_user_user_permissions (user_id, permission_id)"
            " SELECT u.id, p.id FROM auth_user u, auth_permission p"
            " WHERE u.username LIKE 'p%' AND p.codename = 'channel_lobby'"
        )
        database.executemany(
            "INSERT INTO server_subtitle (record_id, name, file) VALUES (1, '', ?)",
            [(f"subtitles/{n}.srt",) for n in range(100)],
        )
    for n in range(100):
        old.add_file(f"subtitles/{n}.srt", SUBTITLE * (n + 1))
    return old


async def test_an_import_that_is_killed_at_random_leaves_all_or_nothing(
    crowded: OldSite, tmp_path: Path
) -> None:
    started = time.monotonic()
    wanted = await _import_killed_after(None, crowded, tmp_path / "whole")
    lasts_s = time.monotonic() - started
    chance = random.Random(4)

    outcomes = []
    for number in range(KILLS):
        # Most of the time is the start of Python, in which nothing happens yet.
        moment_s = lasts_s * chance.uniform(0.3, 1)
        folder = tmp_path / f"killed-{number}"
        outcomes.append(await _import_killed_after(moment_s, crowded, folder))

    assert all(outcome in (Facts(), wanted) for outcome in outcomes)
    for number in (0, KILLS - 1):
        assert await _import_killed_after(None, crowded, tmp_path / f"killed-{number}") == wanted


async def _import_killed_after(moment_s: float | None, old: OldSite, folder: Path) -> Facts:
    """Return what the next command leaves in the folder; None: nobody kills it."""
    command = ["import-django", str(old.database), "--media", str(old.media), "--apply"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bunga_cli", *command),
        *("--secret-key", SECRET_KEY, "--data", str(folder)),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    said = asyncio.create_task(process.communicate())
    try:
        await asyncio.wait_for(asyncio.shield(said), moment_s)
    except TimeoutError:
        process.kill()
    _, errors = await said
    assert process.returncode in (0, -9), errors.decode()
    data = DataFolder(folder)
    if data.import_note.exists():
        await asyncio.to_thread(bunga, "config", "get", "site.name", "--data", str(folder))
    assert not data.import_note.exists()
    return facts(data) if (folder / "secret").exists() else Facts()
