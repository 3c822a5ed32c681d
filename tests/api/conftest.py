"""The real interface over a real store, with rooms that are made up."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import pytest

from bunga_cli.api import create_app
from bunga_cli.api.audit import AuditLog
from bunga_cli.api.context import AppContext
from bunga_cli.api.logins import Logins
from bunga_cli.api.status import ServerStatus
from bunga_cli.auth.first_run import FirstRun
from bunga_cli.auth.people import People
from bunga_cli.auth.sessions import BrowserSessions
from bunga_cli.auth.token_office import TokenOffice
from bunga_cli.auth.tokens import Tokens
from bunga_cli.clock import utc_now
from bunga_cli.configuration.plugin_models import RunningPlugins
from bunga_cli.data_folder import DataFolder
from bunga_cli.keyring import Keyring
from bunga_cli.plugin.manager import Plugins
from bunga_cli.store import Store
from bunga_cli.sync.snapshot import RoomSnapshot
from bunga_cli.sync.values import SERVER, Projection, VideoRecord
from bunga_cli.web import create_pages
from tests.api.site import FakeHub, Site, live_settings, logged
from tests.plugin.kit import MemoryPort, running_plugins


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one database, of which every test gets a copy."""

    async def migrate() -> None:
        await (await Store.open(path)).close()

    path = tmp_path_factory.mktemp("empty") / "bunga.db"
    asyncio.run(migrate())
    return path


@pytest.fixture
async def store(tmp_path: Path, empty_database: Path) -> AsyncIterator[Store]:
    path = tmp_path / "bunga.db"
    shutil.copy(empty_database, path)
    store = await Store.open(path)
    yield store
    await store.close()


@pytest.fixture
def port(tmp_path: Path) -> MemoryPort:
    """What the plugins know of the site."""
    return MemoryPort(tmp_path)


@pytest.fixture
async def plugins(port: MemoryPort) -> AsyncIterator[Plugins]:
    """No plugins at all, until a test file has its own fixture of this name."""
    async with running_plugins(port) as plugins:
        yield plugins


@pytest.fixture
def open_site(store: Store, tmp_path: Path, plugins: Plugins) -> Callable[..., Site]:
    def open_with(**settings: object) -> Site:
        current = live_settings(tmp_path, settings)
        current.plugins = RunningPlugins(plugins)
        hub = FakeHub()
        tokens = Tokens(Keyring("a secret of sufficient length, 32 bytes"), 172_800, 7_776_000)
        people, keyrings = People(store, hub), list[Keyring]()
        context = AppContext(
            data=DataFolder(tmp_path),
            logins=Logins(store),
            sessions=BrowserSessions(store, lambda: current.now.console),
            first_run=FirstRun(store, people),
            store=store,
            hub=hub,
            tokens=tokens,
            people=people,
            token_office=TokenOffice(store, tokens, people, hub, keyrings.append),
            settings=lambda: current.now,
            media=tmp_path / "media",
            live_settings=current,
            started_at=utc_now(),
            logs=logged("one line"),
            audit=AuditLog(store),
            status=ServerStatus(hub),
            plugins=plugins,
        )
        return Site(context, create_app(context, create_pages(context)), hub)

    return open_with


@pytest.fixture
async def site(open_site: Callable[..., Site], store: Store) -> Site:
    await store.channels.create("demo", "Demo room")
    return open_site(site={"name": "My Bunga Server"})


@pytest.fixture
async def admin(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    async with site.client(await site.token_of("admin", is_admin=True)) as client:
        yield client


@pytest.fixture
async def member(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    async with site.client(await site.token_of("ann", "demo")) as client:
        yield client


@pytest.fixture
async def stranger(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    async with site.client() as client:
        yield client


@pytest.fixture
async def stored_room(site: Site, store: Store) -> None:
    """Keep a room of the channel `demo` in the store, in which `rec-1` was watched for 2 s."""
    projection = Projection(VideoRecord("rec-1", "A film", None, "http", "http://a/b"), SERVER)
    await store.rooms.save([RoomSnapshot("demo", projection, 2_000_000, 0, 0, ())], "epoch")
