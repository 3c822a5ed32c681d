"""Small pictures: what is one, and how they are fetched and kept."""

from typing import Any

import pytest

from bunga_cli.plugin import HttpFailure, Response, SmallPictures
from bunga_cli.plugin.pictures import (
    FAILURE_LIFETIME_S,
    LIFETIME_S,
    MAX_BYTES,
    MAX_KEPT,
    NoPicture,
    as_data,
    verified,
)

BEGINNINGS = {
    "png": b"\x89PNG\r\n\x1a\n",
    "jpeg": b"\xff\xd8\xff\xe0",
    "gif": b"GIF89a",
    "webp": b"RIFF\n\0\0\0WEBPVP8 ",
}
PNG = BEGINNINGS["png"] + b" and so on"


@pytest.mark.parametrize("kind", BEGINNINGS)
@pytest.mark.parametrize("length", [0, 1, 2, MAX_BYTES - 20])
def test_a_picture_is_known_by_its_first_bytes(kind: str, length: int) -> None:
    made = as_data(BEGINNINGS[kind] + b"x" * length)
    assert made.startswith(f"data:image/{kind};base64,")
    assert verified(made) == made


def test_a_picture_of_exactly_64_kib_is_small() -> None:
    made = as_data(PNG.ljust(MAX_BYTES, b"x"))
    assert verified(made) == made
    with pytest.raises(NoPicture, match="more than 64 KiB"):
        as_data(PNG.ljust(MAX_BYTES + 1, b"x"))


@pytest.mark.parametrize(
    "content", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<!doctype html>", b" GIF89a"]
)
def test_what_is_none_of_the_four_kinds_is_no_picture(content: bytes) -> None:
    with pytest.raises(NoPicture, match="neither PNG nor JPEG, GIF or WebP"):
        as_data(content)


class Client:
    """A client of a server that answers what the test wants."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []
        self.answer: Response | HttpFailure = Response("", 200, {}, PNG)

    async def get(self, url: str, **options: Any) -> Response:
        self.asked.append((url, options["trusted"]))
        if isinstance(self.answer, HttpFailure):
            raise self.answer
        return self.answer


class Clock:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pictures(client: Client, clock: Clock) -> SmallPictures:
    return SmallPictures(client, clock)  # type: ignore[arg-type]


async def test_a_picture_is_fetched_once_an_hour(
    pictures: SmallPictures, client: Client, clock: Clock
) -> None:
    for _ in range(3):
        assert await pictures.at("https://a/b") == as_data(PNG)
    assert client.asked == [("https://a/b", False)]
    clock.now_s += LIFETIME_S
    await pictures.at("https://a/b", trusted=True)
    assert client.asked[1:] == [("https://a/b", True)]


@pytest.mark.parametrize(
    "answer",
    [
        Response("", 404, {}, PNG),
        Response("", 200, {"content-type": "image/png"}, b"<svg/>"),
        HttpFailure("The server is down."),
    ],
)
async def test_what_is_no_picture_is_tried_again_after_a_minute(
    pictures: SmallPictures, client: Client, clock: Clock, answer: Response | HttpFailure
) -> None:
    client.answer = answer
    assert [await pictures.at("https://a/b") for _ in range(2)] == ["", ""]
    assert len(client.asked) == 1
    client.answer = Response("", 200, {}, PNG)
    clock.now_s += FAILURE_LIFETIME_S
    assert await pictures.at("https://a/b") == as_data(PNG)


async def test_not_more_than_a_few_pictures_are_kept(
    pictures: SmallPictures, client: Client
) -> None:
    for number in range(MAX_KEPT + 1):
        await pictures.at(f"https://a/{number}")
    await pictures.at(f"https://a/{MAX_KEPT}")
    assert len(client.asked) == MAX_KEPT + 1
    await pictures.at("https://a/0")
    assert len(client.asked) == MAX_KEPT + 2
