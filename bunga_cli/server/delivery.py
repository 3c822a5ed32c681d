"""Frames as bytes, made once and written to every socket that is to have them."""

from typing import Final

from bunga_cli.server.framing import LENGTH_16, LENGTH_64

_FINAL_TEXT = 0x81

PING: Final = b"\x89\x00"
"""A ping without a payload: any byte that comes back answers it."""


def text_frame(payload: bytes) -> bytes:
    """Return the frame that carries `payload`, UTF-8, from a server (RFC 6455, section 5.2)."""
    length = len(payload)
    if length < LENGTH_16:
        head = bytes((_FINAL_TEXT, length))
    elif length < 1 << 16:
        head = bytes((_FINAL_TEXT, LENGTH_16)) + length.to_bytes(2, "big")
    else:
        head = bytes((_FINAL_TEXT, LENGTH_64)) + length.to_bytes(8, "big")
    return head + payload
