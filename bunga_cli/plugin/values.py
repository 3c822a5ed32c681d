"""What the objects of plugins return, field by field: checked, and copied, where it enters.

Type hints bind nobody at run time. A field of a wrong type, text that is no UTF-8 or a list without
an end would fail much later, in an answer to somebody who has nothing to do with the plugin.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar, get_args

from bunga_cli.plugin import pictures
from bunga_cli.plugin.providers import (
    Episode,
    Health,
    HealthState,
    LinkerInfo,
    MediaDetail,
    MediaSummary,
    MediaUrl,
    PluginFailure,
    Service,
    SignInCode,
    SignInProgress,
    SignInState,
    Source,
    Verdict,
)
from bunga_cli.plugin.strict_json import strict_json
from bunga_cli.plugin.texts import one_line

MAX_LINE = 300
MAX_FINDING = 1000
MAX_TEXT = 20_000
MAX_KEY = 2_000
MAX_URL = 8_000
MAX_ITEMS = 10_000
MAX_FACTS = 100
MAX_SERVICE_BYTES = 64 * 1024
MAX_SIGN_IN_KEY = 500
MAX_QR_CHARACTERS = 2_000
MAX_SIGN_IN_S = 86_400.0

_MAX_NUMBER = 2**53  # a player may read numbers as JavaScript does
_STATES = get_args(HealthState)
_PROGRESS = get_args(SignInProgress)
_NO_CONTROLS = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*")

_T = TypeVar("_T")


class WrongValue(PluginFailure):
    """Report that a plugin returned something else than it should."""


def of_type(expected: type[_T], value: object, who: str) -> _T:
    """Return `value`. Raises WrongValue if it is of another type; `who` returned it."""
    if not isinstance(value, expected):
        raise WrongValue(f"{who} returned {kind(value)}, not {expected.__name__}.")
    return value


def items(value: object, who: str) -> list[Any]:
    """Return the members of a list or tuple, the first of very many. Raises WrongValue."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise WrongValue(f"{who} returned {kind(value)}, not a list.")
    return list(islice(value, MAX_ITEMS))


def kind(value: object) -> str:
    """Return what a value is, for a sentence."""
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


class _Fields:
    """Reads the fields of what `who` returned. What is not as it must be raises WrongValue."""

    def __init__(self, expected: type, value: object, who: str) -> None:
        self._value: object = of_type(expected, value, who)
        self._what = f"{who} returned {expected.__name__}"

    def wrong(self, name: str, what: str) -> WrongValue:
        """Return what to raise: the field `name` is `what`."""
        return WrongValue(f"{self._what} with {name!r} {what}.")

    def get(self, name: str, expected: Any, *, maybe: bool = False) -> Any:  # noqa: ANN401
        """Return a field of this type, None if it is nothing and may be."""
        value = getattr(self._value, name)
        is_right = isinstance(value, expected) or (maybe and value is None)
        if not is_right or (expected is int and isinstance(value, bool)):
            raise self.wrong(name, f"that is {kind(value)}, not {expected.__name__}")
        return value

    def key(self, name: str) -> str:
        """Return a text that must stay as it is, because something is found by it."""
        key: str = self.get(name, str)
        if not key or len(key) > MAX_KEY or key != _utf8(key):
            raise self.wrong(name, "that is empty, too long, or no UTF-8")
        return key

    def url(self, name: str) -> str:
        """Return an address, or the beginning of one."""
        url: str = self.get(name, str)
        if not url or not _is_for_a_header(url):
            raise self.wrong(name, "that is empty, too long, or holds what no address does")
        return url

    def choice(self, name: str, choices: Sequence[str]) -> Any:  # noqa: ANN401  a Literal of theirs
        """Return one of the texts that there are."""
        value = self.get(name, str)
        if value not in choices:
            raise self.wrong(name, f"that is none of {', '.join(choices)}")
        return value

    def line(self, name: str) -> str:
        """Return a text for one line."""
        return one_line(self.get(name, str), MAX_LINE)

    def text(self, name: str) -> str:
        """Return a text for people."""
        return _utf8(self.get(name, str))

    def maybe_text(self, name: str) -> str | None:
        """Return a text for people, if there is one."""
        text = self.get(name, str, maybe=True)
        return None if text is None else _utf8(text)

    def maybe_number(self, name: str) -> int | None:
        """Return a whole number, if there is one."""
        number: int | None = self.get(name, int, maybe=True)
        if number is not None and abs(number) > _MAX_NUMBER:
            raise self.wrong(name, "that is a huge number")
        return number

    def texts(self, name: str) -> list[str]:
        """Return texts for people."""
        value = self.get(name, Sequence)
        texts = list(islice(value, MAX_ITEMS))
        if isinstance(value, str) or not all(isinstance(each, str) for each in texts):
            raise self.wrong(name, "that is no list of texts")
        return [_utf8(each) for each in texts]

    def facts(self, name: str) -> dict[str, str]:
        """Return texts by their names."""
        facts = dict(islice(self.get(name, Mapping).items(), MAX_FACTS))
        if not all(isinstance(each, str) for pair in facts.items() for each in pair):
            raise self.wrong(name, "that holds something else than text")
        return facts


def _utf8(text: str) -> str:
    return text[:MAX_TEXT].encode("utf-8", "replace").decode()


def _is_for_a_header(text: str) -> bool:
    return len(text) <= MAX_URL and _NO_CONTROLS.fullmatch(text) is not None


# -- services ---------------------------------------------------------------------------------


def service(value: object, key: str) -> Service | None:
    """Return what the provider of a service issued, its value strict JSON. Raises WrongValue."""
    if value is None:
        return None
    fields = _Fields(Service, value, f"The service {key}")
    expires_at: datetime | None = fields.get("expires_at", datetime, maybe=True)
    if expires_at is not None and expires_at.utcoffset() is None:
        raise WrongValue(f"The service {key} expires at a time without a zone.")
    issued = fields.get("value", object)
    if not isinstance(issued, Mapping):
        raise WrongValue("What it issued is no JSON object.")
    try:
        issued = strict_json(issued, MAX_SERVICE_BYTES)
    except ValueError as error:
        raise WrongValue(f"What it issued is no JSON for players: it holds {error}.") from error
    return Service(issued, expires_at, fields.get("per_account", bool))


# -- media ------------------------------------------------------------------------------------


def linker_info(value: object, who: str) -> LinkerInfo:
    """Return who a linker is. Raises WrongValue."""
    fields = _Fields(LinkerInfo, value, who)
    linker_id, name = fields.line("id"), fields.line("name")
    if not linker_id:
        raise WrongValue(f"{who} has an empty id; give it one, by which players name it.")
    return LinkerInfo(linker_id, name or linker_id, fields.text("url"))


def summary(value: object, who: str) -> MediaSummary:
    """Return one find. Raises WrongValue."""
    fields = _Fields(MediaSummary, value, who)
    return MediaSummary(
        key=fields.key("key"),
        title=fields.text("title"),
        thumb_url=fields.maybe_text("thumb_url"),
        year=fields.maybe_number("year"),
        country=fields.maybe_text("country"),
    )


def detail(value: object, who: str) -> MediaDetail:
    """Return a media with its episodes. Raises WrongValue."""
    fields = _Fields(MediaDetail, value, who)
    episodes = items(fields.get("episodes", object), who)
    return MediaDetail(
        origin=fields.text("origin"),
        title=fields.text("title"),
        thumb_url=fields.maybe_text("thumb_url"),
        year=fields.maybe_number("year"),
        country=fields.maybe_text("country"),
        aka=fields.maybe_text("aka"),
        director=fields.texts("director"),
        cast=fields.texts("cast"),
        genres=fields.texts("genres"),
        summary=fields.maybe_text("summary"),
        episodes=[_episode(each, who) for each in episodes],
    )


def _episode(value: object, who: str) -> Episode:
    fields = _Fields(Episode, value, who)
    return Episode(fields.key("id"), fields.text("title"), fields.maybe_text("thumb_url"))


def source(value: object, who: str) -> Source:
    """Return where an episode is. Raises WrongValue."""
    fields = _Fields(Source, value, who)
    return Source(fields.text("title"), fields.url("url"))


def media_urls(value: object, who: str) -> list[MediaUrl] | None:
    """Return what a resolver answered. Raises WrongValue."""
    return None if value is None else all_of(_media_url, value, who)


def _media_url(value: object, who: str) -> MediaUrl:
    fields = _Fields(MediaUrl, value, who)
    headers = fields.facts("headers")
    if not all(_is_for_a_header(each) for pair in headers.items() for each in pair):
        raise fields.wrong("headers", "that no request can have")
    return MediaUrl(fields.url("url"), headers, fields.maybe_text("mime"))


def all_of(read: Callable[[object, str], _T], value: object, who: str) -> list[_T]:
    """Return all members of a list, each read by `read`. Raises WrongValue."""
    return [read(each, who) for each in items(value, who)]


# -- rooms and health -------------------------------------------------------------------------


def verdict(value: object, who: str) -> Verdict | None:
    """Return what a plugin says to an action. Raises WrongValue."""
    if value is None:
        return None
    fields = _Fields(Verdict, value, who)
    return Verdict(fields.get("allowed", bool), fields.line("reason"))


def health(value: object, who: str) -> Health:
    """Return what a check said. Raises WrongValue."""
    fields = _Fields(Health, value, who)
    state: HealthState = fields.choice("state", _STATES)
    facts = fields.facts("details").items()
    details = {one_line(name): one_line(text, MAX_LINE) for name, text in facts}
    text = one_line(fields.get("text", str), MAX_FINDING)
    picture = fields.get("picture", object)
    if picture == "":
        return Health(state, text, details)
    try:
        return Health(state, text, details, pictures.verified(picture))
    except pictures.NoPicture as error:
        return Health(state, text, {**details, "picture": f"It is left out: {error}."})


# -- signing in -------------------------------------------------------------------------------


def sign_in_code(value: object, who: str) -> SignInCode:
    """Return a sign-in that has begun. Raises WrongValue."""
    fields = _Fields(SignInCode, value, who)
    key, url, expires_s = fields.key("key"), fields.url("url"), fields.get("expires_s", object)
    if len(key) > MAX_SIGN_IN_KEY:
        raise fields.wrong("key", "that is too long")
    if len(url.encode()) > MAX_QR_CHARACTERS:
        raise fields.wrong("url", "that is too long for a QR code")
    if not isinstance(expires_s, int | float) or not 0 < expires_s <= MAX_SIGN_IN_S:
        raise fields.wrong("expires_s", "that is no number of seconds, a day at most")
    return SignInCode(key, url, float(expires_s))


def sign_in_state(value: object, who: str) -> SignInState:
    """Return how far a sign-in is. Raises WrongValue."""
    fields = _Fields(SignInState, value, who)
    state: SignInProgress = fields.choice("state", _PROGRESS)
    return SignInState(state, one_line(fields.get("text", str), MAX_FINDING))
