"""The fast path and the `websockets` library alone have to behave alike, byte for byte."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunga_cli.server.delivery import text_frame
from bunga_cli.server.stream import Stream
from tests.server.wire_kit import (
    BINARY,
    CLOSE,
    MASK,
    PING,
    PONG,
    TEXT,
    client_frame,
    close_payload,
    masked,
)

CONT = 0x0
MAX_BYTES = 65536


class PureStream(Stream):
    """A stream without framing of ours: the library gets every byte, one at a time."""

    def receive(self, data: bytes) -> Iterator[bytes]:
        library = self._library = self._library or self._make_library()
        for i in range(len(data)):
            if self.is_ended:
                return
            payload = self._feed(library, data[i : i + 1])
            if payload is not None and self._is_utf8(payload):
                yield payload


class Outcome(NamedTuple):
    """All that a peer and the application can observe."""

    messages: list[bytes]
    answered: bytes
    is_open: bool
    is_ended: bool

    @property
    def close_code(self) -> int | None:
        """The code in the close frame, which is the last thing that is sent."""
        if self.is_open:
            return None
        last = self.answered[self.answered.rindex(b"\x88") :]
        return int.from_bytes(last[2:4], "big") if last[1] else 1005


def run(kind: type[Stream], chunks: Iterable[bytes], max_bytes: int = MAX_BYTES) -> Outcome:
    """Feed a stream whose application echoes, and closes or fails when it is told to."""
    messages: list[bytes] = []
    answered = bytearray()
    stream = kind(answered.extend, max_bytes)
    for chunk in chunks:
        for payload in stream.receive(chunk):
            messages.append(payload)
            if payload == b"close":
                stream.close(4003, "as ordered")
            elif payload == b"fail":
                stream.fail(1011, "as ordered")
            else:
                answered += text_frame(payload)
    return Outcome(messages, bytes(answered), stream.is_open, stream.is_ended)


def bytewise(data: bytes) -> Iterator[bytes]:
    return (data[i : i + 1] for i in range(len(data)))


def unmasked(payload: bytes) -> bytes:
    return bytes((0x81, len(payload))) + payload


def long_form(payload: bytes, extra: int) -> bytes:
    """Return a text frame with a length in `extra` bytes, needed or not."""
    short = {2: 126, 8: 127}[extra]
    return (
        bytes((0x81, 0x80 | short)) + len(payload).to_bytes(extra, "big") + MASK + masked(payload)
    )


def announced(length: int) -> bytes:
    """Return the head of a text frame whose body never comes."""
    return bytes((0x81, 0x80 | 127)) + length.to_bytes(8, "big")


HI, UMLAUT = b"hi", "für 🎬".encode()
CLOSED = client_frame(close_payload(1000), CLOSE)

# name: (bytes from the peer, messages delivered, code of the close frame sent)
SCENARIOS: dict[str, tuple[bytes, list[bytes], int | None]] = {
    "one message": (client_frame(HI), [HI], None),
    "an empty message": (client_frame(b""), [b""], None),
    "many messages": (client_frame(HI) * 5 + client_frame(UMLAUT), [HI] * 5 + [UMLAUT], None),
    "a 125 byte message": (client_frame(b"x" * 125), [b"x" * 125], None),
    "a 126 byte message": (client_frame(b"x" * 126), [b"x" * 126], None),
    "a 65,535 byte message": (client_frame(b"x" * 65535), [b"x" * 65535], None),
    "a 65,536 byte message": (client_frame(b"x" * 65536), [b"x" * 65536], None),
    "a 65,537 byte message": (client_frame(b"x" * 65537), [], 1009),
    "a length in 16 bits without need": (long_form(HI, 2), [HI], None),
    "a length in 64 bits without need": (long_form(HI, 8), [HI], None),
    "a huge announcement": (client_frame(HI) + announced(1 << 40), [HI], 1009),
    "the largest announcement": (announced((1 << 64) - 1), [], 1009),
    "a ping": (client_frame(b"?", PING), [], None),
    "an empty ping": (client_frame(b"", PING), [], None),
    "a pong that nobody asked for": (client_frame(b"!", PONG) + client_frame(HI), [HI], None),
    "a ping between messages": (
        client_frame(HI) + client_frame(b"?", PING) + client_frame(HI),
        [HI, HI],
        None,
    ),
    "fragments": (
        client_frame(b"a", fin=False)
        + client_frame(b"b", CONT, fin=False)
        + client_frame(b"c", CONT)
        + client_frame(HI),
        [b"abc", HI],
        None,
    ),
    "empty fragments": (
        client_frame(b"", fin=False) + client_frame(b"", CONT, fin=False) + client_frame(b"", CONT),
        [b""],
        None,
    ),
    "fragments that cut a character": (
        client_frame(UMLAUT[:2], fin=False) + client_frame(UMLAUT[2:], CONT),
        [UMLAUT],
        None,
    ),
    "a ping between fragments": (
        client_frame(b"a", fin=False) + client_frame(b"?", PING) + client_frame(b"b", CONT),
        [b"ab"],
        None,
    ),
    "a message between fragments": (client_frame(b"a", fin=False) + client_frame(HI), [], 1002),
    "a close between fragments": (client_frame(b"a", fin=False) + CLOSED, [], 1002),
    "fragments that are too long together": (
        client_frame(b"x" * 65000, fin=False) + client_frame(b"x" * 537, CONT),
        [],
        1009,
    ),
    "a continuation of nothing": (client_frame(HI, CONT), [], 1002),
    "a binary message": (client_frame(HI) + client_frame(HI, BINARY), [HI], 1003),
    "a binary fragment": (client_frame(HI, BINARY, fin=False), [], 1003),
    "invalid UTF-8": (client_frame(HI) + client_frame(b"\xc3\x28") + client_frame(HI), [HI], 1007),
    "a surrogate": (client_frame(b"\xed\xa0\x80"), [], 1007),
    "half a character": (client_frame("ü".encode()[:1]), [], 1007),
    "invalid UTF-8 in fragments": (
        client_frame(b"\xc3", fin=False) + client_frame(b"\x28", CONT),
        [],
        1007,
    ),
    "an unmasked message": (client_frame(HI) + unmasked(HI), [HI], 1002),
    "a reserved opcode": (client_frame(HI, 0x3), [], 1002),
    "a reserved control opcode": (client_frame(HI, 0xB), [], 1002),
    "reserved bit 1": (client_frame(HI, rsv=4), [], 1002),
    "reserved bit 2": (client_frame(HI, rsv=2), [], 1002),
    "reserved bit 3": (client_frame(HI, rsv=1), [], 1002),
    "a fragmented ping": (client_frame(HI, PING, fin=False), [], 1002),
    "a long ping": (client_frame(b"x" * 126, PING), [], 1002),
    "a close without a code": (client_frame(b"", CLOSE), [], 1005),
    "a close with a reason": (client_frame(close_payload(3000, "lost"), CLOSE), [], 3000),
    "a close with half a code": (client_frame(b"\x03", CLOSE), [], 1002),
    "a close with a code that is not sent": (
        client_frame(close_payload(1005), CLOSE),
        [],
        1002,
    ),
    "a close with an unknown code": (client_frame(close_payload(999), CLOSE), [], 1002),
    "a close whose reason is not UTF-8": (
        client_frame(close_payload(1000) + b"\xff", CLOSE),
        [],
        1007,
    ),
    "data after a close": (CLOSED + client_frame(HI) + b"\xff" * 20, [], 1000),
    "our close": (client_frame(b"close") + client_frame(HI) * 3, [b"close"], 4003),
    "our close, answered": (
        client_frame(b"close") + client_frame(HI) + client_frame(close_payload(4003), CLOSE),
        [b"close"],
        4003,
    ),
    "our close, then nonsense": (client_frame(b"close") + b"\xff" * 20, [b"close"], 4003),
    "our failure": (client_frame(b"fail") + client_frame(HI) + CLOSED, [b"fail"], 1011),
    "nonsense": (b"\x00" * 30, [], 1002),
}


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("kind", [Stream, PureStream])
def test_a_scenario_has_the_outcome_of_the_standard(name: str, kind: type[Stream]) -> None:
    data, messages, close_code = SCENARIOS[name]

    outcome = run(kind, [data])

    assert outcome.messages == messages
    assert outcome.close_code == close_code


@pytest.mark.parametrize("name", SCENARIOS)
def test_both_paths_answer_with_the_same_bytes(name: str) -> None:
    data = SCENARIOS[name][0]

    assert run(Stream, [data]) == run(PureStream, [data])


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_does_not_matter_where_packets_are_cut(name: str) -> None:
    data = SCENARIOS[name][0]
    cuts = range(len(data)) if len(data) < 500 else (1, 2, 4, 8, 10, 14, 15, len(data) - 1)
    whole = run(Stream, [data])

    assert all(run(Stream, [data[:cut], data[cut:]]) == whole for cut in cuts)
    if len(data) < 500:
        assert run(Stream, bytewise(data)) == whole


@pytest.mark.parametrize("name", [name for name in SCENARIOS if len(SCENARIOS[name][0]) < 500])
def test_both_paths_answer_as_early(name: str) -> None:
    data = SCENARIOS[name][0]

    for end in range(len(data)):
        assert run(Stream, [data[:end]]) == run(PureStream, [data[:end]])


def test_a_frame_that_is_too_long_is_refused_before_its_body_comes() -> None:
    assert run(Stream, [client_frame(b"x" * 65537)[:10]]).close_code == 1009


def test_a_fragment_that_is_one_too_many_is_refused_before_its_body_comes() -> None:
    data = client_frame(b"x" * 65000, fin=False) + client_frame(b"x" * 537, CONT)[:8]

    assert run(Stream, [data]).close_code == 1009


def test_a_long_message_that_trickles_in_is_whole() -> None:
    data = client_frame(b"x" * 65536)

    outcome = run(Stream, (data[i : i + 100] for i in range(0, len(data), 100)))

    assert outcome.messages == [b"x" * 65536]


def test_nothing_is_held_for_a_stream_between_messages() -> None:
    stream = Stream(lambda data: None, MAX_BYTES)

    assert list(stream.receive(client_frame(HI) + client_frame(b"", PING))) == [HI]
    assert (stream._library, stream._message, stream._rest) == (None, None, b"")


def test_a_reason_is_cut_to_what_a_close_frame_can_carry() -> None:
    answered = bytearray()

    Stream(answered.extend, MAX_BYTES).close(4003, "ü" * 100)

    assert answered[:4] == b"\x88\x7c" + (4003).to_bytes(2, "big")
    assert answered[4:].decode() == "ü" * 61


payloads = st.one_of(
    st.sampled_from([b"", b"close", b"fail", b"x" * 125, b"x" * 126, b"\xc3", b"\x03\xe8"]),
    st.binary(max_size=20),
    st.text(max_size=20).map(str.encode),
)
any_frames = st.builds(
    client_frame,
    payloads,
    st.integers(0, 15),
    fin=st.booleans(),
    rsv=st.sampled_from([0, 0, 0, 1, 4]),
)
ordinary_frames = st.builds(
    client_frame, payloads, st.sampled_from([TEXT, TEXT, CONT, PING, PONG]), fin=st.booleans()
)
other_bytes = st.one_of(
    st.binary(max_size=30),
    st.builds(long_form, payloads, st.sampled_from([2, 8])),
    st.builds(announced, st.integers(0, 1 << 63)),
)
streams = st.lists(st.one_of(ordinary_frames, ordinary_frames, any_frames, other_bytes)).map(
    b"".join
)


@given(streams, st.lists(st.integers(1, 40)))
def test_both_paths_agree_on_any_bytes_in_any_packets(data: bytes, sizes: list[int]) -> None:
    chunks, start = [], 0
    for size in sizes:
        chunks.append(data[start : start + size])
        start += size
    chunks.append(data[start:])

    assert run(Stream, chunks, 130) == run(PureStream, [data], 130)
