"""Small PNGs of what a browser shows: 256 colours are enough for pages of few."""

import asyncio
import struct
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page

_MOST_COLOURS = 256
_REDUCE = Path(__file__).with_name("palette.js").read_text()


@dataclass(frozen=True, slots=True)
class Picture:
    """Rows of pixels, each the number of a colour in the palette."""

    width: int
    height: int
    palette: bytes
    pixels: bytes

    def png(self) -> bytes:
        """Return the picture as a PNG with a palette."""
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 3, 0, 0, 0)
        rows = range(0, len(self.pixels), self.width)
        data = b"".join(b"\0" + self.pixels[at : at + self.width] for at in rows)
        chunks = (
            (b"IHDR", head),
            (b"PLTE", self.palette),
            (b"IDAT", zlib.compress(data, 9)),
            (b"IEND", b""),
        )
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


async def take(page: Page, workshop: Page, path: Path) -> int:
    """Write what a page shows to a file; return its size. `workshop` is any other page."""
    shot = b64encode(await page.screenshot()).decode()
    width, height, palette, pixels = await workshop.evaluate(_REDUCE, [shot, _MOST_COLOURS])
    picture = Picture(width, height, bytes(palette), b64decode(pixels))
    return await asyncio.to_thread(path.write_bytes, picture.png())


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)
