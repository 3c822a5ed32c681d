"""Tokens against those that Agora's own code made, and one that the original server handed out."""

import base64
import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunga_agora.access_token import BadToken, Grant, is_key, pack, parse, uid_of

VECTORS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("agora_007.json").read_text(encoding="utf-8")
)["vectors"]
CERTIFICATE = "fedcba9876543210fedcba9876543210"
GRANT = Grant("0123456789abcdef0123456789abcdef", "demo", 177670, 1_774_000_000, 86_400, 7)
HANDED_OUT = (
    "007eJxTYDg3hffiu11Ohd8yT2apcFZPOv99a2zG5za/C1UqxcJ71hcqMBgYGhmbmJqZW1gmJiWnpKah8y2OMWU3BDIyiLLVsTAy"
    "MDKwADGIzwQmmcEkC5hkZ8gwNjG2NDLiYjA0NbQ0NbQwN7cEALniJDo="
)

every_vector = pytest.mark.parametrize("vector", VECTORS, ids=[v["account"][:20] for v in VECTORS])


def granted(vector: dict[str, Any]) -> Grant:
    return Grant(
        app_id=vector["app_id"],
        channel=vector["channel"],
        uid=vector["uid"],
        issued_at_s=vector["issued_at"],
        expires_in_s=vector["expires_in"],
        salt=vector["salt"],
    )


def payload_of(token: str) -> bytes:
    return zlib.decompress(base64.b64decode(token.removeprefix("007")))


@every_vector
def test_what_is_signed_and_how_equals_agoras_own_byte_for_byte(vector: dict[str, Any]) -> None:
    token = pack(granted(vector), vector["app_certificate"])

    assert payload_of(token).hex() == vector["payload_hex"]


@every_vector
def test_a_token_equals_agoras_own(vector: dict[str, Any]) -> None:
    token = pack(granted(vector), vector["app_certificate"])

    if ".zlib-ng" in zlib.ZLIB_RUNTIME_VERSION:  # it compresses the same to other bytes
        assert payload_of(token) == payload_of(vector["token"])
    else:
        assert token == vector["token"]


@every_vector
def test_a_token_of_agoras_own_code_is_read(vector: dict[str, Any]) -> None:
    assert parse(vector["token"], vector["app_certificate"]) == granted(vector)


@every_vector
def test_an_account_gets_the_number_that_its_client_computes(vector: dict[str, Any]) -> None:
    assert uid_of(vector["account"]) == vector["uid"]


def test_a_token_that_the_original_server_handed_out_is_read() -> None:
    grant = parse(HANDED_OUT, CERTIFICATE)

    assert (grant.channel, grant.uid) == ("h343922", uid_of("user343922"))
    assert grant.expires_in_s == 24 * 60 * 60


def test_a_character_outside_the_basic_plane_counts_as_its_two_utf_16_units() -> None:
    high, low = 0xD83D, 0xDE00

    assert uid_of("😀") == ((5381 * 33 + high) * 33 + low) & 0x7FFFFFFF


@given(st.text())
def test_every_name_has_a_number_of_31_bits(name: str) -> None:
    assert 0 <= uid_of(name) < 2**31


@given(
    channel=st.text(max_size=200),
    uid=st.integers(0, 2**31 - 1),
    issued_at_s=st.integers(0, 2**32 - 1),
    salt=st.integers(0, 2**32 - 1),
)
def test_what_is_packed_is_read_back(channel: str, uid: int, issued_at_s: int, salt: int) -> None:
    grant = replace(GRANT, channel=channel, uid=uid, issued_at_s=issued_at_s, salt=salt)

    assert parse(pack(grant, CERTIFICATE), CERTIFICATE) == grant


def test_a_token_of_another_certificate_is_refused() -> None:
    with pytest.raises(BadToken, match="another certificate"):
        parse(pack(GRANT, "0" * 32), CERTIFICATE)


def test_a_token_that_was_changed_is_refused() -> None:
    forged = payload_of(pack(GRANT, CERTIFICATE)).replace(b"demo", b"ours")

    with pytest.raises(BadToken, match="another certificate"):
        parse("007" + base64.b64encode(zlib.compress(forged)).decode(), CERTIFICATE)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "006" + HANDED_OUT[3:],
        HANDED_OUT[:-20],
        "007not base64!",
        "007" + base64.b64encode(b"not compressed").decode(),
        "007" + base64.b64encode(zlib.compress(b"short")).decode(),
        "007" + base64.b64encode(zlib.compress(bytes(1 << 20))).decode(),
    ],
    ids=["empty", "old format", "cut off", "no base64", "no zlib", "too short", "too long"],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(BadToken):
        parse(token, CERTIFICATE)


@pytest.mark.parametrize(
    "text", ["", "abc", "g" * 32, "a" * 31, "a" * 33, "a" * 32 + "\n", "\u0661" * 32]
)
def test_only_32_hexadecimal_digits_are_a_key(text: str) -> None:
    assert not is_key(text)
    assert is_key("0123456789abcdefABCDEF0123456789")
