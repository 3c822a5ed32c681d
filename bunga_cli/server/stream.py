"""The WebSocket protocol of one connection after the handshake, without I/O of its own.

Nearly all that players send are whole, short text frames, and these are read here. Every other
frame is cut out of the stream and given to `ServerProtocol` of the `websockets` library, which
knows the rules of RFC 6455 and speaks for us. One is made when it is needed, and dropped when it
has nothing to remember: an idle connection has none.
"""

import sys
from collections.abc import Callable, Iterator

from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from bunga_cli.protocol import close_codes
from bunga_cli.server.framing import frame_end, whole_text
from bunga_cli.server.handshake import LIBRARY_LOG

_MAX_REASON_BYTES = 123


class Stream:
    """Messages out of bytes; control frames and close frames are answered on the way."""

    __slots__ = (
        "_library",
        "_max_bytes",
        "_message",
        "_rest",
        "_write",
        "frames_left",
        "has_pong",
        "is_ended",
        "is_open",
    )

    def __init__(self, write: Callable[[bytes], None], max_bytes: int) -> None:
        self._write = write
        self._max_bytes = max_bytes
        self._library: ServerProtocol | None = None
        self._message: bytearray | None = None
        """The fragments so far of a message that is not complete."""
        self._rest = b""
        """What was received and not read: part of a frame, or frames over the number."""
        self.frames_left = sys.maxsize
        """How many more frames are read; what comes after them is kept."""
        self.has_pong = False
        """Whether a pong came since this was last set to False."""
        self.is_open = True
        """Whether no close frame was sent or received."""
        self.is_ended = False
        """Whether the peer is owed the end of our stream, and nothing of what it sends counts."""

    def keep(self, data: bytes) -> int:
        """Keep bytes for a later `receive`; return how many are kept."""
        self._rest += data
        return len(self._rest)

    def receive(self, data: bytes) -> Iterator[bytes]:
        """Yield the messages that are complete now, each UTF-8. Has to be exhausted.

        The stream may be closed between two messages; then no more are yielded.
        """
        if self._rest:
            data = self._rest + data
        start, end = 0, len(data)
        while start < end and self.frames_left and not self.is_ended:
            payload: bytes | None
            text = None if self._library else whole_text(data, start, self._max_bytes)
            if text:
                payload, start = text
            else:
                after = frame_end(data, start, self._max_bytes - len(self._message or b""))
                if after is None:
                    break
                payload = self._receive_frame(data[start:after])
                start = after
            self.frames_left -= 1
            if payload is not None and (payload.isascii() or self._is_utf8(payload)):
                yield payload
        self._rest = data[start:]

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake. The stream has to be open."""
        library = self._library = self._library or self._make_library()
        library.send_close(code, reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore"))
        self._speak(library)

    def fail(self, code: int, reason: str) -> None:
        """End the stream without waiting for the peer's close frame (section 7.1.7)."""
        library = self._library = self._library or self._make_library()
        library.fail(code, reason)
        self._speak(library)

    def _make_library(self) -> ServerProtocol:
        return ServerProtocol(state=State.OPEN, max_size=self._max_bytes, logger=LIBRARY_LOG)

    def _receive_frame(self, frame: bytes) -> bytes | None:
        """Read one whole frame with the library; return the message that it completes."""
        library = self._library = self._library or self._make_library()
        payload = self._feed(library, frame)
        if self.is_open and self._message is None:
            self._library = None
        return payload

    def _feed(self, library: ServerProtocol, data: bytes) -> bytes | None:
        library.receive_data(data)
        payload = None
        for event in library.events_received():
            if isinstance(event, Frame) and self.is_open:
                payload = self._add(event)
        self._speak(library)
        return payload

    def _add(self, frame: Frame) -> bytes | None:
        if frame.opcode is Opcode.BINARY:
            self.fail(close_codes.UNSUPPORTED_DATA, "Only text messages are understood")
        elif frame.opcode is Opcode.TEXT or frame.opcode is Opcode.CONT:
            self._message = self._message or bytearray()
            self._message += frame.data
            if frame.fin:
                payload, self._message = bytes(self._message), None
                return payload
        elif frame.opcode is Opcode.PONG:
            self.has_pong = True
        return None

    def _is_utf8(self, payload: bytes) -> bool:
        try:
            payload.decode()
        except UnicodeDecodeError:
            self.fail(close_codes.INVALID_DATA, "The message is not UTF-8")
            return False
        return True

    def _speak(self, library: ServerProtocol) -> None:
        for data in filter(None, library.data_to_send()):
            self._write(data)
        self.is_open = library.state is State.OPEN
        self.is_ended = library.eof_sent
