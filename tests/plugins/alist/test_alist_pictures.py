"""The pictures of videos: found by AList, fetched from anywhere, given to anybody."""

import asyncio

import httpx2
import pytest

import bunga_alist.pictures
from bunga_alist.client import Account
from bunga_alist.pictures import LIFETIME_S, Pictures
from bunga_alist.remembered import Limits
from bunga_alist.sessions import Sessions
from bunga_cli.plugin import HttpClient, PluginFailure
from bunga_cli.plugin.testing import PluginHarness
from tests.plugins.alist.standin import (
    PNG,
    TWO_GIB,
    AList,
    Answer,
    Request,
    Server,
    html_page,
    no_answer,
    picture,
    redirect_to,
    refuse,
    server_error,
    truncated_json,
    write,
)

PATH = "/api/channels/lobby/alist-thumbnail"
FILM = {"path": "/films/a film.mkv"}
NONE = {"detail": "There is no picture of this video."}
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
    assert (listing.fields["path"], listing.fields["page"]) == ("/films", 1)
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
    alist.folders["/new"] = alist.folders["/films"]
    assert (await http.get(PATH, params={"path": "/new/a film.mkv"})).status_code == 200


@pytest.mark.parametrize("address", ["{}/d/films/t.png?type=thumb", "/d/films/t.png?type=thumb"])
async def test_a_picture_on_alist_itself_is_fetched_from_the_network_inside(
    http: httpx2.AsyncClient, alist: AList, address: str
) -> None:
    alist.add_film("a film.mkv", thumb=address.format(alist.url))
    alist.instead["/d/films/t.png"] = picture(content_type="image/webp")
    answer = await http.get(PATH, params=FILM)
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/webp")


async def test_another_port_of_alists_machine_is_not_alist(
    http: httpx2.AsyncClient, alist: AList, third_party: Server, caplog: pytest.LogCaptureFixture
) -> None:
    alist.add_film("a film.mkv", thumb=f"{third_party.url}/t.png")
    answer = await http.get(PATH, params=FILM)
    assert (answer.status_code, answer.json()) == (400, NONE)
    assert "private network" in caplog.text
    assert third_party.asked == []


async def test_nor_is_it_when_alist_redirects_there(
    http: httpx2.AsyncClient, alist: AList, third_party: Server
) -> None:
    alist.add_film("a film.mkv", thumb="/t.png")
    alist.instead["/t.png"] = redirect_to(f"{third_party.url}/t.png")
    third_party.instead["/t.png"] = picture()
    assert (await http.get(PATH, params=FILM)).json() == NONE
    assert third_party.asked == []


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("server", ["alist", "third party"])
async def test_a_redirect_to_the_network_inside_is_refused(
    http: httpx2.AsyncClient,
    alist: AList,
    third_party: Server,
    caplog: pytest.LogCaptureFixture,
    *,
    server: str,
    status: int,
) -> None:
    host = alist.url if server == "alist" else f"http://localhost:{third_party.port}"
    alist.add_film("a film.mkv", thumb=f"{host}/t.png")
    alist.instead["/t.png"] = third_party.instead["/t.png"] = redirect_to(METADATA, status)
    answer = await http.get(PATH, params=FILM)
    assert (answer.status_code, answer.json()) == (400, NONE)
    assert "private network" in caplog.text


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
    http: httpx2.AsyncClient,
    third_party: Server,
    thumb: str,
    how: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    third_party.instead[thumb] = getattr(third_party, how)
    answer = await http.get(PATH, params=FILM)
    assert (answer.status_code, answer.json()) == (400, NONE)
    assert "sent more than" in caplog.text
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
    http: httpx2.AsyncClient,
    third_party: Server,
    thumb: str,
    caplog: pytest.LogCaptureFixture,
    *,
    content_type: str,
    shown: str,
) -> None:
    third_party.instead[thumb] = picture(b"<script>", content_type)
    answer = await http.get(PATH, params=FILM)
    assert (answer.status_code, answer.json()) == (400, NONE)
    assert f"What AList names as the picture is {shown}." in caplog.text


@pytest.mark.parametrize("path", ["/films/none.mkv", "/none/a film.mkv", "/", ""])
async def test_a_file_that_is_not_there_has_no_picture(
    http: httpx2.AsyncClient, thumb: str, path: str
) -> None:
    answer = await http.get(PATH, params={"path": path})
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])


async def test_a_file_without_a_picture_has_none_and_that_is_no_news(
    http: httpx2.AsyncClient, alist: AList, caplog: pytest.LogCaptureFixture
) -> None:
    alist.add_film("a film.mkv")
    answer = await http.get(PATH, params=FILM)
    assert (answer.status_code, answer.json()) == (400, NONE)
    assert caplog.records == []


async def test_nobody_is_told_what_the_log_tells_once_in_a_while(
    http: httpx2.AsyncClient, alist: AList, caplog: pytest.LogCaptureFixture
) -> None:
    alist.instead["/api/fs/list"] = refuse(500, "no\nERROR root: forged \x1b[31m" + "A" * 5000)
    for number in range(5):
        answer = await http.get(PATH, params={"path": f"/films/{number}.mkv"})
        assert (answer.status_code, answer.json()) == (400, NONE)
    [record] = caplog.records
    assert record.message.startswith(
        f"No pictures for channel lobby. {alist.url} refuses: no ERROR"
    )
    assert record.message.isprintable()
    assert len(record.message) < 400


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
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(bunga_alist.pictures, "FETCH_LIMIT_S", 0.2)
    third_party.instead[thumb] = no_answer
    assert (await http.get(PATH, params=FILM)).json() == NONE
    assert "did not answer within" in caplog.text


async def test_what_failed_is_not_tried_again_for_a_while(
    http: httpx2.AsyncClient, third_party: Server, thumb: str
) -> None:
    third_party.instead[thumb] = server_error
    for _ in range(3):
        assert (await http.get(PATH, params=FILM)).json() == NONE
    assert third_party.paths == [thumb]


async def test_a_folder_is_listed_once_for_all_its_pictures(
    http: httpx2.AsyncClient, alist: AList
) -> None:
    for number in range(12):
        alist.add_film(f"{number}.mkv", thumb="/t.png")
    alist.instead["/t.png"] = picture()
    paths = [{"path": f"/films/{number % 12}.mkv"} for number in range(36)]
    answers = await asyncio.gather(*(http.get(PATH, params=path) for path in paths))
    assert {answer.status_code for answer in answers} == {200}
    assert (alist.paths.count("/api/fs/list"), alist.paths.count("/t.png")) == (1, 12)


async def test_whoever_waits_too_long_is_refused_and_so_is_one_too_many(
    http: httpx2.AsyncClient, alist: AList, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(3600, 10**6, max_under_way=3, time_limit_s=0.3)
    monkeypatch.setattr(bunga_alist.pictures, "Limits", lambda *_any: limits)
    client = HttpClient()
    pictures = Pictures(client, Sessions(client))
    account = Account(alist.url, "ann", "right")
    for number in range(5):
        alist.add_film(f"{number}.mkv", thumb=f"/t{number}.png")
        alist.instead[f"/t{number}.png"] = no_answer
    asked = (pictures.of(account, f"/films/{number}.mkv") for number in range(5))
    reasons = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(map(str, reasons)) == [
        *["It took more than 0.3 s."] * 3,
        *["Too much is being asked of AList."] * 2,
    ]
    await client.aclose()


async def test_slow_pictures_keep_a_good_one_waiting_for_a_while_at_most(
    http: httpx2.AsyncClient, alist: AList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bunga_alist.pictures, "FETCH_LIMIT_S", 1.0)
    monkeypatch.setattr(bunga_alist.pictures, "QUEUE_LIMIT_S", 0.3)
    all_places_taken = asyncio.Barrier(bunga_alist.pictures.MAX_AT_ONCE + 1)

    async def slow_answer(request: Request, writer: asyncio.StreamWriter) -> None:
        await all_places_taken.wait()
        await no_answer(request, writer)

    for number in range(40):
        alist.add_film(f"slow {number}.mkv", thumb=f"/slow{number}.png")
        alist.instead[f"/slow{number}.png"] = slow_answer
    alist.add_film("a film.mkv", thumb="/t.png")
    alist.instead["/t.png"] = picture()
    paths = [{"path": f"/films/slow {number}.mkv"} for number in range(40)]
    slow = [asyncio.create_task(http.get(PATH, params=path)) for path in paths]
    await all_places_taken.wait()
    busy = await http.get(PATH, params=FILM)
    await asyncio.gather(*slow)
    assert (busy.json(), (await http.get(PATH, params=FILM)).content) == (NONE, PNG)


async def test_of_a_folder_without_end_only_the_beginning_is_looked_at(
    http: httpx2.AsyncClient, alist: AList
) -> None:
    entries = [{"name": f"file {number}.mkv", "thumb": "/t.png"} for number in range(12_000)]
    alist.folders["/films"] = entries
    alist.instead["/t.png"] = picture()
    first = await http.get(PATH, params={"path": "/films/file 9999.mkv"})
    later = await http.get(PATH, params={"path": "/films/file 10000.mkv"})
    assert (first.status_code, later.json()) == (200, NONE)
    assert alist.paths.count("/api/fs/list") == 10


async def test_a_listing_that_is_sent_whole_though_it_is_huge_is_refused(
    http: httpx2.AsyncClient, alist: AList, caplog: pytest.LogCaptureFixture
) -> None:
    async def everything(request: Request, writer: asyncio.StreamWriter) -> None:
        write(writer, b'{"code":200,"data":{"content":[' + b'{"name":"a"},' * 400_000, "text/json")

    alist.instead["/api/fs/list"] = everything
    assert (await http.get(PATH, params=FILM)).json() == NONE
    assert "sent more than 4194304 bytes" in caplog.text


async def test_settings_that_are_not_valid_are_a_refusal(
    http: httpx2.AsyncClient,
    harness: PluginHarness,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(_channel_id: str) -> object:
        raise PluginFailure("In channel 'lobby': the settings are not valid.")

    monkeypatch.setattr(harness.context, "channel_settings", fail)
    assert (await http.get(PATH, params=FILM)).json() == NONE
    assert "not valid" in caplog.text


@pytest.mark.parametrize("channel", ["a%2Fb", "no-such"])
async def test_a_channel_without_alist_has_no_pictures(
    http: httpx2.AsyncClient, alist: AList, channel: str
) -> None:
    answer = await http.get(f"/api/channels/{channel}/alist-thumbnail", params=FILM)
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])
    assert alist.asked == []


# -- what is kept ----------------------------------------------------------------------------------


async def test_the_picture_that_was_not_asked_for_longest_is_forgotten(
    alist: AList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bunga_alist.pictures, "MAX_KEPT_BYTES", 2 * len(PNG))
    client = HttpClient()
    pictures = Pictures(client, Sessions(client))
    account = Account(alist.url, "ann", "right")
    for name in ("1", "2", "3"):
        alist.add_film(f"{name}.mkv", thumb=f"/t{name}.png")
        alist.instead[f"/t{name}.png"] = picture()
    for name in ("1", "2", "1", "3", "1", "2"):
        assert (await pictures.of(account, f"/films/{name}.mkv")).content == PNG
    fetched = [path for path in alist.paths if path.startswith("/t")]
    assert fetched == ["/t1.png", "/t2.png", "/t3.png", "/t2.png"]
    await client.aclose()


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
    at_once, most, as_many_as_may = 0, 0, asyncio.Event()

    async def count(request: object, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == bunga_alist.pictures.MAX_AT_ONCE:
            as_many_as_may.set()
        await as_many_as_may.wait()
        await asyncio.sleep(0.01)  # one too many would come meanwhile
        at_once -= 1
        await picture()(alist.asked[0], writer)

    for number in range(30):
        alist.add_film(f"{number}.mkv", thumb=f"/t{number}.png")
        alist.instead[f"/t{number}.png"] = count
    paths = [{"path": f"/films/{number}.mkv"} for number in range(30)]
    answers = await asyncio.gather(*(http.get(PATH, params=path) for path in paths))
    assert {answer.status_code for answer in answers} == {200}
    assert most == bunga_alist.pictures.MAX_AT_ONCE
