"""The linker of local folders, and records that lead to it."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bunga_cli.plugin import Channel, NotFound, PluginFailure, Record
from bunga_cli.plugin.testing import PluginHarness
from bunga_gallery import GalleryPlugin
from bunga_gallery.local import LocalLinker
from bunga_gallery.records import Place
from bunga_gallery.shelves import MAX_OPENINGS
from tests.plugins.gallery.kit import StandIn, gallery_site, put

LOBBY = Channel("lobby", "Lobby")


def record(path: str, source: str = "gallery") -> Record:
    return Record("r", "A film", None, source, path)


async def test_a_group_finds_a_film_and_gets_its_address(tmp_path: Path) -> None:
    put(
        tmp_path, "Amélie (2001)/Teil 2.mkv", "Amélie (2001)/Teil 1.mkv", "Amélie (2001)/poster.png"
    )
    async with gallery_site(local_folders=[str(tmp_path)]) as site:
        [media] = await site.found("AMELIE")
        detail = await site.detail_of(media["key"])
        query = {"linker": "local", "ep": detail["episodes"][1]["id"]}
        sources = (await site.get(f"/api/gallery/{media['key']}/sources/", params=query)).json()

    assert (media["title"], media["year"], media["country"]) == ("Amélie (2001)", 2001, None)
    assert media["thumb_url"].endswith("/poster.png")
    assert [episode["title"] for episode in detail["episodes"]] == ["Teil 1", "Teil 2"]
    assert [source["title"] for source in sources["sources"]] == ["Teil 2.mkv"]
    assert str(tmp_path) not in str([media, detail, sources])


async def test_changes_on_disk_are_seen(tmp_path: Path) -> None:
    now = 0.0
    put(tmp_path, "Series/1.mp4")
    async with PluginHarness(GalleryPlugin(), site={"local_folders": [str(tmp_path)]}) as harness:
        local = LocalLinker(harness.context, lambda: now)
        [series] = await local.search("series")
        put(tmp_path, "Series/2.mp4", "Another.mp4")

        soon = await local.detail(series.key)
        now = 10.0
        later = await local.detail(series.key)

        assert [episode.title for episode in soon.episodes] == ["1"]
        assert [episode.title for episode in later.episodes] == ["1", "2"]
        assert [media.title for media in await local.search("")] == ["Another", "Series"]


async def test_a_folder_may_be_given_relative_to_where_the_server_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "1film.mp4", "2film.mp4")
    monkeypatch.chdir(tmp_path)
    async with gallery_site(local_folders=["."]) as site:
        assert [media["title"] for media in await site.found("film")] == ["1film", "2film"]


@pytest.mark.parametrize("path", ["nothing/", "nothing/sources/"])
async def test_a_media_that_is_not_there_is_not_found(path: str) -> None:
    async with gallery_site() as site:
        answer = await site.get(f"/api/gallery/{path}?linker=local&ep=1")

    assert answer.status_code == 404


async def test_an_episode_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    put(tmp_path, "film.mp4")
    async with gallery_site(local_folders=[str(tmp_path)]) as site:
        [media] = await site.found("film")
        answer = await site.get(f"/api/gallery/{media['key']}/sources/?linker=local&ep=1")

    assert answer.status_code == 404


# -- records ----------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "gallery://"])
async def test_a_record_of_a_local_film_leads_to_its_file(tmp_path: Path, prefix: str) -> None:
    put(tmp_path, "Film/film.mkv")
    async with gallery_site(local_folders=[str(tmp_path)]) as site:
        [media] = await site.found("film")
        detail = await site.detail_of(media["key"])
        place = Place("local", media["key"], detail["episodes"][0]["id"])
        [resolver] = site.harness.resolvers

        found = await resolver.resolve(LOBBY, record(prefix + place.path()))

        assert found is not None
        [opened] = found
        assert opened.mime == "video/x-matroska"
        assert (await site.get(opened.url)).content == b"video"


async def test_a_record_may_be_of_any_linker() -> None:
    films = StandIn()
    async with gallery_site(films) as site:
        [resolver] = site.harness.resolvers
        found = await resolver.resolve(LOBBY, record(Place("films", "m/1", "100%").path()))

    assert found is not None
    assert [media.url for media in found] == ["https://cdn.test/m/1/100%.mp4"]
    assert films.asked == [("sources", "m/1", "100%")]


async def test_records_of_other_sources_are_left_to_others() -> None:
    async with gallery_site() as site:
        [resolver] = site.harness.resolvers

        assert await resolver.resolve(LOBBY, record("local/a/b", source="alist")) is None


@pytest.mark.parametrize("path", ["", "local", "local/key", "//", "local/key/"])
async def test_a_path_that_names_no_episode_is_refused(path: str) -> None:
    async with gallery_site() as site:
        [resolver] = site.harness.resolvers
        with pytest.raises(PluginFailure):
            await resolver.resolve(LOBBY, record(path))


async def test_a_record_of_a_film_that_is_gone_says_so() -> None:
    async with gallery_site() as site:
        [resolver] = site.harness.resolvers
        with pytest.raises(NotFound):
            await resolver.resolve(LOBBY, record("local/gone/1"))


def test_a_key_with_bare_slashes_is_read_from_both_ends() -> None:
    assert Place.of("films/a/b/1") == Place("films", "a/b", "1")


# -- health -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folders", "state", "text"),
    [
        ([], "off", "No folders are set: plugins.gallery.local_folders."),
        (["videos"], "ok", "1 title in 1 folder."),
        (
            ["videos", "unplugged", "file"],
            "warning",
            "1 title in 3 folders. There is no folder {0}/unplugged. {0}/file is not a folder.",
        ),
    ],
)
async def test_the_folders_say_how_they_are(
    tmp_path: Path, folders: list[str], state: str, text: str
) -> None:
    put(tmp_path, "videos/film.mp4", "file")
    settings: dict[str, Any] = {"local_folders": [str(tmp_path / name) for name in folders]}
    async with gallery_site(**settings) as site:
        health = (await site.harness.health())["local folders"]

    assert (health.state, health.text) == (state, text.format(tmp_path))
    assert bool(health.details) == (state == "warning")


async def test_a_check_looks_anew(tmp_path: Path) -> None:
    put(tmp_path, "1.mp4")
    async with gallery_site(local_folders=[str(tmp_path)]) as site:
        before = (await site.harness.health())["local folders"]
        put(tmp_path, "2.mp4")
        after = (await site.harness.health())["local folders"]

    assert (before.text, after.text) == ("1 title in 1 folder.", "2 titles in 1 folder.")


async def test_a_linker_that_is_switched_off_says_so(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"local_folders": [str(tmp_path)], "disabled_linkers": ["Local"]}
    async with gallery_site(**settings) as site:
        health = (await site.harness.health())["local folders"]

    assert (health.state, "switched off" in health.text) == ("off", True)


async def test_a_misspelt_linker_in_the_settings_is_a_warning() -> None:
    async with gallery_site(StandIn(), disabled_linkers=["flims", "nobody"]) as site:
        health = (await site.harness.health())["linkers"]

    assert health.state == "warning"
    assert "names 'flims', which is no linker; did you mean films?" in health.text
    assert "names 'nobody', which is no linker." in health.text


# -- a disk that hangs ------------------------------------------------------------------------


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let every folder with "nfs" in its name hang until the event, when it is read or opened."""
    back = threading.Event()
    scandir, resolve = os.scandir, Path.resolve

    def wait(path: object) -> None:
        if "nfs" in str(path):
            back.wait(60)

    def slow_scandir(path: Path) -> Any:
        wait(path)
        return scandir(path)

    def slow_resolve(path: Path, **options: Any) -> Path:
        wait(path)
        return resolve(path, **options)

    monkeypatch.setattr("os.scandir", slow_scandir)
    monkeypatch.setattr(Path, "resolve", slow_resolve)
    monkeypatch.setattr("bunga_gallery.local.WAIT_S", 0.1)
    monkeypatch.setattr("bunga_gallery.health.WAIT_S", 0.1)
    monkeypatch.setattr("bunga_gallery.shelves.OPEN_LIMIT_S", 0.1)
    yield back
    back.set()


async def test_a_disk_that_hangs_keeps_nobody_but_its_own_folder(
    tmp_path: Path, hanging: threading.Event
) -> None:
    put(tmp_path, "videos/film.mp4", "nfs/film.mp4")
    folders = [str(tmp_path / name) for name in ("nfs", "videos")]
    async with gallery_site(local_folders=folders) as site:
        found = await site.found("film")
        address = await site.address_of("film")
        unknown = (await site.get("/api/gallery/search/?keyword=other")).json()["This server"]
        health = (await site.harness.health())["local folders"]
        hung = [t for t in threading.enumerate() if "nfs" in t.name]

        assert [media["title"] for media in found] == ["film"]
        assert (await site.get(address)).content == b"video"
        assert "still being read" in unknown["error"]
        assert f"{tmp_path}/nfs is still being read." in health.text
        assert ([thread.name for thread in hung], hung[0].daemon) == (["gallery scan nfs#1"], True)


async def test_a_file_on_a_disk_that_hangs_is_an_answer_and_takes_a_few_threads(
    tmp_path: Path, hanging: threading.Event
) -> None:
    put(tmp_path, "nfs/film.mp4")
    hanging.set()
    async with gallery_site(local_folders=[str(tmp_path / "nfs")]) as site:
        address = await site.address_of("film")
        hanging.clear()
        answers = [await site.get(address) for _ in range(2 * MAX_OPENINGS)]
        hung = [thread.name for thread in threading.enumerate() if "open nfs" in thread.name]
        hanging.set()

    assert {answer.status_code for answer in answers} == {502}
    assert {answer.json()["detail"] for answer in answers} == {"The server's disk does not answer."}
    assert len(hung) == MAX_OPENINGS


async def test_a_folder_that_is_set_is_there_at_once_and_one_that_is_taken_away_is_gone(
    tmp_path: Path,
) -> None:
    put(tmp_path, "a/film.mp4", "b/film.mp4")
    async with gallery_site(local_folders=[str(tmp_path / "a")]) as site:
        counts = [len(await site.found("film"))]
        for names in (["a", "b"], ["b"], []):
            folders = [str(tmp_path / name) for name in names]
            await site.harness.context.save_site_settings(local_folders=folders)
            counts.append(len(await site.found("film")))

    assert counts == [1, 2, 1, 0]


async def test_a_film_in_a_folder_is_found_by_the_name_of_its_file(tmp_path: Path) -> None:
    put(tmp_path, "Harold Lloyd/Safety Last (1923).mp4", "Harold Lloyd/The Freshman.mp4")
    async with gallery_site(local_folders=[str(tmp_path)]) as site:
        titles = [[m["title"] for m in await site.found(word)] for word in ("safety", "freshmen")]

    assert titles == [["Harold Lloyd"], []]


async def test_linkers_from_elsewhere_are_off_when_none_are_set() -> None:
    async with gallery_site() as site:
        assert (await site.harness.health())["linkers"].state == "off"
