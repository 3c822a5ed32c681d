"""`docs/console.md`, `docs/watching.md` and their pictures."""

import re
from pathlib import Path

from scripts.screenshots import PLAYERS, SHOTS, WAITING

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "console.md"
WATCHING = ROOT / "docs" / "watching.md"
IMAGES = ROOT / "docs" / "images"
MOST_BYTES = 1_500_000


def _text() -> str:
    return PAGE.read_text("utf-8") + WATCHING.read_text("utf-8")


def test_every_picture_is_shown_and_every_one_that_is_shown_is_there() -> None:
    shown = set(re.findall(r"images/([\w-]+)\.png", _text()))

    assert shown == {path.stem for path in IMAGES.iterdir()}


def test_the_script_takes_every_picture() -> None:
    taken = {shot.name for shot in (*SHOTS, *PLAYERS, *WAITING)} | {"first-run"}

    assert taken == {path.stem for path in IMAGES.iterdir()}


def test_the_pictures_are_small_together() -> None:
    assert sum(path.stat().st_size for path in IMAGES.iterdir()) <= MOST_BYTES


def test_every_picture_can_be_read_aloud() -> None:
    assert re.findall(r"!\[\]|alt=\"\"|<img (?![^>]*alt=)", _text()) == []


def test_every_page_of_the_console_is_explained() -> None:
    shell = (ROOT / "bunga_cli/web/templates/console/base.html").read_text("utf-8")
    pages = re.findall(r'\("\w+", "/console[^"]*", _\("([^"]+)"\)\)', shell)
    headings = set(re.findall(r"^## (.+)$", _text(), re.MULTILINE))

    assert len(pages) > 4
    assert set(pages) - headings == set()


def test_what_the_page_refers_to_is_there() -> None:
    targets = re.findall(r"\]\(([^)#]+)", _text())

    assert [name for name in targets if not (PAGE.parent / name).exists()] == []
