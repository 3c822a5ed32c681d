import pytest
from starlette.requests import Request

from bunga_cli.web.languages import language_of


def _request(accept: str = "", cookie: str = "") -> Request:
    headers = [(b"accept-language", accept.encode()), (b"cookie", cookie.encode())]
    return Request({"type": "http", "headers": headers, "query_string": b""})


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-Hant-TW", "zh"),
        ("en-GB,en;q=0.9", "en"),
        ("en;q=0.4,zh;q=0.8", "zh"),
        ("de-DE,de;q=0.9", "en"),
        ("de,zh;q=0.5", "zh"),
        ("zh;q=0,en", "en"),
        ("zh;q=x", "en"),
        (";;,,;q=,", "en"),
        ("../../etc/passwd", "en"),
        ("*", "en"),
    ],
)
def test_the_language_is_the_browsers(accept: str, language: str) -> None:
    assert language_of(_request(accept)) == language


def test_what_was_chosen_comes_before_the_browser() -> None:
    assert language_of(_request("en", "bunga_language=zh")) == "zh"
    assert language_of(_request("zh", "bunga_language=en")) == "en"


def test_a_language_that_there_is_not_is_not_chosen() -> None:
    assert language_of(_request("zh", "bunga_language=../x")) == "zh"
