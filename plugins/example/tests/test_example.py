"""The plugin without a server."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from bunga_cli.plugin import (
    Account,
    Channel,
    MediaUrl,
    PluginFailure,
    Record,
    Response,
    Verdict,
)
from bunga_cli.plugin.testing import PluginHarness
from bunga_example.plugin import ShelfPlugin

FILMS = {"A film": "https://films.test/a.mp4", "Another": "https://films.test/b.mp4"}
A_FILM = Record("r-1", "A film", None, "example", "A film")
ELSEWHERE = Record("r-2", "Something else", None, "http", "https://elsewhere.test/c.mp4")


@pytest.fixture
async def shelf() -> AsyncIterator[PluginHarness]:
    channels = {"lobby": {"note": "Tonight at eight"}, "silent": {}}
    site = {"films": FILMS, "only_shelf": True}
    async with PluginHarness(ShelfPlugin(), site=site, channels=channels) as harness:
        yield harness


async def test_players_get_the_channels_note(shelf: PluginHarness) -> None:
    assert await shelf.services("lobby") == {"example": {"note": "Tonight at eight"}}
    assert await shelf.services("silent") == {"example": None}


async def test_the_gallery_finds_films_on_the_shelf(shelf: PluginHarness) -> None:
    [linker] = shelf.linkers
    [found] = await linker.search("FILM")
    detail = await linker.detail(found.key)
    [source] = await linker.sources(found.key, detail.episodes[0].id)
    assert (detail.title, source.url) == ("A film", FILMS["A film"])


async def test_the_gallery_is_told_of_a_film_that_is_gone(shelf: PluginHarness) -> None:
    [linker] = shelf.linkers
    with pytest.raises(PluginFailure, match="no film 'Gone'"):
        await linker.detail("Gone")


async def test_only_records_of_the_shelf_have_addresses_here(shelf: PluginHarness) -> None:
    [resolver] = shelf.resolvers
    lobby = Channel("lobby", "Lobby")
    assert await resolver.resolve(lobby, A_FILM) == [MediaUrl(FILMS["A film"])]
    assert await resolver.resolve(lobby, ELSEWHERE) is None


async def test_only_films_from_the_shelf_may_be_projected(shelf: PluginHarness) -> None:
    refusal = Verdict(False, "Only films from the shelf are shown here.")
    assert shelf.authorise("project", record=ELSEWHERE) == refusal
    assert shelf.authorise("project", record=A_FILM) is None
    assert shelf.authorise("play") is None


class Desk:
    """A client of a desk, at which a phone has scanned the code by now."""

    async def get(self, url: str, **options: Any) -> Response:
        answers = {
            "https://desk.test/code": b'{"key": "k", "url": "https://desk.test/scan?k"}',
            "https://desk.test/state": b'{"state": "done", "card": "c4rd"}',
        }
        assert options["params"] in ({}, {"key": "k"})
        return Response(url, 200, {}, answers[url])


async def test_a_channel_signs_in_with_a_phone(shelf: PluginHarness) -> None:
    lobby, desk = Channel("lobby", "Lobby"), shelf.sign_ins["desk"]
    with pytest.raises(PluginFailure, match="There is no desk"):
        await desk.begin(lobby)
    await shelf.context.save_site_settings(desk="https://desk.test")
    shelf.context.http = Desk()  # type: ignore[assignment]
    code = await desk.begin(lobby)
    state = await desk.poll(lobby, code.key)
    card = (await shelf.context.channel_settings("lobby")).card
    await desk.sign_out(lobby)
    forgotten = (await shelf.context.channel_settings("lobby")).card
    assert (code.url, state.state) == ("https://desk.test/scan?k", "done")
    assert (card.get_secret_value(), forgotten.get_secret_value()) == ("c4rd", "")


async def test_an_admin_sees_what_was_shown(shelf: PluginHarness) -> None:
    shelf.event("projected", record=A_FILM)
    shelf.event("played", record=A_FILM)
    shelf.account = Account("ann")
    transport = httpx2.ASGITransport(app=shelf.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        refused = await client.get("/api/v1/plugins/example/shown")
        shelf.is_admin = True
        shown = await client.get("/api/v1/plugins/example/shown")
    assert refused.status_code == 403
    assert shown.json() == {"shown": [{"title": "A film", "times": 1}]}


async def test_what_was_counted_outlives_the_server(shelf: PluginHarness) -> None:
    shelf.event("projected", record=A_FILM)
    shelf.hook("bunga_stop")
    shelf.hook("bunga_start", context=shelf.context)
    assert (shelf.context.data / "shown.json").read_text("utf-8") == '{"A film": 1}'


@pytest.mark.parametrize(
    ("films", "state"), [({}, "off"), (FILMS, "ok"), ({"A film": "a.mp4"}, "warning")]
)
async def test_the_health_check_looks_at_the_addresses(films: dict[str, str], state: str) -> None:
    async with PluginHarness(ShelfPlugin(), site={"films": films}) as harness:
        assert (await harness.health())["shelf"].state == state


async def test_the_log_tells_that_something_was_set(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with PluginHarness(ShelfPlugin()) as harness:
        harness.hook("bunga_settings_changed", channel_id=None)
    assert "Set anew: the shelf." in caplog.text


class AskedConsole:
    """A console with a server that has shown one film."""

    def __init__(self) -> None:
        self.rows: list[Sequence[object]] = []

    def call(
        self, _method: str, _path: str, _body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        return {"shown": [{"title": "A film", "times": 2}]}

    def table(self, _headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        self.rows.extend(rows)

    def document(self, value: object) -> None:
        raise NotImplementedError

    def note(self, sentence: str) -> None:
        raise NotImplementedError

    def qr_code(self, text: str) -> None:
        raise NotImplementedError


def test_the_command_lists_what_was_shown() -> None:
    console = AskedConsole()
    commands = ShelfPlugin().bunga_commands(console)
    assert CliRunner().invoke(commands, ["shown"]).exit_code == 0
    assert console.rows == [("A film", 2)]
