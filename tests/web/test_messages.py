"""The catalogues against the texts of the pages."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from scripts.messages import CATALOGUES, WEB, collected

TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
NOT_TRANSLATED = frozenset({"Bunga Server", "MiB", "Python", "disabled"})
"""What is the same in all languages, and an attribute that a macro adds."""
SEEN_ATTRIBUTES = frozenset({"alt", "aria-label", "content", "placeholder", "title"})
TECHNICAL = re.compile(r"^(width=|light dark$|noindex$|\{)")
"""What a `content` of a `<meta>` says to the browser."""
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_TRANSLATED = re.compile(r"\{%-?\s*trans\b.*?\bendtrans\s*-?%\}", re.DOTALL)
_HIDDEN = re.compile(r"\{%-?\s*block body_\w+\s*-?%\}.*?endblock", re.DOTALL)
"""Blocks of attributes."""
_CODE = re.compile(r"<(code|kbd)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_ATTRIBUTE = re.compile(r'\b[a-z-]+="[^"]*"')
_QUOTED = r"""(?:"[^"]*"|'[^']*')"""
_KEY = re.compile(rf"{_QUOTED}\s*:")
_CALL = re.compile(rf"\b(?:_|ngettext)\(\s*{_QUOTED}(?:,\s*{_QUOTED})?")
_PLACE = re.compile(r"%\(\w+\)s|\{\w*\}")
_LETTER = re.compile(r"[^\W\d_]")

each_catalogue = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])


@pytest.fixture(scope="module")
def texts() -> Catalog:
    return collected()


def _messages(path: Path) -> dict[object, Message]:
    with path.open("rb") as file:
        return {message.id: message for message in read_po(file) if message.id}


@each_catalogue
def test_every_text_is_translated(path: Path, texts: Catalog) -> None:
    there = _messages(path)
    missing = [
        message.id
        for message in texts
        if message.id and not (message.id in there and all(_strings(there[message.id])))
    ]
    assert not missing, "Translate these; `python -m scripts.messages` adds them to the catalogue"


@each_catalogue
def test_nothing_is_translated_that_no_page_says(path: Path, texts: Catalog) -> None:
    used = {message.id for message in texts}
    assert not _messages(path).keys() - used, "`python -m scripts.messages` takes these away"


@each_catalogue
def test_a_translation_has_the_places_of_its_original(path: Path) -> None:
    wrong = [
        message.id
        for message in _messages(path).values()
        for string in _strings(message)
        if _places(string) != _places(_originals(message)[-1])
    ]
    assert not wrong


@each_catalogue
def test_a_translation_has_the_markup_of_its_original(path: Path) -> None:
    wrong = [
        message.id
        for message in _messages(path).values()
        for string in _strings(message)
        if _markup(string) != _markup(_originals(message)[-1])
    ]
    assert not wrong


def _originals(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def _strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _places(text: str) -> list[str]:
    return sorted(_PLACE.findall(text))


def _markup(text: str) -> list[str]:
    return sorted(re.findall(r"<[^>]+>", text))


# -- templates ----------------------------------------------------------------------------------


class _Reader(HTMLParser):
    """Collects what a person reads on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_data(self, data: str) -> None:
        self.seen.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen += [
            value
            for name, value in attrs
            if name in SEEN_ATTRIBUTES and value and not TECHNICAL.match(value)
        ]


def _said_as_it_is(source: str) -> Iterator[str]:
    """Yield the texts of a template that are not translated."""
    plain = source
    for hidden in (_COMMENT, _TRANSLATED, _HIDDEN, _CODE):
        plain = hidden.sub("", plain)
    reader = _Reader()
    # Jinja's tags go first: one may stand among a tag's attributes, and have quotation marks.
    reader.feed(_TAG.sub("", plain))
    for text in reader.seen:
        words = _ATTRIBUTE.sub("", text).strip()
        if _LETTER.search(words) and words not in NOT_TRANSLATED:
            yield words
    for tag in _TAG.findall(plain):
        quoted = re.findall(_QUOTED, _KEY.sub("", _CALL.sub("", tag)))
        yield from filter(_is_for_people, (text[1:-1] for text in quoted))


def _is_for_people(text: str) -> bool:
    """Return whether a text among Jinja's tags looks like one to be read."""
    return bool(re.match(r"[A-Z][a-z]", text)) and text not in NOT_TRANSLATED


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(WEB)))
def test_a_template_says_nothing_without_translation(template: Path) -> None:
    assert not [*_said_as_it_is(template.read_text("utf-8"))]


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello</p>",
        '<p>{{ _("Hello") }} you</p>',
        '<a title="Hello"></a>',
        '<img alt="{{ name }} of us">',
        "{% trans %}Hello{% endtrans %}<b>there</b>",
        "<p>{# no #}Hello</p>",
        '{{ alert("info", "Hello") }}',
        "{% set title = 'Hello you' if name else _('Hello') %}",
    ],
)
def test_a_text_without_translation_would_be_found(source: str) -> None:
    assert [*_said_as_it_is(source)]
