"""What the objects of plugins return is checked, and copied, where it enters."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any, overload

import pytest

from bunga_cli.clock import utc_now
from bunga_cli.plugin import (
    Episode,
    Health,
    LinkerInfo,
    MediaDetail,
    MediaSummary,
    MediaUrl,
    Record,
    Service,
    SignInCode,
    SignInState,
    Source,
)
from bunga_cli.plugin.pictures import as_data
from bunga_cli.plugin.provided import RESERVED_KEYS, providers
from bunga_cli.plugin.values import MAX_ITEMS, WrongValue
from tests.plugin.kit import ANN, LOBBY

RECORD = Record("r", "A film", None, "x", "/a")
INFO = LinkerInfo("shelf", "The shelf", "")
FOUND = MediaSummary("k", "A film", year=1999)
FILM = MediaDetail("http://a", "A film", episodes=[Episode("1", "One")])


def answering(answer: object, **attributes: object) -> Any:
    """Return a provider of any kind, all of whose methods answer this."""

    async def answered(*_arguments: object) -> object:
        return answer

    found = ("issue", "search", "detail", "sources", "resolve", "check")
    methods = (*found, "begin", "poll", "sign_out")
    facts = {"key": "x", "name": "x", "info": INFO, "title": "X", "per_channel": True}
    return SimpleNamespace(**{**facts, **dict.fromkeys(methods, answered), **attributes})


async def issued(value: object) -> Service | None:
    [service] = providers("bunga_services", [answering(value)])
    found: Service | None = await service.issue(LOBBY, ANN)
    return found


async def linked(method: str, value: object) -> Any:
    [linker] = providers("bunga_linkers", [answering(value)])
    arguments = {"search": ["film"], "detail": ["k"], "sources": ["k", "1"]}
    return await getattr(linker, method)(*arguments[method])


async def resolved(value: object) -> list[MediaUrl] | None:
    [resolver] = providers("bunga_media_resolvers", [answering(value)])
    urls: list[MediaUrl] | None = await resolver.resolve(LOBBY, RECORD)
    return urls


async def finding(value: object) -> Health:
    [check] = providers("bunga_health_checks", [answering(value, name="a check")])
    health: Health = await check.check()
    return health


# -- services ---------------------------------------------------------------------------------


async def test_a_service_is_issued_as_it_is() -> None:
    service = Service({"a": [1, None]}, utc_now(), per_account=False)
    assert await issued(service) == service
    assert await issued(None) is None


async def test_what_was_issued_does_not_change_any_more() -> None:
    value: dict[str, object] = {"a": 1}
    service = await issued(Service(value))
    value["a"] = object()
    assert service == Service({"a": 1})


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (5, "The service x returned a value of type int, not Service."),
        (Service({"a": object()}), "it holds a value of type object."),
        (Service({1: 2}), "it holds a name of type int."),  # type: ignore[dict-item]
        (Service({"a": "\ud800"}), "it holds text that is no UTF-8."),
        (Service({"a": float("inf")}), "it holds a number that is not finite."),
        (Service({"a": "x" * 70_000}), "it holds more than 64 KiB."),
        (Service([1]), "What it issued is no JSON object."),  # type: ignore[arg-type]
        (Service({}, "soon"), "'expires_at' that is a value of type str, not datetime."),  # type: ignore[arg-type]
        (Service({}, datetime(2100, 1, 1)), "expires at a time without a zone."),  # noqa: DTZ001
        (Service({}, per_account="no"), "'per_account' that is a value of type str, not bool."),  # type: ignore[arg-type]
    ],
)
async def test_a_service_that_no_player_could_read_is_refused(value: object, why: str) -> None:
    with pytest.raises(WrongValue) as raised:
        await issued(value)
    assert str(raised.value).endswith(why)


@pytest.mark.parametrize(
    "key", [*sorted(RESERVED_KEYS), "", "a b", "1st", "ä", "x" * 65, "a\n", 5, None]
)
def test_a_key_that_no_service_can_have_is_refused(key: object) -> None:
    with pytest.raises(WrongValue, match="bunga_services"):
        providers("bunga_services", [answering(None, key=key)])


@pytest.mark.parametrize("key", ["voice_call", "myService", "my-service2"])
def test_a_key_is_a_name_as_programs_have_them(key: str) -> None:
    [service] = providers("bunga_services", [answering(None, key=key)])
    assert service.key == key


def test_a_key_is_read_once() -> None:
    class Fickle:
        times = 0

        @property
        def key(self) -> str:
            self.times += 1
            return "x" if self.times == 1 else ""

        async def issue(self, _channel: object, _account: object) -> None:
            """Issue nothing."""

    [service] = providers("bunga_services", [Fickle()])
    assert [service.key for _ in range(3)] == ["x"] * 3


def test_a_property_that_fails_is_one_that_is_not_there() -> None:
    class Broken:
        @property
        def key(self) -> str:
            raise RuntimeError("no luck")

    with pytest.raises(WrongValue, match="bunga_services: A Broken has no 'key'"):
        providers("bunga_services", [Broken()])


# -- linkers ----------------------------------------------------------------------------------


async def test_what_a_linker_finds_is_passed_on() -> None:
    assert await linked("search", (FOUND,)) == [FOUND]
    assert await linked("detail", FILM) == replace(FILM, director=[], cast=[], genres=[])
    assert await linked("sources", [Source("HD", "/a")]) == [Source("HD", "/a")]


async def test_text_for_people_is_made_readable() -> None:
    odd = replace(FOUND, title="\ud800" + "x" * 30_000, country="\udcff")
    [found] = await linked("search", [odd])
    assert (len(found.title), found.title[:2], found.country) == (20_000, "?x", "?")


@pytest.mark.parametrize(
    ("method", "value", "why"),
    [
        ("search", None, "The linker shelf returned nothing, not a list."),
        ("search", "text", "The linker shelf returned a value of type str, not a list."),
        ("search", iter([FOUND]), "a value of type list_iterator, not a list."),
        ("search", [5], "The linker shelf returned a value of type int, not MediaSummary."),
        ("search", [replace(FOUND, key="")], "with 'key' that is empty, too long, or no UTF-8."),
        ("search", [replace(FOUND, key="\ud800")], "'key' that is empty, too long, or no UTF-8."),
        ("search", [replace(FOUND, title=None)], "'title' that is nothing, not str."),  # type: ignore[arg-type]
        ("search", [replace(FOUND, year="1999")], "'year' that is a value of type str, not int."),  # type: ignore[arg-type]
        ("search", [replace(FOUND, year=True)], "'year' that is a value of type bool, not int."),
        ("search", [replace(FOUND, year=10**30)], "'year' that is a huge number."),
        ("detail", None, "The linker shelf returned nothing, not MediaDetail."),
        ("detail", replace(FILM, cast="Ann"), "with 'cast' that is no list of texts."),
        ("detail", replace(FILM, cast=[5]), "with 'cast' that is no list of texts."),  # type: ignore[list-item]
        ("detail", replace(FILM, cast=None), "'cast' that is nothing, not Sequence."),  # type: ignore[arg-type]
        ("detail", replace(FILM, episodes=[5]), "a value of type int, not Episode."),  # type: ignore[list-item]
        ("detail", replace(FILM, episodes=None), "returned nothing, not a list."),  # type: ignore[arg-type]
        ("sources", [Source("HD", "")], "'url' that is empty, too long, or holds what no address"),
        ("sources", [Source("HD", "http://a\n/b")], "'url' that is empty, too long, or holds what"),
        ("sources", [Source(5, "/a")], "'title' that is a value of type int, not str."),  # type: ignore[arg-type]
    ],
)
async def test_a_wrong_find_is_refused(method: str, value: object, why: str) -> None:
    with pytest.raises(WrongValue) as raised:
        await linked(method, value)
    assert why in str(raised.value)


async def test_of_a_list_without_end_there_is_a_beginning() -> None:
    class Endless(Sequence[MediaSummary]):
        @overload
        def __getitem__(self, index: int) -> MediaSummary: ...
        @overload
        def __getitem__(self, index: slice) -> Sequence[MediaSummary]: ...
        def __getitem__(self, index: int | slice) -> Any:
            return FOUND

        def __len__(self) -> int:
            return 1

        def __iter__(self) -> Iterator[MediaSummary]:
            while True:
                yield FOUND

    assert len(await linked("search", Endless())) == MAX_ITEMS


@pytest.mark.parametrize(
    "info",
    [None, "shelf", LinkerInfo(5, "A", ""), LinkerInfo("a", None, ""), LinkerInfo(" ", "A", "")],  # type: ignore[arg-type]
)
def test_a_linker_must_say_who_it_is(info: object) -> None:
    with pytest.raises(WrongValue, match="bunga_linkers"):
        providers("bunga_linkers", [answering(None, info=info)])


def test_a_linker_is_known_by_a_line_of_text() -> None:
    info = LinkerInfo("a\nb", "\x1b[31m" + "x" * 1000, "http://a")
    [linker] = providers("bunga_linkers", [answering(None, info=info)])
    assert (linker.info.id, len(linker.info.name)) == ("a b", 300)
    assert linker.info.name.isprintable()
    [nameless] = providers("bunga_linkers", [answering(None, info=LinkerInfo("a", "", ""))])
    assert nameless.info.name == "a"


@pytest.mark.parametrize("linker_id", ["", " ", "\n\t"])
def test_a_linker_with_an_empty_id_is_told_to_have_one(linker_id: str) -> None:
    linker = answering(None, info=LinkerInfo(linker_id, "The shelf", ""))
    with pytest.raises(WrongValue) as raised:
        providers("bunga_linkers", [linker])
    reason = "A SimpleNamespace has an empty id; give it one, by which players name it."
    assert str(raised.value) == f"bunga_linkers: {reason}"


# -- resolvers --------------------------------------------------------------------------------


async def test_an_address_is_passed_on() -> None:
    url = MediaUrl("http://a/b", {"Cookie": "a=b"}, "video/mp4")
    assert await resolved((url,)) == [url]
    assert await resolved(None) is None


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("http://a", "A resolver returned a value of type str, not a list."),
        (["http://a"], "A resolver returned a value of type str, not MediaUrl."),
        ([MediaUrl(5)], "with 'url' that is a value of type int, not str."),  # type: ignore[arg-type]
        ([MediaUrl("\ud800")], "with 'url' that is empty, too long, or holds what no address does"),
        ([MediaUrl("/", {"a": 1})], "with 'headers' that holds something else than text."),  # type: ignore[dict-item]
        ([MediaUrl("/", {"a": "b\r\nc: d"})], "with 'headers' that no request can have."),
        ([MediaUrl("/", None)], "with 'headers' that is nothing, not Mapping."),  # type: ignore[arg-type]
        ([MediaUrl("/", mime=[])], "with 'mime' that is a value of type list, not str."),  # type: ignore[arg-type]
    ],
)
async def test_a_wrong_address_is_refused(value: object, why: str) -> None:
    with pytest.raises(WrongValue) as raised:
        await resolved(value)
    assert why in str(raised.value)


# -- health -----------------------------------------------------------------------------------


async def test_what_a_check_says_can_be_shown() -> None:
    details = {"a\nb": "\x1b[31m", **{str(number): "x" * 1000 for number in range(200)}}
    health = await finding(Health("ok", "It\nworks. " + "x" * 2000, details))
    assert health.text.startswith("It works. x")
    shown = [health.text, *health.details, *health.details.values()]
    assert all(map(str.isprintable, shown))
    assert (len(health.details), len(health.text), max(map(len, shown[1:]))) == (100, 1000, 300)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "The check 'a check' returned nothing, not Health."),
        (Health("purple", ""), "'state' that is none of ok, warning, failure, off."),  # type: ignore[arg-type]
        (Health(5, ""), "'state' that is a value of type int, not str."),  # type: ignore[arg-type]
        (Health("ok", 5), "'text' that is a value of type int, not str."),  # type: ignore[arg-type]
        (Health("ok", "", {"films": 5}), "'details' that holds something else than text."),  # type: ignore[dict-item]
        (Health("ok", "", [1]), "'details' that is a value of type list, not Mapping."),  # type: ignore[arg-type]
    ],
)
async def test_a_wrong_finding_is_refused(value: object, why: str) -> None:
    with pytest.raises(WrongValue) as raised:
        await finding(value)
    assert why in str(raised.value)


PNG = as_data(b"\x89PNG\r\n\x1a\n and so on")


async def test_a_picture_is_shown_with_what_a_check_says() -> None:
    health = Health("ok", "It works.", {"a": "b"}, PNG)
    assert await finding(health) == health


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        (5, "it is no text"),
        (None, "it is no text"),
        ("https://films.test/logo.png", "it is not of the form data:image/…;base64,…"),
        (PNG.replace("png", "svg+xml"), "it is not of the form data:image/…;base64,…"),
        (f'{PNG}" onload="x', "it is not of the form data:image/…;base64,…"),
        (f"{PNG}\n", "it is not of the form data:image/…;base64,…"),
        ("data:image/png;base64,", "it is not of the form data:image/…;base64,…"),
        ("data:image/png;base64,A", "it is no base64"),
        ("data:image/png;base64,AAAA", "it is neither PNG nor JPEG, GIF or WebP"),
        (PNG.replace("png", "gif"), "it is no image/gif"),
        (PNG + "A" * 90_000, "it has more than 64 KiB"),
    ],
)
async def test_what_is_no_small_picture_is_left_out_and_the_details_say_why(
    picture: Any, why: str
) -> None:
    health = await finding(Health("ok", "It works.", {"a": "b"}, picture))
    assert (health.state, health.text, health.picture) == ("ok", "It works.", "")
    assert health.details == {"a": "b", "picture": f"It is left out: {why}."}


# -- signing in -------------------------------------------------------------------------------

CODE = SignInCode("k", "https://service.test/scan?k", 180)


async def signed_in(method: str, value: object) -> Any:
    [sign_in] = providers("bunga_sign_ins", [answering(value)])
    return await getattr(sign_in, method)(LOBBY, *(["k"] if method == "poll" else []))


async def test_a_code_and_its_state_are_passed_on() -> None:
    assert await signed_in("begin", CODE) == CODE
    state = SignInState("scanned", "Confirm\nit.")
    assert await signed_in("poll", state) == SignInState("scanned", "Confirm it.")
    assert await signed_in("sign_out", "whatever") is None


@pytest.mark.parametrize(
    ("method", "value", "why"),
    [
        ("begin", None, "The sign-in x returned nothing, not SignInCode."),
        ("begin", replace(CODE, key=""), "with 'key' that is empty, too long, or no UTF-8."),
        ("begin", replace(CODE, key="x" * 501), "with 'key' that is too long."),
        ("begin", replace(CODE, url=""), "'url' that is empty, too long, or holds what"),
        ("begin", replace(CODE, url="https://a\n"), "'url' that is empty, too long, or holds"),
        ("begin", replace(CODE, url="x" * 2001), "with 'url' that is too long for a QR code."),
        ("begin", replace(CODE, url="影" * 700), "with 'url' that is too long for a QR code."),
        ("begin", replace(CODE, expires_s="180"), "'expires_s' that is no number of seconds"),  # type: ignore[arg-type]
        ("begin", replace(CODE, expires_s=0), "'expires_s' that is no number of seconds"),
        ("begin", replace(CODE, expires_s=float("nan")), "'expires_s' that is no number of sec"),
        ("begin", replace(CODE, expires_s=10**400), "'expires_s' that is no number of seconds"),
        ("poll", None, "The sign-in x returned nothing, not SignInState."),
        ("poll", SignInState("gone"), "'state' that is none of waiting, scanned, done, expired."),  # type: ignore[arg-type]
        ("poll", SignInState("done", 5), "'text' that is a value of type int, not str."),  # type: ignore[arg-type]
    ],
)
async def test_what_no_console_could_show_is_refused(method: str, value: object, why: str) -> None:
    with pytest.raises(WrongValue) as raised:
        await signed_in(method, value)
    assert why in str(raised.value)


@pytest.mark.parametrize("name", ["", "a b", "1st", "../x", 5, None])
def test_a_name_that_no_address_could_have_is_refused(name: object) -> None:
    with pytest.raises(WrongValue, match="bunga_sign_ins"):
        providers("bunga_sign_ins", [answering(None, name=name)])


def test_two_sign_ins_with_one_name_are_refused() -> None:
    with pytest.raises(WrongValue, match="bunga_sign_ins: There are 2 sign-ins with the name 'x'"):
        providers("bunga_sign_ins", [answering(None), answering(None)])


def test_a_sign_in_without_a_title_goes_by_its_name() -> None:
    [sign_in] = providers("bunga_sign_ins", [answering(None, title=" ")])
    assert (sign_in.title, sign_in.per_channel) == ("x", True)


# -- all of them ------------------------------------------------------------------------------

KINDS = {
    "bunga_services": "issue",
    "bunga_linkers": "sources",
    "bunga_media_resolvers": "resolve",
    "bunga_sign_ins": "sign_out",
    "bunga_health_checks": "check",
}


@pytest.mark.parametrize(("hook", "method"), KINDS.items())
@pytest.mark.parametrize("wrong", [None, 5, lambda: None])
def test_a_method_that_is_missing_or_not_asynchronous_is_named(
    hook: str, method: str, wrong: object
) -> None:
    with pytest.raises(WrongValue, match=rf"{hook}: A .* has a '{method}' that is no asynch"):
        providers(hook, [answering(None, **{method: wrong})])


@pytest.mark.parametrize("hook", KINDS)
@pytest.mark.parametrize("value", [None, 5, "text", b"", {"a": 1}, iter(())])
def test_what_is_no_list_of_providers_is_refused(hook: str, value: object) -> None:
    with pytest.raises(WrongValue, match=f"{hook} returned .*, not a list"):
        providers(hook, value)
