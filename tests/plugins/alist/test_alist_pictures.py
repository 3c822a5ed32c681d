"""The pictures of videos: found by AList, fetched from anywhere, given to anybody."""

import asyncio

import httpx2
import pytest

import bunga_alist.pictures
from bunga_alist.client import Account
from bunga_alist.pictures import LIFETIME_S, Pictures
from bunga_alist.sessions import Sessions
from bunga_cli.plugin import HttpClient, PluginFailure
from bunga_cli.plugin.testing import PluginHarness
from tests.plugins.alist.standin import (
    PNG,
    TWO_GIB,
    AList,
    Answer,
    Server,
    html_page,
    no_answer,
    picture,
    redirect_to,
    refuse,
    server_error,
    truncated_json,
)

PATH = "/api/channels/lobby/alist-thumbnail"
FILM = {"path": "/films/a film.mkv"}
METADATA = "http://169.254.169.254/latest/meta-data"


@pytest.fixture
def thumb(alist: AList, third_party: Server) -> str:
    """Give a film a picture on another server; return that server's path."""
    alist.add_film("a film.mkv", thumb=f"http://localhost:{third_party.port}/t.png?x=1")
    third_party.instead["/t.png"] = picture()
    return "/t.png"


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
async def test_anybody_gets_the_picture_with_its_type(
    http: httpx2.AsyncClient, harness: PluginHarness, thumb: str, path: str
) -> None:
    harness.is_admin = False
    answer = await http.get(path, params=FILM)
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_picture_comes_from_the_listing_of_the_folder(
    http: httpx2.AsyncClient, alist: AList, third_party: Server, thumb: str
) -> None:
    await http.get(PATH, params=FILM)
    [listing] = [request for request in alist.asked if request.path == "/api/fs/list"]
    assert (listing.fields["path"], listing.fields["per_page"]) == ("/films", 0)
    assert [(r.path, r.token) for r in third_party.asked] == [(thumb, "")]


@pytest.mark.parametrize(
    "path", ["films/a film.mkv", "//films//a film.mkv", "/films/../films/a film.mkv"]
)
async def test_a_path_may_be_written_in_many_ways(
    http: httpx2.AsyncClient, thumb: str, path: str
) -> None:
    assert (await http.get(PATH, params={"path": path})).status_code == 200


async def test_a_picture_is_fetched_once(
    http: httpx2.AsyncClient, alist: AList, third_party: Server, thumb: str
) -> None:
    answers = [await http.get(PATH, params=FILM) for _ in range(3)]
    assert {answer.content for answer in answers} == {PNG}
    assert third_party.paths == [thumb]
    assert alist.paths.count("/api/fs/list") == 1


async def test_another_account_does_not_get_what_was_kept_for_one(
    http: httpx2.AsyncClient, harness: PluginHarness, thumb: str
) -> None:
    await http.get(PATH, params=FILM)
    await harness.context.save_channel_settings("a/b", username="bob", password="wrong")
    answer = await http.get("/api/channels/a%2Fb/alist-thumbnail", params=FILM)
    assert answer.status_code == 400


async def test_an_expired_token_is_renewed_on_the_way(
    http: httpx2.AsyncClient, alist: AList, thumb: str
) -> None:
    await http.get(PATH, params=FILM)
    alist.expire_tokens()
    alist.add_film("new.mkv", thumb=alist.folders["/films"][0]["thumb"])
    assert (await http.get(PATH, params={"path": "/films/new.mkv"})).status_code == 200


@pytest.mark.parametrize("address", ["{}/d/films/t.png?type=thumb", "/d/films/t.png?type=thumb"])
async def test_a_picture_on_alist_itself_is_fetched_from_the_network_inside(
    http: httpx2.AsyncClient, alist: AList, address: str
) -> None:
    alist.add_film("a film.mkv", thumb=address.format(alist.url))
    alist.instead["/d/films/t.png"] = picture(content_type="image/webp")
    answer = await http.get(PATH, params=FILM)
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/webp")


async def test_another_port_of_alists_machine_is_not_alist(
    http: httpx2.AsyncClient, alist: AList, third_party: Server
) -> None:
    alist.add_film("a film.mkv", thumb=f"{third_party.url}/t.png")
    answer = await http.get(PATH, params=FILM)
    assert answer.status_code == 400
    assert "private network" in answer.json()["detail"]
    assert third_party.asked == []


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("server", ["alist", "third party"])
async def test_a_redirect_to_the_network_inside_is_refused(
    http: httpx2.AsyncClient, alist: AList, third_party: Server, server: str, status: int
) -> None:
    host = alist.url if server == "alist" else f"http://localhost:{third_party.port}"
    alist.add_film("a film.mkv", thumb=f"{host}/t.png")
    alist.instead["/t.png"] = third_party.instead["/t.png"] = redirect_to(METADATA, status)
    answer = await http.get(PATH, params=FILM)
    assert answer.status_code == 400
    assert "private network" in answer.json()["detail"]


@pytest.mark.parametrize(
    "address", [METADATA, "file:///etc/passwd", "http://[broken", "data:image/png;base64,AAAA"]
)
async def test_an_address_that_is_none_of_the_internet_is_refused(
    http: httpx2.AsyncClient, alist: AList, address: str
) -> None:
    alist.add_film("a film.mkv", thumb=address)
    answer = await http.get(PATH, params=FILM)
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])


@pytest.mark.parametrize("how", ["huge_picture", "endless_picture"])
async def test_of_a_picture_of_2_gb_hardly_anything_is_fetched(
    http: httpx2.AsyncClient, third_party: Server, thumb: str, how: str
) -> None:
    third_party.instead[thumb] = getattr(third_party, how)
    answer = await http.get(PATH, params=FILM)
    assert answer.status_code == 400
    assert "bytes" in answer.json()["detail"]
    assert third_party.sent_bytes < TWO_GIB / 50


@pytest.mark.parametrize(
    ("content_type", "shown"),
    [
        ("text/html", "text/html"),
        ("image/svg+xml", "image/svg+xml"),
        ("IMAGE/SVG+XML; charset=utf-8", "image/svg+xml"),
        ("application/octet-stream", "application/octet-stream"),
        ("image/\u623f", "image/\u623f"),
        ("image/", "image/"),
        ("", "of no type"),
    ],
)
async def test_what_a_browser_might_run_is_no_picture(
    http: httpx2.AsyncClient, third_party: Server, thumb: str, content_type: str, shown: str
) -> None:
    third_party.instead[thumb] = picture(b"<script>", content_type)
    answer = await http.get(PATH, params=FILM)
    assert answer.status_code == 400
    assert answer.json() == {"detail": f"What AList names as the picture is {shown}."}


@pytest.mark.parametrize("path", ["/films/none.mkv", "/none/a film.mkv", "/", ""])
async def test_a_file_that_is_not_there_has_no_picture(
    http: httpx2.AsyncClient, thumb: str, path: str
) -> None:
    answer = await http.get(PATH, params={"path": path})
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])


async def test_a_file_without_a_picture_has_none(http: httpx2.AsyncClient, alist: AList) -> None:
    alist.add_film("a film.mkv")
    answer = await http.get(PATH, params=FILM)
    assert answer.json() == {"detail": "AList has no picture of /films/a film.mkv."}


@pytest.mark.parametrize(
    "misbehaviour",
    [server_error, html_page, truncated_json, refuse(500, "storage not init")],
)
@pytest.mark.parametrize("path", ["/api/auth/login", "/api/fs/list"])
async def test_an_alist_that_misbehaves_is_a_refusal_in_json(
    http: httpx2.AsyncClient, alist: AList, path: str, misbehaviour: Answer
) -> None:
    alist.instead[path] = alist.instead["/api/auth/login/hash"] = misbehaviour
    answer = await http.get(PATH, params=FILM)
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])


async def test_a_picture_that_never_comes_is_given_up(
    http: httpx2.AsyncClient,
    third_party: Server,
    thumb: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bunga_alist.pictures, "TIMEOUT_S", 0.1)
    third_party.instead[thumb] = no_answer
    answer = await http.get(PATH, params=FILM)
    assert answer.status_code == 400
    assert "did not answer within" in answer.json()["detail"]


async def test_settings_that_are_not_valid_are_a_refusal(
    http: httpx2.AsyncClient, harness: PluginHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_channel_id: str) -> object:
        raise PluginFailure("In channel 'lobby': the settings are not valid.")

    monkeypatch.setattr(harness.context, "channel_settings", fail)
    answer = await http.get(PATH, params=FILM)
    assert answer.status_code == 400
    assert "not valid" in answer.json()["detail"]


@pytest.mark.parametrize("channel", ["a%2Fb", "no-such"])
async def test_a_channel_without_alist_has_no_pictures(
    http: httpx2.AsyncClient, alist: AList, channel: str
) -> None:
    answer = await http.get(f"/api/channels/{channel}/alist-thumbnail", params=FILM)
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])
    assert alist.asked == []


# -- what is kept ----------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two pictures be kept."""
    monkeypatch.setattr(bunga_alist.pictures, "MAX_KEPT_BYTES", 2 * len(PNG))


async def test_the_picture_that_was_not_asked_for_longest_is_forgotten(
    http: httpx2.AsyncClient, small: None, alist: AList
) -> None:
    for name in ("1", "2", "3"):
        alist.add_film(f"{name}.mkv", thumb=f"/t{name}.png")
        alist.instead[f"/t{name}.png"] = picture()
    for name in ("1", "2", "1", "3", "1", "2"):
        assert (await http.get(PATH, params={"path": f"/films/{name}.mkv"})).content == PNG
    fetched = [path for path in alist.paths if path.startswith("/t")]
    assert fetched == ["/t1.png", "/t2.png", "/t3.png", "/t2.png"]


async def test_a_picture_is_fetched_anew_after_a_while(alist: AList) -> None:
    now_s = 0.0
    alist.add_film("a film.mkv", thumb="/t.png")
    alist.instead["/t.png"] = picture()
    client = HttpClient()
    pictures = Pictures(client, Sessions(client), lambda: now_s)
    account = Account(alist.url, "ann", "right")
    for age_s in (0, LIFETIME_S - 1, LIFETIME_S):
        now_s = age_s
        await pictures.of(account, "/films/a film.mkv")
    assert alist.paths.count("/t.png") == 2
    await client.aclose()


async def test_many_pictures_are_fetched_a_few_at_a_time(
    http: httpx2.AsyncClient, alist: AList
) -> None:
    at_once, most = 0, 0

    async def count(request: object, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        await picture()(alist.asked[0], writer)

    for number in range(30):
        alist.add_film(f"{number}.mkv", thumb=f"/t{number}.png")
        alist.instead[f"/t{number}.png"] = count
    paths = [{"path": f"/films/{number}.mkv"} for number in range(30)]
    answers = await asyncio.gather(*(http.get(PATH, params=path) for path in paths))
    assert {answer.status_code for answer in answers} == {200}
    assert most == bunga_alist.pictures.MAX_AT_ONCE
