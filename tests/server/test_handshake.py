import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunga_cli.server.handshake import Ticket, shake_hands
from tests.server.wire_kit import request_head


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("path", ["/chat", "/chat/"])
def test_token_and_channel_come_from_the_query(path: str) -> None:
    answer, ticket = shake_hands(request_head(f"{path}?token=a.b&channel_id=caf%C3%A9%2F1"), ())

    assert status(answer) == 101
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer
    assert ticket == Ticket("a.b", "café/1", None)


def test_what_is_missing_in_the_query_is_none() -> None:
    assert shake_hands(request_head("/chat/?token="), ())[1] == Ticket(None, None, None)


@pytest.mark.parametrize("target", ["/", "/chats", "/chat/x", "//chat/", "http://host/chat/", "*"])
def test_any_other_path_is_not_found(target: str) -> None:
    answer, ticket = shake_hands(request_head(target), ())

    assert (status(answer), ticket) == (404, None)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ((b"GET ", b"POST "), 405),
        ((b"Version: 13", b"Version: 8"), 400),
        ((b"Sec-WebSocket-Version: 13\r\n", b""), 400),
        ((b"dGhlIHNhbXBsZSBub25jZQ==", b"short"), 400),
        ((b"dGhlIHNhbXBsZSBub25jZQ==", b"\xff\xfe"), 400),
        ((b"Upgrade: websocket", b"Upgrade: h2c"), 426),
        ((b"Connection: Upgrade", b"Connection: close"), 426),
        ((b"Connection: Upgrade", b"Connection: \x01"), 400),
        ((b"/chat/", b"/ch\xfft/"), 400),
        ((b"Host: example", b"Host: " + b"x" * 9000), 431),
        ((b"/chat/", b"/chat/?" + b"x" * 9000), 414),
        ((b"Host: example", b"Content-Length: 5"), 400),
        ((b"Host: example", b"Transfer-Encoding: chunked"), 400),
    ],
)
def test_a_handshake_that_breaks_the_rules_is_refused(
    change: tuple[bytes, bytes], expected: int
) -> None:
    answer, ticket = shake_hands(request_head().replace(*change), ())

    assert (status(answer), ticket) == (expected, None)


def test_compression_is_not_agreed_to() -> None:
    head = request_head("/chat/", "Sec-WebSocket-Extensions: permessage-deflate")

    assert b"Extensions" not in shake_hands(head, ())[0]


@pytest.mark.parametrize(
    ("ours", "offered", "agreed"),
    [
        ((), "bunga.v2", None),
        (("bunga.v2",), "other, bunga.v2", "bunga.v2"),
        (("bunga.v2",), "other", None),
        (("bunga.v3", "bunga.v2"), "bunga.v2, bunga.v3", "bunga.v3"),
    ],
)
def test_the_first_of_our_subprotocols_that_is_offered_is_agreed_to(
    ours: tuple[str, ...], offered: str, agreed: str | None
) -> None:
    answer, ticket = shake_hands(request_head("/chat/", f"Sec-WebSocket-Protocol: {offered}"), ours)

    assert ticket is not None
    assert ticket.subprotocol == agreed
    assert (b"Sec-WebSocket-Protocol" in answer) == (agreed is not None)


def test_a_peer_that_offers_no_subprotocol_may_come_in() -> None:
    assert shake_hands(request_head(), ("bunga.v2",))[1] == Ticket("t", "lobby", None)


def test_a_server_that_is_ending_lets_nobody_in() -> None:
    answer, ticket = shake_hands(request_head(), (), draining=True)

    assert (status(answer), ticket) == (503, None)


@given(st.text(st.characters(codec="latin-1", exclude_characters="\r\n")))
def test_no_query_and_no_header_breaks_the_server(text: str) -> None:
    for head in (request_head(f"/chat/?{text}"), request_head("/chat/", f"Origin: {text}")):
        answer, ticket = shake_hands(head.decode().encode("latin-1"), ())

        assert (status(answer) == 101) == (ticket is not None)
