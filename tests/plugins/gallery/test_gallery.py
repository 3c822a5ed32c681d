"""The gallery's paths, through a real server, over linkers of other plugins."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bunga_cli.plugin import Episode, LinkerInfo, MediaDetail, MediaSummary, PluginFailure
from tests.plugins.gallery.kit import Site, StandIn, gallery_site, put


@pytest.fixture
def films() -> StandIn:
    return StandIn()


@pytest.fixture
async def site(films: StandIn) -> AsyncIterator[Site]:
    async with gallery_site(films) as running:
        yield running


async def test_a_search_asks_all_linkers_and_tells_who_found_what(site: Site) -> None:
    answer = await site.get("/api/gallery/search/?keyword=am%C3%A9lie")

    assert answer.json() == {
        "This server": {
            "info": {"id": "local", "name": "This server", "url": ""},
            "results": [],
            "error": None,
        },
        "Films": {
            "info": {"id": "films", "name": "Films", "url": "https://films.test"},
            "results": [
                {
                    "key": "m/1",
                    "title": "About amélie",
                    "thumb_url": None,
                    "year": None,
                    "country": None,
                }
            ],
            "error": None,
        },
    }


@pytest.mark.parametrize("query", ["", "?keyword=", "?keyword=%20"])
async def test_a_search_for_nothing_is_refused_in_the_original_words(
    site: Site, query: str
) -> None:
    answer = await site.get(f"/api/gallery/search/{query}")

    assert answer.status_code == 400
    assert answer.json() == "'keyword' query param is required."


async def test_linkers_are_asked_side_by_side() -> None:
    both_asked = asyncio.Barrier(2)

    async def search(keyword: str) -> list[MediaSummary]:
        await both_asked.wait()
        return [MediaSummary("k", keyword)]

    one = StandIn(LinkerInfo("one", "One", ""), answer_search=search)
    two = StandIn(LinkerInfo("two", "Two", ""), answer_search=search)
    async with gallery_site(one, two) as site:
        assert [await site.found("x", "One"), await site.found("x", "Two")] != [[], []]


async def test_linkers_of_one_name_are_told_apart() -> None:
    linkers = [StandIn(LinkerInfo(key, "Films", "")) for key in ("a", "b")]
    async with gallery_site(*linkers) as site:
        finds = (await site.get("/api/gallery/search/?keyword=x")).json()

    assert list(finds) == ["This server", "Films (a)", "Films (b)"]


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("sent", "key"),
    [("m%2F1", "m/1"), ("100%25", "100%"), ("%2525", "%25"), ("a%20b%3F", "a b?"), ("é", "é")],
)
async def test_a_key_may_hold_anything(
    site: Site, films: StandIn, sent: str, key: str, slash: str
) -> None:
    await site.get(f"/api/gallery/{sent}{slash}?linker=films")
    answer = await site.get(f"/api/gallery/{sent}/sources{slash}?linker=films&ep=e%2F1")

    assert films.asked == [("detail", key), ("sources", key, "e/1")]
    assert answer.json()["sources"][0]["title"] == "HD"


async def test_a_detail_is_complete(site: Site) -> None:
    assert await site.detail_of("m%2F1", "films") == {
        "origin": "https://films.test/m/1",
        "title": "A film",
        "thumb_url": None,
        "year": None,
        "country": None,
        "aka": None,
        "director": ["Ann"],
        "cast": [],
        "genres": [],
        "summary": None,
        "episodes": [{"id": "1", "title": "One", "thumb_url": None}],
    }


async def test_details_are_remembered(site: Site, films: StandIn) -> None:
    assert await site.detail_of("m", "films") == await site.detail_of("m", "films")

    assert films.asked == [("detail", "m")]


async def test_a_failed_detail_is_asked_for_again(site: Site, films: StandIn) -> None:
    async def fail(_key: str) -> MediaDetail:
        raise ConnectionError

    films.answer_detail = fail
    failed = await site.get("/api/gallery/m/?linker=films")
    films.answer_detail = None

    assert failed.status_code == 502
    assert failed.json() == {"detail": "Films failed (ConnectionError)."}
    assert (await site.detail_of("m", "films"))["title"] == "A film"


async def test_a_linker_that_knows_no_such_key_makes_it_not_found(
    site: Site, films: StandIn
) -> None:
    async def unknown(key: str) -> MediaDetail:
        raise PluginFailure(f"There is no {key}.")

    films.answer_detail = unknown
    answer = await site.get("/api/gallery/m/?linker=films")

    assert (answer.status_code, answer.json()) == (404, {"detail": "There is no m."})


async def test_a_reason_that_is_meant_for_people_is_shown_to_them(
    site: Site, films: StandIn
) -> None:
    async def search(_keyword: str) -> list[MediaSummary]:
        raise PluginFailure("Films wants a new password.")

    films.answer_search = search
    finds = (await site.get("/api/gallery/search/?keyword=x")).json()

    assert finds["Films"]["error"] == "Films wants a new password."


async def test_of_what_a_linker_answers_only_so_much_is_passed_on(
    site: Site, films: StandIn
) -> None:
    async def search(_keyword: str) -> list[MediaSummary]:
        return [MediaSummary(str(number), "A film") for number in range(2000)]

    async def detail(_key: str) -> MediaDetail:
        episodes = [Episode(str(number), "An episode") for number in range(20_000)]
        return MediaDetail("", "A film", episodes=episodes)

    films.answer_search, films.answer_detail = search, detail
    assert len(await site.found("x", "Films")) == 500
    assert len((await site.detail_of("m", "films"))["episodes"]) == 5000


async def test_a_reason_is_one_short_line(site: Site, films: StandIn) -> None:
    async def search(_keyword: str) -> list[MediaSummary]:
        raise PluginFailure("no\n\x1b[31m" + "A" * 5000)

    films.answer_search = search
    finds = (await site.get("/api/gallery/search/?keyword=x")).json()

    assert finds["Films"]["error"].isprintable()
    assert len(finds["Films"]["error"]) == 200


@pytest.mark.parametrize(
    "path",
    ["m/", "m/?linker=", "m/sources/", "m/sources/?linker=films", "m/sources/?ep=1"],
)
async def test_a_request_that_names_no_linker_or_episode_is_refused(site: Site, path: str) -> None:
    answer = await site.get(f"/api/gallery/{path}")

    assert answer.status_code == 400


async def test_a_linker_is_known_by_its_id_in_any_case() -> None:
    async with gallery_site(StandIn(LinkerInfo("TheFilms", "Films", ""))) as site:
        found = await site.get("/api/gallery/m/?linker=thefilms")
        unknown = await site.get("/api/gallery/m/?linker=films")

    assert (found.status_code, unknown.status_code) == (200, 404)


async def test_paths_of_this_server_become_whole_addresses(site: Site, films: StandIn) -> None:
    async def search(_keyword: str) -> list[MediaSummary]:
        return [MediaSummary("k", "t", "/thumb.jpg"), MediaSummary("k", "t", "https://x/y.jpg")]

    films.answer_search = search
    thumbs = [find["thumb_url"] for find in await site.found("x", "Films")]

    assert thumbs == [f"{str(site.client.base_url).rstrip('/')}/thumb.jpg", "https://x/y.jpg"]


async def test_behind_a_proxy_they_begin_with_the_public_url(tmp_path: Path) -> None:
    put(tmp_path, "Film/film.mp4", "Film/poster.jpg")
    url = "https://bunga.example.org/sub"
    async with gallery_site(public_url=url, local_folders=[str(tmp_path)]) as site:
        [find] = await site.found("film")
        media = await site.detail_of(find["key"])
        address = await site.address_of("film")

    assert find["thumb_url"].startswith(f"{url}/api/gallery/files/")
    assert media["thumb_url"].startswith(f"{url}/api/gallery/files/")
    assert address.startswith(f"{url}/api/gallery/files/")
    assert address.endswith("/film.mp4")


# -- admins -----------------------------------------------------------------------------------


async def test_an_admin_switches_linkers_off_and_on(site: Site, films: StandIn) -> None:
    site.harness.is_admin = True
    off = await switch(site, json={"linker_id": "films", "enabled": False})
    without = (await site.get("/api/gallery/search/?keyword=x")).json()
    detail = await site.get("/api/gallery/m/?linker=films")
    listed = (await site.get("/api/gallery/linkers/")).json()
    stored = site.harness.context.site_settings().disabled_linkers
    on = await switch(site, data={"linker_id": "films", "enabled": "True"})

    assert (off.status_code, off.json()) == (200, {"linker_id": "films", "enabled": False})
    assert list(without) == ["This server"]
    assert detail.status_code == 404
    assert films.asked == []
    assert stored == ["films"]
    assert listed["linkers"][1] == {
        "id": "films",
        "name": "Films",
        "url": "https://films.test",
        "enabled": False,
    }
    assert (on.status_code, on.json()) == (200, {"linker_id": "films", "enabled": True})
    assert await site.found("x", "Films")


async def switch(site: Site, **body: Any) -> Any:
    return await site.client.post("/api/gallery/set-linker-enabled/", **body)


async def test_two_switches_at_once_both_count() -> None:
    async with gallery_site(*(StandIn(LinkerInfo(key, key, "")) for key in "ab")) as site:
        site.harness.is_admin = True
        bodies = [{"linker_id": key, "enabled": False} for key in "ab"]
        path = "/api/gallery/set-linker-enabled/"
        await asyncio.gather(*(site.client.post(path, json=body) for body in bodies))

        assert site.harness.context.site_settings().disabled_linkers == ["a", "b"]


@pytest.mark.parametrize("body", [{}, {"linker_id": "l"}, {"enabled": True}, None])
async def test_a_switch_without_linker_or_position_is_refused_in_the_original_words(
    site: Site, body: object
) -> None:
    site.harness.is_admin = True
    answer = await switch(site, json=body)

    assert answer.status_code == 400
    assert answer.json() == {"error": "linker_id and enabled required"}


@pytest.mark.parametrize(
    "linker_id", [["films"], {"films": 1}, 7, True, "flims", "\x00", "x" * 60_000, ""]
)
async def test_a_switch_of_what_is_no_linker_is_refused(site: Site, linker_id: object) -> None:
    site.harness.is_admin = True
    for enabled in (True, False):
        answer = await switch(site, json={"linker_id": linker_id, "enabled": enabled})
        assert (answer.status_code, list(answer.json())) == (400, ["error"])
        assert len(answer.text) < 400
    assert site.harness.context.site_settings().disabled_linkers == []


async def test_a_linker_that_is_gone_can_still_be_taken_off_the_list(site: Site) -> None:
    site.harness.is_admin = True
    await site.harness.context.save_site_settings(disabled_linkers=["gone"])
    answer = await switch(site, json={"linker_id": "gone", "enabled": True})
    assert answer.status_code == 200
    assert site.harness.context.site_settings().disabled_linkers == []


@pytest.mark.parametrize("content", [b"{", b"[]"])
async def test_a_switch_that_is_no_json_object_is_refused(site: Site, content: bytes) -> None:
    site.harness.is_admin = True
    answer = await switch(site, content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400


async def test_a_switch_that_is_too_large_is_not_read(site: Site) -> None:
    site.harness.is_admin = True
    answer = await switch(site, data={"linker_id": "x" * 70_000, "enabled": "true"})

    assert answer.status_code == 413


async def test_this_server_never_downloads_linkers(site: Site) -> None:
    site.harness.is_admin = True

    assert (await site.client.post("/api/gallery/pull-linkers/")).status_code == 410


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "linkers/"), ("POST", "set-linker-enabled/"), ("POST", "pull-linkers/")],
)
async def test_only_admins_manage_linkers(site: Site, method: str, path: str) -> None:
    answer = await site.client.request(method, f"/api/gallery/{path}")

    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["search/?keyword=x", "m/?linker=films", "m/sources/"])
async def test_strangers_see_nothing(site: Site, path: str) -> None:
    site.harness.account = None

    assert (await site.get(f"/api/gallery/{path}")).status_code == 403
