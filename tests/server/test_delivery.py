import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from bunga_cli.server.delivery import PING, text_frame


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536, 1_000_000])
def test_a_client_reads_the_text_that_was_framed(length: int) -> None:
    client = ClientProtocol(parse_uri("ws://example"), state=State.OPEN)

    client.receive_data(text_frame(b"x" * length))

    assert client.events_received() == [Frame(Opcode.TEXT, b"x" * length)]


def test_a_ping_is_empty() -> None:
    client = ClientProtocol(parse_uri("ws://example"), state=State.OPEN)

    client.receive_data(PING)

    assert client.events_received() == [Frame(Opcode.PING, b"")]
