"""The base of what `/api/v1` takes in."""

from pydantic import BaseModel, ConfigDict


class StrictBody(BaseModel):
    """A request body: no unknown keys, no guessed types."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
