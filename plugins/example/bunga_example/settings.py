"""What an operator sets. The text under a field is its help."""

from pydantic import BaseModel, ConfigDict, SecretStr


class Site(BaseModel):
    """For the whole site: `bunga plugins set example FIELD VALUE`."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    films: dict[str, str] = {}
    """The films on the shelf: titles, each with its address."""
    only_shelf: bool = False
    """Whether rooms show films from the shelf only."""
    desk: str = ""
    """Where channels sign in, such as "https://desk.example.org"; empty: nowhere."""


class Room(BaseModel):
    """For one channel: `bunga channels set ID plugins.example.FIELD VALUE`."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    note: str = ""
    """What players are told when they register; empty: nothing."""
    card: SecretStr = SecretStr("")
    """What the desk gave the channel when it signed in."""
