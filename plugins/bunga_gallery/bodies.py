"""What clients receive: complete and of the right types, whatever a linker returned.

The players' parsers stop at a missing field or a wrong type.
"""

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from bunga_cli.plugin import one_line

MAX_FINDS = 500
MAX_EPISODES = 5000
"""How much of what one linker answers is passed on; players show lists without pages."""

_ADDRESSES = ("url", "thumb_url")
_DIGITS = re.compile(r"\d{4}")


def _year(value: object) -> object:
    """Find the year in what linkers call one: 1999, "1999", "1999-03-31"."""
    found = _DIGITS.search(value) if isinstance(value, str) else None
    return int(found.group()) if found else value if isinstance(value, int) else None


def _names(value: object) -> object:
    if isinstance(value, str):
        return [value]
    return [] if value is None else _first(value)


def _first(value: object) -> object:
    return list(value[:MAX_EPISODES]) if isinstance(value, list | tuple) else value


def _text(value: object) -> object:
    return "" if value is None else value


B = TypeVar("B", bound="_Body")

Year = Annotated[int | None, BeforeValidator(_year)]
Names = Annotated[list[str], BeforeValidator(_names)]
Text = Annotated[str, BeforeValidator(_text)]
Shown = Annotated[str, AfterValidator(one_line)]


class _Body(BaseModel):
    """The base of bodies, which are made from objects or from mappings."""

    model_config = ConfigDict(from_attributes=True, coerce_numbers_to_str=True, extra="ignore")


class InfoBody(_Body):
    """Who a linker is."""

    id: str
    name: Shown
    url: Text = ""


class SummaryBody(_Body):
    """One find."""

    key: str
    title: str
    thumb_url: str | None = None
    year: Year = None
    country: str | None = None


class EpisodeBody(_Body):
    """One part of a media."""

    id: str
    title: Text = ""
    thumb_url: str | None = None


class DetailBody(_Body):
    """A media with its episodes."""

    origin: Text = ""
    title: str
    thumb_url: str | None = None
    year: Year = None
    country: str | None = None
    aka: str | None = None
    director: Names = []
    cast: Names = []
    genres: Names = []
    summary: str | None = None
    episodes: Annotated[list[EpisodeBody], BeforeValidator(_first)]


class SourceBody(_Body):
    """An address that a player can open."""

    title: Text = ""
    url: str


class FindsBody(_Body):
    """What one linker found, or why it did not."""

    info: InfoBody
    results: list[SummaryBody] = []
    error: Shown | None = None


class SourcesBody(_Body):
    """Where an episode is."""

    sources: list[SourceBody]


class LinkerBody(InfoBody):
    """A linker, as its admin sees it."""

    enabled: bool


class ProblemBody(_Body):
    """A module whose linkers are not there."""

    module: str
    message: str


class LinkersBody(_Body):
    """All linkers. `last_commit` was the version of the code the original fetched; none is here."""

    last_commit: None = None
    linkers: list[LinkerBody]
    problems: list[ProblemBody] = []


class EnabledBody(_Body):
    """A linker that was switched on or off."""

    linker_id: str
    enabled: bool


def placed(body: B, absolute: Callable[[str], str]) -> B:
    """Return the same with whole addresses where there are mere paths on this server."""
    return body.model_copy(update={name: _placed(name, value, absolute) for name, value in body})


def _placed(name: str, value: object, absolute: Callable[[str], str]) -> object:
    if isinstance(value, list):
        return [_placed(name, each, absolute) for each in value]
    if isinstance(value, _Body):
        return placed(value, absolute)
    if name in _ADDRESSES and isinstance(value, str) and value.startswith("/"):
        return absolute(value)
    return value
