"""The key with which players sign their requests to Bilibili, "WBI" in its scripts.

Bilibili hands out two keys a day, dressed up as addresses of pictures. Their letters, shuffled in
one fixed order, make the mixin key.
Reference: https://github.com/SocialSisterYi/bilibili-API-collect/blob/master/docs/misc/sign/wbi.md
"""

from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

_ORDER: Final = (
    *(46, 47, 18, 2, 53, 8, 23, 32, 15, 50, 10, 31, 58, 3, 45, 35),
    *(27, 43, 5, 49, 33, 9, 42, 19, 29, 28, 14, 39, 12, 38, 41, 13),
    *(37, 48, 7, 16, 24, 55, 40, 61, 26, 17, 0, 1, 60, 51, 30, 4),
    *(22, 25, 54, 21, 56, 59, 6, 63, 57, 62, 11, 36, 20, 34, 44, 52),
)
_MIXIN_KEY_LENGTH: Final = 32


def key_in(url: str) -> str:
    """Return the key that an address carries as the name of its file. Raises ValueError."""
    try:
        return PurePosixPath(urlsplit(url).path).stem
    except ValueError as error:
        raise ValueError("Bilibili's signing keys are not of the known form.") from error


def mixin_key(img_key: str, sub_key: str) -> str:
    """Return the key made of the day's two. Raises ValueError if they are not of that kind."""
    letters = img_key + sub_key
    if len(letters) != len(_ORDER) or not letters.isascii():
        raise ValueError("Bilibili's signing keys are not of the known form.")
    return "".join(letters[place] for place in _ORDER[:_MIXIN_KEY_LENGTH])
