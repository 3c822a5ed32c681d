import httpx2
import pytest

from bunga_cli.sync.values import Projection, User, VideoRecord
from bunga_cli.sync.views import RoomView, WatcherView
from tests.api.site import Site

AGENTS = {
    "windows": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
    "macos": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15",
    "linux": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "android": "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36",
    "ios": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15",
}
NAMES = {"windows": "Windows", "macos": "macOS", "linux": "Linux", "android": "Android"}


@pytest.fixture
async def downloads(site: Site) -> None:
    links = {f"downloads.{name}": f"https://dl.example/{name}" for name in AGENTS}
    await site.context.live_settings.set(links)


async def test_the_homepage_tells_what_this_is(stranger: httpx2.AsyncClient) -> None:
    page = (await stranger.get("/")).text
    assert "Watch films together" in page
    assert "My Bunga Server" in page


async def test_the_homepage_names_no_channel(stranger: httpx2.AsyncClient) -> None:
    page = (await stranger.get("/")).text
    assert "Demo room" not in page
    assert "/api/channels/demo" not in page


@pytest.mark.usefixtures("downloads")
@pytest.mark.parametrize(("platform", "agent"), AGENTS.items())
async def test_the_visitors_own_platform_comes_first(
    stranger: httpx2.AsyncClient, platform: str, agent: str
) -> None:
    page = (await stranger.get("/", headers={"User-Agent": agent})).text
    places = {name: page.index(f"https://dl.example/{name}") for name in AGENTS}
    assert min(places, key=places.__getitem__) == platform
    assert page.index("<details") < min(at for name, at in places.items() if name != platform)


@pytest.mark.usefixtures("downloads")
async def test_a_platform_without_an_address_is_left_out(
    site: Site, stranger: httpx2.AsyncClient
) -> None:
    await site.context.live_settings.set({"downloads.ios": "", "downloads.linux": ""})
    page = (await stranger.get("/", headers={"User-Agent": AGENTS["ios"]})).text
    assert "https://dl.example/ios" not in page
    assert "https://dl.example/linux" not in page
    assert "https://dl.example/macos" in page


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://x/y", "dl.example", "https://"])
async def test_a_download_is_an_address_on_the_web(site: Site, url: str) -> None:
    with pytest.raises(Exception, match="must be the address of a page"):
        await site.context.live_settings.set({"downloads.linux": url})


# -- invitations --------------------------------------------------------------------------------


async def test_an_invitation_shows_the_channel_and_its_address(
    stranger: httpx2.AsyncClient,
) -> None:
    page = (await stranger.get("/?channel=demo")).text
    assert "Demo room" in page
    assert ">http://bunga.test/api/channels/demo/register/<" in page
    assert 'role="img" aria-label="The channel\u2019s address as a code"' in page
    assert '<meta name="robots" content="noindex">' in page


async def test_an_invitation_goes_by_the_public_address(
    site: Site, stranger: httpx2.AsyncClient
) -> None:
    await site.context.live_settings.set({"server.public_url": "https://b.example/films"})
    page = (await stranger.get("/?channel=demo", headers={"Host": "evil"})).text
    assert ">https://b.example/films/api/channels/demo/register/<" in page
    assert "evil" not in page


@pytest.mark.parametrize("channel_id", ["", "nope", "Demo room", "../demo", "\x00", "d" * 5000])
async def test_an_invitation_to_nothing_says_so(
    stranger: httpx2.AsyncClient, channel_id: str
) -> None:
    answer = await stranger.get("/", params={"channel": channel_id})
    assert answer.status_code == 404
    assert "This invitation leads nowhere." in answer.text


def _room(title: str, name: str) -> RoomView:
    user = User("ann", name, 120)
    record = VideoRecord("rec-1", title, None, "http", "http://a/b")
    watcher = WatcherView(
        user, state="ready", since_us=0, generation="1.5", connections=1, rtt_us=None, drift_us=None
    )
    return RoomView(
        channel_id="demo",
        play_state="playing",
        position_us=61_000_000,
        rate=1,
        cause=None,
        projection=Projection(record, user),
        watchers=(watcher,),
        waiting_for=(),
        talking=(),
        call_pending=False,
        connections=1,
    )


async def test_who_watches_what_is_shown_only_where_the_channel_says_so(
    site: Site, stranger: httpx2.AsyncClient
) -> None:
    site.hub.live["demo"] = _room("Secret film", "Ann")
    page = (await stranger.get("/?channel=demo")).text
    assert "Secret film" not in page
    assert "Ann" not in page
    await site.context.store.channels.update("demo", shows_room=True)
    page = (await stranger.get("/?channel=demo")).text
    assert "Secret film" in page
    assert "Ann" in page
    assert "1:01" in page


async def test_what_others_wrote_is_text(site: Site, stranger: httpx2.AsyncClient) -> None:
    script = "<script>alert('1')</script>\"'&"
    await site.context.store.channels.update("demo", name=script, shows_room=True)
    await site.context.live_settings.set({"site.name": script})
    site.hub.live["demo"] = _room(script, script)
    page = (await stranger.get("/?channel=demo")).text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;") >= 4


async def test_what_is_not_found_is_a_page_for_people(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/nothing")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


async def test_a_failure_of_ours_is_a_page_for_people(
    site: Site, stranger: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_id: str) -> None:
        raise RuntimeError("a secret path")

    monkeypatch.setattr(site.context.store.channels, "get", broken)
    answer = await stranger.get("/?channel=demo")
    assert answer.status_code == 500
    assert "Something broke on the server." in answer.text
    assert "a secret path" not in answer.text


async def test_pages_are_only_read(stranger: httpx2.AsyncClient) -> None:
    assert (await stranger.post("/")).status_code == 405


async def test_pages_may_load_from_here_alone(stranger: httpx2.AsyncClient) -> None:
    policy = (await stranger.get("/")).headers["content-security-policy"]
    assert policy.startswith("default-src 'self'; img-src 'self' data:;")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
