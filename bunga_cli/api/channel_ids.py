"""What may be a channel's id: anything that can stand in an address, and be read on a screen."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

MAX_ID_LENGTH = 200
MAX_NAME_LENGTH = 200


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
