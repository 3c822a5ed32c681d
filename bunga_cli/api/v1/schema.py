"""The base of what `/api/v1` takes in."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from bunga_cli.auth.passwords import SHORTEST


class StrictBody(BaseModel):
    """A request body: no unknown keys, no guessed types, and no password of it in an error."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


AccountName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=150)]
"""An account's name. Spaces around it are not part of it, as at login."""

Password = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=SHORTEST, max_length=1000)
]
"""A password that a person chose. Spaces around it are not part of it, as at login."""
