"""Browsing, searching and resolving, for the server's own player and on the command line."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from bunga_alist.commands import make_commands
from bunga_alist.failures import AListError
from bunga_cli.plugin import Account, Channel, MediaUrl, Record
from bunga_cli.plugin.testing import PluginHarness
from tests.plugins.alist.standin import AList, refuse

V1 = "/api/v1/plugins/alist/channels/lobby"
LOBBY = Channel("lobby", "Lobby")

Resolve = Callable[[str], Any]


def _record(path: str, source: str = "alist") -> Record:
    return Record("rec-1", "A film", None, source, path)


@pytest.fixture
def resolve(harness: PluginHarness) -> Resolve:
    [resolver] = harness.resolvers
    return lambda path: resolver.resolve(LOBBY, _record(path))


# -- a record's address ----------------------------------------------------------------------------


async def test_a_record_has_the_address_that_alist_names(resolve: Resolve, alist: AList) -> None:
    alist.add_film("a.mp4", raw_url="https://drive.example/a?x=1", sign="s:0")
    assert await resolve("/films/a.mp4") == [
        MediaUrl("https://drive.example/a?x=1", {}, "video/mp4")
    ]


@pytest.mark.parametrize(
    ("raw_url", "resolved"),
    [
        ("{}/p/shared/films/a.mp4", "{}/p/shared/films/a.mp4?sign=s%3A0"),
        ("{}/p/a.mp4?type=x", "{}/p/a.mp4?type=x&sign=s%3A0"),
        ("{}/p/a.mp4?sign=its-own", "{}/p/a.mp4?sign=its-own"),
        ("/p/a.mp4", "{}/p/a.mp4?sign=s%3A0"),
    ],
)
async def test_an_address_on_alist_itself_is_signed(
    resolve: Resolve, alist: AList, raw_url: str, resolved: str
) -> None:
    alist.add_film("a.mp4", raw_url=raw_url.format(alist.url), sign="s:0")
    [media] = await resolve("/films/a.mp4")
    assert media.url == resolved.format(alist.url)


async def test_an_address_without_need_of_a_signature_stays(resolve: Resolve, alist: AList) -> None:
    alist.add_film("a.unheard-of")
    assert await resolve("/films/a.unheard-of") == [
        MediaUrl(f"{alist.url}/p/shared/films/a.unheard-of", {}, None)
    ]


async def test_a_record_of_another_source_is_not_ours(harness: PluginHarness, alist: AList) -> None:
    [resolver] = harness.resolvers
    assert await resolver.resolve(LOBBY, _record("/films/a.mp4", "http")) is None
    assert alist.asked == []


@pytest.mark.parametrize("raw_url", ["", "javascript:alert(1)", "http://[broken", "file:///a"])
async def test_what_no_player_can_open_is_refused(
    resolve: Resolve, alist: AList, raw_url: str
) -> None:
    alist.add_film("a.mp4", raw_url=raw_url)
    with pytest.raises(AListError):
        await resolve("/films/a.mp4")


@pytest.mark.parametrize("path", ["/films", "/films/none.mp4"])
async def test_a_folder_and_a_missing_file_have_no_address(resolve: Resolve, path: str) -> None:
    with pytest.raises(AListError):
        await resolve(path)


async def test_resolving_renews_an_expired_token(resolve: Resolve, alist: AList) -> None:
    alist.add_film("a.mp4")
    await resolve("/films/a.mp4")
    alist.expire_tokens()
    assert await resolve("/films/a.mp4")


async def test_a_channel_without_an_account_says_so(harness: PluginHarness) -> None:
    [resolver] = harness.resolvers
    with pytest.raises(AListError, match="not set up for the channel a/b"):
        await resolver.resolve(Channel("a/b", ""), _record("/films/a.mp4"))


# -- our own interface -----------------------------------------------------------------------------


async def test_a_folder_can_be_browsed(http: httpx2.AsyncClient, alist: AList) -> None:
    alist.add_film("a.mp4", thumb="/secret", sign="s:0")
    answer = await http.get(f"{V1}/browse", params={"path": "films/"})
    modified = "2024-05-17T08:18:19Z"
    film = {"name": "a.mp4", "is_dir": False, "size": 7, "modified": modified}
    assert answer.json() == {"entries": [film], "is_whole": True}


async def test_an_empty_folder_is_an_empty_list(http: httpx2.AsyncClient) -> None:
    assert (await http.get(f"{V1}/browse")).json() == {"entries": [], "is_whole": True}


async def test_of_a_folder_without_end_the_beginning_is_shown(
    http: httpx2.AsyncClient, alist: AList
) -> None:
    alist.folders["/films"] = [{"name": f"{number}.mkv"} for number in range(10_001)]
    shown = (await http.get(f"{V1}/browse", params={"path": "films"})).json()
    assert (len(shown["entries"]), shown["is_whole"]) == (10_000, False)


async def test_files_can_be_searched(http: httpx2.AsyncClient, alist: AList) -> None:
    alist.add_film("a film.mp4")
    answer = await http.get(f"{V1}/search", params={"words": "film"})
    hit = {"parent": "/films", "name": "a film.mp4", "is_dir": False, "size": 7}
    assert answer.json() == {"hits": [hit]}
    assert (await http.get(f"{V1}/search", params={"words": "none"})).json() == {"hits": []}


@pytest.mark.parametrize("base", ["/", "/shared", "/shared/"])
async def test_hits_are_where_they_can_be_browsed(
    http: httpx2.AsyncClient, alist: AList, base: str
) -> None:
    alist.me["base_path"] = base
    alist.add_film("a film.mp4")
    [hit] = (await http.get(f"{V1}/search", params={"words": "film"})).json()["hits"]
    shown = (await http.get(f"{V1}/browse", params={"path": hit["parent"]})).json()
    assert [entry["name"] for entry in shown["entries"]] == ["a film.mp4"]


async def test_what_lies_beside_the_users_folder_is_not_found(
    http: httpx2.AsyncClient, alist: AList
) -> None:
    alist.next_door = [{"parent": "/shared2", "name": "a film.mp4", "is_dir": False, "size": 7}]
    assert (await http.get(f"{V1}/search", params={"words": "film"})).json() == {"hits": []}


MEMBERS = "/api/channels/lobby/alist"


async def test_members_browse_and_search_with_the_channels_account(
    http: httpx2.AsyncClient, harness: PluginHarness, alist: AList
) -> None:
    alist.add_film("a film.mp4", sign="s:0")
    harness.is_admin, harness.account = False, Account("ben")
    entries = (await http.get(f"{MEMBERS}/browse", params={"path": "/films/../films"})).json()
    hits = (await http.get(f"{MEMBERS}/search", params={"words": "film"})).json()["hits"]
    assert [set(entry) for entry in entries["entries"]] == [{"name", "is_dir", "size", "modified"}]
    assert [(hit["parent"], hit["name"]) for hit in hits] == [("/films", "a film.mp4")]


@pytest.mark.parametrize("path", ["browse", "search?words=x"])
async def test_strangers_see_nothing_of_alist(
    http: httpx2.AsyncClient, harness: PluginHarness, alist: AList, path: str
) -> None:
    harness.is_admin, harness.account = False, None
    assert (await http.get(f"{MEMBERS}/{path}")).status_code == 403
    assert alist.asked == []


async def test_a_server_that_cannot_search_says_so(http: httpx2.AsyncClient, alist: AList) -> None:
    alist.instead["/api/fs/search"] = refuse(404, "search not available")
    answer = await http.get(f"{V1}/search", params={"words": "film"})
    assert answer.status_code == 502
    assert "search not available" in answer.json()["error"]["message"]


# -- commands --------------------------------------------------------------------------------------


class ConsoleOf:
    """The console of somebody who may ask the plugin's routes; remembers what it shows."""

    def __init__(self, http: httpx2.AsyncClient, loop: asyncio.AbstractEventLoop) -> None:
        self._http, self._loop = http, loop
        self.shown: object = None

    def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        request = self._http.request(method, path, json=body)
        answer = asyncio.run_coroutine_threadsafe(request, self._loop).result()
        value: dict[str, Any] = answer.raise_for_status().json()
        return value

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        self.shown = [tuple(headings), *map(tuple, rows)]

    def document(self, value: object) -> None:
        self.shown = value

    def note(self, sentence: str) -> None:
        self.shown = sentence

    def qr_code(self, text: str) -> None:
        self.shown = text


Bunga = Callable[..., Any]


@pytest.fixture
def bunga(http: httpx2.AsyncClient) -> Bunga:
    """Run `bunga alist …` in a thread; return what it shows."""
    console = ConsoleOf(http, asyncio.get_event_loop())

    async def run(*arguments: str) -> object:
        commands = make_commands(console)
        result = await asyncio.to_thread(CliRunner().invoke, commands, arguments)
        assert result.exit_code == 0, result.output
        return console.shown

    return run


async def test_browse_lists_a_folder(bunga: Bunga, alist: AList) -> None:
    alist.add_film("extras", is_dir=True)
    alist.add_film("a & b.mp4")
    modified = "2024-05-17T08:18:19Z"
    assert await bunga("browse", "lobby", "/films") == [
        ("NAME", "BYTES", "MODIFIED"),
        ("extras/", None, modified),
        ("a & b.mp4", 7, modified),
    ]


async def test_browse_tells_when_it_does_not_show_all(bunga: Bunga, alist: AList) -> None:
    alist.folders["/films"] = [{"name": f"{number}.mkv"} for number in range(10_001)]
    shown = await bunga("browse", "lobby", "/films")
    assert shown == "Only the first 10000 entries are shown."


async def test_browse_starts_at_the_root(bunga: Bunga) -> None:
    assert await bunga("browse", "lobby", "--json") == []


async def test_search_takes_several_words(bunga: Bunga, alist: AList) -> None:
    alist.add_film("a & b.mp4")
    assert await bunga("search", "lobby", "a", "&", "b") == [
        ("PATH", "BYTES"),
        ("/films/a & b.mp4", 7),
    ]
    assert await bunga("search", "lobby", "none", "--json") == []


async def test_resolve_shows_the_address(
    bunga: Bunga, harness: PluginHarness, alist: AList
) -> None:
    alist.add_film("a & b.mp4", raw_url="https://drive.example/a")
    await harness.context.save_channel_settings("a/b", username="ann", password="right")
    assert await bunga("resolve", "a/b", "/films/a & b.mp4") == [
        ("URL", "TYPE"),
        ("https://drive.example/a", "video/mp4"),
    ]
    assert await bunga("resolve", "a/b", "/films/a & b.mp4", "--json") == {
        "url": "https://drive.example/a",
        "headers": {},
        "mime": "video/mp4",
    }
