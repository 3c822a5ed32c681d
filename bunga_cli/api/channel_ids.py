"""What may be a channel's id: anything that can stand in an address, and be read on a screen."""

import secrets
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

MAX_ID_LENGTH = 200
MAX_NAME_LENGTH = 200
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without those that look like others, for whoever reads an id out."""


def _usable_in_addresses(channel_id: str) -> str:
    if channel_id in (".", ".."):
        raise PydanticCustomError("dots", "Dots alone have another meaning in an address.")
    if any(unicodedata.category(character) == "Cc" for character in channel_id):
        raise PydanticCustomError("control", "Control characters are not allowed.")
    return channel_id


ChannelId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_ID_LENGTH),
    AfterValidator(_usable_in_addresses),
]
"""A new channel's id. Slashes, spaces, dots and every script are welcome."""


def new_channel_id() -> str:
    """Return an id that nobody guesses: 50 bits, ten letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(10))
