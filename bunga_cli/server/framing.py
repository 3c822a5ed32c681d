"""Where frames begin and end in a stream of bytes (RFC 6455, section 5.2).

      0               1               2               3
     +-+-+-+-+-------+-+-------------+-------------------------------+
     |F|R|R|R| opcode|M| length      | longer length: 2 bytes if the |
     |I|S|S|S|       |A| < 126, or   | short one is 126, 8 if it is  |
     |N|V|V|V|       |S| 126 or 127  | 127                           |
     +-+-+-+-+-------+-+-------------+-------------------------------+
     | 4 bytes that mask the payload, then the payload                |
     +---------------------------------------------------------------+

Nearly everything that players send is one whole, short text frame. `whole_text` reads just these.
Every other frame is cut out of the stream by `frame_end` and left to the `websockets` library,
which knows the rules.
"""

try:
    from websockets.speedups import apply_mask
except ImportError:  # no binary wheel for this platform
    from websockets.utils import apply_mask

LENGTH_16 = 126
"""The short length that says: the length is in the next 2 bytes."""
LENGTH_64 = 127
"""The short length that says: the length is in the next 8 bytes."""

_FINAL_TEXT = 0x81
_MASKED = 0x80
_OPCODES = frozenset({0x0, 0x1, 0x2, 0x8, 0x9, 0xA})
_MASK_BYTES = 4


def whole_text(data: bytes, start: int, max_bytes: int) -> tuple[bytes, int] | None:
    """Return the payload of the text frame at `start`, and where the next frame begins.

    None if it is another kind of frame, is not masked, is too long for a 16 bit length or for
    `max_bytes`, or if its end has not arrived. The payload has yet to be checked for being UTF-8.
    """
    if len(data) < start + 2 + _MASK_BYTES or data[start] != _FINAL_TEXT:
        return None
    length = data[start + 1] - _MASKED
    body = start + 2 + _MASK_BYTES
    if length == LENGTH_16:
        length = data[start + 2] << 8 | data[start + 3]
        body += 2
    elif length > LENGTH_16:
        return None
    end = body + length
    if length < 0 or length > max_bytes or end > len(data):
        return None
    return apply_mask(data[body:end], data[body - _MASK_BYTES : body]), end


def frame_end(data: bytes, start: int, max_bytes: int) -> int | None:
    """Return where the frame at `start` ends, None while its end has not arrived.

    A frame whose head alone is reason to refuse it ends with `data`: waiting for the rest of
    something that will be refused would only cost memory.
    """
    if len(data) < start + 2:
        return None
    first, second = data[start], data[start + 1]
    if first & 0x0F not in _OPCODES or not second & _MASKED:
        return len(data)
    length, body = second - _MASKED, start + 2
    if length >= LENGTH_16:
        extra = 2 if length == LENGTH_16 else 8
        if len(data) < body + extra:
            return None
        length = int.from_bytes(data[body : body + extra], "big")
        body += extra
    if length > max_bytes:
        return len(data)
    end = body + _MASK_BYTES + length
    return end if end <= len(data) else None
