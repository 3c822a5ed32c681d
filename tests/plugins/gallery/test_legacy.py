"""Linkers of the bunga-link kind, in a gallery that is really served."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bunga_gallery.modules import Modules, Problem, load_linkers
from bunga_gallery.settings import SiteSettings
from bunga_gallery.workers import MAX_THREADS
from tests.plugins.gallery.kit import gallery_site
from tests.plugins.gallery.zoo import LINKERS, write_zoo


def ids(folder: Path) -> list[str]:
    return [linker.info.id for linker in load_linkers([], [folder]).linkers]


async def test_a_linker_runs_unchanged(tmp_path: Path) -> None:
    async with gallery_site(folders=[str(write_zoo(tmp_path, "working"))]) as site:
        search = (await site.get("/api/gallery/search/?keyword=a+film")).json()
        detail = await site.detail_of("v%2F1", "working")
        sources = (await site.get("/api/gallery/v%2F1/sources/?linker=working&ep=2")).json()

    assert search["Working"] == {
        "info": {"id": "working", "name": "Working", "url": "https://working.test"},
        "results": [
            {"key": "v/1", "title": "a film", "thumb_url": None, "year": 1999, "country": "DE"}
        ],
        "error": None,
    }
    assert detail == {
        "origin": "https://site.test/v/1",
        "title": "Film v/1",
        "thumb_url": None,
        "year": 1999,
        "country": "DE",
        "aka": None,
        "director": ["Ann"],
        "cast": [],
        "genres": ["Drama"],
        "summary": None,
        "episodes": [
            {"id": "1", "title": "One", "thumb_url": None},
            {"id": "2", "title": "Two", "thumb_url": None},
        ],
    }
    assert sources == {"sources": [{"title": "HD", "url": "https://site.test/v/1?ep=2"}]}


@pytest.mark.parametrize(
    ("linker", "found", "source"),
    [
        ("coroutines", ("a", "film"), "https://site.test/a#1"),
        ("older", ("5", "film"), "https://old.test/5/1"),
    ],
)
async def test_linkers_may_be_coroutines_or_of_the_older_kind(
    tmp_path: Path, linker: str, found: tuple[str, str], source: str
) -> None:
    async with gallery_site(folders=[str(write_zoo(tmp_path, linker))]) as site:
        [result] = await site.found("film", linker.title())
        detail = await site.detail_of(result["key"], linker)
        query = {"linker": linker, "ep": detail["episodes"][0]["id"]}
        answer = await site.get(f"/api/gallery/{result['key']}/sources/", params=query)

    assert (result["key"], result["title"]) == found
    assert answer.json()["sources"][0]["url"] == source


async def test_broken_linkers_are_entries_beside_the_results_of_the_working_ones(
    tmp_path: Path,
) -> None:
    folder = write_zoo(tmp_path, *LINKERS)
    async with gallery_site(folders=[str(folder)], timeout_s=2) as site:
        answer = await site.get("/api/gallery/search/?keyword=film")

    finds: dict[str, Any] = answer.json()
    assert {name: find["error"] for name, find in finds.items()} == {
        "This server": None,
        "Coroutines": None,
        "Hanging": "Hanging did not answer within 2 s.",
        "Odd": "Odd failed (ValidationError).",
        "Older": None,
        "Raising": "Raising failed (ValueError).",
        "Stopping": "Stopping failed (RuntimeError).",
        "Working": None,
        "Wrong": "Wrong failed (TypeError).",
    }
    assert [name for name, find in finds.items() if find["results"]] == [
        "Coroutines",
        "Older",
        "Working",
    ]
    assert "secret-token" not in answer.text


@pytest.mark.parametrize(
    ("linker", "status"),
    [("raising", 502), ("hanging", 504), ("wrong", 502), ("odd", 502), ("stopping", 200)],
)
async def test_a_detail_that_cannot_be_had_is_an_answer_with_a_reason(
    tmp_path: Path, linker: str, status: int
) -> None:
    folder, timeout_s = write_zoo(tmp_path, linker), 0.2 if linker == "hanging" else 60
    async with gallery_site(folders=[str(folder)], timeout_s=timeout_s) as site:
        detail = await site.get(f"/api/gallery/x/?linker={linker}")
        sources = await site.get(f"/api/gallery/x/sources/?linker={linker}&ep=1")

    assert [detail.status_code, sources.status_code] == [status, status]
    assert status == 200 or linker.title() in detail.json()["detail"]


async def test_fields_of_odd_types_become_what_players_can_read(tmp_path: Path) -> None:
    async with gallery_site(folders=[str(write_zoo(tmp_path, "stopping"))]) as site:
        detail = await site.detail_of("x", "stopping")

    assert (detail["director"], detail["genres"], detail["year"]) == (["Ann"], ["A", "B"], None)


async def test_a_linker_that_hangs_for_ever_takes_only_a_few_threads(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    folder = write_zoo(tmp_path, "hanging")
    async with gallery_site(folders=[str(folder)], timeout_s=0.01) as site:
        answers = [await site.get("/api/gallery/x/?linker=hanging") for _ in range(2 * MAX_THREADS)]

    hanging = [t for t in set(threading.enumerate()) - before if t.name == "linker hanging"]
    assert {answer.status_code for answer in answers} == {504}
    assert len(hanging) == MAX_THREADS
    assert all(thread.daemon for thread in hanging)


async def test_modules_that_cannot_be_imported_are_rows_and_the_others_work(tmp_path: Path) -> None:
    write_zoo(tmp_path, "working")
    (tmp_path / "broken.py").write_text("import no_such_module_at_all")
    (tmp_path / "typo.py").write_text("def (")
    (tmp_path / "leaving.py").write_text("raise SystemExit")
    (tmp_path / "nameless.py").write_text(
        "class A:\n search = detail = print\n @classmethod\n def info(cls): return None"
    )
    settings: dict[str, Any] = {
        "folders": [str(tmp_path), str(tmp_path / "none")],
        "packages": ["no_such_package"],
    }
    async with gallery_site(**settings) as site:
        site.harness.is_admin = True
        listed = (await site.get("/api/gallery/linkers/")).json()
        health = (await site.harness.health())["linkers"]

    problems = {Path(row["module"]).name: row["message"] for row in listed["problems"]}
    assert [linker["id"] for linker in listed["linkers"]] == ["local", "working"]
    assert sorted(problems) == [
        "broken.py", "leaving.py", "nameless.py", "no_such_package", "none", "typo.py",
    ]  # fmt: skip
    assert problems["broken.py"] == "ModuleNotFoundError: No module named 'no_such_module_at_all'"
    assert problems["none"] == "There is no such folder."
    assert health.state == "failure"
    assert len(health.details) == 6
    assert health.text.startswith("6 modules of linkers cannot be used:")
    assert "no_such_package: ModuleNotFoundError" in health.text
    assert health.text.endswith("And 1 more.")


async def test_linkers_come_and_go_with_the_settings(tmp_path: Path) -> None:
    first, second = write_zoo(tmp_path / "a", "working"), write_zoo(tmp_path / "b", "older")
    async with gallery_site() as site:
        site.harness.is_admin = True
        known = []
        for folders in ([first], [first, second], [second], []):
            await site.harness.context.save_site_settings(folders=[str(each) for each in folders])
            listed = (await site.get("/api/gallery/linkers/")).json()
            known.append([linker["id"] for linker in listed["linkers"]])
        health = (await site.harness.health())["linkers"]

    assert known == [
        ["local", "working"],
        ["local", "working", "older"],
        ["local", "older"],
        ["local"],
    ]
    assert health.state == "off"


def test_a_module_that_never_finishes_its_import_keeps_nobody_waiting(tmp_path: Path) -> None:
    write_zoo(tmp_path, "working")
    (tmp_path / "endless.py").write_text("import threading; threading.Event().wait()")

    loaded = load_linkers([], [tmp_path], limit_s=2)

    assert [linker.info.id for linker in loaded.linkers] == ["working"]
    [problem] = loaded.problems
    assert problem.message.startswith("TimeoutError: not done after ")


@pytest.fixture
def dead_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on a disk that does not answer."""
    folder, ends = Path("/nowhere/dead"), threading.Event()
    is_dir = Path.is_dir

    def hang_or_look(path: Path) -> bool:
        return ends.wait() if path == folder else is_dir(path)

    monkeypatch.setattr(Path, "is_dir", hang_or_look)
    yield folder
    ends.set()


def test_a_folder_on_a_disk_that_does_not_answer_keeps_nobody_waiting(
    tmp_path: Path, dead_disk: Path
) -> None:
    write_zoo(tmp_path, "working")

    loaded = load_linkers([], [dead_disk, tmp_path], limit_s=3)

    assert [linker.info.id for linker in loaded.linkers] == ["working"]
    assert loaded.problems == [Problem(str(dead_disk), "TimeoutError: not done after 1.5 s")]


async def test_searches_go_on_when_a_folder_is_set_that_does_not_answer(
    tmp_path: Path, dead_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SiteSettings.model_validate({"folders": [write_zoo(tmp_path, "working")]})
    modules = Modules(lambda: settings)
    monkeypatch.setattr("bunga_gallery.modules.LIMIT_S", 0.2)
    settings = SiteSettings.model_validate({"folders": [dead_disk]})
    looks = [await modules.current() for _ in range(3)]

    assert [problem.module for problem in looks[0].problems] == [str(dead_disk)]
    assert looks[0] is looks[1] is looks[2]  # it was looked for once


def test_linkers_come_from_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_zoo(tmp_path / "film_linkers", "working", "older")
    package = "from .working import Linker as W\nfrom .older import Linker as O"
    (tmp_path / "film_linkers" / "__init__.py").write_text(package)
    monkeypatch.syspath_prepend(tmp_path)

    loaded = load_linkers(["film_linkers"], [])

    assert {linker.info.id for linker in loaded.linkers} == {"working", "older"}
    assert loaded.problems == []


def test_a_checkout_has_its_linkers_in_src_and_each_counts_once(tmp_path: Path) -> None:
    write_zoo(tmp_path / "src", "working", "older")
    (tmp_path / "src" / "__init__.py").write_text("from .working import Linker")
    (tmp_path / "main.py").write_text("from src.working import Linker\nraise AssertionError")

    assert sorted(ids(tmp_path)) == ["older", "working"]


def test_modules_with_equal_names_in_two_folders_do_not_mix(tmp_path: Path) -> None:
    first, second = write_zoo(tmp_path / "a", "working"), write_zoo(tmp_path / "b", "older")
    (second / "older.py").rename(second / "working.py")

    loaded = load_linkers([], [first, second])

    assert [linker.info.id for linker in loaded.linkers] == ["working", "older"]
    assert "working" not in sys.modules


def test_a_second_linker_of_the_same_id_is_a_row(tmp_path: Path) -> None:
    write_zoo(tmp_path / "a", "working")
    write_zoo(tmp_path / "b", "working")

    loaded = load_linkers([], [tmp_path / "a", tmp_path / "b"])

    assert len(loaded.linkers) == 1
    assert [problem.message for problem in loaded.problems] == [
        "Another linker has the id 'working' already."
    ]


def test_changed_files_are_read_again_at_the_next_start(tmp_path: Path) -> None:
    write_zoo(tmp_path, "working")
    assert ids(tmp_path) == ["working"]

    source = (tmp_path / "working.py").read_text()
    (tmp_path / "working.py").write_text(source.replace('id="working"', 'id="renamed-by-author"'))
    assert ids(tmp_path) == ["renamed-by-author"]
