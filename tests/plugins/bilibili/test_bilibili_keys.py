"""The pure parts: signing keys, the page that renews, the values of cookies."""

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import SecretStr, ValidationError

from bunga_bilibili.correspond import BILIBILI_KEY, correspond_path, refresh_csrf_in
from bunga_bilibili.settings import ChannelSettings, SiteSettings
from bunga_bilibili.wbi import key_in, mixin_key
from tests.plugins.bilibili.standin import (
    IMG_KEY,
    MIXIN_KEY,
    OAEP,
    PRIVATE_KEY,
    PUBLIC_KEY,
    SUB_KEY,
    WBI,
)


def test_the_mixin_key_is_the_one_of_the_published_example() -> None:
    assert mixin_key(IMG_KEY, SUB_KEY) == MIXIN_KEY


def test_a_signing_key_is_the_name_of_a_picture() -> None:
    assert key_in(WBI["img_url"]) == IMG_KEY


@pytest.mark.parametrize(
    ("img_key", "sub_key"), [("", ""), (IMG_KEY, ""), (IMG_KEY, SUB_KEY + "0")]
)
def test_keys_of_another_length_are_refused(img_key: str, sub_key: str) -> None:
    with pytest.raises(ValueError, match="not of the known form"):
        mixin_key(img_key, sub_key)


def test_the_page_is_found_under_the_encrypted_time_in_lower_case_hexadecimal() -> None:
    path = correspond_path(1_684_468_084_078, PUBLIC_KEY)

    assert PRIVATE_KEY.decrypt(bytes.fromhex(path), OAEP) == b"refresh_1684468084078"
    assert path == path.lower()


def test_the_time_is_encrypted_with_bilibilis_own_key() -> None:
    key = load_pem_public_key(BILIBILI_KEY.encode())

    assert isinstance(key, RSAPublicKey)
    assert len(correspond_path(1_684_468_084_078)) == key.key_size // 4


@pytest.mark.parametrize(
    ("page", "token"),
    [
        (
            '<div id="1-name">b0cc8411ded2f9db</div>',
            "b0cc8411ded2f9db",
        ),
        ("<div id='1-name'>\n b0cc \n</div>", "b0cc"),
        ("<div id=1-name>b0cc</div>", "b0cc"),
        ('<div id="2-name">b0cc</div>', None),
        ("<title>出错啦!</title>", None),
    ],
)
def test_the_page_carries_its_token_in_one_element(page: str, token: str | None) -> None:
    assert refresh_csrf_in(page) == token


@pytest.mark.parametrize("value", ["a b", "a;b", 'a"b', "a\r\nX: y", "é", "a\\b"])
def test_a_value_that_would_break_the_header_cannot_be_set(value: str) -> None:
    with pytest.raises(ValidationError, match="must be the value of a cookie"):
        ChannelSettings(sess=SecretStr(value))


def test_cookies_are_not_shown_where_settings_are_printed() -> None:
    assert "s3cret" not in repr(ChannelSettings(sess=SecretStr("s3cret")))


def test_addresses_may_end_in_a_slash_and_must_be_of_the_web() -> None:
    assert SiteSettings(api_url="http://127.0.0.1:1/").api_url == "http://127.0.0.1:1"
    with pytest.raises(ValidationError, match="must begin with"):
        SiteSettings(api_url="ftp://example.org")
