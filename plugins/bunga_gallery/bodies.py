"""What clients receive: complete and of the right types, whatever a linker returned.

The players' parsers stop at a missing field or a wrong type.
"""

import re
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

_ADDRESSES = ("url", "thumb_url")
_DIGITS = re.compile(r"\d{4}")


def _year(value: object) -> object:
    """Find the year in what linkers call one: 1999, "1999", "1999-03-31"."""
    found = _DIGITS.search(value) if isinstance(value, str) else None
    return int(found.group()) if found else value if isinstance(value, int) else None


def _names(value: object) -> object:
    if isinstance(value, str):
        return [value]
    return [] if value is None else list(value) if isinstance(value, tuple) else value


def _text(value: object) -> object:
    return "" if value is None else value


B = TypeVar("B", bound="_Body")

Year = Annotated[int | None, BeforeValidator(_year)]
Names = Annotated[list[str], BeforeValidator(_names)]
Text = Annotated[str, BeforeValidator(_text)]


class _Body(BaseModel):
    """The base of bodies, which are made from objects or from mappings."""

    model_config = ConfigDict(from_attributes=True, coerce_numbers_to_str=True, extra="ignore")


class InfoBody(_Body):
    """Who a linker is."""

    id: str
    name: str
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
    episodes: list[EpisodeBody]


class SourceBody(_Body):
    """An address that a player can open."""

    title: Text = ""
    url: str


class FindsBody(_Body):
    """What one linker found, or why it did not."""

    info: InfoBody
    results: list[SummaryBody] = []
    error: str | None = None


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


def placed(body: B, origin: str) -> B:
    """Return the same with addresses that begin with the server's where they are mere paths."""
    return body.model_copy(update={name: _placed(name, value, origin) for name, value in body})


def _placed(name: str, value: object, origin: str) -> object:
    if isinstance(value, list):
        return [_placed(name, each, origin) for each in value]
    if isinstance(value, _Body):
        return placed(value, origin)
    is_path = name in _ADDRESSES and isinstance(value, str) and value.startswith("/")
    return f"{origin}{value}" if is_path else value
